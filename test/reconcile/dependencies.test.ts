import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReconcileContext, Reconciler } from '../../src/reconcile/index.js'
import { createController, createManager } from '../../src/reconcile/index.js'
import type { Dependency } from '../../src/reconcile/sources/dependency-index.js'
import { DependencyIndex, dependencyId } from '../../src/reconcile/sources/dependency-index.js'
import type { Client, Kind, ListOptions, StoredObject } from '../../src/store/index.js'
import { check } from '../../src/testing/index.js'
import { OpenWatches } from '../../src/testing/simulation/clients/open-watches.js'
import type { WidgetSpec, WidgetStatus } from '../fixtures/kinds.js'
import { kindOf, ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'
import { breakable } from './breakable-client.js'

interface NoteSpec {
  readonly text: string
}
const Note: Kind<NoteSpec> = kindOf('Note', { namespaced: true })
const note = (name: string, text: string, labels: Record<string, string> = {}) => ({
  metadata: { namespace: 'default', name, labels },
  spec: { text },
})

type Reconcile = Reconciler<WidgetSpec, WidgetStatus>

/** Widgets that look at notes which no option of their controller speaks of. */
async function reading(
  look: (ctx: ReconcileContext, key: { readonly name: string }) => unknown,
  more: object = {},
) {
  const runs: string[] = []
  const watches = new OpenWatches()
  const opened = () => watches.list().map(({ kinds }) => [...kinds].join())
  const world = createWorld({ kinds: [Note] })
  const reconcile: Reconcile = async (key, object, ctx) => {
    if (object === undefined) return
    runs.push(key.name)
    await look(ctx, key)
  }
  const controller = createController({ name: 'widgets', for: Widget, tracksReads: true, reconcile, ...more })
  const manager = createManager({ client: watches.seenThrough(world.store) })
  manager.add(controller)
  const { env, store } = world
  await env.run(() => manager.start())
  await env.run(() => store.create(Note, note('n', 'one', { app: 'web' })))
  await env.run(() => store.create(Note, note('m', 'one')))
  await env.run(() => store.create(Widget, widget('a')))
  await env.run(() => manager.settled())
  runs.length = 0
  const write = async (
    name: string,
    recipe: (draft: { metadata: { labels: Record<string, string> } }) => void,
  ) => {
    await env.run(() => store.modify(Note, ref(name), recipe as never))
    await env.run(() => manager.settled())
  }
  const touch = (name: string) =>
    write(name, draft => void (draft.metadata.labels['at'] = String(env.random.next())))
  return { ...world, manager, controller, runs, opened, touch, write }
}

describe('what a reconcile read wakes it', () => {
  test('one object, by get', async () => {
    const { touch, runs, controller } = await reading(({ client }) => client.get(Note, ref('n')))
    expect(controller.inspect(ref('a'))).toEqual({
      key: ref('a'),
      state: 'resting',
      priority: 0,
      failures: 0,
      reasons: [],
      dependsOn: [{ kind: Note, ref: ref('n') }],
    })
    await touch('n')
    expect(runs).toEqual(['a'])
    await touch('m')
    expect(runs).toEqual(['a'])
  })

  test('one that does not exist yet', async () => {
    const { env, store, manager, runs } = await reading(({ client }) => client.get(Note, ref('later')))
    await env.run(() => store.create(Note, note('later', 'x')))
    await env.run(() => manager.settled())
    expect(runs).toEqual(['a'])
  })

  test.each<[string, (client: Client) => unknown]>([
    ['list', client => client.list(Note, { namespace: 'default', labelSelector: 'app=web' })],
    ['count', client => client.count(Note, { namespace: 'default', labelSelector: 'app=web' })],
    ['a page of a list', client => client.list(Note, { labelSelector: 'app=web', limit: 1 })],
  ])('all that %s shows, before or after', async (_what, look) => {
    const { touch, write, runs } = await reading(({ client }) => look(client))
    await touch('n')
    await touch('m')
    expect(runs).toEqual(['a'])
    await write('m', draft => void (draft.metadata.labels['app'] = 'web'))
    expect(runs).toEqual(['a', 'a'])
    await write('n', draft => void (draft.metadata.labels['app'] = 'db'))
    expect(runs).toEqual(['a', 'a', 'a'])
    await touch('n')
    expect(runs).toEqual(['a', 'a', 'a'])
  })

  test('also of a kind that the controller watches, and another object of its own kind', async () => {
    const { env, store, manager, runs } = await reading(
      ({ client }, { name }) => name === 'a' && client.get(Widget, ref('b')),
    )
    await env.run(() => store.create(Widget, widget('b')))
    await env.run(() => manager.settled())
    expect(runs.toSorted()).toEqual(['a', 'b'])
  })

  test('not what a controller reads that does not track', async () => {
    const { touch, runs, opened } = await reading(({ client }) => client.get(Note, ref('n')), {
      tracksReads: false,
    })
    await touch('n')
    expect([runs, opened()]).toEqual([[], ['Widget']])
  })

  test('the reason is told', async () => {
    const { env, store, controller } = await reading(({ client, env: { clock } }) => {
      client.get(Note, ref('n'))
      return clock.sleep(1_000)
    })
    controller.enqueue(ref('a'))
    await env.settle()
    await env.run(() => store.delete(Note, ref('n')))
    await env.settle()
    expect(controller.inspect(ref('a'))).toMatchObject({ state: 'held', reasons: ['read Note'] })
  })

  test('a key that reads a thousand objects one by one depends on their kind', async () => {
    const { controller, touch, runs } = await reading(({ client }) => {
      for (let i = 0; i <= 1_000; i++) client.get(Note, ref(`x${i}`))
    })
    expect(controller.inspect(ref('a'))?.dependsOn?.at(-1)).toEqual({ kind: Note, scope: {} })
    await touch('n')
    expect(runs).toEqual(['a'])
  })
})

describe('a watch that an attempt asks for', () => {
  const untracked = { tracksReads: false }

  test('wakes its key: one object, or those of a list', async () => {
    const { touch, runs } = await reading(({ watch }) => watch(Note, ref('n')), untracked)
    await touch('n')
    await touch('m')
    expect(runs).toEqual(['a'])
    const listed = await reading(({ watch }) => watch(Note, { labelSelector: 'app=web' }), untracked)
    await listed.touch('n')
    await listed.touch('m')
    expect(listed.runs).toEqual(['a'])
  })

  test('is opened when a key needs it, and closed when no key does', async () => {
    const needs = new Set(['a', 'b'])
    const { env, store, manager, opened, controller } = await reading(
      ({ watch }, { name }) => needs.has(name) && watch(Note, ref('n')),
      untracked,
    )
    await env.run(() => store.create(Widget, widget('b')))
    await env.run(() => manager.settled())
    expect(opened()).toEqual(['Widget', 'Note'])
    for (const [name, left] of [
      ['a', ['Widget', 'Note']],
      ['b', ['Widget']],
    ] as const) {
      needs.delete(name)
      controller.enqueue(ref(name))
      await env.run(() => manager.settled())
      expect(opened()).toEqual(left)
      expect(controller.inspect(ref(name))).toBeUndefined()
    }
    await env.run(() => manager.stop())
    expect(opened()).toEqual([])
  })

  test('outlives a failed attempt', async () => {
    let isBroken = false
    const { touch, runs, controller, env } = await reading(({ watch }) => {
      if (isBroken) throw new Error('before it asked')
      watch(Note, ref('n'))
    }, untracked)
    isBroken = true
    controller.enqueue(ref('a'))
    await env.settle()
    isBroken = false
    runs.length = 0
    await touch('n')
    expect(runs).toContain('a')
    expect(controller.inspect(ref('a'))?.dependsOn?.length).toBe(1)
  })

  test('goes with its object', async () => {
    const { env, store, manager, opened } = await reading(({ watch }) => watch(Note, ref('n')), untracked)
    await env.run(() => store.delete(Widget, ref('a')))
    await env.run(() => manager.settled())
    expect(opened()).toEqual(['Widget'])
  })

  test('of an unknown kind is refused, and so is one after the attempt', async () => {
    const Unknown = kindOf('Unknown', { namespaced: true })
    const errors: unknown[] = []
    let late: ReconcileContext | undefined
    const { opened, controller } = await reading(ctx => {
      late = ctx
      try {
        ctx.watch(Unknown, ref('x'))
      } catch (error) {
        errors.push(error)
      }
    }, untracked)
    expect(errors).toEqual([expect.objectContaining({ code: 'Usage' })])
    late?.watch(Note, ref('n'))
    expect([opened(), controller.inspect(ref('a'))]).toEqual([['Widget'], undefined])
  })
})

test('a watch that lost its place wakes all that depend on its kind', async () => {
  const end = { now: new AbortController() }
  const { env, store } = createWorld({ kinds: [Note], logCapacity: 4 })
  const runs: string[] = []
  const controller = createController({
    name: 'widgets',
    for: Widget,
    tracksReads: true,
    reconcile: (key, object, { client }) => {
      if (object === undefined) return
      runs.push(key.name)
      client.get(Note, ref(key.name))
    },
  })
  const manager = createManager({ client: breakable(store, end, Note) })
  manager.add(controller)
  await env.run(() => manager.start())
  for (const name of ['a', 'b']) await env.run(() => store.create(Widget, widget(name)))
  await env.run(() => manager.settled())
  end.now.abort()
  await env.run(() => store.create(Note, note('a', 'x')))
  for (let i = 0; i < 6; i++) await env.run(() => store.create(Note, note(`n${i}`, 'x')))
  runs.length = 0
  end.now = new AbortController()
  await env.advance(60_000)
  expect(runs.toSorted()).toEqual(['a', 'b'])
  expect(controller.isSettled()).toBe(true)
})

test('a reconciler that tracks its reads passes every order and fault', async () => {
  const copies = () =>
    createController({
      name: 'copies',
      for: Widget,
      tracksReads: true,
      reconcile: async (key, object, { client }) => {
        if (object === undefined) return
        const text = client.get(Note, ref(key.name))?.spec.text ?? ''
        if (object.metadata.labels['text'] === text) return
        await client.modify(Widget, key, draft => void (draft.metadata.labels['text'] = text), {
          preconditions: { uid: object.metadata.uid },
        })
      },
    })
  const objects = [
    { kind: 'Widget', ...widget('a') },
    { kind: 'Note', ...note('a', 'one') },
  ]
  const report = await check(copies, { kinds: [Widget, Note], objects, executions: 60 })
  expect(report.executions).toBeGreaterThan(60)
})

describe('the index of dependencies', () => {
  const names = fc.constantFrom('a', 'b', 'c')
  const labels = fc.constantFrom('x', 'y')
  const dependency: fc.Arbitrary<Dependency> = fc.oneof(
    names.map((name): Dependency => ({ kind: Note, ref: ref(name) })),
    labels.map((app): Dependency => ({ kind: Note, scope: { labelSelector: `app=${app}` } })),
  )
  const event = fc.record({
    key: names,
    reads: fc.array(dependency, { maxLength: 3 }),
    isWhole: fc.boolean(),
  })
  const state = (name: string, app: string): StoredObject =>
    ({
      apiVersion: Note.apiVersion,
      kind: 'Note',
      metadata: { ...ref(name), labels: { app } },
    }) as unknown as StoredObject
  const holds = ({ ref: one, scope }: Dependency, object: StoredObject): boolean =>
    one === undefined
      ? (scope as ListOptions).labelSelector === `app=${object.metadata.labels['app']}`
      : one.name === object.metadata.name

  test('finds the keys that a search of everything finds', () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 20 }),
        names,
        labels,
        labels,
        (events, name, before, after) => {
          const index = new DependencyIndex()
          const plain = new Map<string, Map<string, Dependency>>()
          for (const { key, reads, isWhole } of events) {
            const read = new Map(reads.map(each => [dependencyId(each), each]))
            for (const each of reads) index.add(ref(key), each)
            if (isWhole) index.keep(ref(key), new Set(read.keys()))
            plain.set(key, isWhole ? read : new Map([...(plain.get(key) ?? []), ...read]))
          }
          const change = { before: state(name, before), after: state(name, after) }
          const found = index.keysOf(change).map(key => key.name)
          const expected = [...plain].filter(([, all]) =>
            [...all.values()].some(each => holds(each, change.before) || holds(each, change.after)),
          )
          expect(found.toSorted()).toEqual(expected.map(([key]) => key).toSorted())
          expect(index.isEmpty).toBe([...plain.values()].every(all => all.size === 0))
          expect(index.keysOfKind(`${Note.apiVersion}/Note`).length).toBe(
            [...plain.values()].filter(all => all.size > 0).length,
          )
        },
      ),
    )
  })
})
