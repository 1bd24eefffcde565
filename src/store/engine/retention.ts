import type { Cancel, Env } from '../../core/index.js'
import { jsonBytes } from '../object/object-size.js'
import type { Compactor } from './compactor.js'
import type { LogRecord, RevisionLog } from './revision-log.js'

/** How long the log is kept, besides how many revisions. */
export interface RetentionLimits {
  readonly ageMaxMs: number
  readonly bytesMax: number
}

/** What is limited, and who lets go of it. */
export interface RetentionParts {
  readonly env: Env
  readonly log: RevisionLog
  readonly compactor: Compactor
}

/** The log is let go of in pieces of about this part of its limits. */
const PIECES = 16

/** Revisions that go together. */
interface Piece {
  readonly firstAtMs: number
  lastAtMs: number
  last: number
  bytes: number
}

/** Compacts the log by the age of its revisions, and by the bytes of the objects that they hold on to. */
export class Retention {
  readonly #parts: RetentionParts
  readonly #limits: RetentionLimits
  /** Oldest first. */
  readonly #pieces: Piece[] = []
  #bytes = 0
  #cancel: Cancel | undefined

  constructor(parts: RetentionParts, limits: RetentionLimits) {
    this.#parts = parts
    this.#limits = limits
  }

  /** A revision was committed; what it has made too old, or too much, goes. */
  committed({ revision, changes }: LogRecord): void {
    const { log, env } = this.#parts
    const { bytesMax } = this.#limits
    const bytes =
      bytesMax === Number.POSITIVE_INFINITY
        ? 0
        : changes.reduce((sum, { before }) => sum + (before === undefined ? 0 : jsonBytes(before)), 0)
    const nowMs = env.clock.monotonic()
    const piece = this.#pieceFor(bytes, nowMs)
    piece.last = revision
    piece.lastAtMs = nowMs
    piece.bytes += bytes
    this.#bytes += bytes
    this.#drop(({ last }) => last <= log.oldestStart)
    // The newest revision stays, whatever it holds.
    this.#compact(this.#drop(oldest => oldest !== piece && this.#bytes > bytesMax && oldest.last <= log.held))
    this.#arm()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #pieceFor(bytes: number, nowMs: number): Piece {
    const { ageMaxMs, bytesMax } = this.#limits
    const newest = this.#pieces.at(-1)
    const isRoom =
      newest !== undefined &&
      newest.bytes + bytes <= bytesMax / PIECES &&
      nowMs - newest.firstAtMs < ageMaxMs / PIECES
    if (isRoom) return newest
    const piece = { firstAtMs: nowMs, lastAtMs: nowMs, last: 0, bytes: 0 }
    this.#pieces.push(piece)
    return piece
  }

  /** Drops pieces from the oldest on; returns the newest of them. */
  #drop(isOver: (oldest: Piece) => boolean): Piece | undefined {
    let dropped: Piece | undefined
    for (let oldest = this.#pieces[0]; oldest !== undefined && isOver(oldest); oldest = this.#pieces[0]) {
      this.#pieces.shift()
      this.#bytes -= oldest.bytes
      dropped = oldest
    }
    return dropped
  }

  #compact(dropped: Piece | undefined): void {
    const { log, compactor } = this.#parts
    if (dropped !== undefined && dropped.last > log.oldestStart) void compactor.compact(dropped.last)
  }

  /** A quiet store has no timer. */
  #arm(): void {
    const { env, log } = this.#parts
    const { clock } = env
    const { ageMaxMs } = this.#limits
    const [oldest] = this.#pieces
    if (this.#cancel !== undefined || oldest === undefined || ageMaxMs === Number.POSITIVE_INFINITY) return
    const leftMs = Math.max(0, oldest.lastAtMs + ageMaxMs - clock.monotonic())
    // What is held is looked at again, without haste.
    const afterMs = oldest.last <= log.held ? leftMs : Math.max(leftMs, ageMaxMs / PIECES)
    this.#cancel = clock.after(afterMs, () => {
      this.#cancel = undefined
      const nowMs = clock.monotonic()
      this.#compact(this.#drop(({ last, lastAtMs }) => lastAtMs + ageMaxMs <= nowMs && last <= log.held))
      this.#arm()
    })
  }
}
