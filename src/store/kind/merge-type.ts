import { UsageError } from '../../core/index.js'
import { isRecord } from '../../core/internal.js'

/** Fields that tell the items of a list apart, and what they are when an item does not say. */
export interface ListKeys {
  readonly keys: readonly string[]
  /** Texts, numbers or booleans by key. An item that lacks a key without a default is refused. Default none. */
  readonly defaults?: Readonly<Record<string, string | number | boolean>>
}

/**
 * How server-side apply merges a field:
 * `atomic` replaces an object or a list as a whole; `set` merges a list of texts, numbers or booleans item by item;
 * `keys` merges a list of objects, which are identified by these fields; `map` merges an object entry by entry, and who
 * owns an entry owns that it is there; `sameAs` gives a field the merge types of another path, which may contain it.
 * Without any an object is merged field by field, and a list is atomic.
 */
export type MergeType = 'atomic' | 'set' | 'map' | ListKeys | { readonly sameAs: string }

/** Merge types by path, as a kind declares them. */
export type MergeTypes = Readonly<Record<string, MergeType>>

/** The merge types of a value and of what is in it; it may contain itself. */
export interface FieldType {
  readonly merge: 'atomic' | 'set' | Required<ListKeys> | undefined
  /** Not a field of its own, even when it is empty. */
  readonly root: boolean
  readonly fields: ReadonlyMap<string, FieldType>
  /** Of all fields that are not named; then these are entries of a map. */
  readonly others: FieldType | undefined
  /** Of the items of a list. */
  readonly items: FieldType | undefined
}

interface OpenType {
  merge: FieldType['merge']
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
const FORMS = 'atomic, set, map, { keys: [field, …], defaults?: { field: value } } or { sameAs: path }'

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
  const aliases: [path: string, target: string][] = []
  for (const [path, merge] of Object.entries({ ...METADATA, ...mergeTypes })) {
    const own = Object.hasOwn(mergeTypes, path)
    if (own && !PATH.test(path))
      throw faulty(kind, path, 'must be a path like spec.ports, spec.ports[].hosts or spec.*.tags')
    if (!isMergeType(merge)) throw faulty(kind, path, `must be ${FORMS}`)
    if (typeof merge === 'object' && 'sameAs' in merge) aliases.push([path, merge.sameAs])
    else declare(at(type, path), merge)
  }
  for (const [path, target] of aliases) assertAlias({ kind, path, target }, mergeTypes)
  for (const [path, target] of aliases) link(type, path, at(type, target))
  compiled.set(mergeTypes, type)
  return type
}

function open(): OpenType {
  return { merge: undefined, root: false, fields: new Map(), others: undefined, items: undefined }
}

function declare(type: OpenType, merge: Exclude<MergeType, { readonly sameAs: string }>): void {
  if (merge === 'map') type.others ??= open()
  else if (typeof merge === 'string') type.merge = merge
  else type.merge = { keys: [...merge.keys].sort(), defaults: { ...merge.defaults } }
}

function at(root: OpenType, path: string): OpenType {
  let type = root
  for (const step of stepsOf(path)) type = below(type, step)
  return type
}

function below(type: OpenType, step: string): OpenType {
  if (step === '[]') return (type.items ??= open())
  if (step === '*') return (type.others ??= open())
  const known = type.fields.get(step) ?? open()
  type.fields.set(step, known)
  return known
}

/** Makes the path lead to a type that is there already. Only a copy of a root can be a field of its own. */
function link(root: OpenType, path: string, target: OpenType): void {
  const steps = stepsOf(path)
  const last = steps.at(-1) ?? ''
  let parent = root
  for (const step of steps.slice(0, -1)) parent = below(parent, step)
  const type = target.root ? { ...target, root: false } : target
  if (last === '[]') parent.items = type
  else if (last === '*') parent.others = type
  else parent.fields.set(last, type)
}

function stepsOf(path: string): readonly string[] {
  return path.match(/\[\]|[^.[\]]+/g) ?? []
}

/** A type is the same as one that is declared by its own path, and nothing more is said about it. */
function assertAlias(
  { kind, path, target }: { readonly kind: string; readonly path: string; readonly target: string },
  mergeTypes: MergeTypes,
): void {
  if (!PATH.test(target)) throw faulty(kind, path, `must be the same as a path like spec.tree, not ${target}`)
  if (!path.includes('.') && !path.includes('[')) throw faulty(kind, path, 'cannot be the same as another')
  const isBelow = (one: string, other: string): boolean =>
    /^[.[]/.test(one.slice(other.length)) && one.startsWith(other)
  for (const [other, merge] of Object.entries(mergeTypes)) {
    if (isBelow(other, path)) throw faulty(kind, other, `is part of ${path}, which is the same as ${target}`)
    if (typeof merge !== 'object' || !('sameAs' in merge)) continue
    if (target === other || isBelow(target, other))
      throw faulty(kind, path, `must be the same as a path that has its own types, not as ${other}`)
  }
}

function isMergeType(merge: unknown): merge is MergeType {
  if (merge === 'atomic' || merge === 'set' || merge === 'map') return true
  if (!isRecord(merge)) return false
  const { keys, defaults = {}, sameAs, ...rest } = merge
  if (Object.keys(rest).length > 0) return false
  if (sameAs !== undefined) return typeof sameAs === 'string' && Object.keys(merge).length === 1
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(key => typeof key === 'string')) return false
  return (
    isRecord(defaults) &&
    Object.entries(defaults).every(([key, value]) => keys.includes(key) && isScalar(value))
  )
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}

function faulty(kind: string, path: string, fault: string): UsageError {
  return new UsageError(`merge type "${path}" of kind ${kind} ${fault}`, { kind, path })
}
