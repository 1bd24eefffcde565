import type { Endpoint } from '../../core/index.js'
import { compareText } from '../../core/internal.js'
import type { ChangedItems } from '../structures/changed-items.js'
import { changedItems } from '../structures/changed-items.js'

/** The endpoints of a service by slice, and all of them by id. */
export interface MergedEndpoints {
  readonly slices: ReadonlyMap<string, readonly Endpoint[]>
  /**
   * All endpoints, by id; of two with one id the ready one, then the one that serves, then the one in the slice whose
   * name sorts first.
   */
  readonly endpoints: readonly Endpoint[]
}

/** The slices and their endpoints, and what was not among those before or is not any more. */
export interface Merge extends MergedEndpoints, ChangedItems<Endpoint> {}

/** A slice as it is from now on; undefined takes it out. */
export interface ChangedSlice {
  readonly name: string
  readonly endpoints: readonly Endpoint[] | undefined
}

/** Merges a slice into the others; where few endpoints are different, by changing the list at their places. */
export function mergeSlice(before: MergedEndpoints, slice: ChangedSlice): Merge {
  const slices = new Map(before.slices)
  if (slice.endpoints === undefined) slices.delete(slice.name)
  else slices.set(slice.name, slice.endpoints)
  const patched = patch(before, slices, slice)
  if (patched !== undefined) return patched
  const endpoints = mergeAll(slices)
  return { slices, endpoints, ...changedItems(before.endpoints, endpoints) }
}

/** Undefined where an id is in two places, or more than a part is different. */
function patch(
  before: MergedEndpoints,
  slices: MergedEndpoints['slices'],
  { name, endpoints: given = [] }: ChangedSlice,
): Merge | undefined {
  if (countOf(before.slices) !== before.endpoints.length) return undefined
  const { gone, come } = changedItems(before.slices.get(name) ?? [], given)
  if (4 * (gone.length + come.length) > before.endpoints.length) return undefined
  const endpoints = before.endpoints.slice()
  for (const endpoint of gone) endpoints.splice(placeOf(endpoints, endpoint.id), 1)
  for (const endpoint of come) {
    const place = placeOf(endpoints, endpoint.id)
    if (endpoints[place]?.id === endpoint.id) return undefined
    endpoints.splice(place, 0, endpoint)
  }
  // A list that is in order is not kept twice.
  const isAll = given.length === endpoints.length && given.every((endpoint, i) => endpoint === endpoints[i])
  return { slices, endpoints: isAll ? given : endpoints, gone, come }
}

function countOf(slices: MergedEndpoints['slices']): number {
  let count = 0
  for (const { length } of slices.values()) count += length
  return count
}

/** Where the id is, or would be. */
function placeOf(sorted: readonly Endpoint[], id: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareText((sorted[middle] as Endpoint).id, id) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function mergeAll(slices: MergedEndpoints['slices']): readonly Endpoint[] {
  const [only, second] = slices.values()
  // What is in order already, without an id twice, is not copied.
  if (only !== undefined && second === undefined && isStrictlySorted(only)) return only
  const byId = new Map<string, Endpoint>()
  for (const name of [...slices.keys()].sort()) {
    for (const endpoint of slices.get(name) ?? []) {
      const other = byId.get(endpoint.id)
      if (other === undefined || rank(endpoint) > rank(other)) byId.set(endpoint.id, endpoint)
    }
  }
  return [...byId.values()].sort((a, b) => compareText(a.id, b.id))
}

function isStrictlySorted(endpoints: readonly Endpoint[]): boolean {
  return endpoints.every(({ id }, i) => i === 0 || compareText(endpoints[i - 1]?.id ?? '', id) < 0)
}

function rank({ conditions }: Endpoint): number {
  return conditions.ready ? 2 : Number(conditions.serving)
}
