import type { Cancel, Env } from '../../core/index.js'
import type { CommitJournal, JournalNote } from '../engine/commit-journal.js'
import type { DurableLog } from '../engine/durable-log.js'
import type { LogRecord } from '../engine/revision-log.js'
import { EntryBuffer } from './entry-buffer.js'
import type { PendingEntry } from './journal-entry.js'
import type { LogWriter } from './log-writer.js'
import { storeStopped } from './storage-errors.js'

/**
 * When a write is acknowledged, and what a power cut can take of what was:
 * - `always`: when it is on the disk; nothing is lost.
 * - `interval`: when the system has it; the last `fsyncIntervalMs` can be lost.
 * - `never`: when the system has it; as much can be lost as the system has not written by itself.
 *
 * A process that ends, in whatever way, loses nothing that was acknowledged.
 */
export type FsyncPolicy = 'always' | 'interval' | 'never'

/** What a journal is made from. */
export interface JournalOptions {
  readonly env: Env
  readonly log: LogWriter
  /** The number of the last entry that is there. */
  readonly last: number
  readonly fsync: FsyncPolicy
  readonly fsyncIntervalMs: number
  /** Told of each revision that is on the disk; undefined when nobody can be. */
  readonly durable: DurableLog | undefined
  /** Called once, when something could not be written: nothing can be kept any more. */
  readonly failed: (error: Error) => void
}

/** Those who wait for the same entries. */
class Waiters {
  readonly promise: Promise<void>
  resolve!: () => void
  reject!: (error: Error) => void

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    // Whoever waits hears of it; perhaps nobody does.
    this.promise.catch(() => {})
  }
}

/**
 * Writes commits to a log, in order, many at once: while one piece is written and synced the next ones gather. Memory is
 * ahead of the disk, and who asked for a write hears of it when the disk has caught up.
 */
export class Journal implements CommitJournal {
  readonly durable: DurableLog | undefined
  readonly #options: JournalOptions
  readonly #buffer = new EntryBuffer()
  /** The number of the newest entry. */
  #last: number
  #pending: PendingEntry[] = []
  /** The last pending entry, while notes may still join it. */
  #open: PendingEntry | undefined
  /** Who waits for what is pending, and for what is being written. */
  #later: Waiters | undefined
  #now: Waiters | undefined
  /** Who waits until everything is on the disk. */
  #durable: Waiters | undefined
  /** Revisions that are written and not on the disk. */
  #written: LogRecord[] = []
  #running: Promise<void> | undefined
  #failure: Error | undefined
  #timer: Cancel | undefined
  /** True while something acknowledged is not on the disk. */
  #unsynced = false

  constructor(options: JournalOptions) {
    this.durable = options.durable
    this.#last = options.last
    this.#options = options
  }

  append(record: LogRecord): void {
    this.#push({ record, timeMs: this.#options.env.clock.now(), notes: [] })
  }

  note(note: JournalNote): void {
    if (this.#open !== undefined) this.#open.notes.push(note)
    else this.#push({ record: undefined, timeMs: this.#options.env.clock.now(), notes: [note] })
  }

  acknowledged(): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#pending.length > 0) return (this.#later ??= new Waiters()).promise
    return this.#now?.promise
  }

  /** The number of the newest entry; what happens from now on is in later ones. */
  cut(): number {
    this.#open = undefined
    return this.#last
  }

  /** Resolves when everything committed so far is on the disk, whatever the policy. */
  settled(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#running === undefined && !this.#unsynced) return Promise.resolve()
    this.#durable ??= new Waiters()
    this.#start()
    return this.#durable.promise
  }

  /** Writes what is pending, and ends. */
  async close(): Promise<void> {
    this.#timer?.()
    if (this.#failure === undefined) await this.settled()
    await this.#running
    if (this.#failure === undefined) await this.#options.log.close()
  }

  #push(entry: PendingEntry): void {
    if (this.#failure !== undefined) return
    this.#last++
    this.#pending.push(entry)
    this.#open = entry
    this.#start()
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      // What came in the very last moment.
      if (this.#failure === undefined && this.#isWanted) this.#start()
    })
  }

  get #isWanted(): boolean {
    return this.#pending.length > 0 || this.#durable !== undefined
  }

  async #run(): Promise<void> {
    try {
      while (this.#isWanted) await this.#writeSome()
    } catch (error) {
      this.#fail(storeStopped(error as Error))
    }
  }

  async #writeSome(): Promise<void> {
    const { log, fsync } = this.#options
    // Those who write in the same turn are written together.
    await Promise.resolve()
    const durable = this.#durable
    this.#now = this.#later ?? new Waiters()
    this.#later = undefined
    this.#open = undefined
    const entries = this.#pending
    this.#pending = []
    const sync = fsync === 'always' || durable !== undefined
    for (let begin = 0; begin < entries.length; ) {
      const { payload, end } = this.#buffer.pieceOf(entries, begin)
      await log.append(payload, end - begin)
      if (this.durable !== undefined) for (; begin < end; begin++) this.#tellWhenSynced(entries[begin])
      begin = end
      if (sync) await this.#sync()
    }
    if (sync) await this.#sync()
    else this.#syncLater()
    this.#unsynced = !sync
    this.#now.resolve()
    this.#now = undefined
    if (durable === undefined) return
    this.#durable = undefined
    durable.resolve()
  }

  #tellWhenSynced(entry: PendingEntry | undefined): void {
    if (entry?.record !== undefined) this.#written.push(entry.record)
  }

  async #sync(): Promise<void> {
    await this.#options.log.sync()
    const records = this.#written
    this.#written = []
    if (records.length > 0) this.durable?.advance(records)
  }

  #syncLater(): void {
    const { env, fsync, fsyncIntervalMs } = this.#options
    if (fsync !== 'interval') return
    this.#timer ??= env.clock.after(fsyncIntervalMs, () => {
      this.#timer = undefined
      if (this.#failure === undefined) void this.settled().catch(() => {})
    })
  }

  #fail(error: Error): void {
    this.#failure = error
    this.#timer?.()
    for (const waiters of [this.#now, this.#later, this.#durable]) waiters?.reject(error)
    this.#pending = []
    this.#options.failed(error)
  }
}
