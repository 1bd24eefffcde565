import { UsageError } from '../../core/index.js'

/**
 * How server-side apply merges a field:
 * `atomic` replaces an object or a list as a whole; `set` merges a list of texts, numbers or booleans item by item;
 * `keys` merges a list of objects, which are identified by these fields.
 * Without any an object is merged field by field, and a list is atomic.
 */
export type MergeType = 'atomic' | 'set' | { readonly keys: readonly string[] }

/** Merge types by path, as a kind declares them. */
export type MergeTypes = Readonly<Record<string, MergeType>>

/** The merge types of a value and of what is in it. */
export interface FieldType {
  readonly merge: MergeType | undefined
  /** Not a field of its own, even when it is empty. */
  readonly root: boolean
  readonly fields: ReadonlyMap<string, FieldType>
  /** Of all fields that are not named. */
  readonly others: FieldType | undefined
  /** Of the items of a list. */
  readonly items: FieldType | undefined
}

interface OpenType {
  merge: MergeType | undefined
  root: boolean
  fields: Map<string, OpenType>
  others: OpenType | undefined
  items: OpenType | undefined
}

/** What no kind has to declare. */
const METADATA: MergeTypes = {
  'metadata.finalizers': 'set',
  'metadata.ownerReferences': { keys: ['uid'] },
}
const ROOTS = [
  'metadata',
  'metadata.labels',
  'metadata.annotations',
  'metadata.finalizers',
  'metadata.ownerReferences',
  'spec',
  'status',
] as const
const PATH = /^(?:spec|status)(?:\[\]|\.[^.[\]]+)*$/

/** What nothing is declared for. */
export const UNDECLARED: FieldType = /* @__PURE__ */ Object.freeze(open())

/** Compiled once per declaration. */
const compiled: WeakMap<MergeTypes, FieldType> = /* @__PURE__ */ new WeakMap()

/**
 * The merge types of `{ metadata, spec, status }` of a kind.
 *
 * @throws UsageError for an invalid declaration
 */
export function fieldTypeOf({
  kind,
  mergeTypes,
}: {
  readonly kind: string
  readonly mergeTypes: MergeTypes
}): FieldType {
  const known = compiled.get(mergeTypes)
  if (known !== undefined) return known
  const type = open()
  type.root = true
  for (const path of ROOTS) at(type, path).root = true
  for (const [path, merge] of Object.entries({ ...METADATA, ...mergeTypes })) {
    const own = Object.hasOwn(mergeTypes, path)
    if (own && !PATH.test(path))
      throw faulty(kind, path, 'must be a path like spec.ports, spec.ports[].hosts or spec.*.tags')
    if (!isMergeType(merge)) throw faulty(kind, path, 'must be atomic, set, or { keys: [field, …] }')
    at(type, path).merge = merge
  }
  compiled.set(mergeTypes, type)
  return type
}

function open(): OpenType {
  return { merge: undefined, root: false, fields: new Map(), others: undefined, items: undefined }
}

function at(root: OpenType, path: string): OpenType {
  let type = root
  for (const step of path.match(/\[\]|[^.[\]]+/g) ?? []) {
    if (step === '[]') type = type.items ??= open()
    else if (step === '*') type = type.others ??= open()
    else {
      const known = type.fields.get(step) ?? open()
      type.fields.set(step, known)
      type = known
    }
  }
  return type
}

function isMergeType(merge: unknown): merge is MergeType {
  if (merge === 'atomic' || merge === 'set') return true
  const keys: unknown = (merge as { readonly keys?: unknown } | null)?.keys
  return Array.isArray(keys) && keys.length > 0 && keys.every(key => typeof key === 'string')
}

function faulty(kind: string, path: string, fault: string): UsageError {
  return new UsageError(`merge type "${path}" of kind ${kind} ${fault}`, { kind, path })
}
