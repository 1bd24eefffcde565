import type { Action, ActionKind } from '../actions/action.js'
import { isFault } from '../actions/action.js'
import type { LoopLimits } from '../setup/execution-setup.js'
import { isOfProcess } from '../world/action-of.js'

/** For each object there are so many more writes in a row than `writesInRowMax` before they count as a loop. */
const WRITES_PER_OBJECT = 20
/** Timers in a row that lead to nothing before a world counts as at rest. */
const QUIET_TIMERS_PER_OBJECT = 12
/** So many times as many are waited for, if need be, before what waits longer is given up. */
const PATIENCE = 10
/** Whoever pauses as long between writes, or timers, does not loop. */
const BUSY_WAIT_MS = 1_000

/** What timers may lead to something new after. */
const FRESH: ReadonlySet<ActionKind> = new Set(['user', 'start', 'stop', 'resume'])

/** An action that was taken. */
export interface Taken {
  readonly action: Action
  /** Afterwards. */
  readonly timeMs: number
  /** True when it wrote to the store, apart from records of elections. */
  readonly isWrite: boolean
  /** How many there are afterwards. */
  readonly objects: number
  /** True when the objects, or what is outside, say something else than before, apart from times. Asked where it matters. */
  readonly isChange: () => boolean
}

/** What is asked of a world that may be at rest. */
export interface ActiveWorld {
  /** Rises with each timer that is armed. */
  readonly timerMark: number
  /** How many processes may wait for each other in ways of their own. */
  readonly strangers: number
  /** True when a timer is armed that is more than a renewal of leadership. */
  readonly hasForeground: boolean
  /** True when somebody waits for a timer that was armed before `mark`, or for a leader. */
  awaits(mark: number): boolean
}

/** Distinguishes a world that works from one that loops, and from one whose timers fire to no effect. */
export class Activity {
  readonly #world: ActiveWorld
  readonly #given: number
  readonly #limits: LoopLimits
  /** When the writes in a row began. */
  #objectsFirst: number
  /** Most since, above that. */
  #objectsMore = 0
  /** Labels of writes of processes since anything came from outside, or time passed. */
  #writes: string[] = []
  #quietTimers = 0
  /** The same with those of the background. */
  #allTimers = 0
  #quietSinceMs = 0
  #nowMs = 0
  /** Timers that were armed when nothing happened for the first time are older. */
  #quietMark = 0
  #lastMs = 0

  constructor(world: ActiveWorld, objects: number, limits: LoopLimits) {
    this.#world = world
    this.#given = objects
    this.#limits = limits
    this.#objectsFirst = objects
  }

  /** To make an object that was not there is progress. */
  get #writesMax(): number {
    return this.#limits.writesInRowMax + WRITES_PER_OBJECT * this.#objectsFirst + this.#objectsMore
  }

  /** True when timers fire and lead to nothing, and all others have fired as well, or are far off. */
  get isQuiet(): boolean {
    if (this.#allTimers >= PATIENCE * this.#timersMax) return true
    return (this.#isMonotonous || !this.#world.hasForeground) && !this.isAwaiting
  }

  /** True when something is still awaited that may be different. */
  get isAwaiting(): boolean {
    return this.#world.awaits(this.#quietMark)
  }

  get #isMonotonous(): boolean {
    // Short pauses of somebody who waits for something are not the end.
    return this.#quietTimers >= this.#timersMax && this.#nowMs - this.#quietSinceMs >= BUSY_WAIT_MS
  }

  get #timersMax(): number {
    return QUIET_TIMERS_PER_OBJECT * this.#waiters
  }

  /** So many may wait at the same time. */
  get #waiters(): number {
    return Math.max(1, this.#given) * this.#world.strangers
  }

  reset(): void {
    this.#writes = []
    this.#quietTimers = 0
    this.#allTimers = 0
    this.#quietMark = this.#world.timerMark
  }

  /** Says what loops, if anything does. */
  note(taken: Taken): string | undefined {
    return this.#noteWrite(taken) ?? this.#noteTimer(taken)
  }

  #noteWrite({ action, timeMs, isWrite, objects }: Taken): string | undefined {
    const isFromOutside = isFault(action) || !isOfProcess(action)
    const passedMs = timeMs - this.#lastMs
    this.#lastMs = timeMs
    if (isFromOutside || passedMs >= BUSY_WAIT_MS) {
      this.#writes = []
      this.#objectsFirst = Math.max(this.#given, objects)
      this.#objectsMore = 0
    }
    this.#objectsMore = Math.max(this.#objectsMore, objects - this.#objectsFirst)
    if (isFromOutside || !isWrite) return undefined
    this.#writes.push(action.label)
    const { length } = this.#writes
    if (length <= this.#writesMax) return undefined
    return `${length} writes although nothing happened; most often: ${mostFrequent(this.#writes)}`
  }

  #noteTimer({ action, timeMs, isChange }: Taken): string | undefined {
    const { kind } = action
    this.#nowMs = timeMs
    if (this.#allTimers > 0 && (isFault(action) || FRESH.has(kind) || isChange())) {
      this.#quietTimers = 0
      this.#allTimers = 0
    }
    if (this.#allTimers === 0) {
      this.#quietSinceMs = timeMs
      this.#quietMark = this.#world.timerMark
    }
    if (kind !== 'timer' && kind !== 'wait') return undefined
    this.#allTimers++
    if (action.isBackground) return undefined
    this.#quietTimers++
    const elapsedMs = timeMs - this.#quietSinceMs
    const pollsMax = this.#limits.pollsPerSecondMax * this.#waiters
    if (this.#quietTimers <= pollsMax || elapsedMs >= BUSY_WAIT_MS) return undefined
    return `it runs again and again: ${this.#quietTimers} timers within ${elapsedMs} ms`
  }
}

/** What comes up most often. */
export function mostFrequent(labels: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'nothing'
}
