import { describe, expect, test } from 'vitest'
import type { Runnable } from '../../src/reconcile/index.js'
import { createController, createManager } from '../../src/reconcile/index.js'
import { createStore } from '../../src/store/index.js'
import { Part, ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'
import { startWorld } from './widget-world.js'

function part(name: string, events: string[], overrides: Partial<Runnable> = {}): Runnable {
  return {
    name,
    start: () => void events.push(`start ${name}`),
    stop: () => void events.push(`stop ${name}`),
    ...overrides,
  }
}

function open() {
  const { env, store } = createWorld()
  return { env, store, manager: createManager({ client: store }), events: [] as string[] }
}

describe('order', () => {
  test('parts start in the order of adding, each after the one before, and stop in reverse', async () => {
    const { env, manager, events } = open()
    manager.add(
      part('a', events, {
        start: async client => {
          await client.env.clock.sleep(100)
          events.push('start a')
        },
      }),
    )
    manager.add(part('b', events))
    await env.run(() => manager.start())
    const report = await env.run(() => manager.stop())
    expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a'])
    expect(report).toEqual([
      { name: 'b', outcome: 'stopped' },
      { name: 'a', outcome: 'stopped' },
    ])
    expect(manager.status().state).toBe('stopped')
  })

  test('a part that cannot start stops those before it, and start fails with its error', async () => {
    const { env, manager, events } = open()
    manager.add(part('a', events))
    manager.add(
      part('b', events, {
        start: () => {
          throw new Error('no')
        },
      }),
    )
    manager.add(part('c', events))
    await expect(env.run(() => manager.start())).rejects.toThrow('no')
    expect(events).toEqual(['start a', 'stop a'])
  })

  test('a part that cannot stop is reported and does not keep the others running', async () => {
    const { env, manager, events } = open()
    manager.add(part('a', events))
    manager.add(part('b', events, { stop: () => Promise.reject(new Error('stuck')) }))
    manager.add(part('c', events, { stop: () => new Promise(() => {}) }))
    await env.run(() => manager.start())
    const report = await env.run(() => manager.stop({ gracePeriodMs: 1_000 }))
    expect(report.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'c abandoned',
      'b failed',
      'a stopped',
    ])
    expect(report[1]?.error?.message).toBe('stuck')
  })
})

describe('misuse', () => {
  test('a name is taken once', () => {
    const { manager, events } = open()
    manager.add(part('a', events))
    expect(() => manager.add(part('a', events))).toThrow(/added already/)
  })

  test('nothing is started again, and nothing added after a stop', async () => {
    const { env, manager, events } = open()
    await expect(manager.settled()).rejects.toMatchObject({ code: 'Usage' })
    await env.run(() => manager.start())
    await expect(manager.start()).rejects.toMatchObject({ code: 'Usage' })
    await env.run(() => manager.stop())
    expect(() => manager.add(part('a', events))).toThrow(/the manager is stopped/)
    await expect(manager.start()).rejects.toMatchObject({ code: 'Usage' })
    await expect(manager.settled()).rejects.toMatchObject({ code: 'Closed' })
  })

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])(
    'a grace period of %s is refused',
    async gracePeriodMs => {
      const { manager } = open()
      expect(() => manager.stop({ gracePeriodMs })).toThrow(/gracePeriodMs/)
    },
  )
})

describe('start', () => {
  test('resolves when the objects that exist have been delivered', async () => {
    const { env, store, manager } = open()
    await env.run(() => Promise.all([store.create(Widget, widget('a')), store.create(Widget, widget('b'))]))
    const seen: string[] = []
    manager.add(createController({ name: 'w', for: Widget, reconcile: key => void seen.push(key.name) }))
    await env.run(() => manager.start())
    await env.run(() => manager.settled())
    expect(seen).toEqual(['a', 'b'])
  })

  test('a stop meanwhile ends it with ClosedError, and stops what had started', async () => {
    const { env, manager, events } = open()
    manager.add(createController({ name: 'w', for: Widget, reconcile: () => {} }))
    manager.add(part('b', events))
    const starting = manager.start().catch(error => error)
    const report = await env.run(() => manager.stop())
    expect(await starting).toMatchObject({ code: 'Closed' })
    expect(events).toEqual([])
    expect(report).toEqual([{ name: 'w', outcome: 'stopped' }])
  })
})

describe('stop', () => {
  test('waits for attempts in flight, starts none, and is told apart from giving up', async () => {
    const runs: string[] = []
    const { env, store, manager } = await startWorld({
      reconcile: async (key, _object, ctx) => {
        runs.push(`begin ${key.name}`)
        await ctx.env.clock.sleep(1_000)
        await ctx.client.modifyStatus(Widget, key, draft => void (draft.status = { size: 1 }))
        runs.push(`end ${key.name}`)
      },
    })
    await env.run(() => Promise.all([store.create(Widget, widget('a')), store.create(Widget, widget('b'))]))
    await env.settle()
    const report = await env.run(() => manager.stop())
    expect(report).toEqual([{ name: 'widgets', outcome: 'stopped' }])
    expect(runs).toEqual(['begin a', 'end a'])
    expect(store.get(Widget, ref('a'))?.status).toEqual({ size: 1 })
    await env.run(() => store.create(Widget, widget('c')))
    await env.advance(60_000)
    expect(runs.length).toBe(2)
    expect(env.pending()).toEqual([])
  })

  test('after the grace period leaves attempts behind that can no longer write', async () => {
    const ends: unknown[] = []
    const { env, store, manager } = await startWorld({
      reconcile: async (key, _object, { client, signal }) => {
        await new Promise(resolve => signal.addEventListener('abort', resolve))
        await client.delete(Widget, key).catch(error => ends.push(error.code))
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.settle()
    const startedMs = env.clock.monotonic()
    const report = await env.run(() => manager.stop({ gracePeriodMs: 2_000 }))
    expect(env.clock.monotonic() - startedMs).toBe(2_000)
    expect(report).toEqual([{ name: 'widgets', outcome: 'abandoned' }])
    expect(ends).toEqual(['Fenced'])
    expect(store.get(Widget, ref('a'))).toBeDefined()
  })

  test('gives 30 s in all by default, shared by the parts', async () => {
    const { env, manager, events } = open()
    for (const name of ['a', 'b']) manager.add(part(name, events, { stop: () => new Promise(() => {}) }))
    await env.run(() => manager.start())
    const startedMs = env.clock.monotonic()
    await env.run(() => manager.stop())
    expect(env.clock.monotonic() - startedMs).toBe(30_000)
  })

  test('is idempotent, and so is disposal', async () => {
    const { env, manager } = await startWorld({ reconcile: () => {} })
    const [first, second] = await env.run(() => Promise.all([manager.stop(), manager.stop()]))
    expect(second).toBe(first)
    await env.run(async () => manager[Symbol.asyncDispose]())
  })
})

describe('settled', () => {
  test('waits for deliveries, queues and attempts, also for what they cause in other controllers', async () => {
    const { env, store, manager } = open()
    manager.add(
      createController({
        name: 'maker',
        for: Widget,
        reconcile: async (key, object, ctx) => {
          if (object === undefined || ctx.client.get(Part, key) !== undefined) return
          await ctx.env.clock.sleep(500)
          await ctx.client.create(Part, { metadata: key, spec: { of: key.name } })
        },
      }),
    )
    const painted: string[] = []
    manager.add(
      createController({
        name: 'painter',
        for: Part,
        reconcile: async (key, _object, ctx) => {
          await ctx.env.clock.sleep(500)
          painted.push(key.name)
        },
      }),
    )
    await env.run(() => manager.start())
    await env.run(async () => {
      await store.create(Widget, widget('a'))
      await manager.settled()
      expect(painted).toEqual(['a'])
    })
    expect(manager.status()).toEqual({
      state: 'running',
      controllers: [
        {
          name: 'maker',
          queued: 0,
          inFlight: 0,
          delayed: 0,
          failures: 0,
          quarantined: [],
          hotLoops: [],
          lagMs: 0,
        },
        {
          name: 'painter',
          queued: 0,
          inFlight: 0,
          delayed: 0,
          failures: 0,
          quarantined: [],
          hotLoops: [],
          lagMs: 0,
        },
      ],
      standby: false,
    })
  })

  test('does not wait for keys that come back later', async () => {
    const { env, store, manager, controller } = await startWorld({
      reconcile: () => {
        throw new Error('later')
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.run(() => manager.settled())
    expect(controller.status()).toMatchObject({ delayed: 1, failures: 1 })
  })

  test('notices a deletion that is not delivered yet', async () => {
    const seen: string[] = []
    const { env, store, manager } = await startWorld({
      reconcile: (_key, object) => void seen.push(object === undefined ? 'gone' : 'there'),
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.run(() => manager.settled())
    await env.run(async () => {
      await store.delete(Widget, ref('a'))
      await manager.settled()
      expect(seen).toEqual(['there', 'gone'])
    })
  })

  test('is not held up by changes of kinds that nobody watches', async () => {
    const { env, store, manager } = await startWorld({ reconcile: () => {} })
    await env.run(() => store.create(Part, { metadata: ref('p'), spec: {} }))
    await env.run(() => manager.settled(), { timeoutMs: 0 })
  })

  test('ends with ClosedError when the manager stops first', async () => {
    const { env, store, manager } = await startWorld({ reconcile: () => new Promise(() => {}) })
    await env.run(() => store.create(Widget, widget('a')))
    await env.settle()
    const waiting = manager.settled().catch(error => error.code)
    await env.run(() => manager.stop())
    expect(await waiting).toBe('Closed')
  })

  test('works on the real clock too', async () => {
    const store = createStore({ kinds: [Widget] })
    await using manager = createManager({ client: store })
    const seen: string[] = []
    manager.add(
      createController({
        name: 'w',
        for: Widget,
        concurrency: 4,
        reconcile: async key => void seen.push(key.name),
      }),
    )
    await manager.start()
    await Promise.all(Array.from({ length: 20 }, (_, i) => store.create(Widget, widget(`w${i}`))))
    await manager.settled()
    expect(new Set(seen).size).toBe(20)
  })
})
