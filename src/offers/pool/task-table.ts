import type { Cancel } from '../../core/index.js'
import type { ResourceSet } from '../resources/resource-set.js'
import { volumeIds } from './accept.js'
import type { Deadlines } from './deadlines.js'
import type { LaunchSpec } from './operation.js'
import type { TaskState } from './task-state.js'
import { isFinalState, taskStateAfter, usesResources } from './task-state.js'
import type { TaskUpdate } from './update-stream.js'
import { UpdateStream } from './update-stream.js'

/** A task as its pool knows it. */
export interface TaskRecord {
  readonly framework: string
  readonly role: string
  readonly agent: string
  readonly spec: LaunchSpec
  readonly take: ResourceSet
  /** Names this launch: a task of the same id may have been there before, and may come after. */
  readonly launch: string
  state: TaskState
  readonly stream: UpdateStream
  resend: Cancel | undefined
  /** The driver has not answered the launch yet; until then the id stays taken. */
  isStarting: boolean
  /** Its end is acknowledged. */
  isAcknowledged: boolean
  /** It is to be stopped with this grace, as soon as it has started and its agent answers. */
  killWithMs: number | undefined
}

/** What a table of tasks needs done. */
export interface TaskEffects {
  now(): number
  nextUuid(): string
  /** Tells the framework; answers whether it is there to be told. */
  send(task: TaskRecord, update: TaskUpdate): void
  /** The task no longer uses its resources, or uses them again. */
  resources(task: TaskRecord, change: 'freed' | 'used'): void
  /** The task ended and its framework knows it. */
  forgotten(task: TaskRecord): void
}

/** A report of whoever runs a task. */
export interface TaskReport {
  readonly task: string
  readonly state: TaskState
  readonly reason?: string
  readonly message?: string
  /** Default: made up. A report with the same one counts once. */
  readonly uuid?: string
}

/** Tasks by framework and agent, and their updates on the way. */
export class TaskTable {
  readonly #tasks = new Map<string, Map<string, TaskRecord>>()
  readonly #byAgent = new Map<string, Set<TaskRecord>>()
  readonly #deadlines: Deadlines
  readonly #effects: TaskEffects

  constructor(deadlines: Deadlines, effects: TaskEffects) {
    this.#deadlines = deadlines
    this.#effects = effects
  }

  get(framework: string, id: string): TaskRecord | undefined {
    return this.#tasks.get(framework)?.get(id)
  }

  ofFramework(framework: string): readonly TaskRecord[] {
    return [...(this.#tasks.get(framework)?.values() ?? [])]
  }

  ofAgent(agent: string): readonly TaskRecord[] {
    return [...(this.#byAgent.get(agent) ?? [])]
  }

  /** Whether an id is taken: by a task that has not ended, or whose end is not acknowledged. */
  has(framework: string, id: string): boolean {
    return this.get(framework, id) !== undefined
  }

  countOf(framework: string): number {
    return this.#tasks.get(framework)?.size ?? 0
  }

  isVolumeInUse(agent: string, volume: string): boolean {
    return this.ofAgent(agent).some(
      task => usesResources(task.state) && volumeIds(task.take).includes(volume),
    )
  }

  /** @param launch default: made up */
  add(
    of: Pick<TaskRecord, 'framework' | 'role' | 'agent' | 'spec' | 'take'>,
    launch: string = this.#effects.nextUuid(),
  ): TaskRecord {
    const { framework, role, agent, spec, take } = of
    const task: TaskRecord = {
      framework,
      role,
      agent,
      spec,
      take,
      launch,
      state: 'staging',
      stream: new UpdateStream(),
      resend: undefined,
      isStarting: false,
      isAcknowledged: false,
      killWithMs: undefined,
    }
    const tasks = this.#tasks.get(framework)
    if (tasks === undefined) this.#tasks.set(framework, new Map([[spec.id, task]]))
    else tasks.set(spec.id, task)
    const here = this.#byAgent.get(agent)
    if (here === undefined) this.#byAgent.set(agent, new Set([task]))
    else here.add(task)
    return task
  }

  /** Takes a report in, once: changes the state, frees or uses resources, and sends the update on its way. */
  report(task: TaskRecord, { state: reported, reason, message, uuid }: TaskReport): void {
    if (uuid !== undefined && task.stream.hasSeen(uuid)) return
    const { state, resources } = taskStateAfter(task.state, reported)
    const known =
      isFinalState(task.state) || (state === task.state && reason === undefined && uuid === undefined)
    if (known && state === task.state) return
    task.state = state
    const atMs = this.#effects.now()
    const update: TaskUpdate = {
      task: task.spec.id,
      state,
      agent: task.agent,
      uuid: uuid ?? this.#effects.nextUuid(),
      atMs,
      ...(reason !== undefined && { reason }),
      ...(message !== undefined && { message }),
    }
    if (resources !== 'same') this.#effects.resources(task, resources)
    const step = task.stream.push(update, atMs)
    if (step.kind === 'send') this.#sent(task, step.update)
  }

  acknowledge(task: TaskRecord, uuid: string): void {
    const step = task.stream.acknowledge(uuid, this.#effects.now())
    if (step.kind === 'unexpectedAck') return
    task.resend?.()
    task.resend = undefined
    if (step.kind === 'send') this.#sent(task, step.update)
    if (step.kind !== 'closed') return
    task.isAcknowledged = true
    if (!task.isStarting) this.#forget(task)
  }

  /** The driver has answered the launch, one way or the other. */
  started(task: TaskRecord): void {
    task.isStarting = false
    if (task.isAcknowledged) this.#forget(task)
  }

  /** Acknowledges everything in the name of a framework that is not there any more. */
  acknowledgeAll(task: TaskRecord): void {
    for (const { uuid = '' } of [...task.stream.waiting]) this.acknowledge(task, uuid)
  }

  /** Sends again what is not acknowledged, to a framework that came back. */
  sendAgain(framework: string): void {
    for (const task of this.ofFramework(framework)) {
      const update = task.stream.resend(this.#effects.now(), true)
      if (update !== undefined) this.#sent(task, update)
    }
  }

  #forget(task: TaskRecord): void {
    task.resend?.()
    const tasks = this.#tasks.get(task.framework)
    tasks?.delete(task.spec.id)
    if (tasks?.size === 0) this.#tasks.delete(task.framework)
    const here = this.#byAgent.get(task.agent)
    here?.delete(task)
    if (here?.size === 0) this.#byAgent.delete(task.agent)
    this.#effects.forgotten(task)
  }

  #sent(task: TaskRecord, update: TaskUpdate): void {
    this.#effects.send(task, update)
    const { resendAtMs } = task.stream
    task.resend?.()
    if (resendAtMs === undefined) return
    task.resend = this.#deadlines.at(resendAtMs, () => {
      const again = task.stream.resend(this.#effects.now())
      if (again !== undefined) this.#sent(task, again)
    })
  }
}
