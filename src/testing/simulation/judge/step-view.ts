import type { StepInfo } from '../../../core/index.js'
import type { Reader, StoredObject } from '../../../store/index.js'
import type { TraceStep } from '../actions/trace-step.js'

/** What a step did to one object. `before` is missing for one that was created, `after` for one that is gone. */
export interface ObjectChange {
  readonly before: StoredObject | undefined
  readonly after: StoredObject | undefined
}

/** A point of an execution, right after a step. */
export interface Moment {
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

/** What is different; an object that was deleted and created again is two. */
export function changesBetween(
  before: readonly StoredObject[],
  after: readonly StoredObject[],
): readonly ObjectChange[] {
  const changes: ObjectChange[] = []
  const old = new Map(before.map(object => [object.metadata.uid, object]))
  for (const object of after) {
    const { uid } = object.metadata
    const previous = old.get(uid)
    old.delete(uid)
    if (previous !== object) changes.push({ before: previous, after: object })
  }
  for (const object of old.values()) changes.push({ before: object, after: undefined })
  return changes
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
