import type { HealthMachineOptions } from '../../core/internal.js'
import { gracedHealth } from './graced-health.js'

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
  const { startPeriodSeconds: graceSeconds = 0, intervalSeconds = 30, retries: failures = 3 } = check
  return gracedHealth({ graceSeconds, intervalSeconds, delaySeconds: intervalSeconds, failures })
}
