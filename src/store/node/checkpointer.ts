import { isKeelsonError } from '../../core/index.js'
import type { StoreParts } from '../client/store-parts.js'
import { secretNotes, writeCheckpoint } from './checkpoint.js'
import type { CheckpointFile, LogFile } from './directory.js'
import { checkpointFile } from './directory.js'
import type { Disk } from './disk.js'
import type { FrameCipher } from './frame-cipher.js'
import type { Journal } from './journal.js'
import type { LogWriter } from './log-writer.js'

/** What checkpoints are made from. */
export interface CheckpointerOptions {
  readonly disk: Disk
  readonly cipher: FrameCipher
  readonly parts: StoreParts
  readonly journal: Journal
  readonly log: LogWriter
  /** Checkpoints that are there, oldest first. */
  readonly checkpoints: readonly CheckpointFile[]
  /** So many bytes of the log are written between two, and at least as many as the last one had. */
  readonly checkpointBytes: number
}

/**
 * Writes checkpoints as the log grows, and removes files that no recovery needs: all before the newest checkpoint that is
 * as old as the oldest revision that watches and readers may still ask for.
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions
  #checkpoints: CheckpointFile[]
  #lastBytes = 0
  #since = 0
  #running: Promise<void> | undefined
  #closed = false

  constructor(options: CheckpointerOptions) {
    this.#options = options
    this.#checkpoints = [...options.checkpoints]
  }

  /** The log has grown. */
  grown(bytes: number): void {
    this.#since += bytes
    const { checkpointBytes, parts } = this.#options
    if (this.#since < Math.max(checkpointBytes, this.#lastBytes) || this.#closed) return
    // What has failed is tried again when the log has grown as much again.
    void this.now().catch((error: unknown) => {
      if (isKeelsonError(error, 'Closed')) return
      parts.engine.env.logger.error({ err: error }, 'a checkpoint could not be written; the log is kept')
    })
  }

  /** Writes one, unless one is being written. */
  now(): Promise<void> {
    this.#running ??= this.#write().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /**
   * Writes everything anew, with the key that writes now, and removes what was written before. History from before goes with it: the
   * next start knows of no older revision.
   */
  async rewrite(): Promise<void> {
    const { journal, log, parts } = this.#options
    await this.idle()
    log.turn()
    // Something must be in the new file; this says nothing new.
    for (const note of secretNotes(parts)) journal.note(note)
    journal.note({ compact: parts.engine.log.oldestStart })
    await journal.settled()
    await this.now()
    await this.#removeBefore(this.#checkpoints.at(-1))
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => {})
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.idle()
  }

  async #write(): Promise<void> {
    const { disk, cipher, parts, journal } = this.#options
    this.#since = 0
    const entry = journal.cut()
    const { revision } = parts.engine
    if (entry !== (this.#checkpoints.at(-1)?.entry ?? 0)) {
      const ended = (): boolean => this.#closed
      const settled = (): Promise<void> => journal.settled()
      this.#lastBytes = await writeCheckpoint({ disk, cipher, parts, entry, settled, ended })
      this.#checkpoints.push(checkpointFile(entry, revision))
    }
    await this.#removeOld()
  }

  /** Checkpoints first: one whose log is gone would be taken for the beginning of everything. */
  async #removeOld(): Promise<void> {
    const { parts } = this.#options
    const { oldestStart, head } = parts.engine.log
    const newest = this.#checkpoints.at(-1)?.revision ?? 0
    // What is newer than that may be lost in a power cut, and then older revisions are asked for.
    await this.#removeBefore(
      this.#checkpoints.findLast(({ revision }) => revision <= oldestStart - (head - newest)),
    )
  }

  async #removeBefore(base: CheckpointFile | undefined): Promise<void> {
    const { disk, log } = this.#options
    if (base === undefined) return
    const old = this.#checkpoints.filter(({ entry }) => entry < base.entry)
    // One that could not be removed stays on its list, and nothing later is removed before it: a gap is never left.
    for (const { name } of old) {
      await disk.remove(name)
      this.#checkpoints = this.#checkpoints.filter(each => each.name !== name)
    }
    if (old.length > 0) await disk.sync()
    await log.removeWhile((next: LogFile) => next.first <= base.entry + 1)
  }
}
