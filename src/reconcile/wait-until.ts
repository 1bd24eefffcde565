import type { Cancel } from '../core/index.js'
import { ClosedError, InvalidError, KeelsonError } from '../core/index.js'
import { assertKnown, knownOptions } from '../core/internal.js'
import type { Client, Kind, Reader } from '../store/index.js'

/** How long `waitUntil` waits. */
export interface WaitUntilOptions {
  /** Longest wait in milliseconds by the client's clock, finite and ≥ 0. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

const WAIT_OPTIONS = /* @__PURE__ */ knownOptions<WaitUntilOptions>('waitUntil', {
  timeoutMs: true,
  signal: true,
})

/** The condition did not hold in time. */
class WaitTimeoutError extends KeelsonError {
  constructor(kinds: readonly Kind[], timeoutMs: number) {
    const names = kinds.map(kind => kind.kind)
    const message = `the condition over ${names.join(', ')} did not hold within ${timeoutMs} ms`
    super({ code: 'Timeout', message, details: { kinds: names, timeoutMs } })
  }
}

/**
 * Waits for the store to reach a state: asks `holds` now and after every revision that changes one of `kinds`.
 *
 * Errors: KeelsonError `Timeout`; the signal's reason; what `holds` or `client.watch` throws; how the watch ended,
 * `ClosedError` when the store was closed.
 *
 * @example
 * ```ts
 * import { waitUntil } from 'keelson/reconcile'
 * import { createStore, defineKind } from 'keelson/store'
 *
 * const Widget = defineKind({ apiVersion: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true })
 * const store = createStore({ kinds: [Widget] })
 * const ref = { namespace: 'default', name: 'first' }
 * const found = waitUntil(store, [Widget], reader => reader.get(Widget, ref) !== undefined, { timeoutMs: 1_000 })
 * await store.create(Widget, { metadata: ref, spec: {} })
 * await found
 * ```
 */
export async function waitUntil(
  client: Client,
  kinds: readonly Kind[],
  holds: (reader: Reader) => boolean,
  options: WaitUntilOptions,
): Promise<void> {
  const { timeoutMs, signal } = options ?? ({} as WaitUntilOptions)
  if (options !== undefined) assertKnown(options, WAIT_OPTIONS)
  if (!Number.isFinite(timeoutMs) || timeoutMs < 0) {
    const message = 'must be a finite number of milliseconds ≥ 0'
    throw new InvalidError('waitUntil', [{ field: 'timeoutMs', value: timeoutMs, message }])
  }
  signal?.throwIfAborted()
  if (holds(client)) return
  const closers: Cancel[] = []
  try {
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        try {
          if (holds(client)) resolve()
        } catch (error) {
          reject(error)
        }
      }
      const abort = (): void => reject(signal?.reason)
      signal?.addEventListener('abort', abort)
      closers.push(() => signal?.removeEventListener('abort', abort))
      closers.push(client.env.clock.after(timeoutMs, () => reject(new WaitTimeoutError(kinds, timeoutMs))))
      const watch = client.watch(kinds)
      closers.push(() => watch.close())
      watch.on(check, error => reject(error ?? new ClosedError('the store')))
    })
  } finally {
    for (const close of closers) close()
  }
}
