import type { Endpoint } from '../../core/index.js'
import { compareText } from '../../core/internal.js'
import type { ChangedItems } from '../structures/changed-span.js'
import { changedItems } from '../structures/changed-span.js'

/** The endpoints of a service by slice, and all of them by id. */
export interface MergedEndpoints {
  readonly slices: ReadonlyMap<string, readonly Endpoint[]>
  /**
   * All endpoints, by id; of two with one id the ready one, then the one that serves, then the one in the slice whose
   * name sorts first.
   */
  readonly endpoints: readonly Endpoint[]
}

/** The endpoints of the slices, and what was not among those before or is not any more. */
export interface Merge extends ChangedItems<Endpoint> {
  readonly endpoints: readonly Endpoint[]
}

/** Merges slices; where few endpoints are different, by changing the list from before at their places. */
export function mergeSlices(before: MergedEndpoints, slices: MergedEndpoints['slices']): Merge {
  if (before.slices === slices) return { endpoints: before.endpoints, gone: [], come: [] }
  const patched = patch(before, slices)
  if (patched !== undefined) return patched
  const endpoints = mergeAll(slices)
  return { endpoints, ...changedItems(before.endpoints, endpoints) }
}

/** Undefined where an id is in two places, or more than a part is different. */
function patch(before: MergedEndpoints, slices: MergedEndpoints['slices']): Merge | undefined {
  if (countOf(before.slices) !== before.endpoints.length) return undefined
  const { gone, come } = changedSlices(before.slices, slices)
  if (4 * (gone.length + come.length) > before.endpoints.length) return undefined
  const endpoints = before.endpoints.slice()
  for (const endpoint of gone) endpoints.splice(placeOf(endpoints, endpoint.id), 1)
  for (const endpoint of come) {
    const place = placeOf(endpoints, endpoint.id)
    if (endpoints[place]?.id === endpoint.id) return undefined
    endpoints.splice(place, 0, endpoint)
  }
  const [only, second] = slices.values()
  // A list that is in order is not kept twice.
  const isOnly = second === undefined && only?.every((endpoint, i) => endpoint === endpoints[i])
  return { endpoints: isOnly === true ? (only ?? []) : endpoints, gone, come }
}

function countOf(slices: MergedEndpoints['slices']): number {
  let count = 0
  for (const { length } of slices.values()) count += length
  return count
}

function changedSlices(
  before: MergedEndpoints['slices'],
  after: MergedEndpoints['slices'],
): ChangedItems<Endpoint> {
  const changed = [...new Set([...before.keys(), ...after.keys()])]
    .filter(name => before.get(name) !== after.get(name))
    .map(name => changedItems(before.get(name) ?? [], after.get(name) ?? []))
  return { gone: changed.flatMap(({ gone }) => gone), come: changed.flatMap(({ come }) => come) }
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
