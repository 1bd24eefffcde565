import type { PoolCore } from './pool-core.js'
import { isFinalState } from './task-state.js'
import type { TaskRecord, TaskReport } from './task-table.js'

/** Grace of a task that names none, in ms. */
const GRACE_MS_DEFAULT = 5_000

/**
 * Starts a task that has its resources. One whose driver rejects, or does not answer in time, is dropped; should it
 * start all the same, it is stopped. A kill that comes while it is being started waits for that. Until the driver has
 * answered, the id stays taken, so that a late start is never taken for that of a later task.
 */
export function launchTask(
  core: PoolCore,
  of: Pick<TaskRecord, 'framework' | 'role' | 'agent' | 'spec' | 'take'>,
): void {
  const task = core.tasks.add(of)
  const { launchTimeoutMs } = core.limits
  task.isStarting = true
  const callOff = core.deadlines.at(core.now() + launchTimeoutMs, () =>
    drop(core, task, {
      reason: 'launchTimeout',
      message: `the driver did not answer within ${launchTimeoutMs} ms`,
    }),
  )
  startOf(core, of).then(
    () => {
      callOff()
      const graceMs = task.killWithMs ?? (isFinalState(task.state) ? graceMsOf(task) : undefined)
      if (graceMs === undefined) core.tasks.started(task)
      else void stop(core, task, graceMs).then(() => core.tasks.started(task))
    },
    (error: unknown) => {
      callOff()
      drop(core, task, { reason: 'launchFailed', message: String(error) })
      core.tasks.started(task)
    },
  )
}

/** Rejects also when the driver throws. */
function startOf(
  core: PoolCore,
  { agent, spec, take, framework }: Pick<TaskRecord, 'agent' | 'spec' | 'take' | 'framework'>,
): Promise<void> {
  try {
    return Promise.resolve(core.options.driver.launch(agent, spec, take, framework))
  } catch (error) {
    return Promise.reject(error)
  }
}

function drop(core: PoolCore, task: TaskRecord, why: Pick<TaskReport, 'reason' | 'message'>): void {
  if (isFinalState(task.state) || task.state === 'unreachable') return
  core.tasks.report(task, { task: task.spec.id, state: 'dropped', ...why })
}

/** Stops a task; a driver that fails is logged, and the task goes on until its end is reported. */
export function killTask(core: PoolCore, task: TaskRecord, graceMs: number = graceMsOf(task)): void {
  if (isFinalState(task.state)) return
  task.killWithMs = graceMs
  if (task.state === 'unreachable') return
  core.tasks.report(task, { task: task.spec.id, state: 'killing' })
  if (!task.isStarting) void stop(core, task, graceMs)
}

/** The grace that the task asks for. */
export function graceMsOf({ spec }: TaskRecord): number {
  return spec.kill?.graceMs ?? GRACE_MS_DEFAULT
}

/** Never rejects. */
async function stop(core: PoolCore, { agent, framework, spec }: TaskRecord, graceMs: number): Promise<void> {
  try {
    await core.options.driver.kill(agent, spec.id, graceMs, framework)
  } catch (error) {
    core.env.logger.warn({ task: spec.id, agent, error: String(error) }, 'kill failed')
  }
}
