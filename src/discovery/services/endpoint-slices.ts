import { compareText } from '../../core/internal.js'
/** A slice as it is stored, or as it should be. */
export interface SliceContent<E> {
  readonly name: string
  readonly endpoints: readonly E[]
}

/** What to write so that the slices hold what they should. */
export interface SlicePlan<E> {
  readonly create: readonly SliceContent<E>[]
  readonly update: readonly SliceContent<E>[]
  /** Names. */
  readonly delete: readonly string[]
}

/** What a plan is made from. */
export interface SlicePlanInput<E> {
  readonly existing: readonly SliceContent<E>[]
  readonly desired: readonly E[]
  /** Default 100. */
  readonly maxPerSlice?: number
  readonly equal: (a: E, b: E) => boolean
  /** A name that no slice has, for the n-th new slice. */
  readonly newName: (n: number) => string
}

interface Draft<E> {
  readonly name: string
  readonly endpoints: E[]
  touched: boolean
}

/**
 * Spreads endpoints over slices with few writes rather than perfect packing: endpoints stay where they are;
 * slices that are written anyway are filled, fullest first; a small rest goes into the one untouched slice that
 * it fills most; only then come new slices. Slices are never merged. No endpoints leave one empty slice. A slice
 * to delete and one to create become an update. The rules are those of Kubernetes' endpointslice reconciler.
 */
export function planSlices<E extends { readonly id: string }>(input: SlicePlanInput<E>): SlicePlan<E> {
  const { existing, desired, maxPerSlice = 100, equal, newName } = input
  const rest = new Map(desired.map(endpoint => [endpoint.id, endpoint]))
  const drafts = existing.map(slice => keepDesired(slice, rest, equal))
  const left = sortedById(rest)
  const touched = drafts.filter(draft => draft.touched && draft.endpoints.length > 0)
  for (const draft of touched.sort(byFullest))
    draft.endpoints.push(...left.splice(0, maxPerSlice - draft.endpoints.length))
  if (left.length > 0 && left.length < maxPerSlice) {
    const fits = drafts.filter(draft => !draft.touched && draft.endpoints.length + left.length <= maxPerSlice)
    const fullest = fits.sort(byFullest)[0]
    if (fullest !== undefined) {
      fullest.endpoints.push(...left.splice(0))
      fullest.touched = true
    }
  }
  const fresh: E[][] = []
  while (left.length > 0) fresh.push(left.splice(0, maxPerSlice))
  const alive = drafts.filter(draft => draft.endpoints.length > 0)
  const empty = drafts.filter(draft => draft.endpoints.length === 0)
  if (alive.length + fresh.length === 0) {
    const placeholder = empty.shift()
    if (placeholder === undefined) fresh.push([])
    else if (placeholder.touched) alive.push(placeholder)
  }
  const reused = fresh
    .splice(0, empty.length)
    .map((endpoints, i) => ({ name: (empty[i] as Draft<E>).name, endpoints }))
  return {
    create: fresh.map((endpoints, n) => ({ name: newName(n), endpoints })),
    update: [
      ...alive.filter(draft => draft.touched).map(({ name, endpoints }) => ({ name, endpoints })),
      ...reused,
    ],
    delete: empty.slice(reused.length).map(draft => draft.name),
  }
}

/** Takes what the slice keeps out of `rest`. */
function keepDesired<E extends { readonly id: string }>(
  slice: SliceContent<E>,
  rest: Map<string, E>,
  equal: (a: E, b: E) => boolean,
): Draft<E> {
  let touched = false
  const endpoints: E[] = []
  for (const old of slice.endpoints) {
    const wanted = rest.get(old.id)
    if (wanted === undefined || !equal(old, wanted)) touched = true
    if (wanted === undefined) continue
    endpoints.push(wanted)
    rest.delete(old.id)
  }
  return { name: slice.name, endpoints, touched }
}

function sortedById<E extends { readonly id: string }>(rest: ReadonlyMap<string, E>): E[] {
  return [...rest.values()].sort((a, b) => compareText(a.id, b.id))
}

function byFullest<E>(a: Draft<E>, b: Draft<E>): number {
  return b.endpoints.length - a.endpoints.length || compareText(a.name, b.name)
}
