import { ClosedError } from '../errors.js'

/** Something that holds resources until it is closed. */
export interface Closable {
  close(): void | Promise<void>
}

/** What was opened so far, to be closed in reverse. */
export interface Lifecycle extends AsyncDisposable {
  /** True from the first call of `close()` on. */
  readonly closed: boolean
  /**
   * Registers what to close later, and returns it.
   *
   * @throws ClosedError when closing has begun; the thing is then the caller's to close
   */
  add<T extends Closable | (() => void | Promise<void>)>(closer: T): T
  /**
   * Closes everything, last added first, one after another. Every closer is called once even when others
   * fail. Idempotent: later calls get the same promise. Also `await using`.
   *
   * @throws AggregateError of all failures, in the order in which they came
   */
  close(): Promise<void>
}

/** An empty lifecycle. `name` appears in errors. */
export function createLifecycle(name: string): Lifecycle {
  const closers: (() => void | Promise<void>)[] = []
  let closing: Promise<void> | undefined

  const closeAll = async (): Promise<void> => {
    const failures: unknown[] = []
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) {
      try {
        await closer()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0)
      throw new AggregateError(failures, `${name}: ${failures.length} parts failed to close`)
  }

  const close = (): Promise<void> => {
    closing ??= Promise.resolve().then(closeAll)
    return closing
  }

  return {
    get closed() {
      return closing !== undefined
    },
    add: closer => {
      if (closing !== undefined) throw new ClosedError(name)
      closers.push(typeof closer === 'function' ? closer : () => closer.close())
      return closer
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
