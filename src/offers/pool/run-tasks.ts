import type { PoolCore } from './pool-core.js'
import type { TaskRecord } from './task-table.js'

/** Starts a task that has its resources. One whose driver rejects, or does not answer in time, is dropped. */
export function launchTask(
  core: PoolCore,
  of: Pick<TaskRecord, 'framework' | 'role' | 'agent' | 'spec' | 'take'>,
): void {
  const task = core.tasks.add(of)
  const { launchTimeoutMs } = core.limits
  let answered = false
  const drop = (reason: string, message: string): void => {
    if (answered) return
    answered = true
    callOff()
    if (task.state === 'staging')
      core.tasks.report(task, { task: task.spec.id, state: 'dropped', reason, message })
  }
  const callOff = core.deadlines.at(core.now() + launchTimeoutMs, () =>
    drop('launchTimeout', `the driver did not answer within ${launchTimeoutMs} ms`),
  )
  const start = async (): Promise<void> =>
    core.options.driver.launch(of.agent, of.spec, of.take, of.framework)
  start().then(
    () => {
      answered = true
      callOff()
    },
    (error: unknown) => drop('launchFailed', String(error)),
  )
}

/** Stops a task; a driver that fails is logged, and the task goes on until its end is reported. */
export function killTask(
  core: PoolCore,
  task: TaskRecord,
  graceMs: number = task.spec.kill?.graceMs ?? 5_000,
): void {
  if (task.state === 'unreachable') {
    task.killWhenBackMs = graceMs
    return
  }
  core.tasks.report(task, { task: task.spec.id, state: 'killing' })
  const stop = async (): Promise<void> => core.options.driver.kill(task.agent, task.spec.id, graceMs)
  stop().catch((error: unknown) => {
    core.env.logger.warn({ task: task.spec.id, agent: task.agent, error: String(error) }, 'kill failed')
  })
}
