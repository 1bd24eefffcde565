import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Kind, ObjectInput } from '../../src/store/index.js'
import { applyMergePatch } from '../../src/store/index.js'
import { kindOf, ref } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

interface Port {
  readonly port: number
  readonly protocol?: string
  readonly name?: string
  readonly hosts?: readonly string[]
}
interface AppSpec {
  readonly image?: string
  readonly ports?: readonly Port[]
  readonly args?: readonly string[]
  readonly tags?: readonly string[]
  readonly tree?: object
}

const App: Kind<AppSpec> = kindOf<AppSpec>('App', {
  mergeTypes: {
    'spec.ports': { keys: ['port', 'protocol'], defaults: { protocol: 'TCP' } },
    'spec.ports[].hosts': 'set',
    'spec.tags': 'set',
    'spec.tree.children': { keys: ['name'] },
    'spec.tree.children[]': { sameAs: 'spec.tree' },
  },
})

const mergeByKey = { type: 'mergeByKey' } as const

/** What the patch makes of the spec. */
async function patched(spec: AppSpec, patch: object): Promise<AppSpec> {
  const { store } = createWorld({ kinds: [App] })
  await store.create(App, { metadata: ref('a'), spec } as ObjectInput<AppSpec>)
  return (await store.patch(App, ref('a'), { spec: patch }, mergeByKey)).spec
}

describe('lists are merged as they are declared', () => {
  test.each<[string, AppSpec, object, AppSpec]>([
    [
      'an item is merged into that of its keys, in its place',
      { ports: [{ port: 80, name: 'http' }, { port: 443 }] },
      { ports: [{ port: 80, name: 'web' }] },
      { ports: [{ port: 80, name: 'web' }, { port: 443 }] },
    ],
    [
      'a default counts as the key, and is not written',
      { ports: [{ port: 80 }] },
      {
        ports: [
          { port: 80, protocol: 'UDP' },
          { port: 80, name: 'web' },
        ],
      },
      {
        ports: [
          { port: 80, name: 'web' },
          { port: 80, protocol: 'UDP' },
        ],
      },
    ],
    [
      'a new item comes last, without its nulls',
      {},
      { ports: [{ port: 1, name: null }] },
      { ports: [{ port: 1 }] },
    ],
    [
      'null removes a field of an item',
      { ports: [{ port: 80, name: 'http' }] },
      { ports: [{ port: 80, name: null }] },
      { ports: [{ port: 80 }] },
    ],
    [
      '$patch removes an item; one that is not there already',
      { ports: [{ port: 80 }, { port: 443 }] },
      {
        ports: [
          { port: 80, $patch: 'delete' },
          { port: 9, $patch: 'delete' },
        ],
      },
      { ports: [{ port: 443 }] },
    ],
    ['a set takes what it lacks', { tags: ['a', 'b'] }, { tags: ['b', 'c', 'c'] }, { tags: ['a', 'b', 'c'] }],
    [
      'a list in an item has a type of its own',
      { ports: [{ port: 80, hosts: ['x'] }] },
      { ports: [{ port: 80, hosts: ['y'] }] },
      { ports: [{ port: 80, hosts: ['x', 'y'] }] },
    ],
    [
      'a list of which nothing is declared is replaced',
      { args: ['a', 'b'] },
      { args: ['c'] },
      { args: ['c'] },
    ],
    ['null removes a list', { ports: [{ port: 80 }], image: 'x' }, { ports: null }, { image: 'x' }],
    [
      'at any depth of a type that contains itself',
      { tree: { children: [{ name: 'a', children: [{ name: 'b', size: 1 }] }] } },
      { tree: { children: [{ name: 'a', children: [{ name: 'c' }] }] } },
      { tree: { children: [{ name: 'a', children: [{ name: 'b', size: 1 }, { name: 'c' }] }] } },
    ],
  ])('%s', async (_what, before, patch, after) => {
    expect(await patched(before, patch)).toEqual(after)
  })
})

test('a patch that changes nothing takes no revision', async () => {
  const { store } = createWorld({ kinds: [App] })
  const spec = { ports: [{ port: 80, name: 'http' }], tags: ['a'] }
  const made = await store.create(App, { metadata: ref('a'), spec })
  const patch = { spec: { ports: [{ port: 80 }], tags: ['a'] } }
  expect(await store.patch(App, ref('a'), patch, mergeByKey)).toBe(made)
  const grown = await store.patch(App, ref('a'), { spec: { ports: [{ port: 81 }] } }, mergeByKey)
  expect(grown.spec.ports?.[0]).toBe(made.spec.ports?.[0])
})

test.each([
  [{ ports: [{ name: 'http' }] }, 'spec.ports[0]: must be an object with port, protocol'],
  [{ ports: ['http'] }, 'spec.ports[0]: must be an object with port, protocol'],
  [{ ports: [{ port: 1 }, { port: 1 }] }, 'spec.ports[1]: has the same port, protocol as an item before it'],
  [{ ports: [{ port: 1, $patch: 'replace' }] }, 'spec.ports[0]: has $patch that is not "delete"'],
  [{ tags: [{}] }, 'spec.tags[0]: must be a text, a number, true or false'],
])('%j is refused', async (patch, message) => {
  const refused = patched({ ports: [{ port: 80 }] }, patch)
  await expect(refused).rejects.toMatchObject({ code: 'Invalid' })
  await expect(refused).rejects.toThrow(`App default/a is invalid: ${message}`)
})

test('owners know what it changes', async () => {
  const { store } = createWorld({ kinds: [App] })
  const options = { type: 'apply', fieldManager: 'deployer' } as const
  await store.patch(App, ref('a'), { spec: { ports: [{ port: 80, name: 'http' }] } }, options)
  const patch = { spec: { ports: [{ port: 80, name: 'web' }] } }
  await store.patch(App, ref('a'), patch, { ...mergeByKey, fieldManager: 'person' })
  const again = store.patch(App, ref('a'), { spec: { ports: [{ port: 80, name: 'http' }] } }, options)
  await expect(again).rejects.toMatchObject({ code: 'ApplyConflict', conflicts: [{ manager: 'person' }] })
})

/** Slow and obvious: a list as a map from keys to items. */
function expectedPorts(
  before: readonly Port[],
  patch: readonly (Port & { $patch?: string })[],
): readonly Port[] {
  const keyOf = ({ port, protocol = 'TCP' }: Port): string => `${port}/${protocol}`
  const items = new Map(before.map(item => [keyOf(item), item]))
  for (const { $patch, ...item } of patch) {
    const key = keyOf(item)
    if ($patch === 'delete') items.delete(key)
    else items.set(key, applyMergePatch(items.get(key) ?? {}, item) as Port)
  }
  return [...items.values()]
}

test('is a merge of maps from keys to items', async () => {
  const port = fc.record(
    { port: fc.nat(2), protocol: fc.constantFrom('TCP', 'UDP'), name: fc.constantFrom('a', 'b') },
    { requiredKeys: ['port'] },
  )
  const selector = ({ port: number, protocol = 'TCP' }: { port: number; protocol?: string }): string =>
    `${number}/${protocol}`
  const change = fc.record(
    { port: fc.nat(2), name: fc.constantFrom('a', 'b', null), $patch: fc.constant('delete') },
    { requiredKeys: ['port'] },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(port, { selector }),
      fc.uniqueArray(change, { selector }),
      async (before, patch) => {
        const { ports } = await patched({ ports: before }, { ports: patch })
        expect(ports).toEqual(expectedPorts(before, patch as Port[]))
      },
    ),
    { numRuns: 200 },
  )
})
