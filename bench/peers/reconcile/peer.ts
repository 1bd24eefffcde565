/** A task queue that we compare the work queue with: no keys, no merging, no delays. */
export type OpenPeer = () => TaskQueue

/** What the rows need of it. */
export interface TaskQueue {
  /** Runs `task` for each of `count` jobs and resolves when all have ended. */
  runAll(count: number, task: () => void): Promise<void>
}
