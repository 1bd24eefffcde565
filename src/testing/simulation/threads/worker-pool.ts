import { UsageError } from '../../../core/index.js'
import type { HostThread } from '../../host/host-modules.js'
import type { Job } from '../search/searcher.js'
import type { CheckWorkers, ThreadData } from './check-workers.js'
import { processors, workerThreads } from './check-workers.js'
import type { Digest } from './digest.js'
import type { Asked, Told } from './thread.js'
import { assertSameCheck, CHECK_THREAD } from './thread.js'

/** Executions that a thread is asked for at a time. */
const CHUNK = 8
/** So many times as many are asked of one thread, so that it does not wait for the asking one. */
const CHUNKS_AHEAD = 2

/** The next executions, the one that is taken next first; at most so many. */
type Ahead = (most: number) => readonly Job[]

interface Thread {
  readonly host: HostThread
  chunks: number
}

/** Somebody who waits for what came of the next execution. */
interface Waiting {
  readonly ahead: Ahead
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * Threads that look at executions before it is their turn. What came of them is taken in their order, whichever thread
 * was first, so that the answer of a check is the same with any number of threads.
 */
export class WorkerPool {
  readonly #threads: readonly Thread[]
  readonly #check: string
  /** By the number of the execution; undefined: to be seen here. */
  readonly #digests = new Map<number, Digest | undefined>()
  #asked = 0
  #taken = 0
  #waiting: Waiting | undefined
  #failure: Error | undefined

  /** @param check what the threads must come to */
  constructor({ module, exportName, args = [], count = processors() }: CheckWorkers, check: string) {
    this.#check = check
    const { Worker } = workerThreads()
    const workerData: ThreadData = { module: String(module), exportName, args }
    this.#threads = Array.from({ length: count }, () => {
      const host = new Worker(CHECK_THREAD, { eval: true, workerData, name: 'keelson check' })
      const thread: Thread = { host, chunks: 0 }
      host.on('message', told => this.#hear(thread, told as Told))
      host.on('error', error => this.#fail(String(error)))
      host.on('exit', code => this.#fail(`it ended with ${String(code)}`))
      return thread
    })
  }

  /**
   * What came of the execution that is next; undefined when it has to be run here.
   *
   * @throws UsageError when a thread does not get to this check
   */
  async next(ahead: Ahead): Promise<Digest | undefined> {
    this.#ask(ahead)
    if (this.#taken === this.#asked) return undefined
    if (this.#failure !== undefined) throw this.#failure
    if (!this.#digests.has(this.#taken))
      await new Promise<void>((resolve, reject) => {
        this.#waiting = { ahead, resolve, reject }
      })
    const digest = this.#digests.get(this.#taken)
    this.#digests.delete(this.#taken++)
    return digest
  }

  /** Ends the threads, whatever they are doing. */
  async end(): Promise<void> {
    await Promise.all(this.#threads.map(({ host }) => host.terminate()))
  }

  #ask(ahead: Ahead): void {
    for (let chunk = 0; chunk < CHUNKS_AHEAD; chunk++)
      for (const thread of this.#threads) {
        if (thread.chunks > chunk) continue
        const open = this.#asked - this.#taken
        const jobs = ahead(open + CHUNK).slice(open)
        if (jobs.length === 0) return
        thread.host.postMessage({ first: this.#asked, jobs } satisfies Asked)
        thread.chunks++
        this.#asked += jobs.length
      }
  }

  #hear(thread: Thread, told: Told): void {
    if ('failed' in told) return this.#fail(told.failed)
    if ('check' in told) {
      try {
        assertSameCheck(this.#check, told.check)
      } catch (error) {
        this.#end(error as Error)
      }
      return
    }
    thread.chunks--
    for (const [index, digest] of told.digests.entries()) this.#digests.set(told.first + index, digest)
    const waiting = this.#waiting
    if (waiting === undefined) return
    this.#ask(waiting.ahead)
    if (!this.#digests.has(this.#taken)) return
    this.#waiting = undefined
    waiting.resolve()
  }

  #fail(why: string): void {
    this.#end(new UsageError(`a worker of the check does not get to it: ${why}`, { why }))
  }

  #end(failure: Error): void {
    this.#failure ??= failure
    this.#waiting?.reject(this.#failure)
    this.#waiting = undefined
  }
}
