import type { Env } from '../../core/index.js'
import type {
  Client,
  ClientOptions,
  DeleteOptions,
  DryRun,
  Kind,
  Leases,
  LifetimeOptions,
  ModifyOptions,
  ObjectInput,
  ObjectList,
  ObjectOf,
  ObjectRef,
  OptimisticOptions,
  PatchBodies,
  PatchOptions,
  PatchType,
  Reader,
  ReadOptions,
  Recipe,
  Snapshot,
  StoredObject,
  Transaction,
  UpdateOptions,
  Watch,
  WatchOptions,
  WriteCause,
  WriteOptions,
} from '../../store/index.js'
import type { OwnWriteListener } from '../hot-loops/hot-loops.js'
import type { AttemptGate } from './attempt-gate.js'
import type { AttemptView, WriteAbout } from './attempt-view.js'

/**
 * A client that writes only while its attempt lives. Reads go on working; watches and snapshots opened through
 * it are closed with the attempt, and so is every client made from it.
 *
 * @param base a client of the attempt's own env, so that writes not yet committed die with that env
 * @param seen what it reads, if that is not `base`, and who hears of its writes
 */
export function createAttemptClient(base: Client, gate: AttemptGate, seen: AttemptSight = {}): Client {
  return new GatedClient(base, gate, seen)
}

/** What the client of an attempt shows, and to whom. */
export interface AttemptSight {
  readonly view?: AttemptView | undefined
  readonly writes?: OwnWriteListener | undefined
}

class GatedClient implements Client {
  readonly #base: Client
  readonly #gate: AttemptGate
  readonly #sight: AttemptSight

  constructor(base: Client, gate: AttemptGate, sight: AttemptSight) {
    this.#base = base
    this.#gate = gate
    this.#sight = sight
  }

  get env(): Env {
    return this.#base.env
  }
  get leases(): Leases {
    const { leases } = this.#base
    return {
      get: id => leases.get(id),
      grant: options => this.#gate.guard(() => leases.grant(options)),
      renew: id => this.#gate.guard(() => leases.renew(id)),
      revoke: (id, cause) => this.#gate.guard(() => leases.revoke(id, cause)),
    }
  }
  get revision(): number {
    return this.#reader.revision
  }

  get<S, T>(kind: Kind<S, T>, ref: ObjectRef): StoredObject<S, T> | undefined {
    return this.#reader.get(kind, ref)
  }
  list<S, T>(kind: Kind<S, T>, options?: ReadOptions): ObjectList<StoredObject<S, T>> {
    // A read that says how new it must be is for the store.
    const isPlain = options?.resourceVersion === undefined && options?.limit === undefined
    return (isPlain ? this.#reader : this.#base).list(kind, options)
  }
  count<S, T>(kind: Kind<S, T>, options?: ReadOptions): number {
    return this.#reader.count(kind, options)
  }
  snapshot(revision?: number | string): Snapshot {
    const snapshot = this.#base.snapshot(revision)
    this.#gate.onClose(() => snapshot.close())
    return snapshot
  }
  watch<S, T>(kind: Kind<S, T>, options?: WatchOptions): Watch<StoredObject<S, T>>
  watch<const Kinds extends readonly Kind[]>(
    kinds: Kinds,
    options?: WatchOptions,
  ): Watch<ObjectOf<Kinds[number]>>
  watch(kinds: Kind | readonly Kind[], options?: WatchOptions): Watch<StoredObject> {
    const watch = this.#base.watch(kinds as readonly Kind[], options)
    this.#gate.onClose(() => watch.close())
    return watch
  }
  client(env: Env, options?: ClientOptions): Client {
    return new GatedClient(this.#base.client(env, options), this.#gate, this.#sight)
  }

  create<S, T>(
    kind: Kind<S, T>,
    object: ObjectInput<S, T>,
    options?: LifetimeOptions & WriteOptions,
  ): Promise<StoredObject<S, T>> {
    return this.#write({ kind, ...dryOf(options) }, () => this.#base.create(kind, object, options))
  }
  update<S, T>(
    kind: Kind<S, T>,
    object: ObjectInput<S, T>,
    options?: UpdateOptions & WriteOptions,
  ): Promise<StoredObject<S, T>> {
    return this.#write({ kind, ...dryOf(options) }, () => this.#base.update(kind, object, options))
  }
  updateStatus<S, T>(
    kind: Kind<S, T>,
    object: ObjectInput<S, T>,
    options?: UpdateOptions & WriteOptions,
  ): Promise<StoredObject<S, T>> {
    return this.#write({ kind, ...dryOf(options) }, () => this.#base.updateStatus(kind, object, options))
  }
  modify<S, T>(
    kind: Kind<S, T>,
    ref: ObjectRef,
    recipe: Recipe<S, T>,
    options?: ModifyOptions & WriteOptions,
  ): Promise<StoredObject<S, T>> {
    return this.#write({ kind, ref, ...dryOf(options) }, () => this.#base.modify(kind, ref, recipe, options))
  }
  modifyStatus<S, T>(
    kind: Kind<S, T>,
    ref: ObjectRef,
    recipe: Recipe<S, T>,
    options?: ModifyOptions & WriteOptions,
  ): Promise<StoredObject<S, T>> {
    return this.#write({ kind, ref, ...dryOf(options) }, () =>
      this.#base.modifyStatus(kind, ref, recipe, options),
    )
  }
  patch<S, T, Type extends PatchType>(
    kind: Kind<S, T>,
    ref: ObjectRef,
    patch: PatchBodies<S, T>[Type],
    options: PatchOptions<Type> & WriteOptions,
  ): Promise<StoredObject<S, T>> {
    return this.#write({ kind, ref, ...dryOf(options) }, () => this.#base.patch(kind, ref, patch, options))
  }
  delete<S, T>(
    kind: Kind<S, T>,
    ref: ObjectRef,
    options?: DeleteOptions & WriteOptions,
  ): Promise<StoredObject<S, T>> {
    return this.#write({ kind, ref, isDeletion: true, ...dryOf(options) }, () =>
      this.#base.delete(kind, ref, options),
    )
  }
  transact<T>(body: (tx: Transaction) => T, options: WriteCause & { dryRun: true }): Promise<DryRun<T>>
  transact<T>(body: (tx: Transaction) => T, options?: WriteCause & { dryRun?: false }): Promise<T>
  transact<T>(body: (tx: Transaction) => T, options: WriteOptions = {}): Promise<T | DryRun<T>> {
    const { dryRun = false, ...cause } = options
    return this.#write<T | DryRun<T>>(dryOf(options), () =>
      dryRun ? this.#base.transact(body, { ...cause, dryRun }) : this.#base.transact(body, cause),
    )
  }
  optimistic<T>(
    body: (tx: Transaction) => T | PromiseLike<T>,
    options?: OptimisticOptions & WriteCause,
  ): Promise<T> {
    return this.#write({}, () => this.#base.optimistic(body, options))
  }

  get #reader(): Reader {
    return this.#sight.view?.reader ?? this.#base
  }

  #write<T>(about: WriteAbout, write: () => Promise<T>): Promise<T> {
    if (about.isDry === true) return this.#gate.guard(write)
    const { view, writes } = this.#sight
    return this.#gate.guard(() => {
      const written = writes === undefined ? write() : this.#tell(writes, write, about)
      return view === undefined ? written : view.follow(written, about)
    })
  }

  async #tell<T>(writes: OwnWriteListener, write: () => Promise<T>, { kind }: WriteAbout): Promise<T> {
    const before = this.#base.revision
    let revision: number | undefined
    writes.began()
    try {
      const result = await write()
      const last = kind === undefined ? this.#base.revision : revisionOf(result)
      // A transaction does not say its revision: it is known when nobody else wrote meanwhile.
      if (last === before + 1 || (kind !== undefined && last > before)) revision = last
      return result
    } finally {
      writes.ended(revision)
    }
  }
}

function revisionOf(result: unknown): number {
  return Number((result as StoredObject).metadata.resourceVersion)
}

function dryOf(options: WriteOptions | undefined): { readonly isDry?: true } {
  return options?.dryRun === true ? { isDry: true } : {}
}
