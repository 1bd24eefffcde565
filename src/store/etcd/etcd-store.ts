import type { StoreAdmin } from '../admin/store-admin.js'
import { adminOf } from '../admin/store-admin.js'
import type { Store } from '../client/client.js'
import { EngineStore } from '../client/engine-client.js'
import type { ReplicaFreshness } from '../replica/replica.js'
import { EtcdClient } from './etcd-client.js'
import type { EtcdClientParts } from './etcd-client-parts.js'

/** A store whose content is in an etcd. */
export interface EtcdStore extends Store {
  /** How far what it reads may be behind. */
  readonly freshness: ReplicaFreshness
  /**
   * Resolves when everything that was committed before the call, by whomever, is seen here.
   *
   * @throws KeelsonError `Unavailable`
   */
  sync(): Promise<void>
  /** What this store sees; what etcd holds besides is not in it. */
  readonly admin: StoreAdmin
  /** Forgets history here. Etcd has its own, which others may need: have it compact itself (`--auto-compaction-retention`). */
  compact(revision: number | string): Promise<void>
}

/** Reads and watches of the replica, writes to etcd. */
export class ReplicatedStore extends EtcdClient implements EtcdStore {
  readonly admin: StoreAdmin
  readonly #store: EngineStore
  readonly #parts: EtcdClientParts

  constructor(parts: EtcdClientParts) {
    const { parts: ofEngine } = parts.replica
    const store = new EngineStore(ofEngine, { env: ofEngine.engine.env, commits: 'direct', fences: [] })
    super(store, parts, { steps: undefined, fences: [] })
    this.#store = store
    this.#parts = parts
    this.admin = adminOf(this, ofEngine)
  }

  get freshness(): ReplicaFreshness {
    return this.#parts.replica.freshness
  }

  readonly sync: EtcdStore['sync'] = async () => {
    this.#parts.replica.parts.engine.assertOpen()
    const { connection, keys, replica, contention } = this.#parts
    // What is written last comes last.
    const { header } = await connection.txn([], [{ put: keys.sync, value: '1' }])
    await replica.through(header.revision, contention)
  }

  readonly compact: Store['compact'] = revision => this.#store.compact(revision)

  readonly history: Store['history'] = (kind, ref) => this.#store.history(kind, ref)

  readonly quotaUse: Store['quotaUse'] = () => this.#store.quotaUse()

  readonly close: Store['close'] = () => {
    const { replica, connection } = this.#parts
    replica.close()
    connection.close()
    return Promise.resolve()
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
