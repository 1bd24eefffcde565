import type { Scheduler } from '../scheduler.js'
import type { TaskPlacement } from '../task-ledger.js'

/** The tasks on nodes that are known. Room that is held for somebody is none: it is where it is. */
export function placedTasks(scheduler: Scheduler): readonly TaskPlacement[] {
  return scheduler
    .nodes()
    .flatMap(({ name }) => scheduler.tasksOn(name))
    .filter(task => !isReserved(task))
}

export function isReserved({ reservedFor }: TaskPlacement): boolean {
  return reservedFor !== undefined
}
