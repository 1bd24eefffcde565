import type { Env, Logger } from '../../core/index.js'
import type { Client, Kind, ListOptions, ObjectRef, StoredObject } from '../../store/index.js'
import type { Children } from '../children/children.js'
import { childrenOf } from '../children/children.js'
import type { EventInput } from '../events/event-correlator.js'
import type { EventRecorder } from '../events/event-recorder.js'
import type { ReadListener } from '../sources/read-listener.js'
import type { AttemptContext } from './attempt.js'

/** What a reconciler is given besides its key and object. Its parts are made when they are read: hand it on whole. */
export interface ReconcileContext extends AttemptContext {
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

/** What the context of an attempt is completed with. */
export interface ContextSite {
  /** The controller's; owns the fields of children. */
  readonly name: string
  readonly for: Kind
  readonly owned: readonly Kind[]
  /** That of now; none without events, and on standby. */
  readonly recorder: () => EventRecorder | undefined
  /** Hears of what the attempt in flight of a key depends on. */
  readonly depends: (key: ObjectRef) => ReadListener
}

/** The context for a run about `object`. */
export function reconcileContext(
  ctx: AttemptContext,
  site: ContextSite,
  key: ObjectRef,
  object: StoredObject | undefined,
): ReconcileContext {
  return new RunContext(ctx, site, key, object)
}

/** What is not asked for is not made. */
class RunContext implements ReconcileContext {
  readonly attempt: number
  readonly #ctx: AttemptContext
  readonly #site: ContextSite
  readonly #key: ObjectRef
  readonly #object: StoredObject | undefined
  #children: Children | undefined
  /** Its own, so that it may be taken out of the context. */
  #record: ReconcileContext['record'] | undefined

  constructor(ctx: AttemptContext, site: ContextSite, key: ObjectRef, object: StoredObject | undefined) {
    this.attempt = ctx.attempt
    this.#ctx = ctx
    this.#site = site
    this.#key = key
    this.#object = object
  }

  get client(): Client {
    return this.#ctx.client
  }
  get env(): Env {
    return this.#ctx.env
  }
  get signal(): AbortSignal {
    return this.#ctx.signal
  }
  get logger(): Logger {
    return this.#ctx.logger
  }

  get children(): Children {
    const { name, for: kind, owned } = this.#site
    this.#children ??= childrenOf({
      client: this.client,
      kind,
      owner: this.#object,
      of: owned,
      fieldManager: name,
    })
    return this.#children
  }

  /** Its own, so that it may be taken out of the context. */
  get watch(): ReconcileContext['watch'] {
    return (kind, what) => {
      // What was given up must not depend on anything.
      if (this.signal.aborted || this.env.closed) return
      const { client } = this.#ctx
      const depends = this.#site.depends(this.#key)
      if ('name' in what) {
        client.get(kind, what)
        depends.got(kind, what)
      } else {
        client.list(kind, { ...what, limit: 1 })
        depends.listed(kind, what)
      }
    }
  }

  get record(): ReconcileContext['record'] {
    this.#record ??= event => {
      const { regarding = this.#object, ...what } = event
      // What was given up must not tell what it did after its successor has begun.
      const recorder = this.signal.aborted ? undefined : this.#site.recorder()
      if (recorder === undefined || regarding === undefined) this.logger.debug(what, 'event')
      else recorder.record({ ...what, regarding })
    }
    return this.#record
  }
}
