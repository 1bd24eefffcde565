import type { HealthMachine, HealthMachineOptions } from '../health-machine.js'
import { createHealthMachine } from '../health-machine.js'

/** The timing fields of a Kubernetes probe. */
export interface ProbeTimings {
  /** Default 0. */
  readonly initialDelaySeconds?: number
  /** Default 10. */
  readonly periodSeconds?: number
  /** Default 1. */
  readonly successThreshold?: number
  /** Default 3. */
  readonly failureThreshold?: number
}

/** What the verdict is used for: routing, restarting, or letting the other two begin. */
export type ProbeUse = 'readiness' | 'liveness' | 'startup'

const initials = { readiness: 'unhealthy', liveness: 'healthy', startup: 'unknown' } as const

/**
 * How Kubernetes' kubelet judges: not ready until shown, alive until shown otherwise; liveness and startup need
 * one success whatever the probe says. Source: kubernetes pkg/kubelet/prober/worker.go.
 */
function kubernetesProbe(probe: ProbeTimings, use: ProbeUse = 'readiness'): HealthMachineOptions {
  const { initialDelaySeconds = 0, periodSeconds = 10, successThreshold = 1, failureThreshold = 3 } = probe
  return {
    initial: initials[use],
    initialDelayMs: initialDelaySeconds * 1000,
    intervalMs: periodSeconds * 1000,
    successThreshold: use === 'readiness' ? successThreshold : 1,
    failureThreshold,
  }
}

/** A health machine that judges a probe as Kubernetes does. Default use: readiness. */
export function createProbeMachine(probe: ProbeTimings, use: ProbeUse = 'readiness'): HealthMachine {
  return createHealthMachine(kubernetesProbe(probe, use))
}
