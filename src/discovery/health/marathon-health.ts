import type { HealthMachineOptions } from '../../core/internal.js'
import { gracedHealth } from './graced-health.js'

/** The timing fields of a Marathon health check. */
export interface MarathonHealthCheck {
  /** Default 300. */
  readonly gracePeriodSeconds?: number
  /** Default 60. */
  readonly intervalSeconds?: number
  /** Default 3. */
  readonly maxConsecutiveFailures?: number
}

/**
 * How Marathon judges: failures in the grace period do not count until the first success, and the task is given
 * up at failure `maxConsecutiveFailures + 1`, because the count is compared before it is raised. Source:
 * mesosphere/marathon, HealthCheckActor.
 */
export function marathonHealth(check: MarathonHealthCheck = {}): HealthMachineOptions {
  const { gracePeriodSeconds: graceSeconds = 300, intervalSeconds = 60, maxConsecutiveFailures = 3 } = check
  return gracedHealth({ graceSeconds, intervalSeconds, failures: maxConsecutiveFailures + 1 })
}
