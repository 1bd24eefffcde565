import { describe, expect, test } from 'vitest'
import { Event } from '../../src/api/index.js'
import { childrenOf } from '../../src/reconcile/children/children.js'
import type { DesiredChild } from '../../src/reconcile/index.js'
import { child, controllerReference, createController } from '../../src/reconcile/index.js'
import { createStore } from '../../src/store/index.js'
import { Part, ref, Secret, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

async function startChildren() {
  const store = createStore({ kinds: [Widget, Part, Secret, Event] })
  const owner = await store.create(Widget, widget('owner'))
  const options = { client: store, kind: Widget, owner, of: [Part, Secret], fieldManager: 'test' }
  const parts = () => store.list(Part).items.map(({ metadata, spec }) => `${metadata.name} ${spec.of ?? '-'}`)
  return { store, owner, options, children: childrenOf(options), parts }
}

const part = (name: string, of?: string): DesiredChild =>
  child(Part, { metadata: { name }, spec: of === undefined ? {} : { of } })
const count = (report: object) =>
  Object.fromEntries(Object.entries(report).map(([key, list]) => [key, list.length]))
const none = { created: 0, updated: 0, unchanged: 0, deleted: 0, waiting: 0 }

describe('children.apply', () => {
  test('creates, updates, leaves alone and prunes, of every owned kind', async () => {
    const { store, children, parts, owner } = await startChildren()
    const secret = child(Secret, { metadata: { name: 's' }, spec: { value: 'x' } })
    expect(count(await children.apply([part('a', '1'), part('b', '1'), secret]))).toEqual({
      ...none,
      created: 3,
    })
    const before = store.revision
    expect(count(await children.apply([part('a', '1'), part('b', '1'), secret]))).toEqual({
      ...none,
      unchanged: 3,
    })
    expect(store.revision).toBe(before)
    expect(count(await children.apply([part('a', '2'), part('c', '1')]))).toEqual({
      ...none,
      created: 1,
      updated: 1,
      deleted: 2,
    })
    expect(parts()).toEqual(['a 2', 'c 1'])
    expect(store.list(Secret).items).toEqual([])
    expect(count(await children.apply([], { prune: false }))).toEqual(none)
    expect(store.get(Part, ref('a'))?.metadata.ownerReferences).toEqual([controllerReference(Widget, owner)])
  })

  test('leaves the fields of others, and takes back its own that it no longer gives', async () => {
    const { store, children } = await startChildren()
    const labelled = (labels: Record<string, string>) =>
      child(Part, { metadata: { name: 'a', labels }, spec: {} })
    await children.apply([labelled({ mine: '1', other: '1' })])
    await store.modify(Part, ref('a'), draft => void (draft.metadata.labels['theirs'] = '1'))
    await children.apply([labelled({ mine: '2' })])
    expect(store.get(Part, ref('a'))?.metadata.labels).toEqual({ mine: '2', theirs: '1' })
  })

  test('never touches what others manage, and prunes nothing then', async () => {
    const { store, children, parts } = await startChildren()
    await store.create(Part, { metadata: ref('taken'), spec: { of: 'somebody' } })
    await children.apply([part('old')])
    const failed = children.apply([part('taken', 'me'), part('new', 'me')])
    await expect(failed).rejects.toMatchObject({ code: 'AlreadyExists' })
    expect(parts()).toEqual(['new me', 'old -', 'taken somebody'])
    await children.apply([])
    expect(parts()).toEqual(['taken somebody'])
  })

  test('waits for a predecessor that is being deleted', async () => {
    const { store, children, parts } = await startChildren()
    await children.apply([part('a')])
    await store.modify(Part, ref('a'), draft => void draft.metadata.finalizers.push('x/y'))
    await store.delete(Part, ref('a'))
    expect(count(await children.apply([part('a', 'new')]))).toEqual({ ...none, waiting: 1 })
    await store.modify(Part, ref('a'), draft => void (draft.metadata.finalizers = []))
    expect(count(await children.apply([part('a', 'new')]))).toEqual({ ...none, created: 1 })
    expect(parts()).toEqual(['a new'])
  })

  test('an owner that is leaving, gone or replaced gets nothing', async () => {
    const { store, children, options, parts } = await startChildren()
    await store.modify(Widget, ref('owner'), draft => void draft.metadata.finalizers.push('x/y'))
    await store.delete(Widget, ref('owner'))
    const leaving = store.get(Widget, ref('owner'))
    if (leaving === undefined) throw new Error('it is held by its finalizer')
    expect(count(await childrenOf({ ...options, owner: leaving }).apply([part('a')]))).toEqual(none)
    expect(count(await children.apply([part('a')]))).toEqual(none)
    await store.modify(Widget, ref('owner'), draft => void (draft.metadata.finalizers = []))
    await store.create(Widget, widget('owner'))
    expect(count(await children.apply([part('a')]))).toEqual(none)
    expect(parts()).toEqual([])
    const absent = childrenOf({ ...options, owner: undefined }).apply([])
    await expect(absent).rejects.toMatchObject({ code: 'Usage' })
  })

  test.each<[string, DesiredChild[]]>([
    ['no name', [child(Part, { metadata: { generateName: 'a-' }, spec: {} })]],
    ['a name twice', [part('a'), part('a')]],
    ['another namespace', [child(Part, { metadata: { name: 'a', namespace: 'b' }, spec: {} })]],
    ['a kind not owned', [child(Widget, { metadata: { name: 'a' }, spec: { size: 1 } })]],
  ])('%s is refused, and nothing is changed', async (_what, desired) => {
    const { children, parts } = await startChildren()
    await expect(children.apply([part('z'), ...desired])).rejects.toMatchObject({ code: 'Invalid' })
    expect(parts()).toEqual([])
  })
})

test('a reconciler has its children and tells events, which are written before the stop ends', async () => {
  const { env, store, start } = createWorld({ kinds: [Event] })
  const manager = await start(
    createController({
      name: 'c',
      for: Widget,
      owns: [Part],
      events: Event,
      reconcile: async (key, found, ctx) => {
        if (found === undefined) return
        const names = Array.from({ length: found.spec.size ?? 0 }, (_, n) => `${key.name}-${n}`)
        const { created, deleted } = await ctx.children.apply(names.map(name => part(name)))
        if (created.length + deleted.length > 0)
          ctx.record({ reason: 'Scaled', note: `+${created.length} −${deleted.length}` })
      },
    }),
  )
  await env.run(() => store.create(Widget, widget('a', { size: 3 })))
  await env.run(() => manager.settled())
  expect(store.list(Part).items.length).toBe(3)
  await env.run(() => store.delete(Part, ref('a-1')))
  await env.run(() => store.modify(Widget, ref('a'), draft => void (draft.spec.size = 2)))
  await env.run(() => manager.settled())
  await env.run(() => manager.stop())
  expect(store.list(Part).items.map(({ metadata }) => metadata.name)).toEqual(['a-0', 'a-1'])
  const notes = store
    .list(Event)
    .items.map(({ spec }) => `${spec.reportingController} ${spec.reason} ${spec.note}`)
  expect(new Set(notes)).toEqual(new Set(['c Scaled +3 −0', 'c Scaled +1 −0', 'c Scaled +0 −1']))
})
