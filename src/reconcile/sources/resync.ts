import type { Cancel, Env } from '../../core/index.js'

/** Ticks of one period: each does its share, so no tick does much. */
const TICKS_PER_PERIOD = 100
const TICK_MIN_MS = 10

/**
 * How many keys a pass must have visited when `elapsedMs` of its period are over. Reaches `size` with the period.
 *
 * @internal
 */
export function resyncShare(size: number, elapsedMs: number, periodMs: number): number {
  return elapsedMs >= periodMs ? size : Math.floor((size * elapsedMs) / periodMs)
}

/** What is visited. */
export interface ResyncOptions {
  readonly env: Env
  readonly periodMs: number
  /** How many there are now. */
  readonly size: () => number
  /** Walks them; must continue while they come and go. */
  readonly walk: () => Iterator<string>
  readonly visit: (id: string) => void
}

/**
 * Visits everything once per period, evenly spread over it, the first time within the first period. A process that was
 * held up makes up for a tenth of a period at most.
 */
export function startResync({ env, periodMs, size, walk, visit }: ResyncOptions): Cancel {
  const tickMs = Math.max(TICK_MIN_MS, periodMs / TICKS_PER_PERIOD)
  const stallMs = Math.max(2 * tickMs, periodMs / 10)
  let seenMs = env.clock.monotonic()
  let elapsedMs = 0
  let visited = 0
  let pass = walk()
  let cancel: Cancel = () => {}
  const tick = (): void => {
    const nowMs = env.clock.monotonic()
    elapsedMs += Math.min(nowMs - seenMs, stallMs)
    seenMs = nowMs
    for (const due = resyncShare(size(), elapsedMs, periodMs); visited < due; visited++) {
      const { value, done } = pass.next()
      if (done === true) break
      visit(value)
    }
    if (elapsedMs >= periodMs) {
      elapsedMs -= periodMs
      visited = 0
      pass = walk()
    }
    cancel = env.clock.after(tickMs, tick)
  }
  cancel = env.clock.after(tickMs, tick)
  return () => cancel()
}
