import type { ResourceColumn } from '../nodes/resource-columns.js'

/**
 * Some nodes at once: between which numbers each of them is. Not every combination need exist. Do not keep one beyond
 * the call.
 */
export interface NodeRange {
  /** The least number of tasks on one of them. */
  readonly leastTasks: number
  /** The largest number of tasks that one of them takes; infinite where there is no limit. */
  readonly mostTaskLimit: number
  /** Base units, as of a `NodeView`. */
  leastAllocatable(column: ResourceColumn): number
  mostAllocatable(column: ResourceColumn): number
  leastRequested(column: ResourceColumn): number
  mostRequested(column: ResourceColumn): number
}
