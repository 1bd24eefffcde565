import { describe, expect, test } from 'vitest'
import type { KeyedController } from '../../src/reconcile/index.js'
import { createKeyedController, createManager, requeueAfter } from '../../src/reconcile/index.js'
import { check } from '../../src/testing/index.js'
import { ref, Secret, Widget, widget } from '../fixtures/kinds.js'
import type { World } from '../fixtures/world.js'
import { createWorld } from '../fixtures/world.js'

/** Widgets of one size on one node are looked after together. */
interface Shelf {
  readonly node: string
  readonly size: number
}

const shelves = {
  name: 'Shelf',
  format: ({ node, size }: Shelf) => `${node}:${size}`,
  parse: (text: string): Shelf => {
    const [node = '', size] = text.split(':')
    return { node, size: Number(size) }
  },
}

type Options = Parameters<typeof createKeyedController<Shelf, readonly [typeof Widget]>>[0]

function shelved(more: Partial<Options> = {}, runs: Shelf[] = []): KeyedController<Shelf> {
  return createKeyedController({
    name: 'shelves',
    keys: shelves,
    watches: [{ kind: Widget, map: ({ spec }) => [{ node: spec.node ?? 'none', size: spec.size ?? 0 }] }],
    reconcile: key => void runs.push(key),
    ...more,
  })
}

async function started(more: Partial<Options> = {}, world: World = createWorld()) {
  const runs: Shelf[] = []
  const controller = shelved(more, runs)
  const manager = createManager({ client: world.store })
  manager.add(controller)
  const { env, store } = world
  for (const [name, size] of [
    ['a', 1],
    ['b', 1],
    ['c', 2],
  ] as const)
    await env.run(() => store.create(Widget, widget(name, { node: 'n', size })))
  await env.run(() => manager.start())
  await env.run(() => manager.settled())
  return { ...world, controller, manager, runs }
}

describe('a controller of keys that are no objects', () => {
  test('runs each key once for what exists, in the order of the texts, as the value that it is', async () => {
    const { runs } = await started()
    expect(runs).toEqual([
      { node: 'n', size: 1 },
      { node: 'n', size: 2 },
    ])
  })

  test('runs the keys that a change leaves and enters', async () => {
    const { env, store, manager, runs } = await started()
    runs.length = 0
    await env.run(() => store.modify(Widget, ref('a'), draft => void (draft.spec.size = 3)))
    await env.run(() => manager.settled())
    expect(runs.map(shelves.format)).toEqual(['n:1', 'n:3'])
  })

  test('wakes and explains keys that are equal by their text', async () => {
    const { env, controller } = await started({
      reconcile: () => requeueAfter(1_000),
    })
    expect(controller.why({ node: 'n', size: 1 })).toMatchObject({
      key: { name: 'n:1' },
      state: 'delayed',
      reasons: expect.arrayContaining(['requeueAfter']),
    })
    controller.wake({ node: 'n', size: 1 }, 'by hand')
    controller.wake({ size: 1, node: 'n' }, 'again')
    expect(controller.why({ node: 'n', size: 1 })).toMatchObject({
      state: 'held',
      reasons: ['again'],
    })
    await env.settle()
    expect(controller.status()).toMatchObject({ queued: 0, delayed: 2 })
  })

  test('backs off by key, and names failing keys by their text', async () => {
    const { env, controller } = await started({
      quarantineAfter: 2,
      reconcile: ({ size }) => {
        if (size === 2) throw new Error('too large')
      },
    })
    await env.advance(60_000)
    expect(controller.status()).toMatchObject({ failures: 1, quarantined: [{ key: { name: 'n:2' } }] })
    expect(env.logs.some(({ fields }) => fields['key'] === 'n:2')).toBe(true)
  })

  test('shares its workers between classes of keys', async () => {
    const classes = new Set<string>()
    await started({ fairness: { classOf: ({ node }) => (classes.add(node), node) } })
    expect([...classes]).toEqual(['n'])
  })

  test('follows what its attempts read, and has a client that is fenced', async () => {
    const errors: unknown[] = []
    const seen: string[] = []
    const world = createWorld()
    const { env, store } = world
    const options: Partial<Options> = {
      tracksReads: true,
      timeoutMs: 500,
      reconcile: async (key, { client }) => {
        seen.push(`${shelves.format(key)} ${client.get(Secret, ref('s'))?.spec.value}`)
        if (key.size === 1) return
        await env.clock.sleep(1_000)
        await client
          .create(Secret, { metadata: ref('late'), spec: { value: 'x' } })
          .catch(error => errors.push(error.code))
      },
    }
    const { manager } = await started(options, world)
    await env.advance(1_000)
    await env.run(() => store.create(Secret, { metadata: ref('s'), spec: { value: 'x' } }))
    await env.advance(1_000)
    expect(seen).toContain('n:1 x')
    expect(errors[0]).toBe('Fenced')
    await env.run(() => manager.stop({ gracePeriodMs: 0 }))
  })

  test('runs every key again when it is activated', async () => {
    const { env, store } = createWorld()
    const runs: Shelf[] = []
    const controller = shelved({}, runs)
    await env.run(() => store.create(Widget, widget('a', { node: 'n', size: 1 })))
    await env.run(() => controller.start(store, { standby: true }))
    await env.settle()
    expect(runs).toEqual([])
    controller.activate?.(store)
    await env.settle()
    await controller.deactivate?.()
    runs.length = 0
    controller.activate?.(store)
    await env.settle()
    expect(runs).toEqual([{ node: 'n', size: 1 }])
  })
})

test('passes every order and fault, each key looked at again', async () => {
  const sums = () =>
    createKeyedController({
      name: 'sums',
      keys: { name: 'Node', format: (node: string) => node, parse: text => text },
      watches: [
        { kind: Widget, map: ({ spec }) => [spec.node ?? 'none'] },
        { kind: Secret, map: ({ metadata }) => [metadata.name] },
      ],
      reconcile: async (node, { client }) => {
        const { items } = client.list(Widget, { index: { name: 'node', value: node } })
        const value = String(items.reduce((sum, { spec }) => sum + (spec.size ?? 0), 0))
        const secret = client.get(Secret, ref(node))
        if (items.length === 0) {
          if (secret !== undefined) await client.delete(Secret, ref(node))
        } else if (secret === undefined) await client.create(Secret, { metadata: ref(node), spec: { value } })
        else if (secret.spec.value !== value) await client.update(Secret, { ...secret, spec: { value } })
      },
    })
  const objects = ['a', 'b'].map(name => ({ kind: 'Widget', ...widget(name, { node: 'n', size: 1 }) }))
  const report = await check(sums, {
    kinds: [Widget, Secret],
    objects,
    executions: 60,
  })
  expect(report.executions).toBeGreaterThan(60)
})

describe('what cannot work is refused', () => {
  test.each<[object, string]>([
    [{ keys: { ...shelves, parse: undefined } }, 'keys.parse: must be a function'],
    [{ keys: { ...shelves, name: 'a shelf' } }, 'keys.name: must be a letter, then letters and digits'],
    [{ keys: undefined }, 'keys.format: must be a function'],
    [{ watches: [] }, 'watches: must be at least one'],
    [{ concurrency: 0 }, 'concurrency: must be a whole number of at least 1'],
    [{ resyncMs: 5_000 }, 'createKeyedController has no option "resyncMs"'],
  ])('%j', (more, message) => {
    expect(() => shelved(more as Partial<Options>)).toThrow(message)
  })

  test.each<[Shelf, Partial<typeof shelves>, string]>([
    [{ node: 'a/b', size: 1 }, {}, 'format must give 1 to 253 characters without a slash'],
    [{ node: 'x'.repeat(300), size: 1 }, {}, 'format must give 1 to 253 characters without a slash'],
    [{ node: 'n', size: 1 }, { parse: () => ({ node: 'n', size: 2 }) }, 'parse must lead back'],
  ])('a key without a text of its own: %j', (key, more, message) => {
    expect(() => shelved({ keys: { ...shelves, ...more } }).wake(key)).toThrow(message)
  })
})
