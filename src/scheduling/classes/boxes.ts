import type { SlotHeap } from './slot-heap.js'

/** A leaf that would have more points is split, unless they are equal. */
export const LEAF_MAX = 16
export const NO_BOX = -1

/** Boxes by their numbers, each within another or outermost, with room for more. */
export class Boxes {
  /** Numbers of a point. */
  readonly width: number
  /** Of each box: the least numbers, then the largest. */
  bounds: Float64Array
  /** The slot in it with the lowest rank. */
  firsts: Int32Array
  /** How many points are in it. */
  sizes: Int32Array
  /** 1 when all its points are equal. */
  areEqual: Uint8Array
  /** The two in it, or -1 for a leaf; members of a leaf by box number. */
  lefts: Int32Array
  rights: Int32Array
  members: Int32Array
  /** Of a leaf of equal points that may be more than fit in one: these, instead of members. */
  protected readonly crowds: (SlotHeap | undefined)[] = []
  /** The box that it is in, or -1. */
  protected parents: Int32Array
  /** By which number it is split, and from where on points are in the second box. */
  protected splitBy: Int32Array
  protected splitAt: Float64Array
  /** Changes in it since it was built. */
  protected changes: Int32Array
  #capacity = 64
  readonly #free: number[] = []
  #used = 0

  constructor(width: number) {
    this.width = width
    this.bounds = new Float64Array(this.#capacity * width * 2)
    this.firsts = new Int32Array(this.#capacity)
    this.sizes = new Int32Array(this.#capacity)
    this.areEqual = new Uint8Array(this.#capacity)
    this.lefts = new Int32Array(this.#capacity)
    this.rights = new Int32Array(this.#capacity)
    this.members = new Int32Array(this.#capacity * LEAF_MAX)
    this.parents = new Int32Array(this.#capacity)
    this.splitBy = new Int32Array(this.#capacity)
    this.splitAt = new Float64Array(this.#capacity)
    this.changes = new Int32Array(this.#capacity)
  }

  protected newBox(parent: number): number {
    const box = this.#free.pop() ?? this.#used++
    if (box >= this.#capacity) this.#grow()
    this.crowds[box] = undefined
    this.parents[box] = parent
    return box
  }

  protected giveUp(box: number): void {
    this.#free.push(box)
  }

  /** Gives up all boxes. */
  protected clear(): void {
    this.#free.length = 0
    this.#used = 0
  }

  #grow(): void {
    this.#capacity *= 2
    const length = this.#capacity
    this.bounds = widenedNumbers(this.bounds, length * this.width * 2)
    this.splitAt = widenedNumbers(this.splitAt, length)
    this.firsts = widenedInts(this.firsts, length)
    this.sizes = widenedInts(this.sizes, length)
    const areEqual = new Uint8Array(length)
    areEqual.set(this.areEqual)
    this.areEqual = areEqual
    this.lefts = widenedInts(this.lefts, length)
    this.rights = widenedInts(this.rights, length)
    this.members = widenedInts(this.members, length * LEAF_MAX)
    this.parents = widenedInts(this.parents, length)
    this.splitBy = widenedInts(this.splitBy, length)
    this.changes = widenedInts(this.changes, length)
  }
}

export function widenedNumbers(numbers: Float64Array, length: number): Float64Array {
  const wider = new Float64Array(length)
  wider.set(numbers)
  return wider
}

export function widenedInts(numbers: Int32Array, length: number): Int32Array {
  const wider = new Int32Array(length)
  wider.set(numbers)
  return wider
}
