import type { HealthMachineOptions } from '../../core/internal.js'

/** The timing fields of a check of Consul. */
export interface ConsulCheck {
  /** Required by Consul. */
  readonly intervalSeconds: number
  /** Successes beyond the first that make it pass. Default 0. */
  readonly successBeforePassing?: number
  /** Failures beyond the first that make it critical. Default 0. */
  readonly failuresBeforeCritical?: number
}

/** How Consul judges: critical until shown otherwise, each way at once by default. Source: hashicorp/consul, agent/checks. */
export function consulHealth(check: ConsulCheck): HealthMachineOptions {
  const { intervalSeconds, successBeforePassing = 0, failuresBeforeCritical = 0 } = check
  return {
    initial: 'unhealthy',
    intervalMs: intervalSeconds * 1000,
    successThreshold: successBeforePassing + 1,
    failureThreshold: failuresBeforeCritical + 1,
  }
}
