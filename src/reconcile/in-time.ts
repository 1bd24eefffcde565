import type { Env } from '../core/index.js'

/** What came in time, or not. */
export type InTime<T> = { readonly kind: 'done'; readonly value: T } | { readonly kind: 'late' }

/** In an env that is closed no time passes: what needs more turns than these of the microtask queue is late. */
const TURNS_WHEN_CLOSED = 16

/**
 * Waits for `work`, `ms` at most. Rejects as `work` does, unless that is late.
 *
 * Guarantees: settles also when `env` is closed already, whose timers never fire.
 */
export async function inTime<T>(env: Env, work: Promise<T>, ms: number): Promise<InTime<T>> {
  const done = work.then((value): InTime<T> => ({ kind: 'done', value }))
  let cancel = (): void => {}
  const late = env.closed
    ? turns(TURNS_WHEN_CLOSED)
    : new Promise<void>(resolve => {
        cancel = env.clock.after(ms, resolve)
      })
  try {
    return await Promise.race([done, late.then((): InTime<T> => ({ kind: 'late' }))])
  } finally {
    cancel()
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve()
}
