/** Numbers by slot that tell which slot is better: the larger total, of equals the smaller rank. */
export interface SlotOrder {
  readonly totals: Float64Array
  readonly ranks: Float64Array
}

/**
 * Slots with the best on top. Where each slot stands is kept in an array that several heaps may share, as long as no
 * slot is in two of them; so changing or removing any slot is O(log n).
 */
export class SlotHeap {
  #slots: Int32Array = new Int32Array(4)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The best slot, or -1. */
  get top(): number {
    return this.#size === 0 ? -1 : (this.#slots[0] as number)
  }

  push(slot: number, order: SlotOrder, positions: Int32Array): void {
    if (this.#size === this.#slots.length) {
      const wider = new Int32Array(this.#slots.length * 2)
      wider.set(this.#slots)
      this.#slots = wider
    }
    this.#slots[this.#size] = slot
    positions[slot] = this.#size
    this.#up(this.#size++, order, positions)
  }

  remove(slot: number, order: SlotOrder, positions: Int32Array): void {
    const at = positions[slot] as number
    positions[slot] = -1
    const last = this.#slots[--this.#size] as number
    if (last === slot) return
    this.#slots[at] = last
    positions[last] = at
    this.#moved(at, order, positions)
  }

  /** The total of the slot has changed. */
  update(slot: number, order: SlotOrder, positions: Int32Array): void {
    this.#moved(positions[slot] as number, order, positions)
  }

  /** All slots in no useful order. */
  slots(): Int32Array {
    return this.#slots.subarray(0, this.#size)
  }

  /** Makes a heap of slots that come in any order, in linear time. */
  fill(slots: ArrayLike<number>, order: SlotOrder, positions: Int32Array): void {
    this.#slots = Int32Array.from(slots)
    this.#size = slots.length
    for (let at = 0; at < slots.length; at++) positions[slots[at] as number] = at
    for (let at = (slots.length >> 1) - 1; at >= 0; at--) this.#down(at, order, positions)
  }

  #moved(at: number, order: SlotOrder, positions: Int32Array): void {
    if (at > 0 && isBetter(this.#slots[at] as number, this.#slots[(at - 1) >> 1] as number, order))
      this.#up(at, order, positions)
    else this.#down(at, order, positions)
  }

  #up(from: number, order: SlotOrder, positions: Int32Array): void {
    const slots = this.#slots
    const slot = slots[from] as number
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = slots[above] as number
      if (!isBetter(slot, parent, order)) break
      slots[at] = parent
      positions[parent] = at
      at = above
    }
    slots[at] = slot
    positions[slot] = at
  }

  #down(from: number, order: SlotOrder, positions: Int32Array): void {
    const slots = this.#slots
    const size = this.#size
    const slot = slots[from] as number
    let at = from
    for (;;) {
      let child = at * 2 + 1
      if (child >= size) break
      if (child + 1 < size && isBetter(slots[child + 1] as number, slots[child] as number, order)) child++
      const best = slots[child] as number
      if (!isBetter(best, slot, order)) break
      slots[at] = best
      positions[best] = at
      at = child
    }
    slots[at] = slot
    positions[slot] = at
  }
}

/** Whether slot `a` comes before slot `b`. */
export function isBetter(a: number, b: number, { totals, ranks }: SlotOrder): boolean {
  const one = totals[a] as number
  const other = totals[b] as number
  return one > other || (one === other && (ranks[a] as number) < (ranks[b] as number))
}
