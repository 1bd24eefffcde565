import type { Env, Logger } from '../../core/index.js'
import { exponentialLimiter } from '../limiters/exponential-limiter.js'
import { isPermanent } from '../permanent-error.js'
import { createWorkQueue } from '../queue/work-queue.js'
import type { WorkQueue } from '../queue/work-queue-contract.js'

/** Where mappings run. */
export interface MappingRetriesOptions {
  /** Of the controller. */
  readonly name: string
  readonly env: Env
  readonly logger: Logger
}

/** A mapping that threw, of one change. */
interface Failed {
  readonly id: number
  readonly about: object
  readonly map: () => void
}

/** The first pause between two tries of one mapping, doubled each time, and the longest. */
const RETRY_BASE_MS = 100
const RETRY_MAX_MS = 300_000
/** Most mappings that wait for another try. */
const FAILED_MAX = 10_000

/**
 * Runs the mappings of changes to keys, and runs those that throw again, so that no change is lost with them. What is
 * wrong in itself, such as a key that is none, is not tried again.
 */
export class MappingRetries {
  readonly #options: MappingRetriesOptions
  #queue: WorkQueue<Failed> | undefined
  #count = 0

  constructor(options: MappingRetriesOptions) {
    this.#options = options
  }

  /** Mappings that wait for another try. */
  get size(): number {
    return this.#queue?.failing ?? 0
  }

  /** @param about stands in the log */
  run(about: object, map: () => void): void {
    try {
      map()
    } catch (error) {
      this.#count++
      this.#failed({ id: this.#count, about, map }, error, 'first')
    }
  }

  stop(): void {
    this.#queue?.shutDown()
  }

  #failed(failed: Failed, error: unknown, which: 'first' | 'again'): void {
    const { name, env, logger } = this.#options
    env.metrics.counter('controller_mapping_errors_total').add(1, { controller: name })
    const about = { err: error, ...failed.about }
    if (isPermanent(error)) {
      logger.error(about, 'the mapping of a watch gave no keys; the change woke none')
      return
    }
    if (which === 'first' && this.size >= FAILED_MAX) {
      logger.error(about, 'too many mappings of a watch threw; the change woke no key')
      return
    }
    const afterMs = this.#open().addRateLimited(failed)
    if (which === 'first') logger.error({ ...about, afterMs }, 'the mapping of a watch threw; trying again')
    else logger.debug({ ...about, afterMs }, 'the mapping of a watch threw again')
  }

  #open(): WorkQueue<Failed> {
    const { name, env } = this.#options
    this.#queue ??= createWorkQueue<Failed>({
      name: `${name} mappings`,
      env,
      idOf: ({ id }) => String(id),
      limiter: exponentialLimiter({ baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS }),
      notify: event => {
        if (event === 'ready') this.#retry()
      },
    })
    return this.#queue
  }

  #retry(): void {
    const queue = this.#open()
    for (let failed = queue.get(); failed !== undefined; failed = queue.get()) {
      try {
        failed.map()
        queue.forget(failed)
      } catch (error) {
        this.#failed(failed, error, 'again')
        if (isPermanent(error)) queue.forget(failed)
      }
      queue.done(failed)
    }
  }
}
