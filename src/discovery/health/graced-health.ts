import type { HealthMachineOptions } from '../../core/internal.js'

/** The fields that health checks of several systems share, in seconds as there. */
export interface GracedCheck {
  /** Failures in this time after the start do not count, until the first success. */
  readonly graceSeconds: number
  readonly intervalSeconds: number
  /** Before the first check. Default 0. */
  readonly delaySeconds?: number
  /** Failures in a row that are too many. */
  readonly failures: number
}

/** The machine for such a check. */
export function gracedHealth(check: GracedCheck): HealthMachineOptions {
  const { graceSeconds, intervalSeconds, delaySeconds, failures } = check
  return {
    graceMs: graceSeconds * 1000,
    intervalMs: intervalSeconds * 1000,
    ...(delaySeconds === undefined ? {} : { initialDelayMs: delaySeconds * 1000 }),
    failureThreshold: failures,
  }
}
