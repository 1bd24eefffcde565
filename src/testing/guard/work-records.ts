import type { Entry } from './stack-frames.js'
import { entryOf, framesBeyond } from './stack-frames.js'

/** One action of an execution. */
export interface GuardedStep {
  readonly kind: string
  readonly label: string
}

/** For example `reconcile apps web`. */
export function stepName({ kind, label }: GuardedStep): string {
  return kind === 'reconcile' ? `reconcile ${label}` : label
}

/** A promise, or a resource of the host, that came to be because of a step. */
export interface WorkRecord {
  readonly id: number
  readonly type: string
  readonly step: GuardedStep
  /** For a promise that was derived from another one, by `then` or by `await`: that one. */
  readonly awaited: number | undefined
  /** What ran when it came to be. */
  readonly parent: number
  /** Its stack is made into text only when it is asked for, which is what costs. */
  readonly error: Error
}

const ANCESTORS_MAX = 100

/** What came to be in one execution. */
export class WorkRecords {
  readonly all: Map<number, WorkRecord> = new Map()
  readonly settled: Set<number> = new Set()

  /** Where the code under test started it; if its own stack does not say, that of what ran at the time. */
  entryOf(record: WorkRecord): Entry | undefined {
    let current: WorkRecord | undefined = record
    for (let depth = 0; current !== undefined && depth < ANCESTORS_MAX; depth++) {
      const entry = entryOf(framesBeyond(current.error))
      if (entry !== undefined) return entry
      current = this.all.get(current.parent)
    }
    return undefined
  }
}
