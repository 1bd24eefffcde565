import type { Env } from '../../core/index.js'
import type {
  Client,
  ClientOptions,
  ClientWrite,
  GroupBy,
  GroupCount,
  Kind,
  Lifetimes,
  ObjectList,
  ObjectRef,
  Reader,
  ReadOptions,
  Snapshot,
  StoredObject,
  Watch,
  WatchOptions,
} from '../../store/index.js'
import { DelegatingClient } from '../../store/index.js'
import { heardWrite } from '../../store/internal.js'
import type { OwnWriteListener } from '../hot-loops/hot-loops.js'
import type { ReadListener } from '../sources/read-listener.js'
import type { AttemptGate } from './attempt-gate.js'
import type { AttemptView, WriteAbout } from './attempt-view.js'

/**
 * A client that writes only while its attempt lives. Reads continue to work; watches and snapshots opened through
 * it are closed with the attempt, and so is every client made from it.
 *
 * @param base a client of the attempt's own env, so that writes not yet committed die with that env
 * @param options what it reads, if that is not `base`, and who hears of its writes
 */
export function createAttemptClient(
  base: Client,
  gate: AttemptGate,
  options: AttemptClientOptions = {},
): Client {
  return new GatedClient(base, gate, options)
}

/** What the client of an attempt shows, and to whom. */
export interface AttemptClientOptions {
  readonly view?: AttemptView | undefined
  readonly writes?: OwnWriteListener | undefined
  readonly reads?: ReadListener | undefined
}

class GatedClient extends DelegatingClient {
  readonly #gate: AttemptGate
  readonly #options: AttemptClientOptions

  constructor(base: Client, gate: AttemptGate, options: AttemptClientOptions) {
    super(base)
    this.#gate = gate
    this.#options = options
  }

  override get lifetimes(): Lifetimes {
    const { lifetimes } = this.base
    return {
      get: id => lifetimes.get(id),
      list: () => lifetimes.list(),
      of: (kind, ref) => lifetimes.of(kind, ref),
      grant: options => this.#gate.guard(() => lifetimes.grant(options)),
      renew: id => this.#gate.guard(() => lifetimes.renew(id)),
      revoke: (id, cause) => this.#gate.guard(() => lifetimes.revoke(id, cause)),
    }
  }

  override get revision(): number {
    return this.#reader.revision
  }

  override get<S, T>(kind: Kind<S, T>, ref: ObjectRef): StoredObject<S, T> | undefined {
    const object = this.#reader.get(kind, ref)
    this.#options.reads?.got(kind, ref)
    return object
  }

  override list<S, T>(kind: Kind<S, T>, options?: ReadOptions): ObjectList<StoredObject<S, T>> {
    // A read that says how new it must be is for the store.
    const isPlain = options?.resourceVersion === undefined && options?.limit === undefined
    const list = (isPlain ? this.#reader : this.base).list(kind, options)
    this.#options.reads?.listed(kind, options)
    return list
  }

  override count<S, T>(kind: Kind<S, T>, options?: ReadOptions): number {
    const count = this.#reader.count(kind, options)
    this.#options.reads?.listed(kind, options)
    return count
  }

  override countBy<S, T>(kind: Kind<S, T>, by: GroupBy, options?: ReadOptions): readonly GroupCount[] {
    const groups = this.#reader.countBy(kind, by, options)
    this.#options.reads?.listed(kind, options)
    return groups
  }

  override snapshot(revision?: number | string): Snapshot {
    const snapshot = this.base.snapshot(revision)
    this.#gate.onClose(() => snapshot.close())
    return snapshot
  }

  override client(env: Env, options?: ClientOptions): Client {
    return new GatedClient(this.base.client(env, options), this.#gate, this.#options)
  }

  protected override openWatch(kinds: Kind | readonly Kind[], options?: WatchOptions): Watch<StoredObject> {
    const watch = super.openWatch(kinds, options)
    this.#gate.onClose(() => watch.close())
    return watch
  }

  protected override write(write: ClientWrite): Promise<never> {
    const about = aboutOf(write)
    if (about.isDry === true) return this.#gate.guard(() => super.write(write))
    const { view, writes } = this.#options
    return this.#gate.guard(() => {
      const written = writes === undefined ? super.write(write) : this.#tell(writes, write)
      return view === undefined ? written : view.follow(written, about)
    })
  }

  get #reader(): Reader {
    return this.#options.view?.reader ?? this.base
  }

  async #tell(writes: OwnWriteListener, write: ClientWrite): Promise<never> {
    let committed: number | undefined
    let revision: number | undefined
    writes.began()
    try {
      const result = await super.write(heardWrite(write, told => void (committed = told)))
      // Not of a write that failed for its caller, committed or not: in doubt a key is woken.
      revision = committed
      return result
    } finally {
      writes.ended(revision)
    }
  }
}

function aboutOf(write: ClientWrite): WriteAbout {
  return {
    ...('kind' in write ? { kind: write.kind } : {}),
    ...('ref' in write ? { ref: write.ref } : {}),
    ...(write.verb === 'delete' ? { isDeletion: true } : {}),
    ...('dryRun' in write.options && write.options.dryRun === true ? { isDry: true } : {}),
  }
}
