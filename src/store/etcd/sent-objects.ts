import type { StoredObject } from '../object/object.js'
import type { EtcdKeyValue, EtcdOperation } from './etcd-messages.js'
import { textOf } from './protobuf.js'

interface Sent {
  readonly text: string
  readonly object: StoredObject
}

/**
 * Objects on their way to etcd. When the watch tells the same text, it need not be parsed: the object is here, frozen, and
 * shares what it has left alone with the one before it.
 */
export class SentObjects {
  readonly #byKey = new Map<string, Sent>()

  add(key: string, text: string, object: StoredObject): void {
    this.#byKey.set(key, { text, object })
  }

  /** They were told, or never will be. */
  forget(operations: readonly EtcdOperation[]): void {
    for (const operation of operations) if ('put' in operation) this.#byKey.delete(operation.put)
  }

  /** What the watch tells, if that is what was sent; undefined for what has to be parsed. */
  told({ key, value, modRevision }: EtcdKeyValue): StoredObject | undefined {
    const sent = this.#byKey.get(key)
    if (sent === undefined || textOf(value) !== sent.text) return undefined
    const { object } = sent
    const metadata = Object.freeze({ ...object.metadata, resourceVersion: String(modRevision) })
    return Object.freeze({ ...object, metadata })
  }
}
