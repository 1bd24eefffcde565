/**
 * One turn of the real event loop, which the testing kit touches nowhere else.
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

/** A variable of the process's environment. Undefined where there is none, or none of that name. */
export function hostVariable(name: string): string | undefined {
  const { process } = globalThis as {
    readonly process?: { readonly env?: Record<string, string | undefined> }
  }
  return process?.env?.[name]
}
