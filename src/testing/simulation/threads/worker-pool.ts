import { UsageError } from '../../../core/index.js'
import type { HostThread } from '../../host/host-modules.js'
import type { Job } from '../search/searcher.js'
import type { CheckWorkers, ThreadData } from './check-workers.js'
import { processors, workerThreads } from './check-workers.js'
import type { Digest } from './digest.js'
import type { Asked, Told } from './thread.js'
import { assertSameCheck, CHECK_THREAD } from './thread.js'

/** Executions that a thread is asked for at a time; fewer when not many are left. */
const CHUNK = 8
/** So many times as many are asked of one thread, so that it does not wait for the asking one. */
const CHUNKS_AHEAD = 2
/** So many executions the asking thread looks at, beside what was asked of others, while it waits for an answer. */
const LEAD_MAX = 64

/** The next executions, the one that is taken next first; at most so many. */
type Ahead = (most: number) => readonly Job[]
/** What came of an execution that is looked at before it is its turn. */
type Look = (job: Job) => Promise<Digest | undefined>

interface Thread {
  readonly host: HostThread
  /** True once it has come to the check; until then it is asked for nothing. */
  isReady: boolean
  chunks: number
}

/**
 * Threads that look at executions before it is their turn, and the thread that asks them, which looks at what nobody
 * else was asked for. What came of them is taken in their order, whoever was first, so that the answer of a check is
 * the same with any number of threads.
 */
export class WorkerPool {
  readonly #threads: readonly Thread[]
  readonly #check: string
  readonly #look: Look
  /** By the number of the execution; undefined: to be seen in its turn. */
  readonly #digests = new Map<number, Digest | undefined>()
  #asked = 0
  #taken = 0
  #wake = (): void => {}
  #failure: Error | undefined

  /**
   * @param check what the threads must come to
   * @param look as a thread would
   */
  constructor({ module, exportName, args = [], count }: CheckWorkers, check: string, look: Look) {
    this.#check = check
    this.#look = look
    const { Worker } = workerThreads()
    const workerData: ThreadData = { module: String(module), exportName, args }
    this.#threads = Array.from({ length: count ?? Math.max(1, processors() - 1) }, () => {
      const host = new Worker(CHECK_THREAD, { eval: true, workerData, name: 'keelson check' })
      const thread: Thread = { host, isReady: false, chunks: 0 }
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
    while (this.#taken < this.#asked && !this.#digests.has(this.#taken)) {
      this.#assertWell()
      const open = this.#asked - this.#taken
      const openMax = LEAD_MAX + CHUNKS_AHEAD * CHUNK * this.#threads.length
      const job = open < openMax ? ahead(open + 1)[open] : undefined
      if (job === undefined) await this.#heard()
      else {
        const at = this.#asked++
        this.#digests.set(at, await this.#look(job).catch(() => undefined))
      }
      this.#ask(ahead)
    }
    this.#assertWell()
    if (this.#taken === this.#asked) return undefined
    const digest = this.#digests.get(this.#taken)
    this.#digests.delete(this.#taken++)
    return digest
  }

  /**
   * Waits until every thread has come to the check, also if nothing is left for it to look at.
   *
   * @throws UsageError when one does not
   */
  async confirm(): Promise<void> {
    for (;;) {
      this.#assertWell()
      if (this.#threads.every(({ isReady }) => isReady)) return
      await this.#heard()
    }
  }

  /** Ends the threads, whatever they are doing. */
  async end(): Promise<void> {
    await Promise.all(this.#threads.map(({ host }) => host.terminate()))
  }

  #ask(ahead: Ahead): void {
    const shares = CHUNKS_AHEAD * (this.#threads.length + 1)
    for (let chunk = 0; chunk < CHUNKS_AHEAD; chunk++)
      for (const thread of this.#threads) {
        if (!thread.isReady || thread.chunks > chunk) continue
        const open = this.#asked - this.#taken
        const left = ahead(open + CHUNK * shares).slice(open)
        if (left.length === 0) return
        const jobs = left.slice(0, Math.ceil(left.length / shares))
        thread.host.postMessage({ first: this.#asked, jobs } satisfies Asked)
        thread.chunks++
        this.#asked += jobs.length
      }
  }

  #heard(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }

  #hear(thread: Thread, told: Told): void {
    if ('failed' in told) return this.#fail(told.failed)
    if ('check' in told) {
      try {
        assertSameCheck(this.#check, told.check)
        thread.isReady = true
      } catch (error) {
        this.#failure ??= error as Error
      }
    } else {
      thread.chunks--
      for (const [index, digest] of told.digests.entries()) this.#digests.set(told.first + index, digest)
    }
    this.#wake()
  }

  #fail(why: string): void {
    this.#failure ??= new UsageError(`a worker of the check does not get to it: ${why}`, { why })
    this.#wake()
  }

  #assertWell(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}
