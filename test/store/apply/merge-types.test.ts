import { describe, expect, test } from 'vitest'
import type { JsonSchema, StoredObject } from '../../../src/store/index.js'

import { kindOf } from '../../fixtures/kinds.js'
import { createWorld } from '../../fixtures/world.js'

interface World {
  /** Applies a spec, and answers with the spec that comes of it. */
  apply(manager: string, spec: object, options?: object): Promise<unknown>
  /** Writes a spec as it is. */
  write(manager: string, spec: object): Promise<unknown>
  owners(): Readonly<Record<string, string>>
}

const at = { name: 'x' }

function world(mergeTypes: object, schema?: JsonSchema): World {
  const Any = kindOf('Any', {
    namespaced: false,
    mergeTypes: mergeTypes as never,
    ...(schema === undefined ? {} : { schema }),
  })
  const { store } = createWorld({ kinds: [Any] })
  const specOf = ({ spec }: StoredObject): unknown => spec
  return {
    apply: (fieldManager, spec, options = {}) =>
      store
        .patch(Any, at, { spec } as never, { type: 'apply', fieldManager, ...options } as never)
        .then(object => specOf(object as StoredObject)),
    write: (fieldManager, spec) =>
      store.update(Any, { metadata: at, spec }, { unconditional: true, fieldManager }).then(specOf),
    owners: () =>
      Object.fromEntries(
        store.get(Any, at)?.metadata.managedFields?.map(each => [each.manager, each.fields]) ?? [],
      ),
  }
}

describe('an item that its applier drops', () => {
  const requiresImage: JsonSchema = {
    properties: {
      spec: {
        type: 'object',
        properties: { containers: { type: 'array', items: { type: 'object', required: ['name', 'image'] } } },
      },
    },
  }
  test.each([undefined, requiresImage])(
    'goes, although a plain writer has set a field in it',
    async schema => {
      const { apply, write, owners } = world({ 'spec.containers': { keys: ['name'] } }, schema)
      const [app, sidecar] = [
        { name: 'app', image: 'a:1' },
        { name: 'sidecar', image: 's:1' },
      ]
      await apply('deployer', { containers: [app, sidecar] })
      await write('autoscaler', { containers: [app, { ...sidecar, cpu: 5 }] })
      expect(await apply('deployer', { containers: [app] })).toEqual({ containers: [app] })
      expect(owners()).toEqual({ deployer: 'spec{containers{[name="app"]+{image name}}}' })
    },
  )

  test('stays for another who applied it, or wrote it', async () => {
    const { apply, write } = world({ 'spec.items': { keys: ['name'] } })
    await write('writer', {}).catch(() => undefined)
    await apply('one', { items: [{ name: 'a', v: 1 }, { name: 'b' }] })
    await apply('two', { items: [{ name: 'a', w: 2 }] })
    await write('writer', { items: [{ name: 'a', v: 1, w: 2 }, { name: 'b' }, { name: 'c' }] })
    await apply('one', { items: [{ name: 'c' }] })
    expect(await apply('one', {})).toEqual({ items: [{ name: 'a', w: 2 }, { name: 'c' }] })
  })
})

describe('keys with defaults', () => {
  const ports = { 'spec.ports': { keys: ['port', 'protocol'], defaults: { protocol: 'TCP' } } }

  test('are those of an item that does not say them', async () => {
    const { apply } = world(ports)
    await apply('one', { ports: [{ port: 80 }, { port: 80, protocol: 'UDP' }] })
    const both = await apply('two', { ports: [{ port: 80, protocol: 'TCP', host: 'h' }] })
    expect(both).toEqual({
      ports: [
        { port: 80, protocol: 'TCP', host: 'h' },
        { port: 80, protocol: 'UDP' },
      ],
    })
    expect(await apply('two', { ports: [{ port: 80 }] })).toEqual({
      ports: [{ port: 80 }, { port: 80, protocol: 'UDP' }],
    })
  })

  test.each([
    ['two items that are one by default', [{ port: 80 }, { port: 80, protocol: 'TCP' }], 'spec.ports[1]'],
    ['an item without a key that has no default', [{ protocol: 'TCP' }], 'spec.ports[0]'],
    ['an item whose key is null', [{ port: 80, protocol: null }], 'spec.ports[0]'],
  ])('%s are refused by every write', async (_what, list, field) => {
    const { apply, write } = world(ports)
    await apply('one', {})
    for (const attempt of [apply, write])
      await expect(attempt('one', { ports: list })).rejects.toMatchObject({ problems: [{ field }] })
  })

  test('conflict under the name that both have', async () => {
    const { apply } = world(ports)
    await apply('one', { ports: [{ port: 80, host: 'a' }] })
    await expect(apply('two', { ports: [{ protocol: 'TCP', port: 80, host: 'b' }] })).rejects.toMatchObject({
      conflicts: [{ path: 'spec.ports[port=80,protocol="TCP"].host', current: 'a', applied: 'b' }],
    })
  })
})

describe('a null that is applied', () => {
  test('is not stored and not owned, in an object that is made and in one that is there', async () => {
    const { apply, owners } = world({ 'spec.one': 'atomic' })
    const applied = { a: null, box: { b: null }, one: { kept: null }, list: [null] }
    for (let round = 0; round < 2; round++) {
      expect(await apply('me', applied)).toEqual({ box: {}, one: { kept: null }, list: [null] })
      expect(owners()).toEqual({ me: 'spec{box list one}' })
    }
  })

  test('removes what nobody else owns, and gives it up', async () => {
    const { apply, write, owners } = world({})
    await apply('me', { a: 1, b: 1, box: { x: 1 } })
    await write('other', { a: 1, b: 1, box: { x: 1, y: 2 }, c: 3 })
    expect(await apply('me', { a: null, b: 1, box: null })).toEqual({ b: 1, box: { y: 2 }, c: 3 })
    expect(owners()).toEqual({ me: 'spec{b}', other: 'spec{box{y} c}' })
  })

  test('is a conflict where somebody else owns a value, and takes it with force', async () => {
    const { apply, owners } = world({ 'spec.items': { keys: ['name'] } })
    await apply('other', { a: 1, items: [{ name: 'i', v: 1 }] })
    const nulls = { a: null, items: [{ name: 'i', v: null }] }
    await expect(apply('me', nulls)).rejects.toMatchObject({
      conflicts: [
        { manager: 'other', path: 'spec.a', current: 1, applied: undefined },
        { manager: 'other', path: 'spec.items[name="i"].v', current: 1, applied: undefined },
      ],
    })
    expect(await apply('me', nulls, { force: true })).toEqual({ items: [{ name: 'i' }] })
    expect(owners()['other']).toBe('spec{items{[name="i"]+{name}}}')
  })
})

describe('who owns', () => {
  test('an entry of a map takes it away with all that is in it; a field of an object only what is theirs', async () => {
    const { apply, write, owners } = world({ 'spec.map': 'map' })
    const own = { map: { a: { x: 1 } }, box: { a: { x: 1 } } }
    await apply('me', own)
    expect(owners()).toEqual({ me: 'spec{box{a{x}} map{a+{x}}}' })
    await write('other', { map: { a: { x: 1, y: 2 } }, box: { a: { x: 1, y: 2 } } })
    expect(await apply('me', {})).toEqual({ box: { a: { y: 2 } } })
  })

  test('an object takes its defaults away with it', async () => {
    const limits = { type: 'object', properties: { cpu: {}, unit: { default: 'cores' } } }
    const schema = { properties: { spec: { type: 'object', properties: { limits } } } }
    const { apply, owners } = world({}, schema)
    expect(await apply('me', { limits: { cpu: 1 } })).toEqual({ limits: { cpu: 1, unit: 'cores' } })
    expect(owners()).toEqual({ me: 'spec{limits{cpu}}' })
    expect(await apply('me', {})).toEqual({})
  })
})

describe('a type that contains itself', () => {
  const tree = {
    'spec.tree.children': { keys: ['name'] },
    'spec.tree.tags': 'set',
    'spec.tree.children[]': { sameAs: 'spec.tree' },
  }
  const node = {
    type: 'object',
    properties: { children: { type: 'array', items: { $ref: '#/$defs/node' } } },
  }
  const schema = {
    $defs: { node },
    properties: { spec: { type: 'object', properties: { tree: { $ref: '#/$defs/node' } } } },
  }

  test.each([undefined, schema])('is merged at every depth', async given => {
    const { apply, owners } = world(tree, given)
    const nested = (leaf: object): object => ({
      tree: {
        name: 'r',
        children: [{ name: 'a', children: [{ name: 'b', children: [{ name: 'c', ...leaf }] }] }],
      },
    })
    await apply('one', nested({ tags: ['x'] }))
    await apply('two', nested({ tags: ['y'], children: [{ name: 'd' }] }))
    expect(await apply('three', nested({}))).toEqual(nested({ tags: ['x', 'y'], children: [{ name: 'd' }] }))
    expect(await apply('two', {})).toEqual(nested({ tags: ['x'] }))
    expect(owners()['one']).toContain('[name="c"]+{name tags{[="x"]}}')
  })

  test('is checked at every depth', async () => {
    const { apply } = world(tree)
    const twice = [{ name: 'b' }, { name: 'b' }]
    await expect(
      apply('one', { tree: { children: [{ name: 'a', children: twice }] } }),
    ).rejects.toMatchObject({
      problems: [{ field: 'spec.tree.children[0].children[1]' }],
    })
  })

  test('may be the spec as a whole', async () => {
    const { apply } = world({ 'spec.next': { sameAs: 'spec' }, 'spec.tags': 'set' })
    await apply('one', { next: { next: { tags: ['a'] } } })
    expect(await apply('two', { next: { next: { tags: ['b'], next: {} } } })).toEqual({
      next: { next: { tags: ['a', 'b'], next: {} } },
    })
    expect(await apply('two', {})).toEqual({ next: { next: { tags: ['a'] } } })
  })
})

const FAULTY: readonly [string, object][] = [
  ['an unknown word', { 'spec.x': 'granular' }],
  ['a default of what is no key', { 'spec.x': { keys: ['a'], defaults: { b: 1 } } }],
  ['a default that is no scalar', { 'spec.x': { keys: ['a'], defaults: { a: null } } }],
  ['an unknown member', { 'spec.x': { keys: ['a'], default: { a: 1 } } }],
  ['two forms in one', { 'spec.x': { keys: ['a'], sameAs: 'spec' } }],
  ['no path', { 'spec.x': { sameAs: 'metadata.labels' } }],
  [
    'a declaration below one that is the same as another',
    { 'spec.x': { sameAs: 'spec' }, 'spec.x.y': 'set' },
  ],
  ['the same as itself', { 'spec.x': { sameAs: 'spec.x' } }],
  ['the same as what is in itself', { 'spec.x': { sameAs: 'spec.x.y' } }],
  ['the same in a circle', { 'spec.x': { sameAs: 'spec.y' }, 'spec.y': { sameAs: 'spec.x' } }],
  ['the spec the same as another', { spec: { sameAs: 'status' } }],
]
test.each(FAULTY)('merge types with %s are refused', (_what, mergeTypes) => {
  expect(() => world(mergeTypes)).toThrow(expect.objectContaining({ code: 'Usage' }))
})

test('thousands of conflicts are found in one pass, told in a few words, and all of them listed', async () => {
  const { apply } = world({ 'spec.items': { keys: ['k'] } })
  const items = (v: number): object => ({
    items: Array.from({ length: 3_000 }, (_, index) => ({ k: `k${index}`, v })),
  })
  await apply('one', items(1))
  const error = await apply('two', items(2)).catch((failure: unknown) => failure)
  expect(error).toMatchObject({
    code: 'ApplyConflict',
    conflicts: { length: 3_000 },
    details: { conflicts: { length: 100 }, truncated: true },
    message: expect.stringContaining('and 2995 more'),
  })
})
