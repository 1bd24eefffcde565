import type { Cancel, Env, Logger } from '../../core/index.js'
import { createListeners, isKeelsonError, KeelsonError, systemEnv, UsageError } from '../../core/index.js'
import type {
  Client,
  Kind,
  ListOptions,
  ObjectList,
  ObjectRef,
  Reader,
  StoredObject,
} from '../../store/index.js'
import { selectObjects } from '../../store/index.js'
import { keyId } from '../object-key.js'
import type { ObjectChange } from '../sources/event-mapping.js'
import type { ObjectSource } from '../sources/object-source.js'
import { storeSource } from '../sources/object-source.js'
import type { SupervisedStream } from '../sources/supervised-stream.js'
import { superviseStream } from '../sources/supervised-stream.js'
import { CacheState } from './cache-state.js'
import type { IndexValue, ObjectIndex } from './object-index.js'
import type { CacheDifference } from './verify.js'
import { cacheDifferences } from './verify.js'

/** How a cache is made. */
export interface CacheOptions {
  /** Default `cache`. */
  readonly name?: string
  readonly kinds: readonly Kind[]
  /** Default none. Objects are found by them in time proportional to what is found. */
  readonly indexes?: readonly ObjectIndex[]
  /** Where the objects come from. Default: the store behind the client that it is started with. */
  readonly source?: ObjectSource
}

/** What one batch of the source changed. */
export interface CacheChanges {
  readonly revision: number
  /** In the order told; deletions found by a list come first. */
  readonly changes: readonly ObjectChange[]
  /** True for the first list: the objects were there before. */
  readonly isFirst?: true
  /** Present after a gap: states after this revision may have come and gone without a change here. */
  readonly since?: number
}

const NOTHING: Pick<CacheChanges, 'changes' | 'since'> = { changes: [] }

/** A local copy of the objects of some kinds, as new as its source has told. A manager can start and stop it. */
export interface Cache extends Reader {
  readonly name: string
  /**
   * Opens the source; resolves when its first list has come, or `stop` is called before.
   *
   * Errors: UsageError when it is running already; ClosedError when the source says so before its first list.
   */
  start(client: Client): Promise<void>
  stop(): void
  /** True once the first list has come. Reads before it find nothing. */
  readonly synced: boolean
  /** Counts how often the source began again at an older revision, as a restored one does. */
  readonly epoch: number
  /** How often the source was opened again. */
  readonly breaks: number
  /** True for the kinds that it was made for. */
  holds(kind: Kind): boolean
  /** True when everything up to `revision` was told, and no change may have been missed. */
  hasReached(revision: number): boolean
  /** Resolves with true when it has reached `revision`, with false after `timeoutMs` (default 30 s). */
  reach(revision: number, options?: { readonly timeoutMs?: number }): Promise<boolean>
  /**
   * The objects that `index` has under `value`, in key order.
   *
   * @throws UsageError when the cache was made without that index
   */
  by<Spec, Status>(index: ObjectIndex<Spec, Status>, value: IndexValue): readonly StoredObject<Spec, Status>[]
  /** Keys of one kind in the order in which they came; may be walked while objects come and go. */
  keys(kind: Kind): IterableIterator<string>
  /** Calls `listener` after each batch that was applied, when reads show it already. */
  onChange(listener: (changes: CacheChanges) => void): Cancel
  /**
   * Lists the source and compares. When anything differs, the cache is filled anew. Objects that change while it
   * looks are left out.
   *
   * Errors: what the list fails with; KeelsonError `Timeout` when the cache does not get as far as the list within
   * `timeoutMs` (default 30 s).
   */
  verify(options?: { readonly timeoutMs?: number }): Promise<readonly CacheDifference[]>
}

/**
 * Makes a cache.
 *
 * Guarantees: reads show one revision of the source, whole; a source that ends, fails, goes back or tells what
 * cannot be understood is opened again, after 100 ms to 30 s, and never leaves half a batch behind.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createCache, defineIndex } from 'keelson/reconcile'
 * import { createStore, defineKind } from 'keelson/store'
 *
 * const Task = defineKind<{ node: string }>({ apiVersion: 'v1', kind: 'Task', plural: 'tasks', namespaced: false })
 * const byNode = defineIndex(Task, task => task.spec.node)
 * const store = createStore({ kinds: [Task] })
 * await store.create(Task, { metadata: { name: 'a' }, spec: { node: 'n1' } })
 *
 * const cache = createCache({ kinds: [Task], indexes: [byNode] })
 * await cache.start(store)
 * assert.deepEqual(cache.by(byNode, 'n1').map(task => task.metadata.name), ['a'])
 * assert.deepEqual(await cache.verify(), [])
 * cache.stop()
 * ```
 */
export function createCache(options: CacheOptions): Cache {
  if (options.kinds.length === 0) throw new UsageError('a cache of no kinds holds nothing; name at least one')
  return new SourceCache(options)
}

class SourceCache implements Cache {
  readonly name: string
  readonly #options: CacheOptions
  readonly #state: CacheState
  #env: Env = systemEnv
  #logger: Logger = systemEnv.logger
  readonly #listeners = createListeners<CacheChanges>({
    onError: error => this.#logger.error({ cache: this.name, err: error }, 'a listener of a cache threw'),
  })
  #source: ObjectSource | undefined
  #stream: SupervisedStream | undefined
  /** Why the source never comes again. */
  #final: Error | undefined
  #open: { readonly revision?: number } = {}

  constructor(options: CacheOptions) {
    this.name = options.name ?? 'cache'
    this.#options = options
    this.#state = new CacheState(options.kinds, options.indexes ?? [])
  }

  get synced(): boolean {
    return this.#state.synced
  }
  get epoch(): number {
    return this.#state.epoch
  }
  get breaks(): number {
    return this.#stream?.breaks() ?? 0
  }
  get revision(): number {
    const { revision, continuous } = this.#state
    return continuous ? Math.max(revision, this.#open.revision ?? 0) : revision
  }

  async start(client: Client): Promise<void> {
    if (this.#stream !== undefined) throw new UsageError(`${this.name} is running already; stop it first`)
    const { env } = client
    this.#env = env
    this.#logger = env.logger
    const source = this.#options.source ?? storeSource(client, this.#options.kinds)
    this.#source = source
    this.#stream = superviseStream({
      env,
      logger: env.logger,
      name: this.name,
      open: () => {
        const stream = source.open(this.#state.continuous ? this.revision : undefined)
        this.#open = stream
        return stream
      },
      next: batch => this.#receive(batch),
      ended: error => this.#broke(error),
    })
    this.#stream.start()
    await this.#until(() => this.synced || this.#stream === undefined || this.#final !== undefined)
    if (this.#final !== undefined && !this.synced) throw this.#final
  }

  stop(): void {
    this.#stream?.stop()
    this.#stream = undefined
    this.#listeners.emit({ revision: this.revision, changes: [] })
  }

  hasReached(revision: number): boolean {
    return this.#state.synced && this.#state.continuous && this.revision >= revision
  }

  reach(revision: number, { timeoutMs = 30_000 }: { readonly timeoutMs?: number } = {}): Promise<boolean> {
    if (this.hasReached(revision)) return Promise.resolve(true)
    return new Promise(resolve => {
      const settle = (): void => {
        if (this.hasReached(revision)) end(true)
      }
      const end = (isReached: boolean): void => {
        cancelTimer()
        cancelListener()
        resolve(isReached)
      }
      const cancelTimer = this.#env.clock.after(timeoutMs, () => end(false))
      const cancelListener = this.onChange(settle)
    })
  }

  holds(kind: Kind): boolean {
    return this.#state.has(kind)
  }

  get<Spec, Status>(kind: Kind<Spec, Status>, ref: ObjectRef): StoredObject<Spec, Status> | undefined {
    return this.#state.get(kind, ref) as StoredObject<Spec, Status> | undefined
  }

  list<Spec, Status>(
    kind: Kind<Spec, Status>,
    options: ListOptions = {},
  ): ObjectList<StoredObject<Spec, Status>> {
    if (options.limit !== undefined || options.continue !== undefined)
      throw new UsageError('a cache has no pages; leave out limit and continue')
    const items = selectObjects(kind, options, this.#state.table(kind).list(options.index))
    return { revision: this.revision, items: items as readonly StoredObject<Spec, Status>[] }
  }

  count<Spec, Status>(kind: Kind<Spec, Status>, options?: ListOptions): number {
    return options === undefined ? this.#state.table(kind).size : this.list(kind, options).items.length
  }

  by<Spec, Status>(
    index: ObjectIndex<Spec, Status>,
    value: IndexValue,
  ): readonly StoredObject<Spec, Status>[] {
    const found = this.#state.table(index.kind).by(index, value)
    if (found === undefined)
      throw new UsageError(`${this.name} was made without this index of ${index.kind.kind}`)
    return found as readonly StoredObject<Spec, Status>[]
  }

  keys(kind: Kind): IterableIterator<string> {
    return this.#state.table(kind).ids()
  }

  onChange(listener: (changes: CacheChanges) => void): Cancel {
    return this.#listeners.add(listener)
  }

  async verify({
    timeoutMs = 30_000,
  }: {
    readonly timeoutMs?: number
  } = {}): Promise<readonly CacheDifference[]> {
    if (this.#source === undefined) throw new UsageError(`${this.name} was not started`)
    const touched = new Set<string>()
    const cancel = this.onChange(({ changes }) => {
      for (const change of changes) touched.add(changeId(change))
    })
    try {
      const { revision, items } = await this.#source.list()
      if (!(await this.reach(revision, { timeoutMs }))) throw tooLate(this.name, revision, timeoutMs)
      const cached = this.#options.kinds.flatMap(kind => this.#state.table(kind).list())
      const found = cacheDifferences(byId(cached), byId(items), touched)
      if (found.length > 0) this.#refill(found.length)
      return found
    } finally {
      cancel()
    }
  }

  #refill(differences: number): void {
    this.#state.continuous = false
    this.#logger.error({ cache: this.name, differences }, 'a cache is not as its source; it is filled anew')
    this.#stream?.reopen(new UsageError(`${this.name} differs from its source`, { differences }))
  }

  #receive(batch: unknown): void {
    const isFirst = !this.#state.synced
    const applied = this.#state.apply(batch)
    if (applied.kind === 'refused') this.#stream?.reopen(applied.error)
    const { changes, since } = applied.kind === 'applied' ? applied : NOTHING
    this.#listeners.emit({
      revision: this.#state.revision,
      changes,
      ...(isFirst ? { isFirst } : {}),
      ...(since === undefined ? {} : { since }),
    })
  }

  /** A source that has lost the place says so by one of these. Returns true when it never comes again. */
  #broke(error: unknown): boolean {
    if (isKeelsonError(error, 'Closed')) {
      this.#final = error
      this.#listeners.emit({ revision: this.revision, changes: [] })
      return true
    }
    const isLost = ['Expired', 'FutureRevision', 'SlowConsumer'] as const
    if (isLost.some(code => isKeelsonError(error, code))) this.#state.continuous = false
    return false
  }

  #until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve()
    return new Promise(resolve => {
      const cancel = this.onChange(() => {
        if (!holds()) return
        cancel()
        resolve()
      })
    })
  }
}

function tooLate(name: string, revision: number, timeoutMs: number): KeelsonError {
  const message = `${name} did not reach revision ${revision} in ${timeoutMs} ms`
  return new KeelsonError({ code: 'Timeout', message, details: { revision, timeoutMs } })
}

function changeId({ before, now }: ObjectChange): string {
  const object = now ?? before
  return object === undefined ? '' : idOf(object)
}

function byId(objects: readonly StoredObject[]): ReadonlyMap<string, StoredObject> {
  return new Map(objects.map(object => [idOf(object), object]))
}

function idOf({ apiVersion, kind, metadata }: StoredObject): string {
  return `${apiVersion}/${kind}/${keyId(metadata)}`
}
