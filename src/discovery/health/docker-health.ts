import type { HealthMachineOptions } from '../../core/internal.js'

/** The timing fields of a Docker health check. */
export interface DockerHealthCheck {
  /** Default 0. */
  readonly startPeriodSeconds?: number
  /** Default 30. */
  readonly intervalSeconds?: number
  /** Default 3. */
  readonly retries?: number
}

/** How Docker judges: failures in the start period do not count until the first success. Source: moby daemon/health.go. */
export function dockerHealth(check: DockerHealthCheck = {}): HealthMachineOptions {
  const { startPeriodSeconds = 0, intervalSeconds = 30, retries = 3 } = check
  return {
    graceMs: startPeriodSeconds * 1000,
    intervalMs: intervalSeconds * 1000,
    initialDelayMs: intervalSeconds * 1000,
    failureThreshold: retries,
  }
}
