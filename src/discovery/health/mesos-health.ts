import type { HealthMachineOptions } from '../../core/internal.js'
import { gracedHealth } from './graced-health.js'

/** The timing fields of a health check of Mesos. */
export interface MesosHealthCheck {
  /** Before the first check. Default 15. */
  readonly delaySeconds?: number
  /** Default 10. */
  readonly intervalSeconds?: number
  /** Default 3. */
  readonly consecutiveFailures?: number
  /** Failures in this time after the start do not count, until the first success. Default 10. */
  readonly gracePeriodSeconds?: number
}

/** How Mesos' own health checks judge; a task that is unhealthy is killed. Source: mesos, HealthCheck in mesos.proto. */
export function mesosHealth(check: MesosHealthCheck = {}): HealthMachineOptions {
  const { delaySeconds = 15, intervalSeconds = 10, consecutiveFailures = 3, gracePeriodSeconds = 10 } = check
  return gracedHealth({
    graceSeconds: gracePeriodSeconds,
    intervalSeconds,
    delaySeconds,
    failures: consecutiveFailures,
  })
}
