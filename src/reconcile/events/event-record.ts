import type { StoredObject } from '../../store/index.js'

/** What an event object says; the spec of the kind `Event` of `keelson/api` has this shape. */
export interface EventRecord {
  readonly regarding: {
    readonly apiVersion: string
    readonly kind: string
    readonly namespace?: string
    readonly name: string
    readonly uid?: string
  }
  readonly type: 'Normal' | 'Warning'
  /** Upper camel case. */
  readonly reason: string
  /** A sentence for people. */
  readonly note: string
  readonly reportingController: string
  /** Times seen. */
  readonly count: number
  /** RFC 3339. */
  readonly firstTime: string
  readonly lastTime: string
}

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
