import { isDeepStrictEqual } from 'node:util'

/** The type of a value, in the words of structured-merge-diff. */
export type ModelType =
  | { readonly of: 'scalar' }
  | { readonly of: 'atomic' }
  | { readonly of: 'set' }
  | { readonly of: 'struct'; readonly fields: Readonly<Record<string, ModelType>> }
  | { readonly of: 'map'; readonly entry: ModelType }
  | {
      readonly of: 'list'
      readonly keys: readonly string[]
      readonly defaults: Readonly<Record<string, unknown>>
      readonly item: ModelType
    }

/** Paths as texts of lists of elements, each `f:name`, `k:{…}` or `v:value` as in FieldsV1. */
export type Paths = ReadonlySet<string>

/** Who applied or wrote, and which fields are theirs. */
export type Managers = Readonly<Record<string, Paths>>

/** What one write leaves behind; conflicts leave everything as it was. */
export interface Outcome {
  readonly value: unknown
  readonly managers: Managers
  readonly conflicts: readonly string[]
}

type Part = readonly [element: string, value: unknown, type: ModelType, named: boolean]

const pathOf = (path: readonly string[]): string => JSON.stringify(path)
const elements = (path: string): readonly string[] => JSON.parse(path) as readonly string[]
const union = (...sets: readonly Paths[]): Paths => new Set(sets.flatMap(set => [...set]))
const minus = (left: Paths, right: Paths): Paths => new Set([...left].filter(path => !right.has(path)))
const both = (left: Paths, right: Paths): Paths => new Set([...left].filter(path => right.has(path)))

function keyOf(item: unknown, type: ModelType & { of: 'list' }): string {
  const fields = { ...type.defaults, ...(item as object) } as Record<string, unknown>
  return `k:${JSON.stringify(Object.fromEntries([...type.keys].sort().map(key => [key, fields[key]])))}`
}

/** The parts of a value that is merged by parts. */
function partsOf(value: unknown, type: ModelType): readonly Part[] | undefined {
  if (value === undefined || value === null || type.of === 'scalar' || type.of === 'atomic') return undefined
  if (type.of === 'set')
    return (value as unknown[]).map(item => [`v:${JSON.stringify(item)}`, item, { of: 'scalar' }, false])
  if (type.of === 'list') return (value as unknown[]).map(item => [keyOf(item, type), item, type.item, false])
  const entries = Object.entries(value) as [string, unknown][]
  if (type.of === 'map') return entries.map(([name, member]) => [`f:${name}`, member, type.entry, false])
  return entries.map(([name, member]) => [`f:${name}`, member, type.fields[name] as ModelType, true])
}

function assemble(parts: readonly Part[], type: ModelType): unknown {
  if (type.of === 'set' || type.of === 'list') return parts.map(([, value]) => value)
  return Object.fromEntries(parts.map(([element, value]) => [element.slice(2), value]))
}

/** `TypedValue.ToFieldSet`; what is empty is a field. */
export function fieldSet(value: unknown, type: ModelType, path: readonly string[] = []): Paths {
  const parts = partsOf(value, type)
  if (parts === undefined || (parts.length === 0 && path.length > 0)) return new Set([pathOf(path)])
  return union(
    ...parts.map(([element, member, of, named]) => {
      const at = [...path, element]
      return union(named ? new Set() : new Set([pathOf(at)]), fieldSet(member, of, at))
    }),
  )
}

interface Comparison {
  readonly changed: Paths
  readonly removed: Paths
}

/** `TypedValue.Compare`, with what is modified and what is added in one. */
function compare(left: unknown, right: unknown, type: ModelType, path: readonly string[] = []): Comparison {
  const none: Comparison = { changed: new Set(), removed: new Set() }
  const own: Paths = path.length === 0 ? new Set() : new Set([pathOf(path)])
  const [old, young] = [partsOf(left, type), partsOf(right, type)]
  const isLeaf = (old ?? []).length === 0 && (young ?? []).length === 0
  if (isLeaf) {
    if (right === undefined) return left === undefined ? none : { ...none, removed: own }
    return isDeepStrictEqual(left, right) ? none : { ...none, changed: own }
  }
  const names = new Set([...(old ?? []), ...(young ?? [])].map(([element]) => element))
  const below = [...names].map(element => {
    const before = old?.find(part => part[0] === element)
    const after = young?.find(part => part[0] === element)
    const of = ((after ?? before) as Part)[2]
    return compare(before?.[1], after?.[1], of, [...path, element])
  })
  return {
    changed: union(left === undefined ? own : new Set(), ...below.map(each => each.changed)),
    removed: union(right === undefined ? own : new Set(), ...below.map(each => each.removed)),
  }
}

/** `TypedValue.Merge`. */
function merge(left: unknown, right: unknown, type: ModelType): unknown {
  if (right === undefined) return left
  const [old, young] = [partsOf(left, type), partsOf(right, type)]
  if (old === undefined || young === undefined || old.length === 0) return right
  const kept = old.map(([element, value, of, named]): Part => {
    const over = young.find(part => part[0] === element)
    return [element, over === undefined ? value : merge(value, over[1], of), of, named]
  })
  const added = young.filter(([element]) => old.every(part => part[0] !== element))
  return assemble([...kept, ...added], type)
}

/** `TypedValue.RemoveItems`; null for what loses all its parts. */
function removeItems(value: unknown, gone: Paths, type: ModelType, path: readonly string[] = []): unknown {
  const parts = partsOf(value, type)
  if (parts === undefined || parts.length === 0) return value
  const left = parts.flatMap(([element, member, of, named]): Part[] => {
    const at = [...path, element]
    if (gone.has(pathOf(at))) return []
    return [[element, removeItems(member, gone, of, at), of, named]]
  })
  return left.length === 0 ? null : assemble(left, type)
}

/** What is left of something that is null since it lost its parts: nothing, or something empty that somebody owns. */
function settle(value: unknown, owned: Paths, type: ModelType, path: readonly string[] = []): unknown {
  if (type.of === 'atomic') return value
  const left = (partsOf(value, type) ?? []).flatMap(([element, member, of, named]): Part[] => {
    const rest = settle(member, owned, of, [...path, element])
    return rest === undefined ? [] : [[element, rest, of, named]]
  })
  if (value !== null && (partsOf(value, type) === undefined || left.length > 0))
    return partsOf(value, type) === undefined ? value : assemble(left, type)
  const wasEmpty = value !== null && partsOf(value, type)?.length === 0
  return wasEmpty || path.length === 0 || owned.has(pathOf(path)) ? assemble([], type) : undefined
}

/** `Set.EnsureNamedFieldsAreMembers`. */
function withNamed(paths: Paths, root: ModelType): Paths {
  const all = new Set(paths)
  for (const path of paths) {
    let type: ModelType | undefined = root
    const steps = elements(path)
    for (const [index, element] of steps.entries()) {
      if (type?.of === 'struct') {
        all.add(pathOf(steps.slice(0, index + 1)))
        type = type.fields[element.slice(2)]
      } else type = type?.of === 'map' ? type.entry : type?.of === 'list' ? type.item : undefined
    }
  }
  return all
}

/** `Updater.prune`, in its three steps. */
function prune(merged: unknown, managers: Managers, last: Paths, type: ModelType): unknown {
  if (last.size === 0) return merged
  const named = (paths: Paths): Paths => withNamed(paths, type)
  const set = (value: unknown): Paths => named(fieldSet(value ?? {}, type))
  const first = removeItems(merged, named(last), type)
  const managed = named(union(...Object.values(managers)))
  const owned = removeItems(merged, minus(set(merged), union(set(first), managed)), type)
  return removeItems(merged, both(minus(set(merged), set(owned)), named(last)), type)
}

/** `Updater.update`: conflicts, and what is left to everybody but the writer. */
function takeFromOthers(managers: Managers, by: string, { changed, removed }: Comparison): Managers {
  const left = Object.entries(managers).map(([manager, paths]): [string, Paths] => [
    manager,
    manager === by ? paths : minus(minus(paths, changed), removed),
  ])
  return Object.fromEntries(left.filter(([, paths]) => paths.size > 0))
}

/** `Updater.Apply`. */
export function modelApply(
  live: { readonly value: unknown; readonly managers: Managers },
  applied: unknown,
  { by, force, type }: { readonly by: string; readonly force: boolean; readonly type: ModelType },
): Outcome {
  const last = live.managers[by] ?? new Set()
  const managers = { ...live.managers, [by]: fieldSet(applied, type) }
  const pruned = prune(merge(live.value, applied, type), managers, last, type)
  const value = settle(pruned, union(...Object.values(managers)), type)
  const comparison = compare(live.value, value, type)
  const conflicts = Object.entries(managers)
    .filter(([manager]) => manager !== by)
    .flatMap(([manager, paths]) => [...both(paths, comparison.changed)].map(path => `${manager} ${path}`))
  if (conflicts.length > 0 && !force) return { ...live, conflicts }
  return { value, managers: takeFromOthers(managers, by, comparison), conflicts: [] }
}

/** `Updater.Update`. */
export function modelUpdate(
  live: { readonly value: unknown; readonly managers: Managers },
  value: unknown,
  { by, type }: { readonly by: string; readonly type: ModelType },
): Outcome {
  const comparison = compare(live.value, value, type)
  const others = takeFromOthers(live.managers, by, comparison)
  const own = minus(union(live.managers[by] ?? new Set(), comparison.changed), comparison.removed)
  const { [by]: _before, ...rest } = others
  return { value, managers: own.size === 0 ? rest : { ...rest, [by]: own }, conflicts: [] }
}
