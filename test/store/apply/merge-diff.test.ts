import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isKeelsonError } from '../../../src/core/index.js'
import type { ApplyConflict } from '../../../src/store/apply/apply-conflict-error.js'
import { formatFields } from '../../../src/store/apply/field-text.js'
import { formatFieldsV1, parseFieldsV1 } from '../../../src/store/apply/fields-v1.js'
import type { Store, StoredObject } from '../../../src/store/index.js'

import { kindOf } from '../../fixtures/kinds.js'
import { createWorld } from '../../fixtures/world.js'
import type { Managers, ModelType, Outcome } from './merge-diff-model.js'
import { modelApply, modelUpdate } from './merge-diff-model.js'

const scalar = { of: 'scalar' } as const
const set = { of: 'set' } as const
const scalars = { of: 'map', entry: scalar } as const
const struct = (fields: Readonly<Record<string, ModelType>>): ModelType => ({ of: 'struct', fields })
const type: ModelType = struct({
  a: scalar,
  one: { of: 'atomic' },
  box: struct({ a: scalar, b: scalar, deep: struct({ x: scalar, y: scalar }) }),
  env: scalars,
  map: { of: 'map', entry: struct({ x: scalar, y: scalar, deep: struct({ x: scalar }) }) },
  set,
  items: {
    of: 'list',
    keys: ['name'],
    defaults: {},
    item: struct({
      name: scalar,
      v: scalar,
      w: scalar,
      set,
      in: scalars,
      box: struct({ x: scalar, y: scalar }),
    }),
  },
  ports: {
    of: 'list',
    keys: ['protocol', 'port'],
    defaults: { protocol: 'TCP' },
    item: struct({ port: scalar, protocol: scalar, host: scalar }),
  },
})
const Typed = kindOf('Typed', {
  namespaced: false,
  mergeTypes: {
    'spec.one': 'atomic',
    'spec.env': 'map',
    'spec.map': 'map',
    'spec.set': 'set',
    'spec.items': { keys: ['name'] },
    'spec.items[].set': 'set',
    'spec.items[].in': 'map',
    'spec.ports': { keys: ['protocol', 'port'], defaults: { protocol: 'TCP' } },
  },
})

const value = fc.constantFrom(1, 2, 'x')
const values = fc.uniqueArray(fc.constantFrom('p', 'q', 3), { maxLength: 3 })
const some = (fields: Record<string, fc.Arbitrary<unknown>>, ...required: string[]): fc.Arbitrary<object> =>
  fc.record(fields, { requiredKeys: required, noNullPrototype: true })
const entries = (of: fc.Arbitrary<unknown>): fc.Arbitrary<object> =>
  fc.dictionary(fc.constantFrom('a', 'b', 'c/d'), of, { maxKeys: 2, noNullPrototype: true })
const item = some(
  {
    name: fc.constantFrom('a', 'b'),
    v: value,
    w: value,
    set: values,
    in: entries(value),
    box: some({ x: value, y: value }),
  },
  'name',
)
const port = some(
  { port: fc.constantFrom(80, 81), protocol: fc.constantFrom('TCP', 'UDP'), host: value },
  'port',
)
const protocolOf = (each: object): unknown => (each as { protocol?: string }).protocol ?? 'TCP'
const spec = some({
  a: value,
  one: fc.oneof(value, entries(value), values),
  box: some({ a: value, b: value, deep: some({ x: value, y: value }) }),
  env: entries(value),
  map: entries(some({ x: value, y: value, deep: some({ x: value }) })),
  set: values,
  items: fc.uniqueArray(item, { selector: each => (each as { name: string }).name, maxLength: 2 }),
  ports: fc.uniqueArray(port, {
    selector: each => `${(each as { port: number }).port} ${protocolOf(each)}`,
    maxLength: 3,
  }),
})

interface Write {
  readonly op: 'apply' | 'update'
  readonly by: string
  readonly spec: object
  readonly force: boolean
}
const write: fc.Arbitrary<Write> = fc.record({
  op: fc.constantFrom('apply' as const, 'apply' as const, 'update' as const),
  by: fc.constantFrom('one', 'two', 'three'),
  spec,
  force: fc.boolean(),
})

const at = { name: 'x' }
const EARLIER = 'before-first-apply/Update'

/** Paths of what Kubernetes would write, without the spec in which they all are. */
function pathsOf(fields: string): ReadonlySet<string> {
  const paths = new Set<string>()
  const collect = (node: object, path: readonly string[]): void => {
    const names = Object.keys(node)
    if (names.length === 0 || names.includes('.')) paths.add(JSON.stringify(path))
    for (const [name, below] of Object.entries(node))
      if (name !== '.') collect(below as object, [...path, name])
  }
  const { 'f:spec': fieldsOfSpec } = formatFieldsV1(fields)
  if (fieldsOfSpec !== undefined) collect(fieldsOfSpec as object, [])
  return paths
}

function stateOf(store: Store): { readonly value: unknown; readonly managers: Managers } {
  const { spec: found, metadata } = store.get(Typed, at) as StoredObject
  const managers = (metadata.managedFields ?? []).map(({ manager, operation, fields }) => {
    expect(parseFieldsV1(formatFieldsV1(fields))).toBe(fields)
    return [`${manager}/${operation}`, pathsOf(fields)] as const
  })
  return { value: found, managers: Object.fromEntries(managers) }
}

/** The paths of the conflicts with which the write was refused. */
async function perform(
  store: Store,
  { op, by: fieldManager, spec: wanted, force }: Write,
): Promise<string[]> {
  try {
    if (op === 'apply')
      await store.patch(Typed, at, { spec: wanted } as object, { type: 'apply', fieldManager, force })
    else await store.update(Typed, { metadata: at, spec: wanted }, { unconditional: true, fieldManager })
    return []
  } catch (error) {
    if (!isKeelsonError(error, 'ApplyConflict')) throw error
    const { conflicts } = error as unknown as { readonly conflicts: readonly ApplyConflict[] }
    return conflicts.flatMap(({ manager, operation, path }) =>
      [...pathsOf(formatFields(new Set([`.${path}`])))].map(each => `${manager}/${operation} ${each}`),
    )
  }
}

function expected(state: { readonly value: unknown; readonly managers: Managers }, write: Write): Outcome {
  const isKnown = Object.keys(state.managers).length > 0
  const earlier = isKnown
    ? {}
    : modelUpdate({ ...state, value: {} }, state.value, { by: EARLIER, type }).managers
  const live = { value: state.value, managers: { ...state.managers, ...earlier } }
  if (write.op === 'update') return modelUpdate(live, write.spec, { by: `${write.by}/Update`, type })
  const outcome = modelApply(live, write.spec, { by: `${write.by}/Apply`, force: write.force, type })
  return outcome.conflicts.length > 0 ? { ...outcome, managers: state.managers } : outcome
}

test('applying and writing do what structured-merge-diff does, to values, owners and conflicts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 8 }), async writes => {
      const { store } = createWorld({ kinds: [Typed] })
      await store.create(Typed, { metadata: at, spec: {} })
      for (const each of writes) {
        const { conflicts, ...state } = expected(stateOf(store), each)
        expect((await perform(store, each)).sort()).toEqual([...conflicts].sort())
        expect(stateOf(store)).toEqual(state)
      }
    }),
    { numRuns: 200 },
  )
})
