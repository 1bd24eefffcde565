import type { Cancel, Env, Logger } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import type { Reader } from '../../store/index.js'
import type { ObjectKey } from '../object-key.js'
import { isPermanent } from '../permanent-error.js'
import type { TypedStream } from './stream.js'
import { readStream } from './stream.js'
import { superviseStream } from './supervised-stream.js'

/** Where a signal wakes keys. */
export interface SignalSite {
  /** Dies with the controller: so do its timers. */
  readonly env: Env
  readonly reader: Reader
  readonly logger: Logger
  /** Wakes keys. An invalid key is logged and ignored. */
  readonly wake: (keys: readonly ObjectKey[]) => void
}

/** Something outside the store that wakes keys of a controller. */
export interface SignalSource {
  /** Stands in the reasons of the keys and in the log. */
  readonly name: string
  start(site: SignalSite): Cancel
}

/** Which keys a value wakes. A mapping that throws is logged; the value wakes nothing. */
export type SignalMapping<T> = (value: T, reader: Reader) => readonly ObjectKey[]

/**
 * Wakes keys whenever an observable (rxjs or any other that interoperates) or an async iterable gives a value.
 * Values are mapped as they come and never kept, so a fast stream costs no memory. The end of a stream is logged.
 *
 * @param stream or a function that opens it: then it is opened again after it ended, after 100 ms to 30 s,
 *   unless it says that this is of no use: `Usage`, `Invalid`, `BadRequest`
 */
export function fromStream<T>(
  name: string,
  stream: TypedStream<T> | (() => TypedStream<T>),
  map: SignalMapping<T>,
): SignalSource {
  return {
    name,
    start: site => {
      const { env, logger } = site
      const next = (value: T): void => wakeWith(name, site, () => map(value, site.reader))
      if (typeof stream === 'function') {
        const supervised = superviseStream({
          env,
          logger,
          name,
          open: stream,
          next,
          ended: error => (isPermanent(error) ? 'never' : 'later'),
        })
        supervised.start()
        return () => supervised.stop()
      }
      const ended = (error?: unknown): void => {
        if (error === undefined) logger.info({ source: name }, 'a source ended')
        else logger.error({ source: name, err: error }, 'a source failed; it wakes nothing any more')
      }
      return readStream(stream, {
        next: value => env.closed || next(value),
        ended,
        pause: () => env.clock.sleep(1),
      })
    },
  }
}

/**
 * Wakes keys again and again, `everyMs` after the time before.
 *
 * @throws InvalidError unless `everyMs` is finite and ≥ 1
 */
export function fromTimer(
  name: string,
  everyMs: number,
  map: (reader: Reader) => readonly ObjectKey[],
): SignalSource {
  if (!Number.isFinite(everyMs) || everyMs < 1) {
    const message = 'must be a finite number of milliseconds ≥ 1'
    throw new InvalidError(`timer ${name}`, [{ field: 'everyMs', value: everyMs, message }])
  }
  return {
    name,
    start: site => {
      let cancel: Cancel = () => {}
      const arm = (): void => {
        cancel = site.env.clock.after(everyMs, () => {
          arm()
          wakeWith(name, site, () => map(site.reader))
        })
      }
      arm()
      return () => cancel()
    },
  }
}

function wakeWith(name: string, { logger, wake }: SignalSite, keys: () => readonly ObjectKey[]): void {
  try {
    wake(keys())
  } catch (error) {
    logger.error({ source: name, err: error }, 'the mapping of a source threw; no key was woken by it')
  }
}
