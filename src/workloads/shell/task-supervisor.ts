import type { ProbeResult, Task, TaskExit, TaskRuntime } from '../../api/index.js'
import type { Cancel, Env } from '../../core/index.js'
import type { ObjectRef } from '../../store/index.js'
import type { ProbeMachineFactory, ProbeVerdict } from '../probe-machine.js'
import type { EndCause, LocalTask } from '../task-lifecycle.js'
import { startTaskProber } from './task-prober.js'

/** What a supervisor works with. */
export interface TaskSupervisorOptions {
  readonly env: Env
  readonly runtime: TaskRuntime
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
  /** Undefined without a readiness probe. */
  readonly readiness: ProbeVerdict | undefined
}

/** Holds the processes of one node. Every call returns at once; `changed` tells when something came of it. */
export interface TaskSupervisor {
  get(uid: string): SupervisedTask | undefined
  /** Processes under that name; more than one only while an old namesake still stops. */
  at(ref: ObjectRef): readonly SupervisedTask[]
  start(task: Task): void
  stop(uid: string): void
  forget(uid: string): void
  close(): void
}

interface Entry {
  readonly uid: string
  readonly ref: ObjectRef
  readonly task: Task
  readonly probers: Cancel[]
  local: LocalTask
  readiness: ProbeVerdict | undefined
  /** Why the node itself ends it, if it does. */
  cause: EndCause | undefined
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

  constructor(options: TaskSupervisorOptions) {
    this.#options = options
    this.#cancelExits = options.runtime.exits(exit => this.#ended(exit))
  }

  get(uid: string): SupervisedTask | undefined {
    return this.#entries.get(uid)
  }

  at(ref: ObjectRef): readonly SupervisedTask[] {
    return [...(this.#named.get(nameOf(ref)) ?? [])]
  }

  start(task: Task): void {
    const { uid, namespace, name } = task.metadata
    if (this.#entries.has(uid)) return
    const ref = namespace === undefined ? { name } : { namespace, name }
    const entry: Entry = {
      uid,
      ref,
      task,
      probers: [],
      local: { kind: 'starting' },
      readiness: undefined,
      cause: undefined,
    }
    this.#entries.set(uid, entry)
    const namesakes = this.#named.get(nameOf(ref)) ?? new Set()
    this.#named.set(nameOf(ref), namesakes.add(entry))
    void this.#launch(entry)
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

  async #launch(entry: Entry): Promise<void> {
    const { runtime, env, changed } = this.#options
    try {
      const running = await runtime.start(entry.task)
      if (entry.local.kind !== 'starting') return
      entry.local = { kind: 'running', running, startedAtMs: env.clock.now() }
      this.#watchHealth(entry)
      changed(entry.ref)
    } catch (error) {
      this.#ended({ uid: entry.uid, message: `could not be started: ${messageOf(error)}` })
    }
  }

  #watchHealth(entry: Entry): void {
    if (entry.task.spec.readinessProbe !== undefined)
      entry.readiness = { status: 'unknown', message: 'Not probed yet' }
    this.#probe(entry, 'readiness', verdict => {
      entry.readiness = verdict
      this.#options.changed(entry.ref)
    })
    this.#probe(entry, 'liveness', verdict => {
      if (verdict.status !== 'unhealthy' || entry.local.kind !== 'running') return
      const message = `liveness probe failed: ${verdict.message}`
      entry.cause = { reason: 'LivenessProbeFailed', message }
      this.#halt(entry)
    })
  }

  #probe(entry: Entry, use: 'readiness' | 'liveness', changed: (verdict: ProbeVerdict) => void): void {
    const { env, runtime, health } = this.#options
    const spec = entry.task.spec[`${use}Probe`]
    if (spec === undefined) return
    const probe = (): Promise<ProbeResult> => runtime.probe(entry.uid, spec)
    entry.probers.push(startTaskProber({ env, machine: health(spec, use), probe, changed }))
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
      await drain?.(entry.task)
    } catch (error) {
      env.logger.warn({ err: error, task: entry.ref }, 'the drain of a task failed; it is stopped anyway')
    }
    const graceSeconds = entry.task.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
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
