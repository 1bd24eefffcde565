import { expect, expectTypeOf, test } from 'vitest'
import type * as api from '../../src/api/index.js'
import type { DeepReadonly, Json, Kind, KindOptions, ObjectOf } from '../../src/store/index.js'
import { createStore, defineKind } from '../../src/store/index.js'

interface Tree {
  name: string
  children: Tree[]
}

interface Spec {
  sizes: number[]
  labels: Record<string, { tags: string[] }>
  at: [x: number, y: number]
  tree: Tree
  anything: Json
}

const App = defineKind<Spec, { ready: { since: string }[] }>({
  apiVersion: 'example/v1',
  kind: 'App',
  plural: 'apps',
  namespaced: false,
  indexes: { first: app => String(app.spec.sizes[0]) },
})
const spec: Spec = {
  sizes: [1, 2],
  labels: { a: { tags: ['x'] } },
  at: [1, 2],
  tree: { name: 'root', children: [{ name: 'leaf', children: [] }] },
  anything: { deep: [1] },
}

async function stored() {
  const store = createStore({ kinds: [App] })
  const app = await store.create(App, { metadata: { name: 'a' }, spec, status: { ready: [] } })
  return { store, app }
}

test('nothing of a stored object can be assigned to, at any depth: neither by its type nor when it is tried', async () => {
  const { store, app } = await stored()
  const attempts = [
    // @ts-expect-error: readonly
    () => (app.metadata.labels['a'] = 'b'),
    // @ts-expect-error: readonly
    () => (app.spec.sizes[0] = 9),
    // @ts-expect-error: readonly
    () => app.spec.sizes.push(9),
    // @ts-expect-error: readonly
    () => (app.spec.labels['b'] = { tags: [] }),
    // @ts-expect-error: readonly
    () => app.spec.labels['a']?.tags.push('y'),
    // @ts-expect-error: readonly
    () => (app.spec.at[0] = 9),
    // @ts-expect-error: readonly
    () => app.spec.tree.children[0]?.children.push({ name: 'more', children: [] }),
    // @ts-expect-error: readonly
    () => (app.spec.tree.children[0]!.name = 'other'),
  ]
  for (const attempt of attempts) expect(attempt).toThrow(TypeError)
  expect(store.get(App, { name: 'a' })?.spec).toEqual(spec)
})

test('a recipe has a draft that can be assigned to, at any depth', async () => {
  const { store } = await stored()
  const changed = await store.modify(App, { name: 'a' }, draft => {
    draft.spec.sizes.push(3)
    draft.spec.labels['b'] = { tags: ['y'] }
    draft.spec.at[0] = 5
    draft.spec.tree.children[0]?.children.push({ name: 'more', children: [] })
    draft.metadata.labels['l'] = '1'
    expectTypeOf(draft.spec.sizes).toEqualTypeOf<number[]>()
  })
  expect(changed.spec.sizes).toEqual([1, 2, 3])
  const status = await store.modifyStatus(App, { name: 'a' }, draft => {
    draft.status = { ready: [] }
    draft.status.ready.push({ since: 'now' })
  })
  expect(status.status?.ready).toEqual([{ since: 'now' }])
})

test('what was read is written again as it is, and so is what was never stored', async () => {
  const { store, app } = await stored()
  await expect(store.update(App, app)).resolves.toBe(app)
  await expect(
    store.create(App, { metadata: { name: 'b' }, spec: { ...app.spec, sizes: [7] } }),
  ).resolves.toBeDefined()
})

test('an index sees what is stored, by its type as well', () => {
  type Index = NonNullable<KindOptions<Spec, unknown>['indexes']>[string]
  expectTypeOf<Parameters<Index>[0]['spec']['sizes']>().toEqualTypeOf<readonly number[]>()
})

test('the types are readonly all the way down, and end at what is as wide as JSON', () => {
  type Stored = ObjectOf<typeof App>['spec']
  expectTypeOf<Stored['sizes']>().toEqualTypeOf<readonly number[]>()
  expectTypeOf<Stored['at']>().toEqualTypeOf<readonly [x: number, y: number]>()
  expectTypeOf<Stored['tree']['children'][number]['children']>().toExtend<readonly DeepReadonly<Tree>[]>()
  expectTypeOf<Stored['anything']>().toEqualTypeOf<Json>()
  expectTypeOf<DeepReadonly<unknown>>().toBeUnknown()
  expectTypeOf<ObjectOf<typeof App>['status']>().toEqualTypeOf<
    { readonly ready: readonly { readonly since: string }[] } | undefined
  >()
})

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** The names of kinds whose types would change if they were made readonly. */
type Mutable<Exports> = {
  [Name in keyof Exports]: Exports[Name] extends Kind<infer KindSpec, infer Status>
    ? Same<[KindSpec, Status], [DeepReadonly<KindSpec>, DeepReadonly<Status>]> extends true
      ? never
      : Name
    : never
}[keyof Exports]

test('the shared kinds are readonly, too', () => {
  expectTypeOf<Mutable<{ readonly planted: Kind<{ readonly list: string[] }> }>>().toEqualTypeOf<'planted'>()
  expectTypeOf<Mutable<{ readonly made: typeof App }>>().toBeNever()
  expectTypeOf<Mutable<typeof api>>().toBeNever()
})
