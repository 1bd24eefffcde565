import type { WeightedRatio } from './exact-ratio.js'
import { compareWeightedRatios } from './exact-ratio.js'

/** Where a node stood when it was last put in its place: what its siblings are compared with. */
export interface FairKey extends WeightedRatio {
  readonly active: boolean
  /** Grants that it got so far. */
  readonly count: number
  readonly name: string
}

/** A key that its tree writes. */
export type MutableKey = { -readonly [K in keyof FairKey]: FairKey[K] }

export function emptyKey(name: string): MutableKey {
  return { active: false, amount: 0, total: 1, weight: 1000, value: 0, count: 0, name }
}

/** Node of a {@link FairTree}: a leaf is somebody who uses something, an inner node is a group. */
export class FairNode<T> {
  readonly name: string
  readonly parent: FairNode<T> | undefined
  /** What the owner of the tree keeps with it. */
  readonly payload: T
  /** @internal Position in the tree's table. */
  readonly index: number
  /** @internal Weight in thousandths. */
  weight = 1000
  /** @internal Amounts by column; an inner node has the sum of its subtree. */
  readonly used: number[] = []
  /** @internal */
  count = 0
  /** @internal Leaves below, or itself, that take part. */
  activeLeaves = 0
  /** @internal Whether its key may have changed since it was put in place. */
  moved = false
  /** @internal The column of its dominant share, -1 when it uses nothing. */
  dominant = -1
  /** @internal */
  key: MutableKey
  /** @internal Children in order; the first `size` entries count. */
  order: Int32Array = new Int32Array(0)
  /** @internal */
  size = 0
  /** @internal Whether it may have children. */
  readonly leaf: boolean

  constructor(
    place: { name: string; parent: FairNode<T> | undefined; index: number; leaf: boolean },
    payload: T,
  ) {
    this.name = place.name
    this.parent = place.parent
    this.index = place.index
    this.leaf = place.leaf
    this.payload = payload
    this.key = emptyKey(place.name)
  }

  /** Dominant share divided by the weight, at the last settlement. */
  get share(): number {
    return this.key.value
  }
}

/** Active ones first, then the smaller share, then fewer grants, then the name. */
export function compareKeys(a: FairKey, b: FairKey): number {
  if (a.active !== b.active) return a.active ? -1 : 1
  const shares = compareWeightedRatios(a, b)
  if (shares !== 0) return shares
  if (a.count !== b.count) return a.count - b.count
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
