import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'

/** When failing checks end a task. */
export interface CheckRestartOptions {
  /** Failures, by time: unhealthy for interval · (limit − 1). 0: never. */
  readonly limit: number
  /** Of the check. */
  readonly intervalMs: number
  /** Time after the start of the task in which failures do not count. Default 1000. */
  readonly graceMs?: number
  /** Whether a warning is as good as a success. Default false. */
  readonly ignoreWarnings?: boolean
}

/** What is remembered; plain data. */
export interface CheckRestartState {
  readonly graceUntilMs: number
  /** Absent while the check is well. */
  readonly failingSinceMs?: number
  readonly restart: boolean
}

/** A pure reducer over the status of a check. */
export interface CheckRestart {
  /** The task started now. */
  initial(nowMs: number): CheckRestartState
  step(
    state: CheckRestartState,
    observed: { readonly atMs: number; readonly status: 'passing' | 'warning' | 'critical' },
  ): CheckRestartState
}

const CHECK_RESTART_OPTIONS = /* @__PURE__ */ knownOptions<CheckRestartOptions>('createCheckRestart', {
  limit: true,
  intervalMs: true,
  graceMs: true,
  ignoreWarnings: true,
})

/**
 * Nomad's `check_restart`: a task is restarted when its check has been failing for interval · (limit − 1), not counting
 * the grace period; recovering in between forgets it. Source: hashicorp/nomad, check_watcher.go.
 *
 * @throws InvalidError for an option out of bounds
 */
export function createCheckRestart(options: CheckRestartOptions): CheckRestart {
  assertKnown(options, CHECK_RESTART_OPTIONS)
  const { limit, intervalMs, graceMs = 1000, ignoreWarnings = false } = options
  assertValid('check restart', [
    ...wholeNumber('limit', limit),
    ...wholeNumber('intervalMs', intervalMs, { min: 1 }),
    ...wholeNumber('graceMs', graceMs),
  ])
  return {
    initial: nowMs => ({ graceUntilMs: nowMs + graceMs, restart: false }),
    step: (state, { atMs, status }) => {
      const { graceUntilMs } = state
      const isWell = status === 'passing' || (status === 'warning' && ignoreWarnings)
      if (isWell || limit === 0 || state.restart) return { graceUntilMs, restart: state.restart }
      if (atMs < graceUntilMs) return { graceUntilMs, restart: false }
      const failingSinceMs = state.failingSinceMs ?? atMs
      return { graceUntilMs, failingSinceMs, restart: atMs >= failingSinceMs + intervalMs * (limit - 1) }
    },
  }
}
