import { describe, expect, test } from 'vitest'
import type { ApplyConflictError } from '../../../src/store/apply/apply-conflict-error.js'
import type { PatchOptions, Store, StoredObject } from '../../../src/store/index.js'
import { kindOf } from '../../fixtures/kinds.js'
import { createWorld } from '../../fixtures/world.js'

interface AppSpec {
  readonly image?: string
  readonly replicas?: number
  readonly env?: Readonly<Record<string, string>>
  readonly ports?: readonly { readonly name: string; readonly port?: number; readonly host?: string }[]
  readonly zones?: readonly string[]
  readonly args?: readonly string[]
}
interface AppStatus {
  readonly ready?: number
  readonly conditions?: readonly { readonly type: string; readonly on?: boolean }[]
}
type AppObject = StoredObject<AppSpec, AppStatus>

const App = kindOf<AppSpec, AppStatus>('App', {
  mergeTypes: {
    'spec.ports': { keys: ['name'] },
    'spec.zones': 'set',
    'status.conditions': { keys: ['type'] },
  },
})

const at = { namespace: 'default', name: 'web' }
const newStore = (): Store => createWorld({ kinds: [App] }).store
const by = (fieldManager: string, more: object = {}): PatchOptions<'apply'> => ({
  type: 'apply',
  fieldManager,
  ...more,
})
const apply = (store: Store, manager: string, spec: AppSpec, more: object = {}): Promise<AppObject> =>
  store.patch(App, at, { spec }, by(manager, more))
const owners = ({ metadata: { managedFields = [] } }: AppObject): Record<string, string> =>
  Object.fromEntries(
    managedFields.map(({ manager, operation, subresource, fields }) => [
      [manager, operation, subresource ?? []].flat().join('/'),
      fields,
    ]),
  )

describe('server-side apply', () => {
  test('makes an object that is missing, and then nothing', async () => {
    const store = newStore()
    const object = { metadata: { labels: { app: 'web' } }, spec: { image: 'web:1' } }
    const made = await store.patch(App, at, object, by('deployer'))
    expect(made).toMatchObject({ ...object, metadata: { ...at, generation: 1, resourceVersion: '1' } })
    expect(owners(made)).toEqual({ 'deployer/Apply': 'metadata{labels{app}} spec{image}' })
    expect(await store.patch(App, at, object, by('deployer'))).toBe(made)
    expect(store.revision).toBe(1)
  })

  test('removes what a manager does not apply any more, and leaves what it never did', async () => {
    const store = newStore()
    await apply(store, 'deployer', { image: 'web:1', env: { A: '1', B: '2' } })
    await store.modify(App, at, draft => void (draft.spec.replicas = 3), { fieldManager: 'scaler' })
    const less = await apply(store, 'deployer', { image: 'web:1', env: { B: '2' } })
    expect(less.spec).toEqual({ image: 'web:1', env: { B: '2' }, replicas: 3 })
    const least = await apply(store, 'deployer', { image: 'web:1' })
    expect(least.spec).toEqual({ image: 'web:1', replicas: 3 })
    expect(owners(least)).toEqual({ 'deployer/Apply': 'spec{image}', 'scaler/Update': 'spec{replicas}' })
  })

  test('a conflict names the manager, the path and both values, and changes nothing', async () => {
    const store = newStore()
    const before = await apply(store, 'one', { image: 'web:1', ports: [{ name: 'http', port: 80 }] })
    const attempt = apply(store, 'two', { image: 'web:2', ports: [{ name: 'http', port: 81 }], replicas: 1 })
    const error = await attempt.catch((failure: unknown) => failure as ApplyConflictError)
    expect(error).toMatchObject({
      code: 'ApplyConflict',
      message: expect.stringContaining('image of one is "web:1", applied is "web:2"'),
      conflicts: [
        { manager: 'one', operation: 'Apply', path: 'spec.image', current: 'web:1', applied: 'web:2' },
        { manager: 'one', path: 'spec.ports[name="http"].port', current: 80, applied: 81 },
      ],
    })
    expect(store.get(App, at)).toBe(before)
    expect(store.revision).toBe(1)
  })

  test('a value that gives way to another shape is a conflict too', async () => {
    const store = newStore()
    await apply(store, 'one', { env: { A: '1' } })
    const attempt = apply(store, 'two', { env: 'none' } as object)
    await expect(attempt).rejects.toMatchObject({
      conflicts: [{ manager: 'one', path: 'spec.env.A', current: '1', applied: undefined }],
    })
  })

  test('force takes the fields of others, and only those', async () => {
    const store = newStore()
    await apply(store, 'one', { image: 'web:1', replicas: 2 })
    const forced = await apply(store, 'two', { image: 'web:2' }, { force: true })
    expect(forced.spec).toEqual({ image: 'web:2', replicas: 2 })
    expect(owners(forced)).toEqual({ 'one/Apply': 'spec{replicas}', 'two/Apply': 'spec{image}' })
  })

  test('equal values are shared; who gives one up leaves it to the others', async () => {
    const store = newStore()
    await apply(store, 'one', { image: 'web:1', replicas: 2 })
    const shared = await apply(store, 'two', { image: 'web:1' })
    expect(shared.metadata.generation).toBe(1)
    expect(owners(shared)).toEqual({ 'one/Apply': 'spec{image replicas}', 'two/Apply': 'spec{image}' })
    const left = await apply(store, 'one', { replicas: 2 })
    expect(left.spec).toEqual({ image: 'web:1', replicas: 2 })
    expect((await apply(store, 'two', { image: 'web:2' })).spec.image).toBe('web:2')
  })

  test('adopt makes the fields of another manager one’s own', async () => {
    const store = newStore()
    await apply(store, 'old', { image: 'web:1', replicas: 2, env: { A: '1' } })
    const adopted = await apply(store, 'new', { image: 'web:2', replicas: 2 }, { adopt: ['old', 'nobody'] })
    expect(adopted.spec).toEqual({ image: 'web:2', replicas: 2 })
    expect(owners(adopted)).toEqual({ 'new/Apply': 'spec{image replicas}' })
  })

  test('lists with keys are merged by item, sets by value, others as a whole', async () => {
    const store = newStore()
    await apply(store, 'one', { ports: [{ name: 'a', port: 1 }], zones: ['x', 'y'], args: ['-v'] })
    const both = await apply(store, 'two', {
      ports: [{ name: 'b' }, { name: 'a', host: 'h' }],
      zones: ['y', 'z'],
    })
    expect(both.spec).toEqual({
      ports: [{ name: 'a', port: 1, host: 'h' }, { name: 'b' }],
      zones: ['x', 'y', 'z'],
      args: ['-v'],
    })
    await expect(apply(store, 'two', { args: ['-q'] })).rejects.toMatchObject({
      conflicts: [{ path: 'spec.args', current: ['-v'], applied: ['-q'] }],
    })
    const left = await apply(store, 'one', {})
    expect(left.spec).toEqual({ ports: [{ name: 'a', host: 'h' }, { name: 'b' }], zones: ['y', 'z'] })
    expect((await apply(store, 'two', {})).spec).toEqual({})
  })

  test('finalizers are a set, labels are merged by key', async () => {
    const store = newStore()
    await store.patch(App, at, { metadata: { finalizers: ['a.io/x'], labels: { a: '1' } } }, by('one'))
    await store.patch(App, at, { metadata: { finalizers: ['b.io/x'], labels: { b: '1' } } }, by('two'))
    const left = await store.patch(App, at, {}, by('one'))
    expect(left.metadata).toMatchObject({ finalizers: ['b.io/x'], labels: { b: '1' } })
  })
})

describe('other writers', () => {
  test('own what they change, and the applier meets them as a conflict', async () => {
    const store = newStore()
    await apply(store, 'deployer', { image: 'web:1', replicas: 1 })
    const scaled = await store.modify(App, at, draft => void (draft.spec.replicas = 5), {
      fieldManager: 'scaler',
    })
    expect(owners(scaled)).toEqual({ 'deployer/Apply': 'spec{image}', 'scaler/Update': 'spec{replicas}' })
    await expect(apply(store, 'deployer', { image: 'web:1', replicas: 1 })).rejects.toMatchObject({
      conflicts: [{ manager: 'scaler', operation: 'Update', path: 'spec.replicas', current: 5, applied: 1 }],
    })
    expect((await apply(store, 'deployer', { image: 'web:1' })).spec).toEqual({ image: 'web:1', replicas: 5 })
  })

  test('own nothing by writing what is there, and end what they remove', async () => {
    const store = newStore()
    await apply(store, 'deployer', { image: 'web:1', replicas: 1 })
    const patched = await store.patch(
      App,
      at,
      { spec: { image: 'web:1', replicas: null } },
      { type: 'merge' },
    )
    expect(owners(patched)).toEqual({ 'deployer/Apply': 'spec{image}' })
  })

  test('are called unknown when they give no name, in transactions too', async () => {
    const store = newStore()
    await apply(store, 'deployer', { image: 'web:1' })
    await store.transact(tx => {
      tx.modify(App, at, draft => void (draft.spec.replicas = 1))
      tx.modify(App, at, draft => void (draft.spec.args = []), { fieldManager: 'named' })
    })
    expect(owners(store.get(App, at) as AppObject)).toEqual({
      'deployer/Apply': 'spec{image}',
      'unknown/Update': 'spec{replicas}',
      'named/Update': 'spec{args}',
    })
  })

  test('start the account when they give a name', async () => {
    const store = newStore()
    await store.create(App, { metadata: at, spec: { image: 'web:1' } }, { fieldManager: 'me' })
    await expect(apply(store, 'deployer', { image: 'web:2' })).rejects.toMatchObject({
      conflicts: [{ manager: 'me' }],
    })
  })

  test('from before the account was kept own what is there', async () => {
    const store = newStore()
    const made = await store.create(App, { metadata: at, spec: { image: 'web:1', replicas: 1 } })
    expect(made.metadata.managedFields).toBeUndefined()
    const earlier = 'before-first-apply'
    await expect(apply(store, 'deployer', { image: 'web:2' })).rejects.toMatchObject({
      conflicts: [{ manager: earlier, path: 'spec.image' }],
    })
    const adopted = await apply(store, 'deployer', { image: 'web:2', replicas: 1 }, { adopt: [earlier] })
    expect(owners(adopted)).toEqual({ 'deployer/Apply': 'spec{image replicas}' })
  })

  test('cannot write the account, only have it forgotten', async () => {
    const store = newStore()
    const applied = await apply(store, 'deployer', { image: 'web:1' })
    const managedFields = [{ manager: 'x', operation: 'Apply', fields: 'spec{image}' }] as const
    const update = { ...applied, metadata: { ...applied.metadata, managedFields } }
    expect(await store.update(App, update)).toBe(applied)
    const forgotten = await store.update(App, {
      ...update,
      metadata: { ...update.metadata, managedFields: [] },
    })
    expect(forgotten.metadata.managedFields).toBeUndefined()
    await expect(store.patch(App, at, { metadata: { managedFields } }, by('x'))).rejects.toMatchObject({
      code: 'Invalid',
    })
  })

  test('beyond the last ten become one', async () => {
    const store = newStore()
    await store.create(App, { metadata: at, spec: {} }, { fieldManager: 'maker' })
    for (let index = 0; index < 14; index++) {
      const fieldManager = `writer-${index}`
      await store.patch(App, at, { spec: { env: { [`V${index}`]: '1' } } }, { type: 'merge', fieldManager })
    }
    const managed = store.get(App, at)?.metadata.managedFields ?? []
    expect(managed).toHaveLength(11)
    expect(managed[0]).toMatchObject({ manager: 'ancient-changes', fields: 'spec{env+{V0 V1 V2 V3}}' })
  })
})

test('a hundred managers can apply to one object, and no more', async () => {
  const store = newStore()
  for (let index = 0; index < 100; index++) await apply(store, `manager-${index}`, { image: 'web:1' })
  const before = store.get(App, at)
  await expect(apply(store, 'one-more', { image: 'web:1' })).rejects.toMatchObject({ code: 'TooLarge' })
  expect(store.get(App, at)).toBe(before)
  const adopt = ['manager-0']
  expect((await apply(store, 'one-more', {}, { adopt })).metadata.managedFields).toHaveLength(99)
  expect((await apply(store, 'one-more', { image: 'web:1' })).metadata.managedFields).toHaveLength(100)
})

describe('the status', () => {
  const status = { subresource: 'status' } as const

  test('has owners of its own', async () => {
    const store = newStore()
    await apply(store, 'controller', { image: 'web:1' })
    const ready = { status: { ready: 1 }, spec: { image: 'other' } }
    const applied = await store.patch(App, at, ready, by('controller', status))
    expect([applied.spec.image, applied.status, applied.metadata.generation]).toEqual([
      'web:1',
      { ready: 1 },
      1,
    ])
    expect(owners(applied)).toEqual({
      'controller/Apply': 'spec{image}',
      'controller/Apply/status': 'status{ready}',
    })
    await expect(store.patch(App, at, { status: { ready: 2 } }, by('other', status))).rejects.toMatchObject({
      conflicts: [{ manager: 'controller', path: 'status.ready' }],
    })
    const kept = await store.patch(App, at, { spec: {}, status: { ready: 5 } }, by('controller'))
    expect([kept.spec, kept.status]).toEqual([{}, { ready: 1 }])
  })

  test('is merged by the keys of its lists, and cannot be applied to nothing', async () => {
    const store = newStore()
    const on = (type: string): object => ({ status: { conditions: [{ type, on: true }] } })
    await expect(store.patch(App, at, on('A'), by('one', status))).rejects.toMatchObject({ code: 'NotFound' })
    await apply(store, 'one', {})
    await store.patch(App, at, on('A'), by('one', status))
    const both = await store.patch(App, at, on('B'), by('two', status))
    expect(both.status?.conditions?.map(condition => condition.type)).toEqual(['A', 'B'])
  })

  test('and its owners do not make a spec editor conflict', async () => {
    const store = newStore()
    const read = await apply(store, 'one', { image: 'web:1' })
    await store.patch(App, at, { status: { ready: 1 } }, by('one', status))
    expect((await store.update(App, { ...read, spec: { image: 'web:2' } })).spec.image).toBe('web:2')
  })
})

describe('what is applied is refused', () => {
  const refusals: readonly [string, unknown, object, object][] = [
    ['without a manager', {}, { fieldManager: undefined }, { code: 'Usage' }],
    ['with an empty manager', {}, { fieldManager: '' }, { code: 'Usage' }],
    ['with a force that is no yes or no', {}, { force: 'yes' }, { code: 'Usage' }],
    ['with something else to adopt', {}, { adopt: 'old' }, { code: 'Usage' }],
    ['when it is no object', 7, {}, { code: 'Invalid' }],
    ['when it is not JSON', { spec: { image: undefined } }, {}, { code: 'Invalid' }],
    ['under another name', { metadata: { name: 'b' } }, {}, { code: 'Invalid' }],
    ['as another kind', { kind: 'Node' }, {}, { code: 'Invalid' }],
    ['with a stale resourceVersion', { metadata: { resourceVersion: '1' } }, {}, { code: 'Conflict' }],
    ['with the uid of another', { metadata: { uid: 'x' } }, {}, { code: 'Conflict' }],
    ['with a stale precondition', {}, { preconditions: { resourceVersion: '1' } }, { code: 'Conflict' }],
    ['with a field that metadata has not', { metadata: { label: {} } }, {}, { code: 'Invalid' }],
    [
      'with two items of one key',
      { spec: { ports: [{ name: 'a' }, { name: 'a' }] } },
      {},
      { code: 'Invalid', problems: [{ field: 'spec.ports[1]' }] },
    ],
    ['with an item without its key', { spec: { ports: [{ port: 1 }] } }, {}, { code: 'Invalid' }],
    ['with a value twice in a set', { spec: { zones: ['a', 'a'] } }, {}, { code: 'Invalid' }],
  ]

  test.each(refusals)('%s', async (_law, object, options, error) => {
    const store = newStore()
    await apply(store, 'one', { image: 'web:1' })
    const before = await apply(store, 'one', { image: 'web:2' })
    const attempt = store.patch(App, at, object as never, { ...by('two'), ...options } as never)
    await expect(attempt).rejects.toMatchObject(error)
    expect(store.get(App, at)).toBe(before)
  })

  test('with a precondition on what is missing', async () => {
    const attempt = newStore().patch(App, at, { metadata: { uid: 'x' } }, by('one'))
    await expect(attempt).rejects.toMatchObject({ code: 'NotFound' })
  })

  test('and plain writes are, when a list is not what is declared', async () => {
    const store = newStore()
    const twice = { metadata: at, spec: { zones: ['a', 'a'] } }
    await expect(store.create(App, twice)).rejects.toMatchObject({ problems: [{ field: 'spec.zones[1]' }] })
    await store.create(App, { metadata: at, spec: {} })
    await store.patch(App, at, { status: {} }, { type: 'merge', subresource: 'status' })
    const conditions = [{ type: 'A' }, { type: 'A' }]
    await expect(
      store.modifyStatus(App, at, draft => void (draft.status = { conditions })),
    ).rejects.toMatchObject({
      problems: [{ field: 'status.conditions[1]', message: 'has the same type as an item before it' }],
    })
  })

  test.each([
    ['metadata.labels', 'atomic'],
    ['spec..x', 'set'],
    ['spec.x', 'granular'],
    ['spec.x', { keys: [] }],
  ])('as a kind that declares %s as %o', (path, merge) => {
    const declare = (): unknown => kindOf('Bad', { mergeTypes: { [path]: merge as never } })
    expect(declare).toThrow(expect.objectContaining({ code: 'Usage' }))
  })
})

test('applying is tried with dryRun, is part of transactions, and is one write', async () => {
  const store = newStore()
  const tried = await store.patch(App, at, { spec: { image: 'x' } }, { ...by('one'), dryRun: true })
  expect([tried.spec.image, store.revision, store.get(App, at)]).toEqual(['x', 0, undefined])
  await store.transact(tx => {
    tx.patch(App, at, { spec: { image: 'x' } }, by('one'))
    tx.patch(App, at, { spec: { replicas: 1 } }, by('two'))
  })
  expect(store.get(App, at)).toMatchObject({
    spec: { image: 'x', replicas: 1 },
    metadata: { resourceVersion: '1' },
  })
})
