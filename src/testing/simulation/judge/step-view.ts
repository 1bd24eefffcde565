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
  readonly #reader: Reader

  constructor(reader: Reader) {
    this.#reader = reader
  }

  readonly get: Reader['get'] = (kind, ref) => this.#reader.get(kind, ref)
  readonly list: Reader['list'] = (kind, options) => this.#reader.list(kind, options)
  readonly count: Reader['count'] = (kind, options) => this.#reader.count(kind, options)
  readonly countBy: Reader['countBy'] = (kind, by, options) => this.#reader.countBy(kind, by, options)

  get revision(): number {
    return this.#reader.revision
  }
}
