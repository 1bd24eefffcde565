import { Task } from '../../api/index.js'
import type { Transaction } from '../../store/index.js'
import { isHeldBy } from '../held-task.js'

/** Takes a finalizer from a task, as it is now; the object goes with its last one, if it was deleted. */
export function letGo(tx: Transaction, finalizer: string, { metadata }: Task): void {
  const now = tx.get(Task, metadata)
  if (now === undefined || !isHeldBy(finalizer, now)) return
  const finalizers = now.metadata.finalizers.filter(name => name !== finalizer)
  tx.update(Task, { ...now, metadata: { ...now.metadata, finalizers } })
}
