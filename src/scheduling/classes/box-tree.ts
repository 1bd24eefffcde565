import { BoundedBoxes, SLOTS_FIRST } from './box-bounds.js'
import { LEAF_MAX, NO_BOX, widenedInts, widenedNumbers } from './boxes.js'
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
export class BoxTree extends BoundedBoxes {
  /** By slot: the leaf that has it, or -1. */
  #leafOf: Int32Array
  /** By slot: where it is in its crowd, and nothing by which one were better than another of them. */
  #positions: Int32Array
  #totals: Float64Array
  readonly #sample = new Int32Array(SAMPLE_MAX)

  constructor(width: number) {
    super(width)
    this.#leafOf = new Int32Array(SLOTS_FIRST).fill(NO_BOX)
    this.#positions = new Int32Array(SLOTS_FIRST)
    this.#totals = new Float64Array(SLOTS_FIRST)
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
      this.stretch(box, slot)
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
    return { totals: this.#totals, ranks: this.ranks }
  }

  #leafFor(slot: number): number {
    let box = this.root
    for (let left = this.lefts[box] as number; left !== NO_BOX; left = this.lefts[box] as number)
      box = this.#isLeft(box, slot) ? left : (this.rights[box] as number)
    return box
  }

  #isLeft(box: number, slot: number): boolean {
    return this.numberOf(slot, this.splitBy[box] as number) < (this.splitAt[box] as number)
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
    this.join(box)
    const by = this.widest(box)
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

  #measureLeaf(leaf: number): void {
    const crowd = this.crowds[leaf]
    if (crowd !== undefined) return this.measure(leaf, Int32Array.of(crowd.top), 0, 1)
    const from = leaf * LEAF_MAX
    this.measure(leaf, this.members, from, from + (this.sizes[leaf] as number))
  }

  /** Finds the bounds of all boxes around this one, in which the number of points changed by `by`. */
  #measureAbove(below: number, by: number): void {
    let hasChanged = true
    for (let box = this.parents[below] as number; box !== NO_BOX; box = this.parents[box] as number) {
      this.sizes[box] = (this.sizes[box] as number) + by
      this.changes[box] = (this.changes[box] as number) + 1
      if (hasChanged) hasChanged = this.join(box)
    }
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
    this.sizes[box] = to - from
    this.changes[box] = 0
    this.crowds[box] = undefined
    if (to - from <= LEAF_MAX || !this.#chooseSplit(box, slots, from, to))
      return this.#makeLeaf(box, slots, from, to)
    let middle = from
    for (let at = from; at < to; at++) {
      const slot = slots[at] as number
      if (!this.#isLeft(box, slot)) continue
      slots[at] = slots[middle] as number
      slots[middle++] = slot
    }
    const left = this.newBox(box)
    const right = this.newBox(box)
    this.lefts[box] = left
    this.rights[box] = right
    this.#build(left, slots, from, middle)
    this.#build(right, slots, middle, to)
    this.join(box)
  }

  #makeLeaf(box: number, slots: Int32Array, from: number, to: number): void {
    this.lefts[box] = NO_BOX
    for (let at = from; at < to; at++) this.#leafOf[slots[at] as number] = box
    if (to - from <= LEAF_MAX) {
      for (let at = from; at < to; at++) this.members[box * LEAF_MAX + at - from] = slots[at] as number
      return this.measure(box, slots, from, to)
    }
    const crowd = new SlotHeap()
    crowd.fill(slots.subarray(from, to), this.#order(), this.#positions)
    this.crowds[box] = crowd
  }

  /**
   * Splits by the number in which some of the points differ most, at the middle one of these. False when all points are
   * equal; then the box has their bounds.
   */
  #chooseSplit(box: number, slots: Int32Array, from: number, to: number): boolean {
    const sample = this.#sample
    const step = Math.ceil((to - from) / SAMPLE_MAX)
    let count = 0
    for (let at = from; at < to; at += step) sample[count++] = slots[at] as number
    if (box !== this.root) this.measure(box, sample, 0, count)
    // How far apart points are is told by how far apart all are.
    if (box === this.root || this.areEqual[box] === 1) {
      this.measure(box, slots, from, to)
      if (this.areEqual[box] === 1) return false
    }
    const by = this.widest(box)
    const least = this.bounds[box * this.width * 2 + by] as number
    this.#sortBy(by, count)
    let at = count >> 1
    while (at < count && this.numberOf(sample[at] as number, by) === least) at++
    this.splitBy[box] = by
    // Nothing is less than the least.
    this.splitAt[box] =
      at < count
        ? this.numberOf(sample[at] as number, by)
        : (this.bounds[(box * 2 + 1) * this.width + by] as number)
    return true
  }

  /** Sorts the sample by one number: few enough to be put in their places one by one. */
  #sortBy(by: number, count: number): void {
    const sample = this.#sample
    for (let next = 1; next < count; next++) {
      const slot = sample[next] as number
      const number = this.numberOf(slot, by)
      let at = next
      for (; at > 0 && this.numberOf(sample[at - 1] as number, by) > number; at--)
        sample[at] = sample[at - 1] as number
      sample[at] = slot
    }
  }
}
