import type { Random } from '../../core/index.js'
import { assertKnown, backoffMs, knownOptions } from '../../core/internal.js'

/** How somebody who lost its pool spreads its attempts to come back. */
export interface ReconnectOptions {
  /** Bound of the first wait, in ms. Default 1,000; Mesos takes 2,000 for frameworks. */
  readonly baseMs?: number
  /** Largest bound, in ms. Default 60,000. */
  readonly maxMs?: number
  /** Of a framework: no wait is longer than a tenth of it, so that several attempts are made in time. Default: none. */
  readonly failoverMs?: number
}

/**
 * The longest wait before an attempt to register: doubled by each attempt.
 *
 * @param attempt from 1
 * @internal
 */
export function reconnectBoundMs(
  attempt: number,
  { baseMs = 1_000, maxMs = 60_000, failoverMs = Number.POSITIVE_INFINITY }: ReconnectOptions = {},
): number {
  return backoffMs({ baseMs, maxMs: Math.min(maxMs, failoverMs / 10) }, attempt)
}

const RECONNECT_OPTIONS = /* @__PURE__ */ knownOptions<ReconnectOptions>('reconnectDelayMs', {
  baseMs: true,
  maxMs: true,
  failoverMs: true,
})

/**
 * How long an agent or a framework waits before it registers again, in ms: evenly at random from 0 to a bound that
 * doubles by each attempt, as Mesos does, so that a pool that restarts does not hear all of them at once.
 *
 * @param attempt from 1
 */
export function reconnectDelayMs(attempt: number, random: Random, options: ReconnectOptions = {}): number {
  assertKnown(options, RECONNECT_OPTIONS)
  return random.next() * reconnectBoundMs(attempt, options)
}
