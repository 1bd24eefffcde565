import type { ResourceSet } from '../resources/resource-set.js'
import type { TaskRecord } from './task-table.js'

/** What became what on an agent; totals are equal. */
export interface AgentConversion {
  readonly from: ResourceSet
  readonly to: ResourceSet
}

/** What keeps the state of a pool beyond its process. Called as things happen. */
export interface PoolHooks {
  /**
   * Before reservations or volumes of an agent change. Rejecting fails the operations as `conflict`, and nothing is
   * changed.
   *
   * @returns what is to be called when the pool knows them as changed, or has given up
   */
  convert(agent: string, changes: readonly AgentConversion[]): Promise<() => void>
  /** Whether the id is taken by something that the pool does not know of. */
  isTaskIdTaken(id: string): boolean
  /** A framework came or left. */
  frameworkChanged(id: string): void
  /** A framework was granted something. */
  frameworkGranted(id: string): void
  /** A framework will not come back, and its last task has ended. */
  frameworkGone(id: string): void
  /** The end of a task is acknowledged. */
  taskForgotten(task: TaskRecord): void
}
