/**
 * One turn of the real event loop, which the testing kit touches nowhere else.
 *
 * One macrotask turn is a sound barrier: every promise job and `nextTick` chain, however long, ends before it.
 */
export function hostTurn(): Promise<void> {
  return new Promise(resolve => {
    const { setImmediate, setTimeout } = globalThis as unknown as Globals
    if (setImmediate === undefined) {
      setTimeout(resolve, 0)
      return
    }
    waiting.push(resolve)
    if (ahead >= waiting.length) return
    for (let turn = 0; turn < TURNS_AHEAD; turn++) setImmediate(nextTurn)
    ahead += TURNS_AHEAD
  })
}

/**
 * Immediates are macrotasks of their own also where many run in one iteration of the loop, and most of what a turn
 * costs is the iteration.
 */
const TURNS_AHEAD = 16
const waiting: (() => void)[] = []
let ahead = 0

function nextTurn(): void {
  ahead--
  waiting.shift()?.()
}

interface Globals {
  readonly setImmediate?: (fn: () => void) => unknown
  readonly setTimeout: (fn: () => void, ms: number) => unknown
}
