import { isKeelsonError } from '../../../core/index.js'
import type { Client, StoredObject, Watch, WatchBatch } from '../../../store/index.js'
import type { Call } from './facade.js'
import { facade } from './facade.js'

/** What a listening client tells. */
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
  heard(heard: Delivery): void
}

const WRITES: ReadonlySet<PropertyKey> = new Set([
  'create',
  'update',
  'updateStatus',
  'modify',
  'modifyStatus',
  'patch',
  'delete',
  'transact',
])

/** The same client; what becomes of its writes and watches is told. Clients made from it do the same. */
export function listeningClient(client: Client, process: string, listener: ClientListener): Client {
  return facade(client, (member, call) => {
    if (member === 'client') return (...given) => listeningClient(call(...given) as Client, process, listener)
    if (member === 'watch')
      return (...given) =>
        listeningWatch(call(...given) as Watch<StoredObject>, batch =>
          listener.heard({ process, part: client.env.process, batch }),
        )
    if (!WRITES.has(member)) return undefined
    return (...given) => {
      const write = call(...given)
      // The same promise is returned: the code under test runs in the same order as without a listener.
      if (write instanceof Promise)
        write.catch((error: unknown) => listener.refused(isKeelsonError(error) ? error.code : String(error)))
      return write
    }
  })
}

function listeningWatch(
  watch: Watch<StoredObject>,
  heard: (batch: WatchBatch<StoredObject>) => void,
): Watch<StoredObject> {
  return facade(watch, (member, call) =>
    member === 'on'
      ? (listener, ...rest) =>
          call(
            (batch: WatchBatch<StoredObject>) => {
              heard(batch)
              ;(listener as Call)(batch)
            },
            ...rest,
          )
      : undefined,
  )
}
