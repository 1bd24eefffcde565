import type { TaskRuntime, TaskStatus } from '../../api/index.js'
import { Event, Task } from '../../api/index.js'
import { InvalidError, isKeelsonError } from '../../core/index.js'
import { assertKnown, createProbeMachine, knownOptions } from '../../core/internal.js'
import type { Controller, EventDestination, ReconcileContext } from '../../reconcile/index.js'
import { createController } from '../../reconcile/index.js'
import type { Client, ObjectRef } from '../../store/index.js'
import { NODE_AGENT_FINALIZER } from '../node-agent-names.js'
import type { ProbeMachineFactory } from '../probe-machine.js'
import { taskEvent } from '../task-event.js'
import type { TaskStep } from '../task-lifecycle.js'
import { nextTaskStep } from '../task-lifecycle.js'
import { endedStatus, runningStatus } from '../task-status.js'
import type { SupervisedTask, TaskSupervisor } from './task-supervisor.js'
import { createTaskSupervisor } from './task-supervisor.js'

/** What a node agent works with. */
export interface NodeAgentOptions {
  readonly nodeName: string
  readonly runtime: TaskRuntime
  /** Makes the health machine of a probe. Default: as Kubernetes judges, `createProbeMachine` of `keelson/discovery`. */
  readonly health?: ProbeMachineFactory
  /**
   * Waited for between the decision to stop a task and the signal to its process, so that traffic can move
   * away first. A rejection is logged and the task is stopped anyway.
   */
  readonly drain?: (task: Task) => Promise<void>
  /** Tasks worked on at once. Default 16. */
  readonly concurrency?: number
  /** Where it tells what became of tasks. Default: `Event`, if the store knows that kind. */
  readonly events?: EventDestination
}

const NODE_AGENT_OPTIONS = /* @__PURE__ */ knownOptions<NodeAgentOptions>('createNodeAgentController', {
  nodeName: true,
  runtime: true,
  health: true,
  drain: true,
  concurrency: true,
  events: true,
})

/**
 * Runs the tasks that are bound to one node, reports what becomes of them, and stops them when they are deleted.
 *
 * Guarantees: a task's object is held by a finalizer before its process starts and released after it ended, so no
 * process outlives its object unnoticed; a task is started once and never restarted; every wait is in the
 * background, so that one slow task does not hold up another. An agent that starts again takes over what the runtime's
 * `list()` names, stops what has no object any more, and does nothing before it knows; without `list()`, tasks that ran
 * are reported as failed.
 */
export function createNodeAgentController(options: NodeAgentOptions): Controller {
  assertKnown(options, NODE_AGENT_OPTIONS)
  const { nodeName, runtime, health = createProbeMachine, drain, concurrency = 16 } = options
  if (typeof nodeName !== 'string' || nodeName === '')
    throw new InvalidError('node agent', [
      { field: 'nodeName', value: nodeName, message: 'must name a node' },
    ])
  if (typeof runtime?.start !== 'function') {
    const message = 'must be a TaskRuntime, for example createChildProcessRuntime of keelson/workloads/node'
    throw new InvalidError('node agent', [{ field: 'runtime', value: runtime, message }])
  }
  let supervisor: TaskSupervisor | undefined
  const controller = createController({
    name: `node-agent-${nodeName}`,
    for: Task,
    concurrency,
    events: options.events ?? { whenKnown: Event },
    async reconcile(ref, object, ctx) {
      if (supervisor === undefined) return
      const recovering = supervisor.recover()
      if (recovering !== undefined) await recovering
      const task = object?.spec.nodeName === nodeName ? object : undefined
      for (const other of supervisor.at(ref)) {
        if (other.uid !== task?.metadata.uid)
          stopOrForget(supervisor, nextTaskStep(undefined, other.local), other.uid)
      }
      if (task === undefined) return
      supervisor.attach(task)
      const supervised = supervisor.get(task.metadata.uid)
      const step = nextTaskStep(task, supervised?.local)
      await takeStep(step, { ctx, supervisor, task, supervised, nowMs: ctx.env.clock.now() })
    },
    started({ env }) {
      const changed = (ref: ObjectRef): void => controller.enqueue(ref, 'process')
      supervisor = createTaskSupervisor({ env, runtime, nodeName, health, drain, changed })
      supervisor.recover()?.catch((error: unknown) => {
        env.logger.warn(
          { err: error },
          'it is not known what runs on the node; asked again with the next task',
        )
      })
    },
    stopped() {
      supervisor?.close()
      supervisor = undefined
    },
  })
  return controller
}

const LOST = 'The process died with its node agent'

/** A step about a process that has no object here any more. */
function stopOrForget(supervisor: TaskSupervisor, step: TaskStep, uid: string): void {
  if (step.kind === 'stop') supervisor.stop(uid)
  if (step.kind === 'forget') supervisor.forget(uid)
}

interface StepContext {
  readonly ctx: ReconcileContext
  readonly supervisor: TaskSupervisor
  readonly task: Task
  readonly supervised: SupervisedTask | undefined
  readonly nowMs: number
}

async function takeStep(step: TaskStep, context: StepContext): Promise<void> {
  const { ctx, supervisor, task, supervised, nowMs } = context
  const { client } = ctx
  const write = async (status: TaskStatus): Promise<void> => {
    const { metadata } = await client.updateStatus(Task, { ...task, status })
    if (metadata.resourceVersion === task.metadata.resourceVersion) return
    const event = taskEvent(task.status, status)
    if (event !== undefined) ctx.record(event)
  }
  switch (step.kind) {
    case 'none':
      return
    case 'start':
      await hold(client, task)
      supervisor.start(task)
      return
    case 'stop':
      supervisor.stop(task.metadata.uid)
      ctx.record({ reason: 'Stopping', note: `asked to stop on node ${task.spec.nodeName}` })
      return
    case 'report-running':
      await write(
        runningStatus(task, step.running, supervised?.readiness, { startedAtMs: step.startedAtMs, nowMs }),
      )
      return
    case 'report-exit':
      await write(endedStatus(task, step, nowMs))
      return
    case 'report-lost':
      await write(endedStatus(task, { exit: { uid: task.metadata.uid, message: LOST } }, nowMs))
      return
    case 'release':
      await release(client, task)
      supervisor.forget(task.metadata.uid)
      return
    case 'forget':
      supervisor.forget(task.metadata.uid)
  }
}

/** Adds the finalizer; refuses, by conflict, when the task changed meanwhile. */
async function hold(client: Client, task: Task): Promise<void> {
  const { finalizers } = task.metadata
  if (finalizers.includes(NODE_AGENT_FINALIZER)) return
  const metadata = { ...task.metadata, finalizers: [...finalizers, NODE_AGENT_FINALIZER] }
  await client.update(Task, { ...task, metadata })
}

/** Removes the finalizer; the node lifecycle may have done so already. */
async function release(client: Client, task: Task): Promise<void> {
  try {
    await client.modify(Task, task.metadata, draft => {
      draft.metadata.finalizers = draft.metadata.finalizers.filter(name => name !== NODE_AGENT_FINALIZER)
    })
  } catch (error) {
    if (!isKeelsonError(error, 'NotFound')) throw error
  }
}
