import type { Kind, StoredObject } from '../store/index.js'
import type { AttemptContext } from './attempt.js'
import { type Children, childrenOf } from './children/children.js'
import type { EventInput } from './events/event-record.js'
import type { EventRecorder } from './events/event-recorder.js'

/** What a reconciler is given besides its key and object. */
export interface ReconcileContext extends AttemptContext {
  /** What the object owns, of the kinds that the controller `owns`. */
  readonly children: Children
  /**
   * Tells people what happened to `regarding` (default: the object). It is written in the background when the
   * controller has `events`; without, and without an object, it is only logged, at debug level.
   */
  record(event: Omit<EventInput, 'regarding'> & { readonly regarding?: StoredObject }): void
}

/** What the context of an attempt is completed with. */
export interface ContextSite {
  /** The controller's; owns the fields of children. */
  readonly name: string
  readonly for: Kind
  readonly owned: readonly Kind[]
  readonly recorder: EventRecorder | undefined
}

/** The context for a run about `object`. */
export function reconcileContext(
  ctx: AttemptContext,
  site: ContextSite,
  object: StoredObject | undefined,
): ReconcileContext {
  let children: Children | undefined
  return {
    // What is not asked for is not made.
    get client() {
      return ctx.client
    },
    get env() {
      return ctx.env
    },
    get signal() {
      return ctx.signal
    },
    attempt: ctx.attempt,
    get logger() {
      return ctx.logger
    },
    get children() {
      const { name, for: kind, owned } = site
      children ??= childrenOf({ client: ctx.client, kind, owner: object, of: owned, fieldManager: name })
      return children
    },
    record: event => {
      const { regarding = object, ...what } = event
      if (site.recorder === undefined || regarding === undefined) ctx.logger.debug(what, 'event')
      else site.recorder.record({ ...what, regarding })
    },
  }
}
