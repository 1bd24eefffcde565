import type { EventRecord } from '../../core/index.js'
import type { StoredObject } from '../../store/index.js'

/** What happened, as a controller says it. */
export interface EventInput {
  /** The object that it is about. */
  readonly regarding: StoredObject
  /** Default `Normal`. */
  readonly type?: EventRecord['type']
  /** Upper camel case, and one of few: events are counted by it. */
  readonly reason: string
  readonly note: string
}
