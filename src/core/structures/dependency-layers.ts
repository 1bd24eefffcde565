import { InvalidError } from '../errors.js'

/** Names of members, and what each depends on. */
export type Dependencies = ReadonlyMap<string, readonly string[]>

/**
 * The members in layers: what depends on nothing first, everything else one layer after the last of what it depends on.
 * Names keep their order in a layer. Linear in members and dependencies.
 *
 * @throws InvalidError when a member depends on one that is not there, or on itself by way of others: the cycle is named
 */
export function dependencyLayers(dependencies: Dependencies): readonly (readonly string[])[] {
  const names = [...dependencies.keys()]
  const ids = new Map<string, number>()
  for (const name of names) ids.set(name, ids.size)
  let count = 0
  for (const on of dependencies.values()) count += on.length
  // Those that need a member are a list through two columns, one entry for each dependency.
  const [first, following, needing] = [
    new Int32Array(names.length).fill(NONE),
    new Int32Array(count),
    new Int32Array(count),
  ]
  const missing = new Int32Array(names.length)
  let edge = 0
  for (const [id, name] of names.entries())
    for (const on of dependencies.get(name) ?? []) {
      const needed = idOf(ids, name, on)
      needing[edge] = id
      following[edge] = first[needed] as number
      first[needed] = edge
      missing[id] = (missing[id] as number) + 1
      edge += 1
    }
  const layers: string[][] = []
  const layerOf = new Int32Array(names.length)
  const ready: number[] = []
  for (const id of names.keys()) if (missing[id] === 0) ready.push(id)
  for (const id of ready)
    for (let at = first[id] as number; at !== NONE; at = following[at] as number) {
      const other = needing[at] as number
      layerOf[other] = Math.max(layerOf[other] as number, (layerOf[id] as number) + 1)
      missing[other] = (missing[other] as number) - 1
      if (missing[other] === 0) ready.push(other)
    }
  if (ready.length < names.length)
    throw cycleError(dependencies, new Set(names.filter((_, id) => missing[id] !== 0)))
  for (const [id, name] of names.entries()) (layers[layerOf[id] as number] ??= []).push(name)
  return layers
}

/** The end of a list. */
const NONE = -1

function idOf(ids: ReadonlyMap<string, number>, name: string, on: string): number {
  const id = ids.get(on)
  if (id !== undefined) return id
  const message = 'is no member of the group; add it, or leave the dependency out'
  throw new InvalidError('group', [{ field: `${name}.dependsOn`, value: on, message }])
}

/** Every member that is left has a dependency that is left: following them comes to where it was before. */
function cycleError(dependencies: Dependencies, left: ReadonlySet<string>): InvalidError {
  const path: string[] = []
  let [at = ''] = left
  const seen = new Set<string>()
  while (!seen.has(at)) {
    seen.add(at)
    path.push(at)
    at = dependencies.get(at)?.find(on => left.has(on)) ?? at
  }
  const cycle = [...path.slice(path.indexOf(at)), at]
  const field = `${cycle[0]}.dependsOn`
  return new InvalidError('group', [{ field, value: cycle, message: `is a cycle: ${cycle.join(' → ')}` }])
}
