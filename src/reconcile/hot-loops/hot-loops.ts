import { backoffMs } from '../../core/internal.js'
import type { ObjectRef } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import type { SourceChange } from '../sources/event-mapping.js'
import { Contests } from './contests.js'
import type { HotLoop } from './hot-loop.js'
import { hotLoop } from './hot-loop.js'
import type { WakeCause } from './self-wakes.js'
import { SelfWakes } from './self-wakes.js'

/** How loops are found. */
export interface HotLoopsOptions {
  /** Runs in a row after which a key is reported. A whole number of at least 1, or Infinity. */
  readonly after: number
  /** Monotonic. */
  readonly now: () => number
  /** Every change up to this revision was told. */
  readonly heardUpTo: () => number
  readonly report: (loop: HotLoop) => void
}

/** Hears of the writes of one attempt. */
export interface OwnWriteListener {
  began(): void
  /** @param revision of the write; undefined when it wrote nothing, or when that is not known */
  ended(revision: number | undefined): void
}

/** A key in a loop waits 100 ms, then twice as long each time, up to 5 minutes. */
const PAUSE_BASE_MS = 100
const PAUSE_MAX_MS = 300_000

/** Progress ends some time: so many times `after` runs in a row that only made news are reported, and wait a little. */
const STEPS_PER_RUN = 50
const STEP_PAUSE_MS = 100

interface Track {
  readonly wakes: SelfWakes
  /** Runs in a row that its own writes caused and that made no progress. */
  runs: number
  /** Runs in a row that its own writes caused and that made progress. */
  steps: number
  /** When it may run; undefined when it need not wait. */
  dueAtMs: number | undefined
}

/**
 * Finds keys that are woken by nothing but their own writes, and keys whose writes are undone again and again. Keys
 * that do not write cost nothing.
 */
export class HotLoops {
  readonly #options: HotLoopsOptions
  readonly #tracks = new Map<string, Track>()
  readonly #contests = new Contests()
  readonly #reported = new Map<string, HotLoop>()

  constructor(options: HotLoopsOptions) {
    this.#options = options
  }

  /** Those that have not ended. */
  list(): readonly HotLoop[] {
    this.#forgetContests()
    return [...this.#reported.values()]
  }

  /** For the writes of the attempt of `key` that begins; call `over` when it has ended. */
  listen(key: ObjectRef): OwnWriteListener & { over(): void } {
    return new AttemptWrites(this, key, this.#options.after === Number.POSITIVE_INFINITY)
  }

  /** What the key has heard, from its next write on. */
  wakesOf(key: ObjectRef): SelfWakes {
    return this.#open(key).wakes
  }

  /** Of every attempt, whether it wrote or not, and however it ended. */
  attemptEnded(key: ObjectRef): void {
    if (this.#tracks.size === 0) return
    const id = refText(key)
    const known = this.#tracks.get(id)
    if (known === undefined) return
    known.wakes.attemptEnded(this.#options.heardUpTo())
    if (known.wakes.isOver) this.#free(id)
  }

  /** Something wants the key: a change, or for no `cause` anything else but time. */
  woken(key: ObjectRef, cause: WakeCause | undefined): void {
    if (this.#tracks.size > 0) this.#tracks.get(refText(key))?.wakes.woken(cause)
  }

  /** For how long the key must not run yet, in milliseconds; 0 when it runs now. */
  hold(key: ObjectRef): number {
    if (this.#tracks.size === 0) return 0
    const id = refText(key)
    const track = this.#tracks.get(id)
    if (track === undefined) return 0
    const { now, heardUpTo } = this.#options
    const waitMs = track.dueAtMs === undefined || track.wakes.isForeign ? 0 : track.dueAtMs - now()
    if (waitMs > 0) return waitMs
    const isDue = track.dueAtMs !== undefined
    track.dueAtMs = undefined
    const isFreed = track.wakes.isForeign
    const cause = track.wakes.take(heardUpTo())
    // Its time has come: what it wrote before was counted when the wait began.
    if (isDue && !isFreed) return 0
    if (cause.kind === 'other') {
      track.wakes.startOver()
      this.#free(id, track)
      return 0
    }
    const pauseMs = cause.isProgress
      ? this.#step(key, track, cause.change)
      : this.#repeat(key, track, cause.change)
    if (pauseMs > 0) track.dueAtMs = now() + pauseMs
    return pauseMs
  }

  #step(key: ObjectRef, track: Track, change: SourceChange): number {
    const max = this.#options.after * STEPS_PER_RUN
    track.steps++
    if (track.steps === max) this.#report(hotLoop('unbounded', key, track.steps, change))
    return track.steps < max ? 0 : STEP_PAUSE_MS
  }

  #repeat(key: ObjectRef, track: Track, change: SourceChange): number {
    const { after } = this.#options
    track.runs++
    if (track.runs === after) this.#report(hotLoop('ownWrites', key, track.runs, change))
    if (track.runs < after) return 0
    return backoffMs({ baseMs: PAUSE_BASE_MS, maxMs: PAUSE_MAX_MS }, track.runs - after + 1)
  }

  /** The key names another object now. */
  forget(key: ObjectRef): void {
    if (this.#tracks.size > 0) this.#free(refText(key))
  }

  #open(key: ObjectRef): Track {
    const id = refText(key)
    let track = this.#tracks.get(id)
    if (track === undefined) {
      const wakes = new SelfWakes(key, change => this.#wrote(key, change))
      track = { wakes, runs: 0, steps: 0, dueAtMs: undefined }
      this.#tracks.set(id, track)
    }
    return track
  }

  #wrote(key: ObjectRef, change: SourceChange): void {
    this.#forgetContests()
    const undone = this.#contests.wrote(refText(key), change, this.#options.now())
    if (undone === this.#options.after) this.#report(hotLoop('contested', key, undone, change))
  }

  #report(loop: HotLoop): void {
    const id = refText(loop.key)
    if (this.#reported.has(id)) return
    this.#reported.set(id, loop)
    this.#options.report(loop)
  }

  /** Without `track` it is not followed any more. */
  #free(id: string, track?: Track): void {
    const kind = this.#reported.get(id)?.kind
    if (kind !== undefined && kind !== 'contested') this.#reported.delete(id)
    if (track === undefined) this.#tracks.delete(id)
    else {
      track.runs = 0
      track.steps = 0
    }
  }

  #forgetContests(): void {
    for (const [id, { kind }] of this.#reported)
      if (kind === 'contested' && !this.#contests.isContested(id, this.#options.now()))
        this.#reported.delete(id)
  }
}

/** Hears of the writes of one attempt: a class, as there is one for each, and most write nothing. */
class AttemptWrites implements OwnWriteListener {
  readonly #loops: HotLoops
  readonly #key: ObjectRef
  #wakes: SelfWakes | undefined
  #isOver: boolean

  constructor(loops: HotLoops, key: ObjectRef, isOver: boolean) {
    this.#loops = loops
    this.#key = key
    this.#isOver = isOver
  }

  began(): void {
    if (this.#isOver) return
    this.#wakes ??= this.#loops.wakesOf(this.#key)
    this.#wakes.writeBegan()
  }

  ended(revision: number | undefined): void {
    if (!this.#isOver) this.#wakes?.writeEnded(revision)
  }

  over(): void {
    this.#isOver = true
  }
}
