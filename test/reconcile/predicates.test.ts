import { describe, expect, test } from 'vitest'
import type { Predicate, SourceChange } from '../../src/reconcile/index.js'
import {
  allOf,
  anyOf,
  createController,
  generationChanged,
  labelsMatch,
  not,
  pathChanged,
} from '../../src/reconcile/index.js'
import type { StoredObject } from '../../src/store/index.js'
import { Part, ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'
import { startWorld } from './widget-world.js'

type Meta = Partial<StoredObject['metadata']>
const object = (metadata: Meta = {}, spec: unknown = { a: 1 }, status?: unknown): StoredObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: {
    name: 'x',
    uid: 'u1',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: {},
    annotations: {},
    ownerReferences: [],
    finalizers: [],
    ...metadata,
  },
  spec,
  ...(status === undefined ? {} : { status }),
})
const update = (now: StoredObject): SourceChange => ({ before: object(), after: now })
const created: SourceChange = { before: undefined, after: object() }
const deleted: SourceChange = { before: object(), after: undefined }
const web = labelsMatch('tier=web')
const yes: Predicate = () => true
const no: Predicate = () => false

test.each<[string, Predicate, SourceChange, boolean]>([
  ['a creation has a new generation', generationChanged, created, true],
  ['so has a deletion', generationChanged, deleted, true],
  [
    'a status write has not',
    generationChanged,
    update(object({ resourceVersion: '2' }, { a: 1 }, {})),
    false,
  ],
  ['labels have not', generationChanged, update(object({ labels: { a: 'b' } })), false],
  ['a spec change has', generationChanged, update(object({ generation: 2 })), true],
  ['the begin of a deletion passes', generationChanged, update(object({ deletionTimestamp: 'now' })), true],
  ['another life passes', generationChanged, update(object({ uid: 'u2' })), true],
  ['a path that differs', pathChanged('spec.a'), update(object({}, { a: 2 })), true],
  ['a path that is equal', pathChanged('spec.a'), update(object({}, { a: 1, b: 2 })), false],
  ['a path that comes', pathChanged('spec.b.c'), update(object({}, { a: 1, b: { c: 0 } })), true],
  ['below a path', pathChanged('metadata.labels'), update(object({ labels: { a: 'b' } })), true],
  ['one of several paths', pathChanged('spec.b', 'status'), update(object({}, { a: 1 }, {})), true],
  ['no path', pathChanged(), update(object({}, { a: 2 })), false],
  ['labels that match', web, { before: undefined, after: object({ labels: { tier: 'web' } }) }, true],
  [
    'labels that no longer match',
    web,
    { before: object({ labels: { tier: 'web' } }), after: object() },
    true,
  ],
  ['labels that never matched', web, update(object()), false],
  ['a selector object', labelsMatch({ matchLabels: { tier: 'web' } }), created, false],
  ['all', allOf(yes, yes), created, true],
  ['not all', allOf(yes, no), created, false],
  ['all of none', allOf(), created, true],
  ['any', anyOf(no, yes), created, true],
  ['any of none', anyOf(), created, false],
  ['not', not(yes), created, false],
])('%s', (_law, predicate, change, passes) => {
  expect(predicate(change)).toBe(passes)
})

describe('in a controller', () => {
  test('what a predicate holds back wakes nobody, and is still seen by reads and references', async () => {
    const { env, store, start } = createWorld()
    const ran: string[] = []
    const controller = createController({
      name: 'c',
      for: Widget,
      when: generationChanged,
      owns: [{ kind: Part, when: pathChanged('spec'), owners: 'all' }],
      reconcile: (key, found) => void ran.push(`${key.name} ${found?.metadata.labels['v'] ?? '-'}`),
    })
    const manager = await start(controller)
    const made = await env.run(() => store.create(Widget, widget('a')))
    const { uid } = made.metadata
    const owner = { apiVersion: Widget.apiVersion, kind: Widget.kind, name: 'a', uid }
    const step = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
      ran.length = 0
      await env.run(work)
      await env.run(() => manager.settled())
      return [...ran]
    }
    expect(await step(() => store.updateStatus(Widget, { ...made, status: { size: 1 } }))).toEqual([])
    const label = () => store.modify(Widget, ref('a'), draft => void (draft.metadata.labels['v'] = '1'))
    expect(await step(label)).toEqual([])
    const part = { metadata: { ...ref('p'), ownerReferences: [owner] }, spec: {} }
    expect(await step(() => store.create(Part, part))).toEqual(['a 1'])
    const relabel = () => store.modify(Part, ref('p'), draft => void (draft.metadata.labels['x'] = 'y'))
    expect(await step(relabel)).toEqual([])
    expect(await step(() => store.modify(Part, ref('p'), draft => void (draft.spec.of = 'a')))).toEqual([
      'a 1',
    ])
  })

  test('one that throws lets the change pass, and is logged', async () => {
    const ran: string[] = []
    const world = await startWorld({
      when: () => {
        throw new Error('cannot judge')
      },
      reconcile: key => void ran.push(key.name),
    })
    await world.env.run(() => world.store.create(Widget, widget('a')))
    await world.env.run(() => world.manager.settled())
    expect(ran).toEqual(['a'])
    expect(world.env.logs.filter(line => line.level === 'error').length).toBe(1)
  })
})
