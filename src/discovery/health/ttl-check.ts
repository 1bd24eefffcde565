import { assertValid, wholeNumber } from '../../core/internal.js'

/** A check that the task itself reports to; silence is a failure. */
export interface TtlCheck {
  /** The task says how it is. */
  report(status: 'passing' | 'warning' | 'critical', nowMs: number): void
  status(nowMs: number): 'passing' | 'warning' | 'critical'
}

/**
 * Consul's TTL check: critical at first, and whenever nothing was reported for `ttlMs`.
 *
 * @throws InvalidError for a time below 1
 */
export function createTtlCheck(ttlMs: number): TtlCheck {
  assertValid('TTL check', wholeNumber('ttlMs', ttlMs, { min: 1 }))
  let last: { readonly status: 'passing' | 'warning' | 'critical'; readonly atMs: number } | undefined
  return {
    report: (status, nowMs) => {
      last = { status, atMs: nowMs }
    },
    status: nowMs => (last === undefined || nowMs - last.atMs > ttlMs ? 'critical' : last.status),
  }
}
