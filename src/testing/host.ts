/**
 * The one place where the testing kit touches the real event loop.
 *
 * One macrotask turn is a sound barrier: every promise job and `nextTick` chain, however long, ends before it.
 */
export function hostTurn(): Promise<void> {
  return new Promise(resolve => {
    const host = globalThis as unknown as Globals
    if (host.setImmediate !== undefined) host.setImmediate(resolve)
    else host.setTimeout(resolve, 0)
  })
}

interface Globals {
  readonly setImmediate?: (fn: () => void) => unknown
  readonly setTimeout: (fn: () => void, ms: number) => unknown
}
