import type { Cancel, Env, Logger } from '../../core/index.js'
import { backoffMs } from '../../core/internal.js'
import type { TypedStream } from './stream.js'
import { readStream } from './stream.js'

/**
 * What follows from the end of a stream. `later`: it is opened again after a pause; `now`: at once, for it only has to
 * begin elsewhere; `never`: opening it again cannot help.
 */
export type Reopening = 'later' | 'now' | 'never'

/** What is to be kept open. */
export interface SupervisedStreamOptions<T> {
  readonly env: Env
  readonly logger: Logger
  /** Names it in the log. */
  readonly name: string
  /** Opens it, again after every end. What it throws counts as an end. */
  open(): TypedStream<T>
  next(value: T): void
  /** Called at each end. `isGivenUp`: by `reopen`, not by itself. */
  ended(error: unknown, isGivenUp: boolean): Reopening
}

/** A stream that is opened again whenever it ends. */
export interface SupervisedStream {
  /** How often it was opened again. */
  breaks(): number
  /** Opens it, once. */
  start(): void
  /** Gives up the present stream and opens another, as after an end with `error`. */
  reopen(error: unknown): void
  stop(): void
}

/** The pause before a stream is opened again; half of it random. */
const PAUSE = { baseMs: 100, maxMs: 30_000 }
/**
 * A stream that lived so many times as long as the pause before it was healthy: the pauses begin at the first again.
 */
const HEALTHY_PAUSES = 10

/** Keeps a stream open from `start` to `stop`. */
export function superviseStream<T>(options: SupervisedStreamOptions<T>): SupervisedStream {
  const { env, logger, name, next } = options
  let generation = 0
  /** In a row, without a healthy stream between them. */
  let pauses = 0
  let breaks = 0
  let openedAtMs = 0
  let cancel: Cancel = () => {}

  const open = (): void => {
    const own = ++generation
    openedAtMs = env.clock.monotonic()
    try {
      const stop = readStream(options.open(), {
        next: value => {
          if (own === generation && !env.closed) next(value)
        },
        ended: error => {
          if (own === generation) again(error)
        },
        pause: () => env.clock.sleep(1),
      })
      // The reader may have ended, or been given up, while it was being opened.
      if (own === generation) cancel = stop
      else stop()
    } catch (error) {
      if (own === generation) again(error)
    }
  }

  const again = (error: unknown, isGivenUp = false): void => {
    generation++
    if (env.closed) return
    const reopening = options.ended(error, isGivenUp)
    if (reopening === 'never') {
      logger.error({ source: name, err: error }, 'a source ended for good')
      return
    }
    breaks++
    if (reopening === 'now') {
      logger.warn({ source: name, err: error }, 'a source lost its place; it begins again')
      return open()
    }
    const livedMs = env.clock.monotonic() - openedAtMs
    if (livedMs >= HEALTHY_PAUSES * backoffMs(PAUSE, pauses)) pauses = 0
    pauses++
    const pauseMs = backoffMs(PAUSE, pauses) * (1 - env.random.next() / 2)
    logger.warn({ source: name, err: error, pauseMs }, 'a source ended; it is opened again')
    cancel = env.clock.after(pauseMs, open)
  }

  return {
    start: open,
    breaks: () => breaks,
    reopen: error => {
      cancel()
      again(error, true)
    },
    stop: () => {
      generation++
      cancel()
    },
  }
}
