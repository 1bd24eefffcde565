import type { Env, Logger } from '../../core/index.js'
import type { Client, Kind, ListOptions, ObjectRef, StoredObject } from '../../store/index.js'
import type { Children } from '../children/children.js'
import type { EventInput } from '../events/event-correlator.js'

/** What a reconciler is given besides its key and object. Its parts are made when they are read: hand it on whole. */
export interface ReconcileContext {
  /** Reads the store and writes through it; refuses writes once the attempt has ended, for whatever reason. */
  readonly client: Client
  /** Dies with the attempt: so do its timers, sleeps and deferred steps. */
  readonly env: Env
  /** Aborted when the attempt times out, or is given up by a stop. The reason is an error. */
  readonly signal: AbortSignal
  /** How often this key failed since its last success. 0 in the first attempt. */
  readonly attempt: number
  /** Carries the controller's name and the key. */
  readonly logger: Logger
  /** What the object owns, of the kinds that the controller `owns`. */
  readonly children: Children
  /**
   * Wakes this key when an object changes that `what` names, or that a list with these options shows, before or after.
   * For what `owns` and `watches` cannot declare, because only an attempt knows it; ask before you read. It holds until
   * an attempt of the key has succeeded without asking for it again. The watch of a kind is open while some key needs it.
   *
   * @throws UsageError for a kind that the store does not know; InvalidError, BadRequestError for selectors that are none
   */
  watch(kind: Kind, what: ObjectRef | ListOptions): void
  /**
   * Tells people what happened to `regarding` (default: the object). It is written in the background when the
   * controller has `events`; without, without an object, and once the attempt was given up, it is only logged, at debug
   * level. It is fenced as the client is: what an old leader told last is not written after its reign.
   */
  record(event: Omit<EventInput, 'regarding'> & { readonly regarding?: StoredObject }): void
}
