import type { StoredObject } from '../object/object.js'
import type { EtcdKeyValue, EtcdOperation } from './etcd-messages.js'

interface Sent {
  readonly value: Buffer
  readonly object: StoredObject
}

/**
 * Objects on their way to etcd. When the watch tells the same bytes, they need not be parsed: the object is here, frozen, and
 * shares what it has left alone with the one before it.
 */
export class SentObjects {
  readonly #byKey = new Map<string, Sent>()

  add(key: string, value: Buffer, object: StoredObject): void {
    this.#byKey.set(key, { value, object })
  }

  /** They were told, or never will be. */
  forget(operations: readonly EtcdOperation[]): void {
    for (const operation of operations) if ('put' in operation) this.#byKey.delete(operation.put)
  }

  /** What the watch tells, if that is what was sent; undefined for what has to be parsed. */
  told({ key, value, modRevision }: EtcdKeyValue): StoredObject | undefined {
    const sent = this.#byKey.get(key)
    if (sent?.value.equals(value) !== true) return undefined
    const { object } = sent
    const metadata = Object.freeze({ ...object.metadata, resourceVersion: String(modRevision) })
    return Object.freeze({ ...object, metadata })
  }
}
