import type { Logger } from '../core/index.js'
import { type Client, type Kind, listAndWatch } from '../store/index.js'
import type { ObjectChange } from './event-mapping.js'

/** What a source needs. */
export interface SourceOptions {
  readonly client: Client
  readonly kind: Kind
  readonly logger: Logger
  /** Called for each change, in revision order; also for what changed while no watch was open. */
  readonly changed: (change: ObjectChange) => void
  /** Called after each batch. */
  readonly progressed: () => void
}

/** A watch of one kind that ends with the store only. */
export interface Source {
  readonly kind: Kind
  /** True once the initial events were delivered. */
  readonly synced: boolean
  /** True when every object of the kind was delivered as the client reads it now. */
  caughtUp(): boolean
  stop(): void
}

/**
 * Opens the watch.
 *
 * Guarantees: every state that an object rests in is reported, as a change from the state reported before;
 * states that it only passed while the watch was broken may be skipped.
 *
 * @throws ClosedError when the store is closed
 */
export function startSource({ client, kind, logger, changed, progressed }: SourceOptions): Source {
  const watch = listAndWatch(client, kind)
  let synced = false
  watch.on(
    ({ events, initialEventsEnd }) => {
      for (const { type, object, previous } of events) {
        const isGone = type === 'DELETED'
        changed({ before: isGone ? (previous ?? object) : previous, now: isGone ? undefined : object })
      }
      if (initialEventsEnd === true) synced = true
      progressed()
    },
    error => {
      logger.error({ kind: kind.kind, err: error }, 'the store is closed; its objects are no longer watched')
    },
  )
  return {
    kind,
    get synced() {
      return synced
    },
    caughtUp: () => synced && watch.revision >= client.revision,
    stop: () => watch.close(),
  }
}
