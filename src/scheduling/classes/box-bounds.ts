import { Boxes, NO_BOX } from './boxes.js'

/** Points that there is room for at first. */
export const SLOTS_FIRST = 16

/** Boxes with bounds around the points in them. Points go by their slot. */
export class BoundedBoxes extends Boxes {
  /** By slot: the numbers of each point. Write those of a slot before it is put into a box. */
  points: Float64Array
  /** The outermost box, or -1. */
  root: number = NO_BOX
  protected ranks: Float64Array = new Float64Array(0)

  constructor(width: number) {
    super(width)
    this.points = new Float64Array(width * SLOTS_FIRST)
  }

  /** By slot: of points that are equally good the one with the lowest comes first. */
  rankBy(ranks: Float64Array): void {
    this.ranks = ranks
  }

  protected numberOf(slot: number, by: number): number {
    return this.points[slot * this.width + by] as number
  }

  /** Takes the point into the bounds of the box. */
  protected stretch(box: number, slot: number): void {
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
    if (this.isBefore(slot, this.firsts[box] as number)) this.firsts[box] = slot
  }

  protected isBefore(slot: number, other: number): boolean {
    return (this.ranks[slot] as number) < (this.ranks[other] as number)
  }

  /** Finds the bounds of a box from its points; there is at least one. */
  protected measure(box: number, slots: Int32Array, from: number, to: number): void {
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
      if (this.isBefore(slot, first)) first = slot
    }
    this.areEqual[box] = areEqual
    this.firsts[box] = first
  }

  /** Makes the bounds of a box those around the two in it. Whether they are others than before. */
  protected join(box: number): boolean {
    const { width, bounds } = this
    const low = box * width * 2
    const left = this.lefts[box] as number
    const right = this.rights[box] as number
    const leftLow = left * width * 2
    const rightLow = right * width * 2
    let hasChanged = false
    let areEqual = 1
    for (let at = low; at < low + width; at++) {
      const offset = at - low
      const lowOfLeft = bounds[leftLow + offset] as number
      const lowOfRight = bounds[rightLow + offset] as number
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
    const one = this.firsts[left] as number
    const other = this.firsts[right] as number
    const first = this.isBefore(other, one) ? other : one
    if (this.firsts[box] !== first) hasChanged = true
    this.firsts[box] = first
    return hasChanged
  }

  /** The number in which the points of the box differ most. */
  protected widest(box: number): number {
    let by = 0
    let most = 0
    for (let at = 0; at < this.width; at++) {
      const share = this.#shareOf(box, at)
      if (share <= most) continue
      by = at
      most = share
    }
    return by
  }

  /** How far apart the points of the box are in one number, as a share of how far all are. */
  #shareOf(box: number, at: number): number {
    const { width, bounds } = this
    const low = box * width * 2 + at
    const least = bounds[low] as number
    const most = bounds[low + width] as number
    if (least === most) return 0
    const rootLow = this.root * width * 2 + at
    const all = (bounds[rootLow + width] as number) - (bounds[rootLow] as number)
    return Number.isFinite(most) ? (most - least) / all : 1
  }
}
