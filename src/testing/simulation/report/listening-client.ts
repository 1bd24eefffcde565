import { isKeelsonError } from '../../../core/index.js'
import type { Client, StoredObject, Watch, WatchBatch } from '../../../store/index.js'

/** What a listening client tells. */
export interface Heard {
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
  heard(heard: Heard): void
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

type Call = (...given: readonly unknown[]) => unknown

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

/** An object with other functions in the place of those for which `instead` gives one. */
function facade<T extends object>(
  target: T,
  instead: (member: PropertyKey, call: Call) => Call | undefined,
): T {
  const made = new Map<PropertyKey, unknown>()
  return new Proxy(target, {
    get: (_target, member) => {
      if (made.has(member)) return made.get(member)
      const value: unknown = Reflect.get(target, member, target)
      if (typeof value !== 'function') return value
      const call: Call = (...given) => Reflect.apply(value, target, given)
      const own = instead(member, call) ?? call
      made.set(member, own)
      return own
    },
  })
}
