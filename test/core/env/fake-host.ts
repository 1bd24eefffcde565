import type { Host } from '../../../src/core/env/system-host.js'

export interface FakeHost extends Host {
  time: number
  readonly armed: { at: number; delayMs: number; fn: () => void }[]
  readonly micro: (() => void)[]
  readonly macro: (() => void)[]
  readonly printed: string[]
  drainMicrotasks(): void
  /** One turn of an event loop: microtasks, timers due, then macrotasks that were armed before the turn. */
  turn(): void
  /** Moves to the next host timer and runs a turn. False when none is armed. */
  jump(): boolean
}

/** An event loop that stands still. */
export function createFakeHost(): FakeHost {
  const host: FakeHost = {
    time: 0,
    armed: [],
    micro: [],
    macro: [],
    printed: [],
    now: () => 1_000_000 + host.time,
    monotonic: () => host.time,
    setTimeout: (fn, ms) => {
      const timer = { at: host.time + ms, delayMs: ms, fn }
      host.armed.push(timer)
      return timer
    },
    clearTimeout: handle => {
      const index = host.armed.findIndex(timer => timer === handle)
      if (index >= 0) host.armed.splice(index, 1)
    },
    microtask: fn => host.micro.push(fn),
    macrotask: fn => host.macro.push(fn),
    randomWords: into => into.fill(7),
    print: (_level, line) => void host.printed.push(line),
    drainMicrotasks: () => {
      for (let fn = host.micro.shift(); fn !== undefined; fn = host.micro.shift()) fn()
    },
    turn: () => {
      host.drainMicrotasks()
      const due = host.armed.filter(timer => timer.at <= host.time)
      for (const timer of due) {
        host.clearTimeout(timer)
        timer.fn()
        host.drainMicrotasks()
      }
      for (const fn of host.macro.splice(0)) {
        fn()
        host.drainMicrotasks()
      }
    },
    jump: () => {
      const next = Math.min(...host.armed.map(timer => timer.at))
      if (!Number.isFinite(next)) return false
      host.time = Math.max(host.time, next)
      host.turn()
      return true
    },
  }
  return host
}
