import type { Cancel, Env, Logger } from '../../core/index.js'
import type { Stream } from './stream.js'
import { readStream } from './stream.js'

/** What is to be kept open. */
export interface SupervisedStreamOptions<T> {
  readonly env: Env
  readonly logger: Logger
  /** Names it in the log. */
  readonly name: string
  /** Opens it, again after every end. What it throws counts as an end. */
  open(): Stream<T>
  next(value: T): void
  /** Called at each end. Returns true when opening again can never help. */
  ended(error: unknown): boolean
}

/** A stream that is opened again whenever it ends. */
export interface SupervisedStream {
  /** How often it was opened again. */
  breaks(): number
  /** Opens it, once. */
  start(): void
  /** Gives up the present stream and opens another, after the pause that an end with `error` has. */
  reopen(error: unknown): void
  stop(): void
}

/** The pause before a stream is opened again: 100 ms, then twice as long each time, up to 30 s; half of it random. */
const PAUSE_BASE_MS = 100
const PAUSE_MAX_MS = 30_000
/** A stream that lived this long was healthy: the pauses begin at the first again. */
const HEALTHY_MS = 120_000

/** Keeps a stream open from `start` to `stop`. */
export function superviseStream<T>(options: SupervisedStreamOptions<T>): SupervisedStream {
  const { env, logger, name, next } = options
  let generation = 0
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

  const again = (error: unknown): void => {
    generation++
    if (env.closed) return
    if (options.ended(error)) {
      logger.error({ source: name, err: error }, 'a source ended for good')
      return
    }
    if (env.clock.monotonic() - openedAtMs >= HEALTHY_MS) pauses = 0
    const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_BASE_MS * 2 ** pauses) * (1 - env.random.next() / 2)
    pauses++
    breaks++
    logger.warn({ source: name, err: error, pauseMs }, 'a source ended; it is opened again')
    cancel = env.clock.after(pauseMs, open)
  }

  return {
    start: open,
    breaks: () => breaks,
    reopen: error => {
      cancel()
      again(error)
    },
    stop: () => {
      generation++
      cancel()
    },
  }
}
