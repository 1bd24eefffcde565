import { findCondition, Task } from '../../api/index.js'
import type { ReasonSummary } from '../../core/index.js'
import { formatTime, isKeelsonError, KeelsonError, setCondition } from '../../core/index.js'
import type { ReconcileContext } from '../../reconcile/index.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { OpenTask } from './bind-tasks.js'
import type { HoldingBack } from './pending-queues.js'
import { gatesOf } from './task-object.js'
import type { TaskQueue } from './task-queue.js'
import type { WaitingTasks } from './waiting-tasks.js'

/** Why a task has no node. */
export interface Refusal {
  readonly reason: 'Unschedulable' | 'InvalidRequest' | 'SchedulerError' | 'SchedulingGated' | 'TooLarge'
  readonly message: string
  /** What keeps it waiting, without how often and where: only that is worth a write. */
  readonly causes: string
  /** What it asks for, if that can be said. */
  readonly request: PlacementRequest | undefined
  /** Set when it waits for something else than room. */
  readonly heldBack?: HoldingBack
}

/** What keeps a task waiting, without how often and where. */
export function causesOf({ reasons }: ReasonSummary): string {
  return JSON.stringify(reasons.map(({ code, message }) => `${code} ${message}`).sort())
}

/**
 * Writes the condition `Scheduled=False`, and an event; not again for causes that were told before. Returns
 * whether they are others than were told of that state of the task before.
 */
export async function reportRefusal(
  { ref, key, task, version }: OpenTask,
  { reason, message, causes }: Refusal,
  ctx: ReconcileContext,
  waiting: WaitingTasks,
): Promise<boolean> {
  const known = task.status?.conditions
  if (waiting.wasTold(key, version, causes) && findCondition(known, 'Scheduled')?.reason === reason)
    return false
  const isNews = waiting.told(key, causes)
  const condition = { type: 'Scheduled', status: 'False', reason, message } as const
  const now = formatTime(ctx.env.clock.now())
  if (known !== undefined && setCondition(known, condition, now) === known) return isNews
  try {
    await ctx.client.modifyStatus(Task, ref, draft => {
      if (draft.metadata.uid !== task.metadata.uid || draft.spec.nodeName !== undefined) return
      draft.status = {
        ...draft.status,
        conditions: [...setCondition(draft.status?.conditions, condition, now)],
      }
    })
  } catch (error) {
    if (isKeelsonError(error, 'NotFound')) return false
    throw error
  }
  if (reason !== 'SchedulingGated')
    ctx.record({ type: 'Warning', reason: 'FailedScheduling', note: message, regarding: task })
  return isNews
}

/** Why a task is not looked at: gates, or too many that wait; undefined when it is. */
export function reasonAside(task: Task, queue: TaskQueue, key: string): Refusal | undefined {
  if (!queue.isMeant(task)) return undefined
  const gates = gatesOf(task)
  if (gates.length > 0) {
    const message = `waits for its scheduling gates: ${gates.join(', ')}`
    return { reason: 'SchedulingGated', message, causes: message, request: undefined }
  }
  if (!queue.isAside(key)) return undefined
  const message = `${queue.waitingMax} tasks wait already (waitingMax); it is looked at when fewer do`
  return { reason: 'TooLarge', message, causes: message, request: undefined }
}

/** What is told of every member of a gang of which too few fit. `first` is why the first of the others does not. */
export function gangRefusal(
  {
    gang,
    need,
    count,
    fit,
  }: { readonly gang: string; readonly need: number; readonly count: number; readonly fit: number },
  first: Refusal | undefined,
): Pick<Refusal, 'causes' | 'message'> {
  const of = `gang ${gang} needs ${need} more tasks placed together`
  if (count < need) return { causes: 'members', message: `${of}, and has ${count}` }
  const message = `${of}, and ${fit} would fit. ${first?.message ?? ''}`
  return { causes: `gang ${first?.causes ?? ''}`, message }
}

export function tooManyRounds(open: readonly OpenTask[], rounds: number): KeelsonError {
  const tasks = open.map(({ key }) => key)
  return new KeelsonError({
    code: 'Conflict',
    message: `${tasks.join(', ')}: placed ${rounds} times on nodes that had just changed; trying again later`,
    details: { kind: 'Task', ...(open[0] as OpenTask).ref, rounds },
  })
}
