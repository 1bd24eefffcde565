import { describe, expect, test } from 'vitest'
import { Event } from '../../src/api/index.js'
import { formatTime } from '../../src/core/index.js'
import { saysTheSame, valueChanges } from '../../src/reconcile/hot-loops/hot-loop.js'
import { createController, requeueAfter } from '../../src/reconcile/index.js'
import type { StoredObject } from '../../src/store/index.js'
import { Part, ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'
import type { WidgetWorld } from './widget-world.js'
import { resize, startWorld } from './widget-world.js'

const HOUR = 3_600_000

/** A controller that writes 0 and 1 in turn into the status, so that its own write wakes it. */
async function hot(options: object = {}): Promise<WidgetWorld & { readonly runs: number[] }> {
  const runs: number[] = []
  const world = await startWorld({
    reconcile: async (key, object, { client, env }) => {
      if (object === undefined) return
      runs.push(env.clock.monotonic())
      await client.modifyStatus(Widget, key, draft => void (draft.status = { size: runs.length % 2 }))
    },
    ...options,
  })
  await world.env.run(() => world.store.create(Widget, widget('a')))
  await world.env.settle()
  return { ...world, runs }
}

describe('a key that only its own writes wake', () => {
  test('is reported once, with what it wrote, and then runs later and later', async () => {
    const { env, controller, runs } = await hot()
    const [loop] = controller.status().hotLoops
    expect(loop).toEqual({
      key: ref('a'),
      kind: 'ownWrites',
      runs: 20,
      object: { apiVersion: 'example/v1', kind: 'Widget', ...ref('a') },
      changes: [{ path: '/status/size', before: 1, after: 0 }],
    })
    // The first run was wanted, and what it and the second wrote had not been written before.
    expect(runs).toHaveLength(22)
    await env.advance(100 + 200 + 400 + 799)
    expect(runs.slice(22).map(at => at - (runs[21] ?? 0))).toEqual([100, 300, 700])
    expect(controller.inspect(ref('a'))).toMatchObject({
      state: 'delayed',
      dueInMs: 1,
      reasons: ['hot loop'],
    })
    await env.advance(24 * HOUR)
    const pauses = runs.slice(1).map((at, index) => at - (runs[index] ?? 0))
    expect(pauses.at(-1)).toBe(300_000)
    expect(env.logs.filter(line => line.level === 'warn')).toHaveLength(1)
    const labels = { controller: 'widgets', loop: 'ownWrites' }
    expect(env.metrics.value('controller_hot_loops_total', labels)).toBe(1)
  })

  test('is free when something else changes, and reported again when it goes on', async () => {
    const world = await hot({ hotLoopAfter: 3 })
    await world.env.advance(1_000)
    const before = world.runs.length
    await resize(world, 'a', 2)
    // At once: that of the change, two that write what was not written since, and two of three in a row.
    expect(world.runs.length - before).toBe(5)
    expect(world.env.logs.filter(line => line.level === 'warn')).toHaveLength(2)
    const more = world.runs.length
    world.controller.enqueue(ref('a'))
    await world.env.settle()
    expect(world.runs.length - more).toBe(5)
  })

  test('does not keep the controller from coming to rest, nor other keys from running', async () => {
    const { env, store, manager, runs } = await hot()
    await env.run(() => manager.settled())
    const before = runs.length
    await env.run(() => store.create(Widget, widget('b')))
    await env.settle()
    expect(runs.length).toBeGreaterThan(before)
    expect(manager.status().controllers[0]?.hotLoops.map(({ key }) => key.name)).toEqual(['a', 'b'])
  })

  test('is gone from the status when it stops writing', async () => {
    let isBad = true
    const world = await startWorld({
      hotLoopAfter: 3,
      reconcile: async (key, object, { client }) => {
        const size = isBad ? 3 - (object?.status?.size ?? 1) : 0
        if (object !== undefined)
          await client.modifyStatus(Widget, key, draft => void (draft.status = { size }))
      },
    })
    await world.env.run(() => world.store.create(Widget, widget('a')))
    await world.env.advance(1_000)
    expect(world.controller.status().hotLoops).toHaveLength(1)
    isBad = false
    await world.env.advance(HOUR)
    expect(world.controller.status().hotLoops).toEqual([])
    expect(world.controller.inspect(ref('a'))).toBeUndefined()
  })

  test.each([
    ['through a transaction', 'transact'],
    ['while it fails', 'throw'],
    ['while it wants to be looked at again later', 'requeue'],
    ['reading the cache', 'cache'],
    ['by making and deleting a child', 'child'],
  ])('is found %s', async (_, how) => {
    let runs = 0
    const { env, store, controller } = await startWorld({
      owns: [Part],
      watches: [{ kind: Part, map: part => [ref((part.spec as { of?: string }).of ?? 'none')] }],
      reads: how === 'cache' ? 'cache' : 'client',
      reconcile: async (key, object, { client }) => {
        if (object === undefined) return
        runs++
        const part = client.get(Part, ref('p'))
        if (how === 'child' && part !== undefined) return void (await client.delete(Part, ref('p')))
        if (how === 'child')
          return void (await client.create(Part, { metadata: ref('p'), spec: { of: 'a' } }))
        const status = { size: runs % 2 }
        if (how === 'transact')
          await client.transact(tx => void tx.updateStatus(Widget, { ...object, status }))
        else await client.modifyStatus(Widget, key, draft => void (draft.status = status))
        if (how === 'throw') throw new Error('and it fails')
        return how === 'requeue' ? { kind: 'requeueAfter', afterMs: 60_000 } : undefined
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(10)
    expect(controller.status().hotLoops).toHaveLength(1)
    await env.advance(HOUR)
    expect(runs).toBeLessThan(100)
  })

  test('is told to readers of events', async () => {
    const { env, store, start } = createWorld({ kinds: [Event] })
    await start(
      createController({
        name: 'widgets',
        for: Widget,
        events: Event,
        reconcile: async (key, object, { client }) => {
          const size = 1 - (object?.status?.size ?? 0)
          if (object !== undefined)
            await client.modifyStatus(Widget, key, draft => void (draft.status = { size }))
        },
      }),
    )
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(1_000)
    expect(store.list(Event).items.map(({ spec }) => [spec.reason, spec.type, spec.note])).toEqual([
      ['HotLoop', 'Warning', expect.stringContaining('Widget default/a: /status/size')],
    ])
  })
})

test('a key that never ends to make steps is reported, and runs at most ten times a second', async () => {
  let runs = 0
  const { env, store, controller } = await startWorld({
    hotLoopAfter: 4,
    reconcile: async (key, object, { client }) => {
      if (object === undefined) return
      runs++
      await client.modifyStatus(Widget, key, draft => void (draft.status = { size: runs }))
    },
  })
  await env.run(() => store.create(Widget, widget('a')))
  await env.settle()
  // 4 × 50 steps, and the first run, which was wanted.
  expect(runs).toBe(200)
  expect(controller.status().hotLoops).toMatchObject([{ kind: 'unbounded', runs: 200 }])
  await env.advance(10_000)
  expect(runs).toBe(300)
})

test('a key that writes the time of its run makes no progress', async () => {
  const { env, store, controller } = await startWorld({
    reconcile: async (key, object, { client }) => {
      const status = { size: 1, at: formatTime(env.clock.now()) }
      await env.clock.sleep(5)
      if (object !== undefined) await client.modifyStatus(Widget, key, draft => void (draft.status = status))
    },
  })
  await env.run(() => store.create(Widget, widget('a')))
  await env.advance(1_000)
  expect(controller.status().hotLoops).toMatchObject([{ kind: 'ownWrites' }])
})

describe('no loop is', () => {
  test.each(['at once', 'asking for the next run'])('a hundred steps, one per run, %s', async how => {
    const { env, store, controller } = await startWorld({
      reconcile: async (key, object, { client }) => {
        const size = object?.status?.size ?? 0
        if (object === undefined || size >= 100) return
        await client.modifyStatus(Widget, key, draft => void (draft.status = { size: size + 1 }))
        return how === 'at once' ? undefined : requeueAfter(0)
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.settle()
    expect(store.get(Widget, ref('a'))?.status?.size).toBe(100)
    expect(controller.status().hotLoops).toEqual([])
  })

  test('a convergence in few steps', async () => {
    let runs = 0
    const { env, store, controller } = await startWorld({
      reconcile: async (key, object, { client }) => {
        runs++
        const size = object?.status?.size ?? 0
        if (object !== undefined && size < 10)
          await client.modifyStatus(Widget, key, draft => void (draft.status = { size: size + 1 }))
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.settle()
    expect(runs).toBe(11)
    expect(controller.status().hotLoops).toEqual([])
  })

  test('a long one that makes one child after the other and counts them', async () => {
    const { env, store, controller } = await startWorld({
      watches: [{ kind: Part, map: () => [ref('a')] }],
      reconcile: async (key, object, { client }) => {
        const size = client.count(Part)
        if (object === undefined || size >= 100) return
        await client.create(Part, { metadata: ref(`p${size}`), spec: {} })
        await client.modifyStatus(Widget, key, draft => void (draft.status = { size }))
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.settle()
    expect(store.count(Part)).toBe(100)
    expect(env.logs.filter(line => line.level === 'warn')).toEqual([])
    expect(controller.status().hotLoops).toEqual([])
  })

  test('a key that others wake, however often it writes', async () => {
    const world = await startWorld({
      reconcile: async (key, object, { client }) => {
        const size = object?.spec.size ?? 0
        if (object !== undefined)
          await client.modifyStatus(Widget, key, draft => void (draft.status = { size }))
      },
    })
    await world.env.run(() => world.store.create(Widget, widget('a')))
    for (let size = 2; size < 60; size++) await resize(world, 'a', size)
    expect(world.store.get(Widget, ref('a'))?.status?.size).toBe(59)
    expect(world.controller.status().hotLoops).toEqual([])
  })

  test('anything when hotLoopAfter is Infinity', async () => {
    const { env, store, controller } = await startWorld({
      hotLoopAfter: Number.POSITIVE_INFINITY,
      reconcile: async (key, object, { client }) => {
        const size = (object?.status?.size ?? 0) + 1
        if (object !== undefined && size < 200)
          await client.modifyStatus(Widget, key, draft => void (draft.status = { size }))
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.settle()
    expect(store.get(Widget, ref('a'))?.status?.size).toBe(199)
    expect(controller.status().hotLoops).toEqual([])
  })
})

test('two controllers that write into one field are reported, each with what it writes', async () => {
  const { env, store, start } = createWorld()
  const towards = (size: number) =>
    createController({
      name: `to-${size}`,
      for: Widget,
      reconcile: async (key, object, ctx) => {
        if (object === undefined || object.spec.size === size) return
        await ctx.env.clock.sleep(100)
        await ctx.client.modify(Widget, key, draft => void (draft.spec.size = size))
      },
    })
  const manager = await start(towards(1), towards(2))
  await env.run(() => store.create(Widget, widget('a')))
  await env.advance(10_000)
  const loops = manager.status().controllers.map(({ hotLoops }) => hotLoops)
  expect(loops).toEqual([
    [expect.objectContaining({ kind: 'contested', changes: [{ path: '/spec/size', before: 2, after: 1 }] })],
    [expect.objectContaining({ kind: 'contested', changes: [{ path: '/spec/size', before: 1, after: 2 }] })],
  ])
  expect(env.logs.filter(line => line.level === 'warn')).toHaveLength(2)
})

test('what was changed is told by place, without what changes with every write', () => {
  const object = (version: string, spec: unknown, more: object = {}): StoredObject =>
    ({ metadata: { name: 'a', uid: version, resourceVersion: version, ...more }, spec }) as never
  const before = object('1', { 'a/b': [1], gone: true }, { generation: 1, uid: 'u' })
  const after = object('2', { 'a/b': [2], made: null }, { generation: 2, uid: 'u' })
  expect(valueChanges({ before, after })).toEqual([
    { path: '/spec/a~1b/0', before: 1, after: 2 },
    { path: '/spec/gone', before: true },
    { path: '/spec/made', after: null },
  ])
  expect(valueChanges({ before, after: undefined })).toEqual([{ path: '', before }])
  expect(saysTheSame(before, after)).toBe(false)
  expect(saysTheSame(before, object('9', before.spec))).toBe(true)
})

test.each([0, 1.5, Number.NaN, -1])('hotLoopAfter of %s is refused', hotLoopAfter => {
  const reconcile = (): void => {}
  expect(() => createController({ name: 'c', for: Widget, hotLoopAfter, reconcile })).toThrow(
    expect.objectContaining({ code: 'Invalid', message: expect.stringContaining('hotLoopAfter') }),
  )
})
