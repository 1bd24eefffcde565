import type { Clock } from '../../core/index.js'

/** Calls in a row that may share one reading. */
const SHARED_MAX = 64

/** Calls that are closer together than this are equal for whatever uses this clock. */
const CLOSE_MS = 0.05

/**
 * Monotonic time for ages and statistics, cheaper than the clock itself, a reading of which costs as much as a
 * lookup by key. While calls follow each other closely inside one synchronous turn, twice as many share a reading
 * each time, up to 64; a longer distance, which the next reading shows, or the end of the turn ends the sharing. Who has
 * read the clock says so to the queue, so what a controller works on is timed exactly.
 */
export class TurnClock {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #ended: () => void
  #readAtMs: number | undefined
  #run = 1
  #left = 0
  #turnEnds = false

  /** @param ended called when no more calls share a reading that some have shared */
  constructor(clock: Pick<Clock, 'monotonic'>, ended: () => void = () => {}) {
    this.#clock = clock
    this.#ended = ended
  }

  /** Whether the next call shares the latest reading; `ended` is still to be called, then. */
  get isShared(): boolean {
    return this.#left > 0
  }

  now(): number {
    if (this.#left > 0) {
      this.#left--
      return this.#readAtMs as number
    }
    return this.#read()
  }

  #read(): number {
    const latest = this.#readAtMs
    const now = this.#clock.monotonic()
    const isClose = latest !== undefined && now - latest <= CLOSE_MS
    this.#readAtMs = now
    this.#run = isClose ? Math.min(this.#run * 2, SHARED_MAX) : 1
    this.#left = this.#run - 1
    if (this.#left > 0 && !this.#turnEnds) {
      this.#turnEnds = true
      void Promise.resolve().then(() => this.turnEnded())
    }
    return now
  }

  /** The next call reads the clock. */
  turnEnded(): void {
    this.#turnEnds = false
    this.#run = 1
    this.#left = 0
    this.#ended()
  }
}
