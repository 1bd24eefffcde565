import type { Task } from '../../api/index.js'
import { Cell } from '../../api/index.js'
import { controllerOf } from '../../reconcile/index.js'
import type { Reader } from '../../store/index.js'

/** Whether its cell is the one of its node, as a daemon's is: another would come in its place. */
export function isTaskOfItsNode(reader: Reader, task: Task): boolean {
  const owner = controllerOf(task)
  if (owner?.kind !== Cell.kind) return false
  const { namespace = '' } = task.metadata
  return reader.get(Cell, { namespace, name: owner.name })?.spec.nodeName !== undefined
}
