import { isConditionTrue, isTaskFinished, Task } from '../../../src/api/index.js'
import { formatTime, parseTime } from '../../../src/core/index.js'
import type { Controller } from '../../../src/reconcile/index.js'
import { createController, requeueAfter, setCondition, withFinalizers } from '../../../src/reconcile/index.js'

/** What the machines of a {@link kubelet} run, and how. */
export interface KubeletOptions {
  /** Default: every task, even one without a node. */
  readonly runs?: (task: Task) => boolean
  /** From the deletion of a task to its end. Default 1,000 ms. */
  readonly stopMs?: number
  /** Tasks that end as soon as they run. Default: none. */
  readonly fails?: (task: Task) => boolean
  /** Tasks that end well as soon as they run. Default: none. */
  readonly succeeds?: (task: Task) => boolean
}

/** Plays the nodes of a cluster: tasks run, are ready a moment later, and take a moment to stop. */
export function kubelet({
  runs = () => true,
  stopMs = 1_000,
  fails = () => false,
  succeeds = () => false,
}: KubeletOptions = {}): Controller {
  const cleanup = ({ metadata }: Task, { env }: { env: { clock: { now(): number } } }) => {
    const leftMs = parseTime(metadata.deletionTimestamp ?? '') + stopMs - env.clock.now()
    return leftMs > 0 ? requeueAfter(leftMs) : undefined
  }
  const tend = withFinalizers(Task, [{ name: 'example.com/kubelet', cleanup }], async (ref, task, ctx) => {
    if (task === undefined || isTaskFinished(task) || isConditionTrue(task.status?.conditions, 'Ready'))
      return
    const runsAlready = task.status?.phase === 'Running'
    const failed = runsAlready && fails(task)
    const ends = failed || (runsAlready && succeeds(task))
    await ctx.client.modifyStatus(Task, ref, draft => {
      const time = formatTime(ctx.env.clock.now())
      const ready = { type: 'Ready', status: runsAlready && !ends ? 'True' : 'False' } as const
      const said = { ...ready, reason: 'Running', message: 'as the kubelet sees it' }
      draft.status = {
        ...draft.status,
        phase: failed ? 'Failed' : ends ? 'Succeeded' : 'Running',
        ...(ends ? { finishTime: time } : { startTime: time }),
        address: '10.1.0.1',
        conditions: [...setCondition(draft.status?.conditions, said, time)],
      }
    })
  })
  return createController({
    name: 'kubelet',
    for: Task,
    reconcile: (ref, task, ctx) =>
      task !== undefined && task.metadata.deletionTimestamp === undefined && !runs(task)
        ? undefined
        : tend(ref, task, ctx),
  })
}
