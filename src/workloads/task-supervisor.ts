import type { ProbeResult, Task, TaskExit, TaskRuntime } from '../api/index.js'
import type { Cancel, Env } from '../core/index.js'
import type { ObjectRef } from '../store/index.js'
import type { LocalTask } from './task-lifecycle.js'
import { type ProbeMachineFactory, type ProbeVerdict, startTaskProber } from './task-prober.js'

/** What a supervisor works with. */
export interface TaskSupervisorOptions {
  readonly env: Env
  readonly runtime: TaskRuntime
  readonly health: ProbeMachineFactory
  /** Waited for before a process is asked to stop. A rejection is logged and the stop goes on. */
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
}

const DEFAULT_GRACE_SECONDS = 30

/** Starts, probes and stops processes through a runtime, and remembers what became of them. */
export function createTaskSupervisor(options: TaskSupervisorOptions): TaskSupervisor {
  const { env, runtime, changed } = options
  const entries = new Map<string, Entry>()

  const ended = (uid: string, exit: TaskExit): void => {
    const entry = entries.get(uid)
    if (entry === undefined || entry.local.kind === 'exited') return
    for (const cancel of entry.probers.splice(0)) cancel()
    const started = entry.local.kind === 'running' ? { startedAtMs: entry.local.startedAtMs } : {}
    entry.local = { kind: 'exited', exit, ...started }
    changed(entry.ref)
  }
  const cancelExits = runtime.exits(exit => ended(exit.uid, exit))

  const launch = async (entry: Entry): Promise<void> => {
    try {
      const running = await runtime.start(entry.task)
      if (entry.local.kind !== 'starting') return
      entry.local = { kind: 'running', running, startedAtMs: env.clock.now() }
      watchHealth(entry)
      changed(entry.ref)
    } catch (error) {
      ended(entry.uid, { uid: entry.uid, message: `could not be started: ${messageOf(error)}` })
    }
  }

  const probe = (entry: Entry, use: 'readiness' | 'liveness', changedTo: (verdict: ProbeVerdict) => void): void => {
    const spec = entry.task.spec[`${use}Probe`]
    if (spec === undefined) return
    const machine = options.health(spec, use)
    const run = (): Promise<ProbeResult> => runtime.probe(entry.uid, spec)
    entry.probers.push(startTaskProber({ env, machine, probe: run, changed: changedTo }))
  }

  const watchHealth = (entry: Entry): void => {
    if (entry.task.spec.readinessProbe !== undefined) entry.readiness = { status: 'unknown', message: 'Not probed yet' }
    probe(entry, 'readiness', verdict => {
      entry.readiness = verdict
      changed(entry.ref)
    })
    probe(entry, 'liveness', verdict => {
      if (verdict.status === 'unhealthy') halt(entry)
    })
  }

  const halt = (entry: Entry): void => {
    if (entry.local.kind !== 'running') return
    const { startedAtMs } = entry.local
    entry.local = { kind: 'stopping' }
    for (const cancel of entry.probers.splice(0)) cancel()
    void drainAndStop(entry).then(
      exit => {
        entry.local = { kind: 'exited', exit, startedAtMs }
        changed(entry.ref)
      },
      (error: unknown) => ended(entry.uid, { uid: entry.uid, message: `stop failed: ${messageOf(error)}` }),
    )
  }

  const drainAndStop = async (entry: Entry): Promise<TaskExit> => {
    try {
      await options.drain?.(entry.task)
    } catch (error) {
      env.logger.warn({ error, task: entry.ref }, 'drain failed; stopping anyway')
    }
    const graceSeconds = entry.task.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
    return runtime.stop(entry.uid, graceSeconds * 1000)
  }

  return {
    get: uid => entries.get(uid),
    at: ref => [...entries.values()].filter(e => e.ref.name === ref.name && e.ref.namespace === ref.namespace),
    start(task) {
      const { uid, namespace, name } = task.metadata
      if (entries.has(uid)) return
      const ref = namespace === undefined ? { name } : { namespace, name }
      const entry: Entry = { uid, ref, task, probers: [], local: { kind: 'starting' }, readiness: undefined }
      entries.set(uid, entry)
      void launch(entry)
    },
    stop(uid) {
      const entry = entries.get(uid)
      if (entry !== undefined) halt(entry)
    },
    forget: uid => void entries.delete(uid),
    close() {
      cancelExits()
      for (const entry of entries.values()) for (const cancel of entry.probers.splice(0)) cancel()
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
