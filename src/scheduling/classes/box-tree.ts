import { Boxes, LEAF_MAX, NO_BOX, widenedInts, widenedNumbers } from './boxes.js'
import type { SlotOrder } from './slot-heap.js'
import { SlotHeap } from './slot-heap.js'

/** A box is split at the middle one of at most so many points. */
const SAMPLE_MAX = 31
/**
 * Points with a box around any few that are near each other, boxes around those, and so on: whoever can say what the
 * best point in a box could be at most finds the best of all by looking into few boxes. Points go by their slot. Many
 * that are equal are in one box, sorted by rank.
 *
 * Putting, moving and removing a point costs O(log n) boxes. A part of the tree that has become too deep is built again,
 * but not before half as many changed in it as it has.
 */
export class BoxTree extends Boxes {
  /** By slot: the numbers of each point. Write those of a slot before `put`, not while it is in. */
  points: Float64Array
  /** The outermost box, or -1. */
  root: number = NO_BOX
  /** By slot: the leaf that has it, or -1. */
  #leafOf: Int32Array
  /** By slot: where it is in its crowd, and nothing by which one were better than another of them. */
  #positions: Int32Array
  #totals: Float64Array
  #ranks: Float64Array = new Float64Array(0)

  constructor(width: number) {
    super(width)
    this.points = new Float64Array(width * 16)
    this.#leafOf = new Int32Array(16).fill(NO_BOX)
    this.#positions = new Int32Array(16)
    this.#totals = new Float64Array(16)
  }

  /** Makes room for slots below that number. */
  reserve(slotCount: number): void {
    if (slotCount <= this.#leafOf.length) return
    const length = Math.max(slotCount, this.#leafOf.length * 2)
    this.points = widenedNumbers(this.points, length * this.width)
    const leafOf = new Int32Array(length).fill(NO_BOX)
    leafOf.set(this.#leafOf)
    this.#leafOf = leafOf
    this.#positions = widenedInts(this.#positions, length)
    this.#totals = new Float64Array(length)
  }

  /** The slots in a leaf. Do not keep them. */
  slotsOf(leaf: number): Int32Array {
    const from = leaf * LEAF_MAX
    return this.crowds[leaf]?.slots() ?? this.members.subarray(from, from + (this.sizes[leaf] as number))
  }

  /** The slots of a leaf of equal points, if they may be many: a heap, the one with the lowest rank first. */
  crowdOf(leaf: number): Int32Array | undefined {
    return this.crowds[leaf]?.slots()
  }

  /** By slot: of points that are equally good the one with the lowest comes first. */
  rankBy(ranks: Float64Array): void {
    this.#ranks = ranks
  }

  has(slot: number): boolean {
    return (this.#leafOf[slot] as number) !== NO_BOX
  }

  /** Takes these points instead of all before; their order changes. Their numbers are written already. */
  fill(slots: Int32Array): void {
    this.clear()
    this.#leafOf.fill(NO_BOX)
    this.root = slots.length === 0 ? NO_BOX : this.newBox(NO_BOX)
    if (slots.length > 0) this.#build(this.root, slots, 0, slots.length)
  }

  /** Takes in a point that is not in. */
  put(slot: number): void {
    if (this.root === NO_BOX) return this.fill(Int32Array.of(slot))
    let box = this.root
    let depth = 0
    for (;;) {
      this.#stretch(box, slot)
      this.changes[box] = (this.changes[box] as number) + 1
      const left = this.lefts[box] as number
      if (left === NO_BOX) break
      box = this.#isLeft(box, slot) ? left : (this.rights[box] as number)
      depth++
    }
    this.#addToLeaf(box, slot)
    const size = this.sizes[this.root] as number
    if (depth > 2 * Math.log2(size / LEAF_MAX + 1) + 6) this.#improveAbove(box)
  }

  remove(slot: number): void {
    const leaf = this.#leafOf[slot] as number
    this.#leafOf[slot] = NO_BOX
    const size = this.sizes[leaf] as number
    const crowd = this.crowds[leaf]
    if (crowd === undefined) {
      const at = this.members.indexOf(slot, leaf * LEAF_MAX)
      this.members[at] = this.members[leaf * LEAF_MAX + size - 1] as number
    } else crowd.remove(slot, this.#order(), this.#positions)
    this.sizes[leaf] = size - 1
    if (size === 1) return this.#dropLeaf(leaf)
    this.#measureLeaf(leaf)
    this.#measureAbove(leaf, -1)
  }

  /** The point of the slot has other numbers. */
  move(slot: number): void {
    const leaf = this.#leafOf[slot] as number
    if (this.crowds[leaf] === undefined && leaf === this.#leafFor(slot)) {
      this.#measureLeaf(leaf)
      this.#measureAbove(leaf, 0)
    } else {
      this.remove(slot)
      this.put(slot)
    }
  }

  #order(): SlotOrder {
    return { totals: this.#totals, ranks: this.#ranks }
  }

  #leafFor(slot: number): number {
    let box = this.root
    for (let left = this.lefts[box] as number; left !== NO_BOX; left = this.lefts[box] as number)
      box = this.#isLeft(box, slot) ? left : (this.rights[box] as number)
    return box
  }

  #isLeft(box: number, slot: number): boolean {
    return this.#numberOf(slot, this.splitBy[box] as number) < (this.splitAt[box] as number)
  }

  #numberOf(slot: number, by: number): number {
    return this.points[slot * this.width + by] as number
  }

  /** After the leaf was stretched. */
  #addToLeaf(leaf: number, slot: number): void {
    const size = this.sizes[leaf] as number
    const from = leaf * LEAF_MAX
    this.#leafOf[slot] = leaf
    const crowd = this.crowds[leaf]
    if (crowd !== undefined) {
      if (this.areEqual[leaf] === 1) return crowd.push(slot, this.#order(), this.#positions)
      if (size > LEAF_MAX) return this.#leaveCrowd(leaf, slot)
      this.members.set(crowd.slots(), from)
      this.crowds[leaf] = undefined
    }
    if (size <= LEAF_MAX) {
      this.members[from + size - 1] = slot
      return
    }
    const slots = new Int32Array(size)
    slots.set(this.members.subarray(from, from + LEAF_MAX))
    slots[LEAF_MAX] = slot
    this.#build(leaf, slots, 0, size)
  }

  /** Gives the point a leaf of its own beside the crowd, and puts a box around both. */
  #leaveCrowd(leaf: number, slot: number): void {
    const above = this.parents[leaf] as number
    const box = this.newBox(above)
    const own = this.newBox(box)
    this.#replaceIn(above, leaf, box)
    this.parents[leaf] = box
    this.changes[box] = this.changes[leaf] as number
    this.sizes[box] = this.sizes[leaf] as number
    this.sizes[leaf] = (this.sizes[leaf] as number) - 1
    this.#measureLeaf(leaf)
    this.#build(own, Int32Array.of(slot), 0, 1)
    this.lefts[box] = leaf
    this.rights[box] = own
    this.#join(box)
    const by = this.#widest(box)
    const of = (one: number): number => this.bounds[one * this.width * 2 + by] as number
    if (of(own) < of(leaf)) [this.lefts[box], this.rights[box]] = [own, leaf]
    this.splitBy[box] = by
    this.splitAt[box] = of(this.rights[box] as number)
  }

  #replaceIn(above: number, box: number, by: number): void {
    if (above === NO_BOX) this.root = by
    else if (this.lefts[above] === box) this.lefts[above] = by
    else this.rights[above] = by
  }

  /** Takes the point into the bounds of the box. */
  #stretch(box: number, slot: number): void {
    const { width, bounds, points } = this
    const low = box * width * 2
    const from = slot * width
    for (let at = 0; at < width; at++) {
      const value = points[from + at] as number
      if (value < (bounds[low + at] as number)) bounds[low + at] = value
      else if (value > (bounds[low + width + at] as number)) bounds[low + width + at] = value
      else continue
      this.areEqual[box] = 0
    }
    this.sizes[box] = (this.sizes[box] as number) + 1
    if (this.#isBefore(slot, this.firsts[box] as number)) this.firsts[box] = slot
  }

  #isBefore(slot: number, other: number): boolean {
    return (this.#ranks[slot] as number) < (this.#ranks[other] as number)
  }

  #measureLeaf(leaf: number): void {
    const crowd = this.crowds[leaf]
    if (crowd !== undefined) return this.#measure(leaf, Int32Array.of(crowd.top), 0, 1)
    const from = leaf * LEAF_MAX
    this.#measure(leaf, this.members, from, from + (this.sizes[leaf] as number))
  }

  /** Finds the bounds of a box from its points; there is at least one. */
  #measure(box: number, slots: Int32Array, from: number, to: number): void {
    const { width, bounds, points } = this
    const low = box * width * 2
    let first = slots[from] as number
    let areEqual = 1
    for (let at = 0; at < width; at++)
      bounds[low + at] = bounds[low + width + at] = points[first * width + at] as number
    for (let index = from + 1; index < to; index++) {
      const slot = slots[index] as number
      for (let at = 0; at < width; at++) {
        const value = points[slot * width + at] as number
        if (value < (bounds[low + at] as number)) bounds[low + at] = value
        else if (value > (bounds[low + width + at] as number)) bounds[low + width + at] = value
        else continue
        areEqual = 0
      }
      if (this.#isBefore(slot, first)) first = slot
    }
    this.areEqual[box] = areEqual
    this.firsts[box] = first
  }

  /** Finds the bounds of all boxes around this one, in which the number of points changed by `by`. */
  #measureAbove(below: number, by: number): void {
    let hasChanged = true
    for (let box = this.parents[below] as number; box !== NO_BOX; box = this.parents[box] as number) {
      this.sizes[box] = (this.sizes[box] as number) + by
      this.changes[box] = (this.changes[box] as number) + 1
      if (hasChanged) hasChanged = this.#join(box)
    }
  }

  /** Makes the bounds of a box those around the two in it. Whether they are others than before. */
  #join(box: number): boolean {
    const { width, bounds } = this
    const low = box * width * 2
    const [left, right] = [this.lefts[box] as number, this.rights[box] as number]
    const leftLow = left * width * 2
    const rightLow = right * width * 2
    let hasChanged = false
    let areEqual = 1
    for (let at = low; at < low + width; at++) {
      const offset = at - low
      const [lowOfLeft, lowOfRight] = [
        bounds[leftLow + offset] as number,
        bounds[rightLow + offset] as number,
      ]
      const highOfLeft = bounds[leftLow + width + offset] as number
      const highOfRight = bounds[rightLow + width + offset] as number
      const least = lowOfLeft < lowOfRight ? lowOfLeft : lowOfRight
      const most = highOfLeft > highOfRight ? highOfLeft : highOfRight
      if (least !== most) areEqual = 0
      if (bounds[at] === least && bounds[at + width] === most) continue
      hasChanged = true
      bounds[at] = least
      bounds[at + width] = most
    }
    this.areEqual[box] = areEqual
    const [one, other] = [this.firsts[left] as number, this.firsts[right] as number]
    const first = this.#isBefore(other, one) ? other : one
    if (this.firsts[box] !== first) hasChanged = true
    this.firsts[box] = first
    return hasChanged
  }

  /** An empty leaf goes; the box beside it takes the place of the one around both. */
  #dropLeaf(leaf: number): void {
    const parent = this.parents[leaf] as number
    this.giveUp(leaf)
    if (parent === NO_BOX) {
      this.root = NO_BOX
      return
    }
    const sibling =
      this.lefts[parent] === leaf ? (this.rights[parent] as number) : (this.lefts[parent] as number)
    const above = this.parents[parent] as number
    this.giveUp(parent)
    this.parents[sibling] = above
    this.#replaceIn(above, parent, sibling)
    this.#measureAbove(sibling, -1)
  }

  /** Builds the outermost box again in which enough has changed, of those around this one. */
  #improveAbove(leaf: number): void {
    let found = NO_BOX
    for (let box = this.parents[leaf] as number; box !== NO_BOX; box = this.parents[box] as number)
      if ((this.changes[box] as number) * 2 >= (this.sizes[box] as number)) found = box
    if (found === NO_BOX) return
    const slots = new Int32Array(this.sizes[found] as number)
    this.#collect(found, slots)
    this.#build(found, slots, 0, slots.length)
  }

  /** Writes the slots in the box, and gives up the boxes in it. */
  #collect(box: number, slots: Int32Array): void {
    const pending = [box]
    let count = 0
    for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
      const left = this.lefts[one] as number
      if (one !== box) this.giveUp(one)
      if (left !== NO_BOX) {
        pending.push(left, this.rights[one] as number)
        continue
      }
      slots.set(this.slotsOf(one), count)
      count += this.sizes[one] as number
    }
  }

  /** Makes of a box a tree of some of these points, about halved at each step. Their order changes. */
  #build(box: number, slots: Int32Array, from: number, to: number): void {
    this.#measure(box, slots, from, to)
    this.sizes[box] = to - from
    this.changes[box] = 0
    this.crowds[box] = undefined
    if (to - from <= LEAF_MAX || this.areEqual[box] === 1)
      return this.#makeLeaf(box, slots.subarray(from, to))
    this.#chooseSplit(box, slots, from, to)
    let middle = from
    for (let at = from; at < to; at++) {
      const slot = slots[at] as number
      if (!this.#isLeft(box, slot)) continue
      slots[at] = slots[middle] as number
      slots[middle++] = slot
    }
    const [left, right] = [this.newBox(box), this.newBox(box)]
    this.lefts[box] = left
    this.rights[box] = right
    this.#build(left, slots, from, middle)
    this.#build(right, slots, middle, to)
  }

  #makeLeaf(box: number, slots: Int32Array): void {
    this.lefts[box] = NO_BOX
    for (const slot of slots) this.#leafOf[slot] = box
    if (slots.length <= LEAF_MAX) return this.members.set(slots, box * LEAF_MAX)
    const crowd = new SlotHeap()
    crowd.fill(slots, this.#order(), this.#positions)
    this.crowds[box] = crowd
  }

  /** Splits by the number in which the points differ most, at the middle one of some of them. */
  #chooseSplit(box: number, slots: Int32Array, from: number, to: number): void {
    const by = this.#widest(box)
    const step = Math.ceil((to - from) / SAMPLE_MAX)
    const sample: number[] = []
    let [least, next] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (let at = from; at < to; at++) {
      const number = this.#numberOf(slots[at] as number, by)
      if (number < least) [least, next] = [number, least]
      else if (number > least && number < next) next = number
      if ((at - from) % step === 0) sample.push(number)
    }
    sample.sort((a, b) => a - b)
    const middle = sample[sample.length >> 1] as number
    this.splitBy[box] = by
    // Nothing is less than the least.
    this.splitAt[box] = middle > least ? middle : next
  }

  /** The number in which the points of the box differ most. */
  #widest(box: number): number {
    let [by, most] = [0, 0]
    for (let at = 0; at < this.width; at++) {
      const share = this.#shareOf(box, at)
      if (share > most) [by, most] = [at, share]
    }
    return by
  }

  /** How far apart the points of the box are in one number, as a share of how far all are. */
  #shareOf(box: number, at: number): number {
    const { width, bounds } = this
    const low = box * width * 2 + at
    const [least, most] = [bounds[low] as number, bounds[low + width] as number]
    if (least === most) return 0
    const rootLow = this.root * width * 2 + at
    const all = (bounds[rootLow + width] as number) - (bounds[rootLow] as number)
    return Number.isFinite(most) ? (most - least) / all : 1
  }
}
