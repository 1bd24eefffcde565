import type { NodeRow } from '../nodes/node-table.js'
import type { ResourceColumn } from '../nodes/resource-columns.js'
import type { NodeRange } from '../plugins/node-range.js'
import type { BoxTree } from './box-tree.js'

/** The numbers of a node before those of resources, which are two each: asked for, and there. */
export const STATICS = 0
const TASKS = 1
const TASK_LIMIT = 2
const RESOURCES = 3

/** How many numbers a node has. */
export function pointWidth(columns: number): number {
  return RESOURCES + columns * 2
}

/** Writes what is taken of a node, and what there is; what static scores come to is left as it is. */
export function writePoint(points: Float64Array, at: number, row: NodeRow, columns: number): void {
  points[at + TASKS] = row.taskCount
  points[at + TASK_LIMIT] = row.taskLimit
  for (let column = 0; column < columns; column++) {
    points[at + RESOURCES + column * 2] = row.requested(column)
    points[at + RESOURCES + column * 2 + 1] = row.allocatable(column)
  }
}

/** Some nodes at once, by the least of their numbers and the largest; or one node, whose numbers are both. */
export class PointRange implements NodeRange {
  numbers: Float64Array = new Float64Array(0)
  low = 0
  high = 0
  readonly #width: number

  constructor(columns: number) {
    this.#width = pointWidth(columns)
  }

  ofBox({ bounds }: BoxTree, box: number): this {
    this.numbers = bounds
    this.low = box * this.#width * 2
    this.high = this.low + this.#width
    return this
  }

  ofPoint({ points }: BoxTree, slot: number): this {
    this.numbers = points
    this.low = this.high = slot * this.#width
    return this
  }

  /** What static scores come to at most, in units. */
  get mostStatics(): number {
    return this.numbers[this.high + STATICS] as number
  }

  get leastTasks(): number {
    return this.numbers[this.low + TASKS] as number
  }

  get mostTaskLimit(): number {
    return this.numbers[this.high + TASK_LIMIT] as number
  }

  leastRequested(column: ResourceColumn): number {
    return this.#resource(this.low, column * 2)
  }

  mostRequested(column: ResourceColumn): number {
    return this.#resource(this.high, column * 2)
  }

  leastAllocatable(column: ResourceColumn): number {
    return this.#resource(this.low, column * 2 + 1)
  }

  mostAllocatable(column: ResourceColumn): number {
    return this.#resource(this.high, column * 2 + 1)
  }

  /** No node has, or was asked for, a resource beyond the last column. */
  #resource(from: number, offset: number): number {
    const at = RESOURCES + offset
    return at < this.#width ? (this.numbers[from + at] as number) : 0
  }
}
