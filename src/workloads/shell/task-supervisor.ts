import type { ListedTask, Probe, ProbeResult, Task, TaskExit, TaskRuntime } from '../../api/index.js'
import { isConditionTrue } from '../../api/index.js'
import type { Cancel, Env } from '../../core/index.js'
import type { ObjectRef } from '../../store/index.js'
import type { ProbeMachineFactory, ProbeVerdict } from '../probe-machine.js'
import type { EndCause, LocalTask } from '../task-lifecycle.js'
import { startTaskProber } from './task-prober.js'

/** What a supervisor works with. */
export interface TaskSupervisorOptions {
  readonly env: Env
  readonly runtime: TaskRuntime
  /** What the runtime lists of other nodes is not its own. */
  readonly nodeName: string
  readonly health: ProbeMachineFactory
  /** Waited for before a process is asked to stop. A rejection is logged and the task is stopped anyway. */
  readonly drain?: ((task: Task) => Promise<void>) | undefined
  /** Called whenever what is known of a task has changed. */
  changed(ref: ObjectRef): void
}

/** A process, as the supervisor sees it. */
export interface SupervisedTask {
  readonly uid: string
  readonly ref: ObjectRef
  readonly local: LocalTask
  /** Undefined when it is ready as soon as it runs. */
  readonly readiness: ProbeVerdict | undefined
}

/** Holds the processes of one node. Every call returns at once; `changed` tells when something came of it. */
export interface TaskSupervisor {
  get(uid: string): SupervisedTask | undefined
  /** Processes under that name; more than one only while an old namesake still stops. */
  at(ref: ObjectRef): readonly SupervisedTask[]
  /** Resolves when it is known what runs since before; undefined when that is known. Rejects as the runtime does. */
  recover(): Promise<void> | undefined
  start(task: Task): void
  /** Tells which object belongs to a process that was taken over: its probes begin. */
  attach(task: Task): void
  stop(uid: string): void
  forget(uid: string): void
  close(): void
}

interface Entry {
  readonly uid: string
  readonly ref: ObjectRef
  /** Undefined while the object of a process that was taken over was not seen. */
  task: Task | undefined
  readonly probers: Cancel[]
  local: LocalTask
  readiness: ProbeVerdict | undefined
  /** Why the node itself ends it, if it does. */
  cause: EndCause | undefined
  /** It was asked to stop before it was taken over. */
  wasStopping: boolean
}

/** One probe to be run again and again. */
interface ProbeOrder {
  readonly use: 'readiness' | 'liveness' | 'startup'
  readonly probe: Probe | undefined
  readonly told?: ProbeVerdict['status'] | undefined
}

const DEFAULT_GRACE_SECONDS = 30

/** Starts, probes and stops processes through a runtime, and remembers what became of them. */
export function createTaskSupervisor(options: TaskSupervisorOptions): TaskSupervisor {
  return new ProcessTable(options)
}

class ProcessTable implements TaskSupervisor {
  readonly #options: TaskSupervisorOptions
  readonly #entries = new Map<string, Entry>()
  /** Entries by namespace and name, for `at`. */
  readonly #named = new Map<string, Set<Entry>>()
  readonly #cancelExits: Cancel
  /** Ends that were told while it was asked what runs; undefined when that is known. */
  #meanwhile: TaskExit[] | undefined
  #recovering: Promise<void> | undefined

  constructor(options: TaskSupervisorOptions) {
    this.#options = options
    if (options.runtime.list !== undefined) this.#meanwhile = []
    this.#cancelExits = options.runtime.exits(exit => {
      this.#meanwhile?.push(exit)
      this.#ended(exit)
    })
  }

  get(uid: string): SupervisedTask | undefined {
    return this.#entries.get(uid)
  }

  at(ref: ObjectRef): readonly SupervisedTask[] {
    return [...(this.#named.get(nameOf(ref)) ?? [])]
  }

  recover(): Promise<void> | undefined {
    if (this.#meanwhile === undefined) return undefined
    this.#recovering ??= this.#takeOver().finally(() => {
      this.#recovering = undefined
    })
    return this.#recovering
  }

  start(task: Task): void {
    const { uid, namespace, name } = task.metadata
    if (this.#entries.has(uid)) return
    const ref = namespace === undefined ? { name } : { namespace, name }
    void this.#launch(this.#add({ uid, ref, task, local: { kind: 'starting' } }), task)
  }

  attach(task: Task): void {
    const entry = this.#entries.get(task.metadata.uid)
    if (entry === undefined || entry.task !== undefined) return
    entry.task = task
    if (entry.local.kind === 'running') this.#watchHealth(entry, task)
  }

  stop(uid: string): void {
    const entry = this.#entries.get(uid)
    if (entry !== undefined) this.#halt(entry)
  }

  forget(uid: string): void {
    const entry = this.#entries.get(uid)
    if (entry === undefined) return
    this.#entries.delete(uid)
    const namesakes = this.#named.get(nameOf(entry.ref))
    namesakes?.delete(entry)
    if (namesakes?.size === 0) this.#named.delete(nameOf(entry.ref))
  }

  close(): void {
    this.#cancelExits()
    for (const entry of this.#entries.values()) stopProbing(entry)
  }

  #add(known: Pick<Entry, 'uid' | 'ref' | 'task' | 'local'>): Entry {
    const entry: Entry = { ...known, probers: [], readiness: undefined, cause: undefined, wasStopping: false }
    this.#entries.set(entry.uid, entry)
    const namesakes = this.#named.get(nameOf(entry.ref)) ?? new Set()
    this.#named.set(nameOf(entry.ref), namesakes.add(entry))
    return entry
  }

  async #takeOver(): Promise<void> {
    const listed = await (this.#options.runtime.list?.() ?? [])
    const ended = this.#meanwhile ?? []
    this.#meanwhile = undefined
    for (const one of listed) this.#take(one)
    for (const exit of ended) this.#ended(exit)
  }

  #take({ uid, namespace, name, nodeName, running, startedAtMs, isStopping, exit }: ListedTask): void {
    if (this.#entries.has(uid) || (nodeName ?? this.#options.nodeName) !== this.#options.nodeName) return
    const ref = namespace === undefined ? { name } : { namespace, name }
    const entry = this.#add({ uid, ref, task: undefined, local: { kind: 'running', running, startedAtMs } })
    entry.wasStopping = isStopping === true
    if (exit === undefined) this.#options.changed(ref)
    else this.#ended(exit)
  }

  async #launch(entry: Entry, task: Task): Promise<void> {
    const { runtime, env, changed } = this.#options
    try {
      const running = await runtime.start(task)
      if (entry.local.kind !== 'starting') return
      entry.local = { kind: 'running', running, startedAtMs: env.clock.now() }
      this.#watchHealth(entry, task)
      changed(entry.ref)
    } catch (error) {
      this.#ended({ uid: entry.uid, message: `could not be started: ${messageOf(error)}` })
    }
  }

  /** What was ready before it was taken over stays so until a probe says otherwise. */
  #watchHealth(entry: Entry, { spec, status }: Task): void {
    const { startupProbe, readinessProbe } = spec
    const wasReady = isConditionTrue(status?.conditions, 'Ready')
    if (wasReady && readinessProbe !== undefined)
      entry.readiness = { status: 'healthy', message: 'As before its node agent started again' }
    else if (startupProbe !== undefined && !wasReady)
      entry.readiness = { status: 'unknown', message: 'Not started yet' }
    else if (readinessProbe !== undefined) entry.readiness = { status: 'unknown', message: 'Not probed yet' }
    if (startupProbe === undefined || wasReady) return this.#watchStarted(entry, spec)
    this.#probe(entry, { use: 'startup', probe: startupProbe }, verdict => {
      if (verdict.status === 'unhealthy')
        return this.#fail(entry, {
          reason: 'StartupProbeFailed',
          message: `startup probe failed: ${verdict.message}`,
        })
      stopProbing(entry)
      entry.readiness =
        readinessProbe === undefined ? undefined : { status: 'unknown', message: 'Not probed yet' }
      this.#watchStarted(entry, spec)
      this.#options.changed(entry.ref)
    })
  }

  #watchStarted(entry: Entry, { readinessProbe, livenessProbe }: Task['spec']): void {
    this.#probe(
      entry,
      { use: 'readiness', probe: readinessProbe, told: entry.readiness?.status },
      verdict => {
        entry.readiness = verdict
        this.#options.changed(entry.ref)
      },
    )
    this.#probe(entry, { use: 'liveness', probe: livenessProbe }, ({ status, message }) => {
      if (status !== 'unhealthy') return
      this.#fail(entry, { reason: 'LivenessProbeFailed', message: `liveness probe failed: ${message}` })
    })
  }

  #fail(entry: Entry, cause: EndCause): void {
    if (entry.local.kind !== 'running') return
    entry.cause = cause
    this.#halt(entry)
  }

  #probe(entry: Entry, { use, probe, told }: ProbeOrder, changed: (verdict: ProbeVerdict) => void): void {
    const { env, runtime, health } = this.#options
    if (probe === undefined) return
    const options = {
      env,
      machine: health(probe, use),
      probe: (): Promise<ProbeResult> => runtime.probe(entry.uid, probe),
      changed,
      ...(told === 'healthy' ? { told } : {}),
    }
    entry.probers.push(startTaskProber(options))
  }

  #halt(entry: Entry): void {
    if (entry.local.kind !== 'running') return
    const { startedAtMs } = entry.local
    entry.local = { kind: 'stopping', startedAtMs }
    stopProbing(entry)
    void this.#drainAndStop(entry).then(
      exit => this.#ended(exit),
      (error: unknown) => this.#ended({ uid: entry.uid, message: `stop failed: ${messageOf(error)}` }),
    )
  }

  async #drainAndStop(entry: Entry): Promise<TaskExit> {
    const { drain, env, runtime } = this.#options
    try {
      if (entry.task !== undefined) await drain?.(entry.task)
    } catch (error) {
      env.logger.warn({ err: error, task: entry.ref }, 'the drain of a task failed; it is stopped anyway')
    }
    const graceSeconds = entry.task?.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
    return runtime.stop(entry.uid, graceSeconds * 1000)
  }

  #ended(exit: TaskExit): void {
    const entry = this.#entries.get(exit.uid)
    if (entry === undefined || entry.local.kind === 'exited') return
    stopProbing(entry)
    const { local, cause } = entry
    entry.local = {
      kind: 'exited',
      exit,
      ...(local.kind === 'starting' ? {} : { startedAtMs: local.startedAtMs }),
      ...(cause === undefined ? {} : { cause }),
      ...((local.kind === 'stopping' || entry.wasStopping) && cause === undefined ? { isStopped: true } : {}),
    }
    this.#options.changed(entry.ref)
  }
}

function stopProbing(entry: Entry): void {
  for (const cancel of entry.probers.splice(0)) cancel()
}

function nameOf(ref: ObjectRef): string {
  return `${ref.namespace ?? ''}/${ref.name}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
