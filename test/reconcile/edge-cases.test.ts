import { describe, expect, test } from 'vitest'
import type { Reconciler, Result, Runnable } from '../../src/reconcile/index.js'
import { createController, createManager, requeueAfter } from '../../src/reconcile/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import type { WidgetSpec, WidgetStatus } from '../fixtures/kinds.js'
import { Part, ref, Secret, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'
import { resize, startWorld } from './widget-world.js'

type Run = Reconciler<WidgetSpec, WidgetStatus>

const bare: unknown = Object.create(null)
const touchy: unknown = new Proxy(new Error('x'), {
  get: () => {
    throw new Error('do not look at me')
  },
})

function thenable(then: unknown): Promise<Result> {
  return { then } as Promise<Result>
}

type Settle = (value?: unknown) => void

/** What the first run does, and how often it counts as what. Every row ends with a healthy run after a change. */
const endings: readonly [
  string,
  Run,
  { readonly [result in 'error' | 'terminal' | 'success' | 'requeue']?: number },
][] = [
  ['never settles', () => new Promise(() => {}), { error: 1 }],
  ['throws nothing', () => Promise.reject(undefined), { error: 1 }],
  ['throws null', () => Promise.reject(null), { error: 1 }],
  ['throws a number', () => Promise.reject(7), { error: 1 }],
  ['throws a symbol', () => Promise.reject(Symbol('s')), { error: 1 }],
  ['throws an object that is no text', () => Promise.reject(bare), { error: 1 }],
  ['throws a frozen error', () => Promise.reject(Object.freeze(new Error('x'))), { error: 1 }],
  ['throws an error that throws when it is read', () => Promise.reject(touchy), { error: 1 }],
  ['settles twice', () => thenable((ok: Settle) => (ok(), ok(requeueAfter(1)))), { success: 1 }],
  [
    'succeeds, then fails',
    () => thenable((ok: Settle, no: Settle) => (ok(), no(new Error('x')))),
    { success: 1 },
  ],
  [
    'fails, then succeeds',
    () => thenable((ok: Settle, no: Settle) => (no(new Error('x')), ok())),
    { error: 1 },
  ],
  [
    'fails twice',
    () => thenable((_: Settle, no: Settle) => (no(new Error('x')), no(new Error('y')))),
    { error: 1 },
  ],
  ['returns what has a then that is none', () => thenable(5), { error: 1 }],
  [
    'returns what throws when it is awaited',
    () =>
      thenable(() => {
        throw new Error('x')
      }),
    { error: 1 },
  ],
  ['returns a number', () => 5 as never, { terminal: 1 }],
  ['returns a text', () => Promise.resolve('again' as never), { terminal: 1 }],
  ['returns null', () => null as never, { success: 1 }],
  ['returns a result of no kind', () => ({ kind: 'later' }) as never, { terminal: 1 }],
  ...[Number.NaN, -1, Number.POSITIVE_INFINITY, '5', undefined].map((afterMs): (typeof endings)[number] => [
    `wants to run again after ${afterMs}`,
    () => ({ kind: 'requeueAfter', afterMs }) as never,
    { terminal: 1 },
  ]),
  ['polls with no bounds', () => ({ kind: 'poll' }) as never, { terminal: 1 }],
  ['polls backwards', () => ({ kind: 'poll', minMs: 5, maxMs: 1, factor: 2 }), { terminal: 1 }],
  ['wants to run again at the end of time', () => requeueAfter(Number.MAX_VALUE), { requeue: 1 }],
  [
    'throws when it is aborted',
    (_key, _object, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('late')))
      }),
    { error: 1 },
  ],
  [
    'succeeds when it is aborted',
    (_key, _object, { signal }) =>
      new Promise(resolve => {
        signal.addEventListener('abort', () => resolve(requeueAfter(1)))
      }),
    { error: 1 },
  ],
]

describe('a reconciler that', () => {
  test.each(endings)('%s: counted once, and its key is free', async (_, first, expected) => {
    let runs = 0
    const world = await startWorld({
      timeoutMs: 1_000,
      limiter: { delay: () => ({ ms: 1e9 }) },
      reconcile: (...args) => (runs++ === 0 ? first(...args) : undefined),
    })
    const { env, store, controller } = world
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(5_000)
    const counted = (result: string): number =>
      env.metrics.value('controller_runtime_reconcile_total', { controller: 'widgets', result }) ?? 0
    const { error = 0, terminal = 0, success = 0, requeue = 0 } = expected
    const results = ['error', 'terminal', 'success', 'requeue_after'].map(counted)
    expect(results).toEqual([error, terminal, success, requeue])
    expect([runs, controller.status().inFlight]).toEqual([1, 0])
    await resize(world, 'a', 2)
    expect([runs, counted('success')]).toEqual([2, success + 1])
    expect(controller.inspect(ref('a'))).toBeUndefined()
  })
})

describe('a key is asked for', () => {
  test('before the start: nothing happens; the first list brings it', async () => {
    const { env, store } = createWorld()
    const seen: string[] = []
    const controller = createController({
      name: 'c',
      for: Widget,
      reconcile: key => void seen.push(key.name),
    })
    controller.enqueue(ref('ghost'))
    await env.run(() => store.create(Widget, widget('a')))
    await env.run(() => controller.start(store))
    await env.settle()
    expect(seen).toEqual(['a'])
    await env.run(() => controller.stop())
  })

  test('after the stop: nothing happens', async () => {
    const seen: string[] = []
    const { env, manager, controller } = await startWorld({ reconcile: key => void seen.push(key.name) })
    await env.run(() => manager.stop())
    controller.enqueue(ref('a'))
    await env.advance(1_000)
    expect(seen).toEqual([])
  })

  test('during the stop: dropped, and counted', async () => {
    const seen: string[] = []
    const { env, manager, controller } = await startWorld({
      reconcile: async (key, _object, ctx) => {
        seen.push(key.name)
        await ctx.env.clock.sleep(1_000)
      },
    })
    controller.enqueue(ref('a'))
    await env.settle()
    const stopped = manager.stop()
    await env.settle()
    controller.enqueue(ref('b'))
    await env.advance(5_000)
    await stopped
    expect(seen).toEqual(['a'])
    expect(env.metrics.value('workqueue_adds_dropped_total', { name: 'widgets' })).toBe(1)
  })

  test('by its own run: it runs again, after the others', async () => {
    const seen: string[] = []
    const { env, controller } = await startWorld({
      reconcile: key => {
        seen.push(key.name)
        if (seen.length > 6) return
        controller.enqueue(key)
        if (seen.length === 1) controller.enqueue(ref('b'))
      },
    })
    controller.enqueue(ref('a'))
    await env.settle()
    expect(seen).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'])
  })

  test('after everything was at rest: settled was right before, and waits again', async () => {
    let runs = 0
    const { env, manager, controller } = await startWorld({ reconcile: () => void runs++ })
    await env.run(() => manager.settled())
    controller.enqueue(ref('a'))
    expect(controller.isSettled()).toBe(false)
    await env.run(() => manager.settled())
    expect(runs).toBe(1)
  })
})

test('a slow key holds up the others for no longer than its timeout', async () => {
  const seen: string[] = []
  const { env, controller } = await startWorld({
    timeoutMs: 1_000,
    limiter: { delay: () => ({ ms: 1e9 }) },
    reconcile: key => {
      seen.push(key.name)
      return key.name === 'slow' ? new Promise(() => {}) : undefined
    },
  })
  controller.enqueue(ref('slow'))
  controller.enqueue(ref('b'))
  await env.advance(999)
  expect(seen).toEqual(['slow'])
  await env.advance(1)
  expect(seen).toEqual(['slow', 'b'])
})

test('a wall clock that jumps changes no delay', async () => {
  const env = createVirtualEnv()
  const { now } = env.clock
  let shiftMs = 0
  Object.assign(env.clock, { now: () => now() + shiftMs })
  const store = createStore({ kinds: [Widget, Part, Secret], env })
  const runs: number[] = []
  const controller = createController({
    name: 'c',
    for: Widget,
    reconcile: () => {
      runs.push(env.clock.monotonic())
      return requeueAfter(1_000)
    },
  })
  await env.run(() => controller.start(store))
  controller.enqueue(ref('a'))
  for (const jumpMs of [-3_600_000, 7_200_000, -1e12]) {
    await env.advance(500)
    shiftMs += jumpMs
    await env.advance(500)
  }
  expect(runs.map(at => at - (runs[0] ?? 0))).toEqual([0, 1_000, 2_000, 3_000])
  await env.run(() => controller.stop())
})

describe('a stop', () => {
  const slow: Run = (_key, _object, ctx) => ctx.env.clock.sleep(10_000).then(() => undefined)

  test('of a controller during its start: the start ends too, and nothing runs', async () => {
    const { env, store } = createWorld()
    await env.run(() => store.create(Widget, widget('a')))
    let runs = 0
    const controller = createController({ name: 'c', for: Widget, reconcile: () => void runs++ })
    const started = controller.start(store)
    const outcome = env.run(() => controller.stop())
    expect(await outcome).toBe('stopped')
    await env.run(() => started)
    expect(runs).toBe(0)
  })

  test('of a manager during its start: the start is refused, what was started is stopped', async () => {
    const { env, store } = createWorld()
    const log: string[] = []
    const manager = createManager({ client: store })
    const part = (name: string): Runnable => ({
      name,
      start: () => env.clock.sleep(1_000).then(() => void log.push(`${name} starts`)),
      stop: () => void log.push(`${name} stops`),
    })
    manager.add(part('a'))
    manager.add(part('b'))
    const started = manager.start().catch((error: unknown) => error)
    await env.advance(500)
    const report = manager.stop()
    await env.advance(5_000)
    expect(await started).toMatchObject({ code: 'Closed' })
    expect((await report).map(({ name, outcome }) => [name, outcome])).toEqual([['a', 'stopped']])
    expect(log).not.toContain('b starts')
  })

  test('twice: one report; the second may shorten the wait', async () => {
    const { env, store, manager } = await startWorld({ reconcile: slow })
    await env.run(() => store.create(Widget, widget('a')))
    const first = manager.stop({ gracePeriodMs: 30_000 })
    await env.advance(1_000)
    const second = manager.stop({ gracePeriodMs: 500 })
    expect(second).toBe(first)
    await env.advance(499)
    expect(manager.status().state).toBe('stopping')
    await env.advance(1)
    expect(await first).toEqual([{ name: 'widgets', outcome: 'abandoned' }])
  })

  test('twice: the second never lengthens the wait', async () => {
    const { env, store, manager } = await startWorld({ reconcile: slow })
    await env.run(() => store.create(Widget, widget('a')))
    const first = manager.stop({ gracePeriodMs: 1_000 })
    void manager.stop()
    await env.advance(1_000)
    expect(await first).toEqual([{ name: 'widgets', outcome: 'abandoned' }])
  })

  test('twice: a part that hangs is left behind, and those below it get what time there is', async () => {
    const { env, start } = createWorld()
    let calls = 0
    const below: Runnable = { name: 'below', start: () => {}, stop: () => {} }
    const hangs: Runnable = {
      name: 'hangs',
      start: () => {},
      stop: () => {
        calls++
        return new Promise<void>(() => {})
      },
    }
    const manager = await start(below, hangs)
    const report = manager.stop()
    await env.advance(100)
    void manager.stop({ gracePeriodMs: 0 })
    await env.advance(1)
    expect((await report).map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'hangs abandoned',
      'below stopped',
    ])
    expect(calls).toBe(1)
  })

  test('from inside a run that does not wait for it: the run ends as any other', async () => {
    const { env, store, manager } = await startWorld({
      reconcile: async (key, _object, { client }) => {
        void manager.stop()
        await client.modifyStatus(Widget, key, draft => void (draft.status = { size: 9 }))
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(1)
    expect(await manager.stop()).toEqual([{ name: 'widgets', outcome: 'stopped' }])
    expect(store.get(Widget, ref('a'))?.status?.size).toBe(9)
  })

  test('from inside a run that waits for it: the run is given up when the grace period ends', async () => {
    const { env, store, manager } = await startWorld({
      reconcile: async (key, _object, { client }) => {
        await manager.stop({ gracePeriodMs: 2_000 })
        await client.modifyStatus(Widget, key, draft => void (draft.status = { size: 9 }))
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(2_000)
    expect(await manager.stop()).toEqual([{ name: 'widgets', outcome: 'abandoned' }])
    await env.advance(1_000)
    expect(store.get(Widget, ref('a'))?.status).toBeUndefined()
  })

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('with a grace period of %s is refused', async ms => {
    const { env, manager, controller } = await startWorld({ reconcile: () => {} })
    for (const part of [manager, controller])
      expect(() => void part.stop({ gracePeriodMs: ms })).toThrow(
        expect.objectContaining({ code: 'Invalid' }),
      )
    expect(manager.status().state).toBe('running')
    await env.run(() => manager.stop())
  })
})

describe('a manager refuses', () => {
  const part = (name: string): Runnable => ({ name, start: () => {}, stop: () => {} })
  const open = () => {
    const { env, store } = createWorld()
    return { env, manager: createManager({ client: store }) }
  }

  test('a name twice', () => {
    const { manager } = open()
    manager.add(part('a'))
    expect(() => manager.add(part('a'))).toThrow(expect.objectContaining({ code: 'Usage' }))
  })

  test.each([
    ['a cycle', { a: ['b'], b: ['a'] }],
    ['a part that needs itself', { a: ['a'], b: [] }],
    ['a part that needs what is not there', { a: ['c'], b: [] }],
  ])('%s of dependencies, and starts nothing', async (_, needs) => {
    const { env, manager } = open()
    const log: string[] = []
    for (const [name, dependsOn] of Object.entries(needs))
      manager.add({ ...part(name), start: () => void log.push(name) }, { dependsOn })
    await expect(env.run(() => manager.start())).rejects.toMatchObject({ code: 'Usage' })
    expect(log).toEqual([])
  })

  test('to go on when a part throws at once in its start; the others are stopped, the last one first', async () => {
    const { env, manager } = open()
    const log: string[] = []
    for (const name of ['a', 'b']) manager.add({ ...part(name), stop: () => void log.push(name) })
    const start = (): never => {
      throw new Error('no')
    }
    manager.add({ ...part('c'), start })
    await expect(env.run(() => manager.start())).rejects.toThrow('no')
    expect(log).toEqual(['b', 'a'])
  })

  test('to start twice, or after its stop', async () => {
    const { env, manager } = open()
    await env.run(() => manager.start())
    await expect(manager.start()).rejects.toMatchObject({ code: 'Usage' })
    await env.run(() => manager.stop())
    await expect(manager.start()).rejects.toMatchObject({ code: 'Usage' })
    expect(() => manager.add(part('late'))).toThrow(expect.objectContaining({ code: 'Usage' }))
  })
})
