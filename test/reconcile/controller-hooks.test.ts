import { describe, expect, test } from 'vitest'
import type { Controller, ControllerOptions } from '../../src/reconcile/index.js'
import { createController } from '../../src/reconcile/index.js'
import type { Store } from '../../src/store/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import type { WidgetSpec, WidgetStatus } from '../fixtures/kinds.js'
import { Part, ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

interface World {
  readonly env: VirtualEnv
  readonly store: Store
  readonly controller: Controller
  readonly said: string[]
}

/** A controller whose hooks say when they are called. */
function open(options: Partial<ControllerOptions<WidgetSpec, WidgetStatus>> = {}): World {
  const { env, store } = createWorld()
  const said: string[] = []
  const controller = createController<WidgetSpec, WidgetStatus>({
    name: 'w',
    for: Widget,
    reconcile: key => void said.push(`run ${key.name}`),
    started: client => void said.push(client === store ? 'started' : 'started with another client'),
    changed: ({ changes }) =>
      void said.push(`changed ${changes.map(({ before, after }) => (after ?? before)?.metadata.name)}`),
    stopped: () => void said.push('stopped'),
    ...options,
  })
  return { env, store, controller, said }
}

const fail = (): never => {
  throw new Error('a bug of mine')
}

describe('the hooks of a controller', () => {
  test('come before everything, before what a change wakes, and after everything', async () => {
    const { env, store, controller, said } = open()
    await store.create(Widget, widget('a'))
    await env.run(() => controller.start(store))
    await env.settle()
    await env.run(() => store.create(Widget, widget('b')))
    await env.settle()
    await env.run(() => controller.stop())
    await env.run(() => controller.stop())
    expect(said).toEqual(['started', 'changed a', 'run a', 'changed b', 'run b', 'stopped'])
  })

  test('tell of each start, and of no change between standby and leadership', async () => {
    const { env, store, controller, said } = open({ changed: () => {}, reconcile: () => {} })
    for (let round = 0; round < 2; round++) {
      await env.run(() => controller.start(store, { standby: true }))
      controller.activate?.(store)
      await env.run(async () => controller.deactivate?.())
      expect(said.length).toBe(1 + 2 * round)
      await env.run(() => controller.stop())
    }
    expect(said).toEqual(['started', 'stopped', 'started', 'stopped'])
  })

  test('a start that is refused calls none; one that fails calls both', async () => {
    const { env, store, controller, said } = open({ reconcile: () => {} })
    await env.run(() => controller.start(store))
    await expect(controller.start(store)).rejects.toThrow(/running already/)
    expect(said).toEqual(['started'])
    await env.run(() => controller.stop())

    const closed = open()
    await closed.store.close()
    await expect(closed.env.run(() => closed.controller.start(closed.store))).rejects.toThrow(/closed/)
    expect(closed.said).toEqual(['started', 'stopped'])
  })

  test('`started` can fail the start, and then nothing runs', async () => {
    const { env, store, controller, said } = open({
      started: () => {
        throw new Error('no port is free')
      },
    })
    await expect(controller.start(store)).rejects.toThrow('no port is free')
    await env.settle()
    expect([said, env.pending(), await controller.stop()]).toEqual([[], [], 'stopped'])
  })

  test('`started` and `stopped` that are asynchronous and reject are logged', async () => {
    const reject = (): never => Promise.reject(new Error('a bug of mine')) as never
    const { env, store, controller } = open({ started: reject, stopped: reject })
    await env.run(() => controller.start(store))
    await env.run(() => controller.stop())
    await env.settle()
    const errors = env.logs.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(errors).toEqual(['the hook `started` rejected', 'the hook `stopped` rejected'])
  })

  test('`stopped` waits for attempts, or until they are given up', async () => {
    const { env, store, controller, said } = open({
      changed: () => {},
      reconcile: async (_key, _object, ctx) => {
        await ctx.env.clock.sleep(5_000)
        said.push('ran')
      },
    })
    await store.create(Widget, widget('a'))
    await env.run(() => controller.start(store))
    await env.run(() => controller.stop({ gracePeriodMs: 10_000 }))
    expect(said).toEqual(['started', 'ran', 'stopped'])
  })

  test.each<[string, () => void]>([
    ['throws', () => fail()],
    ['is asynchronous and rejects', () => Promise.reject(new Error('a bug of mine'))],
  ])('`changed` that %s is logged, and the change wakes its key', async (_how, changed) => {
    const { env, store, controller, said } = open({ changed })
    await store.create(Widget, widget('a'))
    await env.run(() => controller.start(store))
    await env.settle()
    expect(said).toEqual(['started', 'run a'])
    expect(env.logs.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  test('a listener for its progress that throws is logged, and holds up nothing', async () => {
    const { env, store, controller, said } = open({ changed: () => {} })
    let told = 0
    controller.onProgress(() => {
      throw new Error('a bug of mine')
    })
    controller.onProgress(() => void told++)
    await store.create(Widget, widget('a'))
    await env.run(() => controller.start(store))
    await env.settle()
    await env.run(() => controller.stop())
    expect(said).toEqual(['started', 'run a', 'stopped'])
    expect(told).toBeGreaterThan(0)
    expect(env.logs.filter(({ level }) => level === 'error')).toHaveLength(told)
  })

  test('`changed` hears of every kind that is watched, whatever `when` lets pass, and sees it', async () => {
    const seen: number[] = []
    const { env, store, controller, said } = open({
      when: () => false,
      owns: [{ kind: Part, when: () => false }],
      changed: (_, reader) => void seen.push(reader.count(Widget) + reader.count(Part)),
    })
    await env.run(() => controller.start(store))
    await env.run(() => store.create(Widget, widget('a')))
    await env.run(() => store.create(Part, { metadata: ref('p'), spec: {} }))
    await env.settle()
    expect([said, seen]).toEqual([['started'], [1, 2]])
  })
})
