import { isKeelsonError } from '../../../core/index.js'
import type { Client, StoredObject, Watch, WatchBatch } from '../../../store/index.js'
import { tapWrites } from '../../../store/index.js'
import type { Call } from './facade.js'
import { facade } from './facade.js'

/** A batch of events that was delivered through a listening client. */
export interface Delivery {
  /** The process that the client is of. */
  readonly process: string
  /** The part of it, for example a controller. */
  readonly part: string
  /** What was delivered to it. */
  readonly batch: WatchBatch<StoredObject>
}

/** Whom a listening client tells. */
export interface ClientListener {
  /** A write was refused, or failed otherwise; in a word. */
  refused(why: string): void
  /** A batch was delivered. */
  delivered(delivery: Delivery): void
}

/** The same client; what becomes of its writes and watches is told. Clients made from it do the same. */
export function listeningClient(client: Client, process: string, listener: ClientListener): Client {
  const told = tapWrites(client, (write, next) => {
    const written = next(write)
    // The same promise is returned: the code under test runs in the same order as without a listener.
    written.catch((error: unknown) => listener.refused(isKeelsonError(error) ? error.code : String(error)))
    return written
  })
  return facade(told, (member, call) => {
    if (member === 'client')
      return (...given) =>
        listeningClient(client.client(...(given as Parameters<Client['client']>)), process, listener)
    if (member === 'watch')
      return (...given) =>
        listeningWatch(call(...given) as Watch<StoredObject>, batch =>
          listener.delivered({ process, part: client.env.process, batch }),
        )
    return undefined
  })
}

function listeningWatch(
  watch: Watch<StoredObject>,
  delivered: (batch: WatchBatch<StoredObject>) => void,
): Watch<StoredObject> {
  return facade(watch, (member, call) =>
    member === 'on'
      ? (listener, ...rest) =>
          call(
            (batch: WatchBatch<StoredObject>) => {
              delivered(batch)
              ;(listener as Call)(batch)
            },
            ...rest,
          )
      : undefined,
  )
}
