import type { HeapHandle } from '../structures/indexed-heap.js'
import { heapHandle, IndexedHeap } from '../structures/indexed-heap.js'
import type { Clock } from './clock.js'
import { permanentLifetime } from './lifetime.js'
import { MonotonicReader } from './monotonic-reader.js'
import { assertDelay, sleep } from './sleep.js'
import type { Host } from './system-host.js'
import { systemHost } from './system-host.js'

/** Hosts keep the delay in 32 bits and turn anything longer into 1 ms. */
const HOST_DELAY_MS_MAX = 2 ** 31 - 1

interface Timer extends HeapHandle {
  readonly fn: () => void
}

/**
 * The real clock. All its timers share one host timer, armed for the earliest: they fire in the order of their
 * due times, ties in the order of arming, and an empty clock keeps nothing alive.
 *
 * An error thrown by a callback reaches the host like that of any timer; the other timers still fire.
 */
export function createSystemClock(
  host: Host = systemHost,
  reader: MonotonicReader = new MonotonicReader(host),
): Clock {
  const timers = new IndexedHeap<Timer>()
  let armed: { readonly handle: unknown; readonly at: number } | undefined

  const disarm = (): void => {
    if (armed !== undefined) host.clearTimeout(armed.handle)
    armed = undefined
  }

  const arm = (): void => {
    const first = timers.peek()
    if (first === undefined) return disarm()
    if (armed !== undefined && armed.at <= first.at) return
    disarm()
    const delayMs = Math.max(0, Math.ceil(first.at - reader.read()))
    armed = { at: first.at, handle: host.setTimeout(fire, Math.min(delayMs, HOST_DELAY_MS_MAX)) }
  }

  const fire = (): void => {
    armed = undefined
    const now = reader.read()
    const newer = timers.nextSequence
    try {
      for (let next = timers.peek(); next !== undefined && next.at <= now; next = timers.peek()) {
        // A timer armed by a callback waits for the next turn, or a zero delay would starve everything else.
        if (next.sequence >= newer) break
        timers.pop()
        next.fn()
      }
    } finally {
      arm()
    }
  }

  const after = (ms: number, fn: () => void): (() => void) => {
    assertDelay(ms)
    const timer: Timer = { fn, ...heapHandle() }
    timers.push(timer, reader.read() + ms)
    arm()
    return () => {
      if (timers.remove(timer) && timers.size === 0) disarm()
    }
  }

  return {
    now: () => host.now(),
    monotonic: () => reader.read(),
    after,
    sleep: (ms, signal) => sleep({ clock: { after }, lifetime: permanentLifetime, ms, signal }),
  }
}
