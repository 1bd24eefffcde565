import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../src/core/index.js'
import type { Client, Store, WriteOptions } from '../../src/store/index.js'
import { Gadget, ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

type Guards = NonNullable<WriteOptions['guards']>

const here = { kind: Gadget, ref: { name: 'g' } }

async function worldWithGadget() {
  const world = createWorld()
  const gadget = await world.store.create(Gadget, { metadata: { name: 'g' }, spec: { size: 3, node: 'n1' } })
  await world.store.create(Widget, widget('a'))
  return { ...world, gadget }
}

/** Every write of one object, each of which would succeed. */
const verbs: Readonly<Record<string, (client: Client, options: WriteOptions) => Promise<unknown>>> = {
  create: (client, options) => client.create(Widget, widget('new'), options),
  update: (client, options) =>
    client.update(Widget, widget('a', { size: 5 }), { ...options, unconditional: true }),
  updateStatus: (client, options) =>
    client.updateStatus(
      Widget,
      { ...widget('a'), status: { ready: 1 } },
      { ...options, unconditional: true },
    ),
  modify: (client, options) => client.modify(Widget, ref('a'), draft => void (draft.spec.size = 5), options),
  modifyStatus: (client, options) =>
    client.modifyStatus(Widget, ref('a'), draft => void (draft.status = { ready: 1 }), options),
  'patch json': (client, options) =>
    client.patch(Widget, ref('a'), [{ op: 'replace', path: '/spec/size', value: 5 }], {
      ...options,
      type: 'json',
    }),
  'patch apply': (client, options) =>
    client.patch(
      Widget,
      ref('a'),
      { spec: { size: 5 } },
      { ...options, type: 'apply', fieldManager: 'm', force: true },
    ),
  delete: (client, options) => client.delete(Widget, ref('a'), options),
}

describe.each(Object.keys(verbs))('a guarded %s', verb => {
  const write = verbs[verb] as (client: Client, options: WriteOptions) => Promise<unknown>

  test('happens when its guards hold, and else changes nothing and names the object', async () => {
    const { store, gadget } = await worldWithGadget()
    const { uid, resourceVersion } = gadget.metadata
    const { revision } = store
    await expect(write(store, { guards: [{ ...here, resourceVersion: '99' }] })).rejects.toMatchObject({
      code: 'Conflict',
      details: {
        kind: 'Gadget',
        name: 'g',
        field: 'resourceVersion',
        expected: '99',
        actual: resourceVersion,
      },
    })
    expect(store.revision).toBe(revision)
    await write(store, { guards: [{ ...here, uid, resourceVersion, fieldSelector: 'spec.node=n1' }] })
    expect(store.revision).toBe(revision + 1)
  })

  test('is judged at its commit, not at its call', async () => {
    const { env, store, gadget } = await worldWithGadget()
    const client = store.client(env.fork('client'))
    const { resourceVersion } = gadget.metadata
    const guards = [{ ...here, ref: { name: 'g' }, resourceVersion }]
    const late = write(client, { guards })
    // A list that is changed after the call is another list.
    guards.pop()
    await store.modify(Gadget, here.ref, draft => void (draft.spec.size = 4))
    await expect(env.run(() => late)).rejects.toMatchObject({ code: 'Conflict', details: { kind: 'Gadget' } })
  })
})

test.each<[Guards[number], string]>([
  [{ ...here, exists: false }, 'Gadget g exists, which the write expected it would not'],
  [{ kind: Gadget, ref: { name: 'x' } }, 'Gadget x does not exist, which the write expected'],
  [{ ...here, uid: 'u' }, 'Gadget g has uid'],
  [{ ...here, fieldSelector: 'spec.size<3' }, 'Gadget g has spec.size 3, the write expected spec.size<3'],
  [{ ...here, fieldSelector: 'spec.zone!=' }, 'Gadget g has no spec.zone, the write expected spec.zone!='],
])('%o does not hold', async (guard, message) => {
  const { store } = await worldWithGadget()
  const write = store.create(Widget, widget('b'), { guards: [guard] })
  await expect(write).rejects.toMatchObject({ code: 'Conflict' })
  await expect(write).rejects.toThrow(message)
})

test.each<[unknown, string, string]>([
  [[{ ...here, exist: false }], 'Usage', 'a guard has no option "exist"; did you mean exists?'],
  [[{ ...here, exists: 'no' }], 'Invalid', 'guards[0].exists: must be true or false'],
  [[{ ...here, exists: false, uid: 'u' }], 'Invalid', 'goes without other conditions'],
  [[{ kind: Gadget, ref: ref('g') }], 'Invalid', 'namespace'],
  [{ ...here }, 'Invalid', 'must be a list of at most 100 guards'],
  [Array.from({ length: 101 }, () => here), 'Invalid', 'must be a list of at most 100 guards'],
  [[{ ...here, fieldSelector: 'metadata.uid=x' }], 'BadRequest', 'no selectable field "metadata.uid"'],
  [[{ ...here, fieldSelector: 5 }], 'BadRequest', 'must be text'],
])('%j is refused', async (guards, code, message) => {
  const { env, store } = await worldWithGadget()
  const { revision } = store
  for (const client of [store, store.client(env)]) {
    const write = env.run(() => client.create(Widget, widget('b'), { guards: guards as Guards }))
    await expect(write).rejects.toMatchObject({ code })
    await expect(write).rejects.toThrow(message)
  }
  expect(store.revision).toBe(revision)
})

test('a transaction has none: it reads what it depends on', async () => {
  const { store } = await worldWithGadget()
  const guards: Guards = [here]
  const write = store.transact(tx => tx.create(Widget, widget('b'), { guards } as object))
  await expect(write).rejects.toThrow('tx.create has no option "guards"')
})

test('a dry run is judged, too', async () => {
  const { store } = await worldWithGadget()
  const options = { guards: [{ ...here, exists: false }], dryRun: true }
  await expect(store.create(Widget, widget('b'), options)).rejects.toMatchObject({ code: 'Conflict' })
})

describe('preconditions on fields', () => {
  const unmet = { code: 'Conflict', details: { field: 'spec.size', expected: 'spec.size>3', actual: '1' } }
  const preconditions = { fieldSelector: 'spec.size>3' }

  test.each<[string, (store: Store) => Promise<unknown>]>([
    ['modify', s => s.modify(Widget, ref('a'), draft => void (draft.spec.size = 9), { preconditions })],
    ['modifyStatus', s => s.modifyStatus(Widget, ref('a'), () => {}, { preconditions })],
    ['update', s => s.update(Widget, widget('a', { size: 9 }), { preconditions, unconditional: true })],
    ['delete', s => s.delete(Widget, ref('a'), { preconditions })],
    ['patch', s => s.patch(Widget, ref('a'), { spec: { size: 9 } }, { preconditions, type: 'merge' })],
    ['tx.modify', s => s.transact(tx => tx.modify(Widget, ref('a'), () => {}, { preconditions }))],
  ])('%s', async (_verb, write) => {
    const { store } = await worldWithGadget()
    await expect(write(store)).rejects.toMatchObject(unmet)
    await store.modify(Widget, ref('a'), draft => void (draft.spec.size = 4))
    await write(store)
  })
})

/** Slow and obvious: what a guard asks of an object that may not be there. */
function holds(guard: Guards[number], store: Store): boolean {
  const object = store.get(Widget, guard.ref)
  if (object === undefined) return guard.exists === false
  return (
    guard.exists !== false &&
    (guard.resourceVersion ?? object.metadata.resourceVersion) === object.metadata.resourceVersion &&
    (guard.fieldSelector === undefined || guard.fieldSelector === `spec.size=${object.spec.size}`)
  )
}

test('a write happens exactly when all its guards hold', async () => {
  const name = fc.constantFrom('a', 'b', 'c')
  const guard = fc.oneof(
    fc.record({ name, exists: fc.constant(false) }),
    fc.record(
      {
        name,
        resourceVersion: fc.constantFrom('1', '2', '3'),
        fieldSelector: fc.constantFrom('spec.size=1', 'spec.size=2'),
      },
      { requiredKeys: ['name'] },
    ),
  )
  const made = fc.uniqueArray(fc.record({ name, size: fc.constantFrom(1, 2) }), { selector: w => w.name })
  await fc.assert(
    fc.asyncProperty(made, fc.array(guard, { maxLength: 3 }), async (objects, given) => {
      const { store } = createWorld()
      for (const { name: each, size } of objects) await store.create(Widget, widget(each, { size }))
      const guards: Guards = given.map(({ name: each, ...rest }) => ({
        kind: Widget,
        ref: ref(each),
        ...rest,
      }))
      const expected = guards.every(each => holds(each, store))
      const { revision } = store
      const happened = await store.create(Widget, widget('new'), { guards }).then(
        () => true,
        error => {
          if (!isKeelsonError(error, 'Conflict')) throw error
          return false
        },
      )
      expect([happened, store.revision]).toEqual([expected, revision + (expected ? 1 : 0)])
    }),
    { numRuns: 200 },
  )
})
