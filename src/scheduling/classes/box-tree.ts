/** A leaf that would have more points is split. */
export const LEAF_MAX = 16
const NONE = -1
/** Points are split by their slot, as they are equal otherwise. */
const BY_SLOT = -1

/**
 * Points with a box around any few that are near each other, boxes around those, and so on: whoever can say what the
 * best point in a box could be at most finds the best of all by looking into few boxes. Points go by their slot.
 *
 * Putting, moving and removing a point costs O(log n) boxes. A part of the tree is built again when it has become too
 * deep, or was split by slots while its points were equal; but not before half as many changed in it as it has.
 */
export class BoxTree {
  /** Numbers of a point. */
  readonly width: number
  /** By slot: the numbers of each point. Write those of a slot before `put`, not while it is in. */
  points: Float64Array
  /** By slot: the leaf that has it, or -1. */
  #leafOf: Int32Array
  /** The outermost box, or -1. */
  root: number = NONE
  /** Of each box: the least numbers, then the largest. */
  bounds: Float64Array
  /** Of each box: the slot in it with the lowest rank. */
  firsts: Int32Array
  /** Of each box: how many points are in it. */
  sizes: Int32Array
  /** Of each box: the two in it, or -1 for a leaf; members of a leaf by box number. */
  lefts: Int32Array
  rights: Int32Array
  members: Int32Array
  #parents: Int32Array
  #splitBy: Int32Array
  #splitAt: Float64Array
  /** Changes in it since it was built. */
  #changes: Int32Array
  #capacity = 64
  readonly #free: number[] = []
  #used = 0
  #ranks: Float64Array = new Float64Array(0)

  constructor(width: number) {
    this.width = width
    this.points = new Float64Array(width * 16)
    this.#leafOf = new Int32Array(16).fill(NONE)
    this.bounds = new Float64Array(this.#capacity * width * 2)
    this.firsts = new Int32Array(this.#capacity)
    this.sizes = new Int32Array(this.#capacity)
    this.lefts = new Int32Array(this.#capacity)
    this.rights = new Int32Array(this.#capacity)
    this.members = new Int32Array(this.#capacity * LEAF_MAX)
    this.#parents = new Int32Array(this.#capacity)
    this.#splitBy = new Int32Array(this.#capacity)
    this.#splitAt = new Float64Array(this.#capacity)
    this.#changes = new Int32Array(this.#capacity)
  }

  /** Makes room for slots below that number. */
  reserve(slotCount: number): void {
    if (slotCount <= this.#leafOf.length) return
    const length = Math.max(slotCount, this.#leafOf.length * 2)
    this.points = widened(this.points, length * this.width)
    const leafOf = new Int32Array(length).fill(NONE)
    leafOf.set(this.#leafOf)
    this.#leafOf = leafOf
  }

  /** By slot: of points that are equally good the one with the lowest comes first. */
  rankBy(ranks: Float64Array): void {
    this.#ranks = ranks
  }

  has(slot: number): boolean {
    return (this.#leafOf[slot] as number) !== NONE
  }

  /** Takes these points instead of all before. Their numbers are written already. */
  fill(slots: Int32Array): void {
    this.#free.length = 0
    this.#used = 0
    this.#leafOf.fill(NONE)
    this.root = slots.length === 0 ? NONE : this.#newBox(NONE)
    if (slots.length > 0) this.#build(this.root, slots)
  }

  /** Takes in a point that is not in. */
  put(slot: number): void {
    if (this.root === NONE) return this.fill(Int32Array.of(slot))
    let box = this.root
    let depth = 0
    for (;;) {
      this.#stretch(box, slot)
      this.#changes[box] = (this.#changes[box] as number) + 1
      const left = this.lefts[box] as number
      if (left === NONE) break
      box = this.#isLeft(box, slot) ? left : (this.rights[box] as number)
      depth++
    }
    this.#addToLeaf(box, slot)
    const size = this.sizes[this.root] as number
    this.#improveAbove(box, depth > 2 * Math.log2(size / LEAF_MAX + 1) + 6)
  }

  remove(slot: number): void {
    const leaf = this.#leafOf[slot] as number
    this.#leafOf[slot] = NONE
    const size = this.sizes[leaf] as number
    const from = leaf * LEAF_MAX
    const at = this.members.indexOf(slot, from)
    this.members[at] = this.members[from + size - 1] as number
    this.sizes[leaf] = size - 1
    if (size === 1) return this.#dropLeaf(leaf)
    this.#measureLeaf(leaf)
    this.#measureAbove(leaf, -1)
  }

  /** The point of the slot has other numbers, which `write` writes. */
  move(slot: number): void {
    const leaf = this.#leafOf[slot] as number
    if (leaf === this.#leafFor(slot)) {
      this.#measureLeaf(leaf)
      this.#measureAbove(leaf, 0)
      this.#improveAbove(leaf, false)
    } else {
      this.remove(slot)
      this.put(slot)
    }
  }

  #leafFor(slot: number): number {
    let box = this.root
    for (let left = this.lefts[box] as number; left !== NONE; left = this.lefts[box] as number)
      box = this.#isLeft(box, slot) ? left : (this.rights[box] as number)
    return box
  }

  #isLeft(box: number, slot: number): boolean {
    const by = this.#splitBy[box] as number
    const value = by === BY_SLOT ? slot : (this.points[slot * this.width + by] as number)
    return value < (this.#splitAt[box] as number)
  }

  #addToLeaf(leaf: number, slot: number): void {
    const count = (this.sizes[leaf] as number) - 1
    if (count < LEAF_MAX) {
      this.members[leaf * LEAF_MAX + count] = slot
      this.#leafOf[slot] = leaf
      return
    }
    const slots = new Int32Array(LEAF_MAX + 1)
    slots.set(this.members.subarray(leaf * LEAF_MAX, leaf * LEAF_MAX + LEAF_MAX))
    slots[LEAF_MAX] = slot
    this.#build(leaf, slots)
  }

  /** Takes the point into the bounds of the box. */
  #stretch(box: number, slot: number): void {
    const { width, bounds, points } = this
    const low = box * width * 2
    const from = slot * width
    for (let at = 0; at < width; at++) {
      const value = points[from + at] as number
      if (value < (bounds[low + at] as number)) bounds[low + at] = value
      if (value > (bounds[low + width + at] as number)) bounds[low + width + at] = value
    }
    this.sizes[box] = (this.sizes[box] as number) + 1
    if (this.#isBefore(slot, this.firsts[box] as number)) this.firsts[box] = slot
  }

  #isBefore(slot: number, other: number): boolean {
    return (this.#ranks[slot] as number) < (this.#ranks[other] as number)
  }

  #measureLeaf(leaf: number): void {
    const from = leaf * LEAF_MAX
    this.#measure(leaf, this.members, from, from + (this.sizes[leaf] as number))
  }

  /** Finds the bounds of a box from its points; there is at least one. */
  #measure(box: number, slots: Int32Array, from: number, to: number): void {
    const { width, bounds, points } = this
    const low = box * width * 2
    let first = slots[from] as number
    for (let at = 0; at < width; at++)
      bounds[low + at] = bounds[low + width + at] = points[first * width + at] as number
    for (let index = from + 1; index < to; index++) {
      const slot = slots[index] as number
      for (let at = 0; at < width; at++) {
        const value = points[slot * width + at] as number
        if (value < (bounds[low + at] as number)) bounds[low + at] = value
        else if (value > (bounds[low + width + at] as number)) bounds[low + width + at] = value
      }
      if (this.#isBefore(slot, first)) first = slot
    }
    this.firsts[box] = first
  }

  /** Finds the bounds of all boxes around this one, in which the number of points changed by `by`. */
  #measureAbove(below: number, by: number): void {
    let hasChanged = true
    for (let box = this.#parents[below] as number; box !== NONE; box = this.#parents[box] as number) {
      this.sizes[box] = (this.sizes[box] as number) + by
      this.#changes[box] = (this.#changes[box] as number) + 1
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
    for (let at = 0; at < width; at++) {
      const least = Math.min(bounds[leftLow + at] as number, bounds[rightLow + at] as number)
      const most = Math.max(bounds[leftLow + width + at] as number, bounds[rightLow + width + at] as number)
      if (bounds[low + at] !== least || bounds[low + width + at] !== most) hasChanged = true
      bounds[low + at] = least
      bounds[low + width + at] = most
    }
    const [one, other] = [this.firsts[left] as number, this.firsts[right] as number]
    const first = this.#isBefore(other, one) ? other : one
    if (this.firsts[box] !== first) hasChanged = true
    this.firsts[box] = first
    return hasChanged
  }

  /** An empty leaf goes; the box beside it takes the place of the one around both. */
  #dropLeaf(leaf: number): void {
    const parent = this.#parents[leaf] as number
    this.#free.push(leaf)
    if (parent === NONE) {
      this.root = NONE
      return
    }
    const sibling =
      this.lefts[parent] === leaf ? (this.rights[parent] as number) : (this.lefts[parent] as number)
    const above = this.#parents[parent] as number
    this.#free.push(parent)
    this.#parents[sibling] = above
    if (above === NONE) this.root = sibling
    else if (this.lefts[above] === parent) this.lefts[above] = sibling
    else this.rights[above] = sibling
    this.#measureAbove(sibling, -1)
  }

  /** Builds the outermost box again that needs it, of those around this one. */
  #improveAbove(leaf: number, isDeep: boolean): void {
    let found = NONE
    for (let box = this.#parents[leaf] as number; box !== NONE; box = this.#parents[box] as number)
      if (isDeep || this.#splitBy[box] === BY_SLOT)
        if ((this.#changes[box] as number) * 2 >= (this.sizes[box] as number)) found = box
    if (found === NONE) return
    const slots = new Int32Array(this.sizes[found] as number)
    this.#collect(found, slots)
    this.#build(found, slots)
  }

  /** Writes the slots in the box, and gives up the boxes in it. */
  #collect(box: number, slots: Int32Array): void {
    const pending = [box]
    let count = 0
    for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
      const left = this.lefts[one] as number
      if (one !== box) this.#free.push(one)
      if (left !== NONE) pending.push(left, this.rights[one] as number)
      else
        for (let at = 0; at < (this.sizes[one] as number); at++)
          slots[count++] = this.members[one * LEAF_MAX + at] as number
    }
  }

  /** Makes of a box a tree of these points, about halved at each step. */
  #build(box: number, slots: Int32Array): void {
    this.#measure(box, slots, 0, slots.length)
    this.sizes[box] = slots.length
    this.#changes[box] = 0
    if (slots.length <= LEAF_MAX) {
      this.lefts[box] = NONE
      this.members.set(slots, box * LEAF_MAX)
      for (const slot of slots) this.#leafOf[slot] = box
      return
    }
    this.#chooseSplit(box, slots)
    const left = slots.filter(slot => this.#isLeft(box, slot))
    const right = slots.filter(slot => !this.#isLeft(box, slot))
    const boxes = [this.#newBox(box), this.#newBox(box)] as const
    this.lefts[box] = boxes[0]
    this.rights[box] = boxes[1]
    this.#build(boxes[0], left)
    this.#build(boxes[1], right)
  }

  /** Splits by the number in which the points differ most, at the middle one. */
  #chooseSplit(box: number, slots: Int32Array): void {
    const { width, points } = this
    let by = BY_SLOT
    let most = 0
    for (let at = 0; at < width; at++) {
      const share = this.#shareOf(box, at)
      if (share <= most) continue
      most = share
      by = at
    }
    const values = Float64Array.from(slots, slot =>
      by === BY_SLOT ? slot : (points[slot * width + by] as number),
    )
    values.sort()
    const least = values[0] as number
    let middle = values.length >> 1
    while (values[middle] === least) middle++
    this.#splitBy[box] = by
    this.#splitAt[box] = values[middle] as number
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

  #newBox(parent: number): number {
    const box = this.#free.pop() ?? this.#used++
    if (box >= this.#capacity) this.#grow()
    this.#parents[box] = parent
    return box
  }

  #grow(): void {
    this.#capacity *= 2
    const length = this.#capacity
    this.bounds = widened(this.bounds, length * this.width * 2)
    this.#splitAt = widened(this.#splitAt, length)
    this.firsts = widenedInts(this.firsts, length)
    this.sizes = widenedInts(this.sizes, length)
    this.lefts = widenedInts(this.lefts, length)
    this.rights = widenedInts(this.rights, length)
    this.members = widenedInts(this.members, length * LEAF_MAX)
    this.#parents = widenedInts(this.#parents, length)
    this.#splitBy = widenedInts(this.#splitBy, length)
    this.#changes = widenedInts(this.#changes, length)
  }
}

function widened(numbers: Float64Array, length: number): Float64Array {
  const wider = new Float64Array(length)
  wider.set(numbers)
  return wider
}

function widenedInts(numbers: Int32Array, length: number): Int32Array {
  const wider = new Int32Array(length)
  wider.set(numbers)
  return wider
}
