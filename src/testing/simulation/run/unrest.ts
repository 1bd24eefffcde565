import { type Action, isFault, isOfProcess } from '../actions/action.js'

/** Writes in a row, without anything from outside, that count as a loop; more for the objects there are at their beginning. */
const LOOP_WRITES_BASE = 20
const LOOP_WRITES_PER_OBJECT = 20
/** Timers in a row that lead to nothing before a world counts as at rest. */
const QUIET_TIMERS_PER_OBJECT = 12
/** Whoever pauses as long between writes, or timers, does not loop. */
const BUSY_WAIT_MS = 1_000

/** An action that was taken. */
export interface Taken {
  readonly action: Action
  /** Afterwards. */
  readonly timeMs: number
  /** True when it wrote to the store. */
  readonly isWrite: boolean
  /** How many there are afterwards. */
  readonly objects: number
  /** True when the objects say something else than before, apart from times. Asked where it matters. */
  readonly isChange: () => boolean
}

/** Tells a world that works from one that runs in circles, and from one where timers fire to no end. */
export class Unrest {
  private readonly given: number
  private writesMax: number
  private readonly timersMax: number
  /** Labels of writes of processes since anything came from outside, or time passed. */
  private writes: string[] = []
  private quietTimers = 0
  private quietSinceMs = 0
  private lastMs = 0

  constructor(objects: number) {
    this.given = objects
    this.writesMax = writesFor(objects)
    this.timersMax = QUIET_TIMERS_PER_OBJECT * Math.max(1, objects)
  }

  /** True when timers fire and lead to nothing. */
  get isQuiet(): boolean {
    return this.quietTimers >= this.timersMax
  }

  reset(): void {
    this.writes = []
    this.quietTimers = 0
  }

  /** Says what runs in circles. */
  note(taken: Taken): string | undefined {
    return this.noteWrite(taken) ?? this.noteTimer(taken)
  }

  private noteWrite({ action, timeMs, isWrite, objects }: Taken): string | undefined {
    const isFromOutside = isFault(action) || !isOfProcess(action)
    const passedMs = timeMs - this.lastMs
    this.lastMs = timeMs
    if (isFromOutside || passedMs >= BUSY_WAIT_MS) {
      this.writes = []
      this.writesMax = writesFor(Math.max(this.given, objects))
    }
    if (isFromOutside || !isWrite) return undefined
    this.writes.push(action.label)
    const { length } = this.writes
    if (length <= this.writesMax) return undefined
    return `${length} writes although nothing happened; most often: ${mostFrequent(this.writes)}`
  }

  private noteTimer({ action, timeMs, isChange }: Taken): string | undefined {
    const { kind } = action
    if (this.quietTimers > 0 && (isFault(action) || kind === 'user' || kind === 'start' || isChange()))
      this.quietTimers = 0
    if (this.quietTimers === 0) this.quietSinceMs = timeMs
    if (kind !== 'timer' && kind !== 'wait') return undefined
    this.quietTimers++
    const elapsedMs = timeMs - this.quietSinceMs
    if (!this.isQuiet || elapsedMs >= BUSY_WAIT_MS) return undefined
    return `it runs again and again: ${this.quietTimers} timers within ${elapsedMs} ms`
  }
}

function writesFor(objects: number): number {
  return LOOP_WRITES_BASE + LOOP_WRITES_PER_OBJECT * objects
}

/** What comes up most often. */
export function mostFrequent(labels: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'nothing'
}
