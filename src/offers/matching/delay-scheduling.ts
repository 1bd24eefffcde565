import { InvalidError } from '../../core/index.js'

/**
 * Delay scheduling by count (Zaharia et al., EuroSys 2010, algorithm 1): a job that has no local task for a slot passes
 * it on to others, until it has done so often enough; then it takes any.
 */
export class SkipDelay {
  readonly #skipsMax: number
  readonly #skips = new Map<string, number>()

  /** @param skipsMax how many slots a job passes on before it takes a distant one; an integer ≥ 0 */
  constructor(skipsMax: number) {
    if (!Number.isInteger(skipsMax) || skipsMax < 0)
      throw fault('skipsMax', skipsMax, 'must be an integer of at least 0')
    this.#skipsMax = skipsMax
  }

  /** Slots that the job has passed on since its last local launch. */
  skips(job: string): number {
    return this.#skips.get(job) ?? 0
  }

  /** Whether the job may launch here. A refusal counts as a slot passed on; a local launch forgets those before. */
  offer(job: string, local: boolean): boolean {
    if (local) {
      this.#skips.delete(job)
      return true
    }
    const skips = this.skips(job)
    if (skips >= this.#skipsMax) return true
    this.#skips.set(job, skips + 1)
    return false
  }

  forget(job: string): void {
    this.#skips.delete(job)
  }
}

/** A level of locality, nearest first, and how long to wait for something so near. */
export interface LocalityWait {
  readonly name: string
  readonly waitMs: number
}

interface Waiting {
  level: number
  sinceMs: number
}

/**
 * Delay scheduling by time: a job waits at each level before it goes to the next. A launch puts it back to the level of
 * the launch, and its wait begins anew there; slots that it refuses change nothing, so a job that is offered only
 * distant slots gets on.
 */
export class LevelDelay {
  readonly #waits: readonly LocalityWait[]
  readonly #jobs = new Map<string, Waiting>()

  /** @param waits nearest first; after the last wait anything is taken */
  constructor(waits: readonly LocalityWait[]) {
    for (const { name, waitMs } of waits)
      if (!(waitMs >= 0)) throw fault(name, waitMs, 'must be at least 0 ms')
    this.#waits = waits
  }

  /** The most distant level that the job takes now: 0 is the nearest. */
  level(job: string, nowMs: number): number {
    const waiting = this.#jobs.get(job) ?? { level: 0, sinceMs: nowMs }
    this.#jobs.set(job, waiting)
    for (let wait = this.#waits[waiting.level]; wait !== undefined; wait = this.#waits[waiting.level]) {
      if (nowMs - waiting.sinceMs < wait.waitMs) break
      waiting.level++
      waiting.sinceMs += wait.waitMs
    }
    return waiting.level
  }

  /** A task of the job was launched at a level. */
  launched(job: string, level: number, nowMs: number): void {
    this.#jobs.set(job, { level, sinceMs: nowMs })
  }

  forget(job: string): void {
    this.#jobs.delete(job)
  }
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('delay scheduling', [{ field, value, message }])
}
