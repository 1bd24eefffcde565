import type { HealthMachine, HealthState, ProbeOutcome, ProbeTimings, ProbeUse } from '../../core/internal.js'
import { createProbeMachine } from '../../core/internal.js'

/** The probes of one task; each may be missing. */
export interface TaskProbes {
  /** Until its first success the other two are not run. */
  readonly startup?: ProbeTimings
  readonly liveness?: ProbeTimings
  readonly readiness?: ProbeTimings
}

/** What is remembered of one task's probes; plain data. */
export interface TaskHealthState {
  readonly probes: Readonly<Partial<Record<ProbeUse, HealthState>>>
  /** The startup probe has succeeded, or there is none. */
  readonly started: boolean
  /** The task is being stopped. */
  readonly stopping: boolean
}

/** What follows from the probes of a task. */
export interface TaskHealthVerdict {
  readonly started: boolean
  /** May get traffic: started, and its readiness probe says so or is missing. */
  readonly ready: boolean
  /** Which probe asks for the task to be ended, if one does. */
  readonly restart?: 'liveness' | 'startup'
}

/** A pure reducer over the results of several probes of one task. */
export interface TaskHealth {
  initial(nowMs: number): TaskHealthState
  /** Which probes are to be run, and when next. */
  due(state: TaskHealthState): readonly { readonly use: ProbeUse; readonly atMs: number }[]
  /** Takes in a result; one of a probe that is not to be run changes nothing. */
  step(
    state: TaskHealthState,
    observed: { readonly use: ProbeUse; readonly atMs: number; readonly result: ProbeOutcome },
  ): TaskHealthState
  /** The task is about to be stopped: nothing may restart it any more, and readiness is still looked at. */
  stop(state: TaskHealthState): TaskHealthState
  verdict(state: TaskHealthState): TaskHealthVerdict
}

const USES: readonly ProbeUse[] = ['startup', 'liveness', 'readiness']

/**
 * Judges a task by up to three probes as Kubernetes' kubelet does: startup says whether the others may judge, liveness
 * whether to restart, readiness whether to route. Source: kubernetes pkg/kubelet/prober.
 *
 * @throws InvalidError for a threshold or time out of bounds
 */
export function createTaskHealth(probes: TaskProbes): TaskHealth {
  const machines = new Map<ProbeUse, HealthMachine>()
  for (const use of USES) {
    const timings = probes[use]
    if (timings !== undefined) machines.set(use, createProbeMachine(timings, use))
  }
  const isRun = (use: ProbeUse, { started, stopping }: TaskHealthState): boolean => {
    if (use === 'startup') return !started && !stopping
    return started && (use === 'readiness' || !stopping)
  }
  return {
    initial: nowMs => ({
      probes: Object.fromEntries([...machines].map(([use, machine]) => [use, machine.initial(nowMs)])),
      started: !machines.has('startup'),
      stopping: false,
    }),
    due: state =>
      [...machines].flatMap(([use, machine]) => {
        const own = state.probes[use]
        return own === undefined || !isRun(use, state) ? [] : [{ use, atMs: machine.nextProbeAtMs(own) }]
      }),
    step: (state, { use, atMs, result }) => {
      const machine = machines.get(use)
      const own = state.probes[use]
      if (machine === undefined || own === undefined || !isRun(use, state)) return state
      const next = machine.step(own, { atMs, result })
      const started = state.started || (use === 'startup' && machine.status(next) === 'healthy')
      return { ...state, started, probes: { ...state.probes, [use]: next } }
    },
    stop: state => ({ ...state, stopping: true }),
    verdict: state => {
      const { started, stopping } = state
      const says = (use: ProbeUse, status: string): boolean => {
        const own = state.probes[use]
        return own !== undefined && machines.get(use)?.status(own) === status
      }
      const asks = stopping
        ? undefined
        : says('startup', 'unhealthy')
          ? ('startup' as const)
          : says('liveness', 'unhealthy')
            ? ('liveness' as const)
            : undefined
      const ready = started && (!machines.has('readiness') || says('readiness', 'healthy'))
      return { started, ready, ...(asks === undefined ? {} : { restart: asks }) }
    },
  }
}
