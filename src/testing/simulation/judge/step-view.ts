import type { StepInfo } from '../../../core/index.js'
import type { ObjectChange, Reader } from '../../../store/index.js'
import type { TraceStep } from '../actions/trace-step.js'

/** A point of an execution, right after a step. */
export interface StepView {
  /** Shows everything that was committed, whatever caches may know of it. */
  readonly reader: Reader
  /** What the step has changed in the store: mostly nothing, or one object. */
  readonly changes: readonly ObjectChange[]
  /** The step: who, what kind, which words. Its kind is `rest` where a world at rest is looked at. */
  readonly step: TraceStep
  /** What a step of a process says of itself: the keys that it reads and writes. */
  readonly about?: StepInfo | undefined
  /** How many steps were taken. */
  readonly steps: number
  /** Virtual milliseconds since the start. */
  readonly timeMs: number
  /** The world outside the store, see `ProcessSite`. */
  readonly outside: ReadonlyMap<string, unknown>
}

/** The reading half of a reader that may be able to do more. */
export function readingOnly(reader: Reader): Reader {
  return new ReadingHalf(reader)
}

class ReadingHalf implements Reader {
  readonly get: Reader['get']
  readonly list: Reader['list']
  readonly count: Reader['count']
  readonly #reader: Reader

  constructor(reader: Reader) {
    this.#reader = reader
    this.get = (kind, ref) => reader.get(kind, ref)
    this.list = (kind, options) => reader.list(kind, options)
    this.count = (kind, options) => reader.count(kind, options)
  }

  get revision(): number {
    return this.#reader.revision
  }
}
