import { describe, expect, test } from 'vitest'
import type { ControllerOptions, Reconciler } from '../../src/reconcile/index.js'
import { controllerReference, createController } from '../../src/reconcile/index.js'
import type { Client } from '../../src/store/index.js'
import { check } from '../../src/testing/index.js'
import type { WidgetSpec, WidgetStatus } from '../fixtures/kinds.js'
import { Part, ref, Secret, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'
import { grow, resize, startWorld } from './widget-world.js'

type Reconcile = Reconciler<WidgetSpec, WidgetStatus>

/** A widget whose runs are counted, where own changes are ignored. */
async function ignoring(
  reconcile: Reconcile,
  more: Partial<ControllerOptions<WidgetSpec, WidgetStatus>> = {},
) {
  const state = { runs: 0 }
  const world = await startWorld({
    ownChanges: 'ignore',
    reconcile: (key, object, ctx) => {
      if (object === undefined) return
      state.runs++
      return reconcile(key, object, ctx)
    },
    ...more,
  })
  await world.env.run(() => world.store.create(Widget, widget('a')))
  await world.env.settle()
  return Object.assign(state, world)
}

const label: Reconcile = async (key, object, { client }) => {
  await client.modify(Widget, key, draft => void (draft.metadata.labels['size'] = String(object?.spec.size)))
}

const owning: Reconcile = async (key, object, { client }) => {
  if (object === undefined || client.get(Part, key) !== undefined) return
  await client.create(Part, {
    metadata: { ...key, ownerReferences: [controllerReference(Widget, object)] },
    spec: { of: key.name },
  })
}

describe('what a key wrote itself', () => {
  test.each([
    ['wake', 2],
    ['ignore', 1],
  ] as const)('with %s runs it %d times', async (ownChanges, runs) => {
    expect((await ignoring(label, { ownChanges })).runs).toBe(runs)
  })

  test('wakes it no more, in another object either, nor with a cache', async () => {
    for (const reads of ['client', 'cache'] as const) {
      const world = await ignoring(owning, { owns: [Part], reads })
      expect(world.runs).toBe(1)
      await world.env.run(() => world.store.delete(Part, ref('a')))
      await world.env.settle()
      expect([world.runs, world.store.count(Part)]).toEqual([2, 1])
    }
  })

  test('what it deleted does not wake it either, nor what it reads and writes', async () => {
    const world = await ignoring(
      async (key, object, { client }) => {
        client.get(Secret, key)
        if (object?.spec.size === 2)
          await client.create(Secret, { metadata: { ...key }, spec: { value: 'x' } })
        if (object?.spec.size === 3) await client.delete(Secret, key)
      },
      { tracksReads: true },
    )
    await resize(world, 'a', 2)
    await resize(world, 'a', 3)
    expect(world.runs).toBe(3)
  })

  test('does not hide what another writer did meanwhile', async () => {
    const world = await ignoring(async (key, object, { client, env }) => {
      const { size } = object?.spec ?? {}
      await env.clock.sleep(100)
      await client.modify(Widget, key, draft => void (draft.metadata.labels['size'] = String(size)))
      await env.clock.sleep(100)
    })
    const { env, store, controller } = world
    await env.advance(50)
    await resize(world, 'a', 2)
    await env.advance(10_000)
    expect(world.runs).toBe(2)
    controller.enqueue(ref('a'))
    await env.advance(150)
    await resize(world, 'a', 3)
    await env.advance(10_000)
    expect([world.runs, store.get(Widget, ref('a'))?.metadata.labels['size']]).toEqual([4, '3'])
  })

  test('a write that a reign left behind holds nothing back in the next', async () => {
    const { env, store } = createWorld()
    const first = env.fork('first')
    let runs = 0
    const controller = createController({
      name: 'w',
      for: Widget,
      ownChanges: 'ignore',
      reconcile: (key, _object, { client }) => {
        if (++runs > 1) return
        void client.modify(Widget, key, draft => void (draft.metadata.labels['size'] = '1'))
        first.close()
        return new Promise(() => {})
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.run(() => controller.start(store, { standby: true }))
    controller.activate?.(store.client(first))
    await env.settle()
    expect(await env.run(async () => controller.deactivate?.())).toBe('abandoned')
    controller.activate?.(store.client(env.fork('second')))
    await env.settle()
    expect(runs).toBe(2)
    await resize({ env, store }, 'a', 2)
    expect(runs).toBe(3)
    await env.run(() => controller.stop())
  })

  const writesNothing: Record<string, (client: Client) => Promise<unknown>> = {
    transact: client => client.transact(tx => tx.modify(Widget, ref('a'), () => {})),
    optimistic: client => client.optimistic(async tx => tx.get(Widget, ref('a'))),
    modify: client => client.modify(Widget, ref('a'), () => {}),
    patch: client => client.patch(Widget, ref('a'), {}, { type: 'merge' }),
  }

  test.each(Object.entries(writesNothing))(
    'a %s that changes nothing does not take what another did meanwhile for its own',
    async (_verb, write) => {
      let other: (() => void) | undefined
      const world = await ignoring(async (_key, _object, { client }) => {
        const writing = write(client)
        other?.()
        await writing
      })
      other = () => {
        other = undefined
        void world.store.modify(Widget, ref('a'), grow)
      }
      await resize(world, 'a', 2)
      expect(world.runs).toBe(3)
    },
  )

  test('a transaction beside which another wrote of something else does not wake it', async () => {
    let other: (() => void) | undefined
    const world = await ignoring(async (key, object, { client }) => {
      const { size } = object?.spec ?? {}
      const writing = client.transact(tx =>
        tx.modify(Widget, key, draft => void (draft.metadata.labels['size'] = String(size))),
      )
      other?.()
      await writing
    })
    other = () => {
      other = undefined
      void world.store.create(Secret, { metadata: ref('s'), spec: { value: 'x' } })
    }
    await resize(world, 'a', 2)
    expect(world.runs).toBe(2)
  })
})

test('a reconciler that does everything in one run passes every order and fault', async () => {
  const parts = () =>
    createController({ name: 'w', for: Widget, owns: [Part], ownChanges: 'ignore', reconcile: owning })
  const objects = [{ kind: 'Widget', ...widget('a') }]
  const options = { kinds: [Widget, Part], objects, executions: 80 }
  const report = await check(parts, { ...options, except: ['noOrphans'] })
  expect(report.executions).toBeGreaterThan(80)
})

test('another word is refused', () => {
  const options = { name: 'w', for: Widget, ownChanges: 'skip', reconcile: () => {} }
  expect(() => createController(options as never)).toThrow('ownChanges: must be wake or ignore')
})
