import { InvalidError } from '../../core/index.js'

/** Names of members, and what each depends on. */
export type Dependencies = ReadonlyMap<string, readonly string[]>

/**
 * The members in layers: what depends on nothing first, everything else one layer after the last of what it depends on.
 * Names keep their order in a layer. Linear in members and dependencies.
 *
 * @throws InvalidError when a member depends on one that is not there, or on itself by way of others: the cycle is named
 */
export function groupLayers(dependencies: Dependencies): readonly (readonly string[])[] {
  const names = [...dependencies.keys()]
  const ids = new Map(names.map((name, id) => [name, id]))
  const needs = names.map(name => (dependencies.get(name) ?? []).map(on => idOf(ids, name, on)))
  const neededBy: number[][] = names.map(() => [])
  for (const [id, on] of needs.entries()) for (const other of on) neededBy[other]?.push(id)
  const missing = needs.map(on => on.length)
  const layerOf = new Uint32Array(names.length)
  const ready = names.flatMap((_, id) => (missing[id] === 0 ? [id] : []))
  for (const id of ready) {
    for (const other of neededBy[id] ?? []) {
      layerOf[other] = Math.max(layerOf[other] ?? 0, (layerOf[id] ?? 0) + 1)
      missing[other] = (missing[other] ?? 0) - 1
      if (missing[other] === 0) ready.push(other)
    }
  }
  if (ready.length < names.length) throw cycleError(names, needs, missing)
  const layers: string[][] = []
  for (const [id, name] of names.entries()) (layers[layerOf[id] ?? 0] ??= []).push(name)
  return layers
}

function idOf(ids: ReadonlyMap<string, number>, name: string, on: string): number {
  const id = ids.get(on)
  if (id !== undefined) return id
  const message = 'is no member of the group; add it, or leave the dependency out'
  throw new InvalidError('group', [{ field: `${name}.dependsOn`, value: on, message }])
}

/** Every member that is left has a dependency that is left: following them comes to where it was before. */
function cycleError(
  names: readonly string[],
  needs: readonly (readonly number[])[],
  missing: readonly number[],
): InvalidError {
  const path: number[] = []
  const seen = new Map<number, number>()
  let at = missing.findIndex(count => count > 0)
  while (!seen.has(at)) {
    seen.set(at, path.length)
    path.push(at)
    at = needs[at]?.find(on => (missing[on] ?? 0) > 0) ?? at
  }
  const cycle = [...path.slice(seen.get(at)), at].map(id => names[id] ?? '')
  const field = `${cycle[0]}.dependsOn`
  return new InvalidError('group', [{ field, value: cycle, message: `is a cycle: ${cycle.join(' → ')}` }])
}
