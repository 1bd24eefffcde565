import { describe, expect, test } from 'vitest'
import { Lease } from '../../src/api/index.js'
import type { LeaderElectionOptions, Manager, Runnable } from '../../src/reconcile/index.js'
import { createController, createManager } from '../../src/reconcile/index.js'
import type { Store } from '../../src/store/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { Part, ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

interface Probe extends Runnable {
  fail(error: Error): void
}

function probe(name: string, events: string[], overrides: Partial<Runnable> = {}): Probe {
  let fail = (_: Error): void => {}
  return {
    name,
    start: (_, failed) => {
      events.push(`start ${name}`)
      fail = failed
    },
    stop: () => void events.push(`stop ${name}`),
    fail: error => fail(error),
    ...overrides,
  }
}

function open() {
  const { env, store } = createWorld({ kinds: [Lease] })
  return { env, store, events: [] as string[] }
}

function member(
  { env, store }: { env: VirtualEnv; store: Store },
  identity: string,
  options: Partial<LeaderElectionOptions> = {},
): { readonly manager: Manager; readonly crash: () => void } {
  const own = env.fork(identity)
  const leaderElection = { kind: Lease, lease: 'boss', identity, ...options }
  return { manager: createManager({ client: store.client(own), leaderElection }), crash: () => own.close() }
}

describe('a part that fails', () => {
  test('stops the manager when it may not be restarted, and is named in the report', async () => {
    const { env, store, events } = open()
    const manager = createManager({ client: store })
    const broken = probe('b', events)
    manager.add(probe('a', events))
    manager.add(broken)
    await env.run(() => manager.start())
    const error = new Error('the disk is full')
    broken.fail(error)
    expect(manager.health()).toMatchObject({ live: false, ready: false })
    expect(await env.run(() => manager.finished())).toEqual([
      { name: 'b', outcome: 'failed', error },
      { name: 'a', outcome: 'stopped' },
    ])
    expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a'])
  })

  test('is stopped and started again, later each time, when it may be', async () => {
    const { env, store, events } = open()
    const manager = createManager({ client: store })
    const weak = probe('a', events)
    manager.add(weak, { restart: 'onFailure' })
    await env.run(() => manager.start())
    for (const pauseMs of [1_000, 2_000, 4_000]) {
      events.length = 0
      weak.fail(new Error('again'))
      weak.fail(new Error('twice at once is once'))
      await env.advance(pauseMs - 1)
      expect(events).toEqual(['stop a'])
      expect(manager.health()).toMatchObject({
        live: true,
        ready: false,
        checks: [{ name: 'a', ok: false, message: 'is being restarted: again' }],
      })
      await env.advance(1)
      expect(events).toEqual(['stop a', 'start a'])
      expect(manager.health().ready).toBe(true)
    }
    await env.advance(200_000)
    weak.fail(new Error('after a long time'))
    await env.advance(1_000)
    expect(events.at(-1)).toBe('start a')
  })

  test('to start is tried again before the next part starts', async () => {
    const { env, store, events } = open()
    const manager = createManager({ client: store })
    let tries = 0
    const slow = probe('a', events, {
      start: () => {
        tries += 1
        if (tries < 3) throw new Error('not yet')
        events.push('start a')
      },
    })
    manager.add(slow, { restart: 'onFailure' })
    manager.add(probe('b', events))
    await env.run(() => manager.start())
    expect(env.clock.monotonic()).toBe(3_000)
    expect(events).toEqual(['start a', 'start b'])
  })

  test('is not waited for by a stop meanwhile', async () => {
    const { env, store, events } = open()
    const manager = createManager({ client: store })
    manager.add(probe('a', events, { start: () => Promise.reject(new Error('never')) }), {
      restart: 'onFailure',
    })
    const starting = manager.start().catch((error: unknown) => error)
    await env.advance(500)
    await env.run(() => manager.stop())
    expect(await starting).toMatchObject({ code: 'Closed' })
    await env.advance(600_000)
    expect(env.pending()).toEqual([])
  })

  test('health tells what a part says of itself', async () => {
    const { env, store, events } = open()
    const manager = createManager({ client: store })
    manager.add(probe('a', events, { unhealthy: () => 'the queue is stuck' }))
    expect(manager.health()).toEqual({ live: true, ready: false, checks: [] })
    await env.run(() => manager.start())
    expect(manager.health().checks).toEqual([{ name: 'a', ok: false, message: 'the queue is stuck' }])
  })
})

describe('leadership', () => {
  test('parts that need it run with the leader only, the others everywhere', async () => {
    const world = open()
    const { env, events } = world
    const [a, b] = [member(world, 'a'), member(world, 'b')]
    for (const [id, { manager }] of [
      ['a', a],
      ['b', b],
    ] as const) {
      manager.add(probe(`web ${id}`, events), { needsLeadership: false })
      manager.add(probe(`loop ${id}`, events), { dependsOn: [`web ${id}`] })
    }
    await env.run(() => a.manager.start())
    await env.run(() => b.manager.start())
    expect(events).toEqual(['start web a', 'start loop a', 'start web b'])
    expect(b.manager.health()).toMatchObject({ live: true, ready: true })
    expect(b.manager.status().election).toMatchObject({ leading: false, holder: 'a' })
    const report = await env.run(() => a.manager.stop())
    expect(report.map(entry => entry.name)).toEqual(['loop a', 'web a'])
    await env.settle()
    expect(events.slice(3)).toEqual(['stop loop a', 'stop web a', 'start loop b'])
  })

  test('what a leader stopped with it has stopped before another begins', async () => {
    const world = open()
    const { env, events } = world
    const [a, b] = [member(world, 'a'), member(world, 'b')]
    a.manager.add(
      probe('loop a', events, {
        stop: async () => {
          await env.clock.sleep(20_000)
          events.push('stop loop a')
        },
      }),
    )
    b.manager.add(probe('loop b', events))
    await env.run(() => a.manager.start())
    await env.run(() => b.manager.start())
    await env.run(() => a.manager.stop())
    await env.settle()
    expect(events).toEqual(['start loop a', 'stop loop a', 'start loop b'])
  })

  test('losing it is not the end: the parts stop, and start again with the next term', async () => {
    const world = open()
    const { env, store, events } = world
    const { manager } = member(world, 'a')
    manager.add(probe('loop', events))
    await env.run(() => manager.start())
    await store.delete(Lease, { namespace: 'default', name: 'boss-term' })
    await env.advance(2_000)
    expect(events).toEqual(['start loop', 'stop loop'])
    await env.advance(60_000)
    expect(events).toEqual(['start loop', 'stop loop', 'start loop'])
    expect(manager.status().state).toBe('running')
  })

  test('a controller of a new leader sees every object; one of a dead leader writes no more', async () => {
    const world = open()
    const { env, store } = world
    const touch = (id: string) =>
      createController({
        name: `touch ${id}`,
        for: Widget,
        reconcile: async (key, object, { client }) => {
          if (object === undefined || client.get(Part, { ...key, name: `${key.name}-${id}` }) !== undefined)
            return
          await client.create(Part, { metadata: { ...key, name: `${key.name}-${id}` }, spec: {} })
        },
      })
    const [a, b] = [member(world, 'a'), member(world, 'b')]
    a.manager.add(touch('a'))
    b.manager.add(touch('b'))
    await env.run(() => a.manager.start())
    await env.run(() => b.manager.start())
    await env.run(() => store.create(Widget, widget('x')))
    await env.run(() => a.manager.settled())
    const partNames = () => store.list(Part).items.map(item => item.metadata.name)
    expect(partNames()).toEqual(['x-a'])
    a.crash()
    await env.runUntil(() => partNames().includes('x-b'))
    await env.run(() => store.create(Widget, widget('y')))
    await env.run(() => b.manager.settled())
    expect(partNames()).toEqual(['x-a', 'x-b', 'y-b'])
    expect(store.get(Widget, ref('y'))).toBeDefined()
  })

  test('settled and idle wait for the first look at the lease', async () => {
    const world = open()
    const { env, store } = world
    await env.run(() => store.create(Widget, widget('x')))
    const seen: string[] = []
    const { manager } = member(world, 'a')
    manager.add(createController({ name: 'w', for: Widget, reconcile: key => void seen.push(key.name) }))
    void manager.start()
    await env.run(() => manager.settled())
    await env.run(() => manager.idle())
    expect(seen).toEqual(['x'])
  })

  test('settings are judged when the manager is made', () => {
    const world = open()
    expect(() => member(world, 'a', { retryPeriodMs: 10_000 })).toThrow(/retryPeriodMs/)
  })
})

describe('standby', () => {
  test('a controller listens before it leads, keeps its keys when it no longer does, and looks at all again', async () => {
    const { env, store } = open()
    const runs: string[] = []
    const controller = createController({
      name: 'w',
      for: Widget,
      reconcile: async (key, _, { client, env: own }) => {
        runs.push(key.name)
        await own.clock.sleep(1_000)
        await client.modifyStatus(Widget, key, draft => void (draft.status = { size: runs.length }))
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.run(() => controller.start(store, { standby: true }))
    await env.run(() => store.create(Widget, widget('b')))
    await env.advance(5_000)
    expect(runs).toEqual([])
    expect(controller.isSettled()).toBe(true)

    const first = store.client(env.fork('first term'))
    controller.activate?.(first)
    await env.advance(1_500)
    expect(runs).toEqual(['b', 'a'])
    expect(await env.run(async () => controller.deactivate?.({ gracePeriodMs: 100 }))).toBe('abandoned')
    await env.advance(60_000)
    expect(runs).toEqual(['b', 'a'])
    expect(store.get(Widget, ref('a'))?.status).toBeUndefined()

    runs.length = 0
    controller.activate?.(store.client(env.fork('second term')))
    await env.advance(10_000)
    expect([...new Set(runs)].sort()).toEqual(['a', 'b'])
    expect(store.get(Widget, ref('a'))?.status).toBeDefined()
    expect(() => controller.activate?.(store)).toThrow(/not on standby/)
    await env.run(() => controller.stop())
    expect(env.pending()).toEqual([])
  })

  test('an attempt whose world has ended is not waited for', async () => {
    const { env, store } = open()
    const controller = createController({
      name: 'w',
      for: Widget,
      reconcile: async (_key, _object, ctx) => ctx.env.clock.sleep(600_000),
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.run(() => controller.start(store, { standby: true }))
    const term = env.fork('term')
    controller.activate?.(store.client(term))
    await env.advance(10)
    term.close()
    const startedMs = env.clock.monotonic()
    expect(await env.run(async () => controller.deactivate?.())).toBe('abandoned')
    expect(env.clock.monotonic()).toBe(startedMs)
    await env.run(() => controller.stop())
  })

  test('a manager that takes over has listed everything before', async () => {
    const world = open()
    const { env, store } = world
    const [a, b] = [member(world, 'a'), member(world, 'b')]
    const seen: string[] = []
    a.manager.add(createController({ name: 'a', for: Widget, reconcile: () => {} }))
    b.manager.add(createController({ name: 'b', for: Widget, reconcile: key => void seen.push(key.name) }))
    await env.run(() => a.manager.start())
    await env.run(() => b.manager.start())
    await env.run(() => store.create(Widget, widget('x')))
    await env.settle()
    expect(b.manager.status().controllers).toMatchObject([{ queued: 1 }])
    await env.run(() => a.manager.stop())
    await env.run(() => b.manager.settled())
    expect(seen).toEqual(['x'])
    expect(await env.run(() => b.manager.stop())).toEqual([{ name: 'b', outcome: 'stopped' }])
    expect(env.pending()).toEqual([])
  })
})
