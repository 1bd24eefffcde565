import { systemEnv, UsageError } from '../../core/index.js'
import type { JournalNote } from '../engine/commit-journal.js'
import type { StoredObject } from '../object/object.js'
import { leaseSeconds, lifetimeValue, ownLifetimeId } from './committer.js'
import { assertEtcd, assertVersion, keySpaceOf } from './connect-store.js'
import type { EtcdOptions } from './etcd-connection.js'
import { EtcdConnection } from './etcd-connection.js'
import { CorruptError } from './etcd-errors.js'
import type { EtcdOperation } from './etcd-messages.js'
import { identityValue, RESTORING } from './etcd-source.js'
import type { KeySpace } from './key-space.js'
import { objectValue, pathOfPlace } from './key-space.js'

/** What one transaction writes at most: etcd takes 128 operations and 1.5 MiB unless it was told otherwise. */
const OPERATIONS_MAX = 100
const BYTES_MAX = 512 * 1_024

/** What is written. */
export interface EtcdContent {
  readonly objects: readonly StoredObject[]
  /** Lifetimes, what they keep, and which kinds are secret. */
  readonly notes: readonly JournalNote[]
}

/** What was restored. */
export interface RestoredEtcd {
  /** That of etcd: objects have those under which they were written. */
  readonly revision: number
  readonly objects: number
  readonly incarnation: string
}

/**
 * Makes an empty prefix of an etcd a store with these objects. Until all of it is there no store connects.
 *
 * @param progress told how many of how many operations are done
 * @throws UsageError for a prefix that holds something, CorruptError when somebody else writes there; else as `connectStore`
 */
export async function restoreEtcd(
  etcd: EtcdOptions,
  { objects, notes }: EtcdContent,
  progress: (done: number, total: number) => void,
): Promise<RestoredEtcd> {
  assertEtcd(etcd)
  const connection = new EtcdConnection(systemEnv, etcd)
  try {
    assertVersion((await connection.status()).version, etcd.endpoints)
    const keys = keySpaceOf(etcd)
    const incarnation = `${systemEnv.ids.next('store')}-restored`
    const writer = new RestoreWriter(connection, keys, incarnation)
    await writer.begin()
    const total = objects.length + notes.length
    let done = 0
    const tell = (): void => progress(++done, total)
    for (const object of objects) {
      const { apiVersion, kind, metadata } = object
      const { name, namespace = '' } = metadata
      await writer.write({
        put: keys.object(pathOfPlace({ apiVersion, kind, namespace, name })),
        value: objectValue(object),
      })
      tell()
    }
    // Last, so that none is over before the rest is there.
    for (const note of notes) {
      for (const operation of await operationsOf(note, connection, keys)) await writer.write(operation)
      tell()
    }
    const revision = await writer.end()
    return { revision, objects: objects.length, incarnation }
  } finally {
    connection.close()
  }
}

/** Writes as much at once as etcd takes, as long as the restore that it belongs to is the one that is under way. */
class RestoreWriter {
  readonly #connection: EtcdConnection
  readonly #keys: KeySpace
  readonly #incarnation: string
  #operations: EtcdOperation[] = []
  #size = 0

  constructor(connection: EtcdConnection, keys: KeySpace, incarnation: string) {
    this.#connection = connection
    this.#keys = keys
    this.#incarnation = incarnation
  }

  async begin(): Promise<void> {
    const { all, identity: key } = this.#keys
    const { kvs } = await this.#connection.range({ ...all, limit: 1 })
    const [first] = kvs
    if (first !== undefined)
      throw new UsageError(
        `etcd at ${this.#connection.endpoints.join(', ')} holds ${first.key} already; restore into a prefix that holds nothing`,
        { key: first.key },
      )
    const { succeeded } = await this.#connection.txn(
      [{ key, modRevision: 0 }],
      [{ put: key, value: this.#marker }],
    )
    if (!succeeded) throw this.#disturbed()
  }

  async write(operation: EtcdOperation): Promise<void> {
    const size = 'put' in operation ? operation.put.length + Buffer.byteLength(operation.value) : 0
    if (this.#operations.length === OPERATIONS_MAX || this.#size + size > BYTES_MAX) await this.#flush()
    this.#operations.push(operation)
    this.#size += size
  }

  /** From now on it is a store; returns the revision of that. */
  async end(): Promise<number> {
    await this.#flush()
    const value = identityValue(this.#incarnation)
    this.#operations.push({ put: this.#keys.identity, value })
    return this.#flush()
  }

  get #marker(): string {
    return identityValue(this.#incarnation, RESTORING)
  }

  async #flush(): Promise<number> {
    const operations = this.#operations
    if (operations.length === 0) return 0
    this.#operations = []
    this.#size = 0
    const compare = { key: this.#keys.identity, value: this.#marker }
    const { header, succeeded } = await this.#connection.txn([compare], operations)
    if (!succeeded) throw this.#disturbed()
    return header.revision
  }

  #disturbed(): CorruptError {
    return new CorruptError(this.#keys.identity, 'somebody else has written it during the restore')
  }
}

async function operationsOf(
  note: JournalNote,
  connection: EtcdConnection,
  keys: KeySpace,
): Promise<readonly EtcdOperation[]> {
  if ('secret' in note) return [{ put: keys.secret(note.secret), value: '1' }]
  if ('grant' in note) {
    const { id: lease } = await connection.grantLease(leaseSeconds(note.ttlMs))
    return [{ put: keys.lifetime(note.grant), value: lifetimeValue(lease, note.ttlMs, true), lease }]
  }
  if (!('keep' in note)) return []
  const [apiVersion, kind, namespace, name] = note.keep
  const put = keys.kept(pathOfPlace({ apiVersion, kind, namespace: namespace ?? '', name }))
  const { lifetime, ttlMs } = note
  if (lifetime !== undefined) return [{ put, value: JSON.stringify({ lifetime }) }]
  if (ttlMs === undefined) return []
  const { id: lease } = await connection.grantLease(leaseSeconds(ttlMs))
  const id = ownLifetimeId(lease)
  return [
    { put: keys.lifetime(id), value: lifetimeValue(lease, ttlMs, false), lease },
    { put, value: JSON.stringify({ lifetime: id }) },
  ]
}
