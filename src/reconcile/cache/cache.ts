import type { Cancel, Env, Logger } from '../../core/index.js'
import { isKeelsonError, KeelsonError, systemEnv, UsageError } from '../../core/index.js'
import { assertKnown, createListeners, knownOptions } from '../../core/internal.js'
import type {
  Client,
  GroupBy,
  GroupCount,
  Kind,
  ListOptions,
  ObjectList,
  ObjectRef,
  StoredObject,
} from '../../store/index.js'
import { groupObjects, refText, selectObjects, withoutPages } from '../../store/internal.js'
import { objectId } from '../object-key.js'
import { isPermanent } from '../permanent-error.js'
import type { SourceChange } from '../sources/event-mapping.js'
import type { ObjectSource } from '../sources/object-source.js'
import { storeSource } from '../sources/object-source.js'
import type { Reopening, SupervisedStream } from '../sources/supervised-stream.js'
import { superviseStream } from '../sources/supervised-stream.js'
import { errorOf } from '../thrown-error.js'
import type { Cache, CacheChanges, CacheOptions } from './cache-contract.js'
import { CacheState } from './cache-state.js'
import type { HeldObject } from './held-object.js'
import type { IndexValue, ObjectIndex } from './object-index.js'
import type { CacheDifference } from './verify.js'
import { cacheDifferences } from './verify.js'

const NOTHING: Pick<CacheChanges, 'changes' | 'since'> = { changes: [] }

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
  assertKnown(options, CACHE_OPTIONS)
  if (options.kinds.length === 0) throw new UsageError('a cache of no kinds holds nothing; name at least one')
  return new SourceCache(options)
}

const CACHE_OPTIONS = /* @__PURE__ */ knownOptions<CacheOptions>('createCache', {
  name: true,
  kinds: true,
  indexes: true,
  source: true,
})

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
  get failure(): Error | undefined {
    return this.#final
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
      ended: (error, isGivenUp) => this.#broke(error, isGivenUp),
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
    const items = selectObjects(kind, options, () => this.#state.table(kind).list(options.index))
    return { revision: this.revision, items: items as readonly StoredObject<Spec, Status>[] }
  }

  count<Spec, Status>(kind: Kind<Spec, Status>, options?: ListOptions): number {
    return options === undefined
      ? this.#state.table(kind).size
      : this.list(kind, withoutPages(options)).items.length
  }

  countBy<Spec, Status>(kind: Kind<Spec, Status>, by: GroupBy, options?: ListOptions): readonly GroupCount[] {
    return groupObjects(kind, this.list(kind, withoutPages(options)).items, by)
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
    return keysOf(this.#state.table(kind).values())
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
    this.#logger.error(
      { cache: this.name, differences },
      'a cache differs from its source; it is filled again',
    )
    this.#stream?.reopen(new UsageError(`${this.name} differs from its source`, { differences }))
  }

  #receive(batch: unknown): void {
    const isFirst = !this.#state.synced
    const applied = this.#state.apply(batch)
    if (applied.kind === 'refused') this.#stream?.reopen(applied.error)
    const { changes, since } = applied.kind === 'applied' ? applied : NOTHING
    const { revision } = this.#state
    if (isFirst)
      this.#listeners.emit({ revision, changes, isFirst, ...(since === undefined ? {} : { since }) })
    else this.#listeners.emit(since === undefined ? { revision, changes } : { revision, changes, since })
  }

  /** A source that has lost the place says so by an error; then it is listed, at once if it was not just listing. */
  #broke(error: unknown, isGivenUp: boolean): Reopening {
    if (isKeelsonError(error, 'Closed') || (isPermanent(error) && !isGivenUp)) {
      this.#final = errorOf(error)
      this.#listeners.emit({ revision: this.revision, changes: [] })
      return 'never'
    }
    if (!isKeelsonError(error, 'Expired', 'FutureRevision', 'SlowConsumer')) return 'later'
    const { continuous } = this.#state
    this.#state.continuous = false
    return continuous ? 'now' : 'later'
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

function* keysOf(held: Iterable<HeldObject>): IterableIterator<string> {
  for (const { object } of held) yield refText(object.metadata)
}

function tooLate(name: string, revision: number, timeoutMs: number): KeelsonError {
  const message = `${name} did not reach revision ${revision} in ${timeoutMs} ms`
  return new KeelsonError({ code: 'Timeout', message, details: { revision, timeoutMs } })
}

function changeId({ before, after }: SourceChange): string {
  const object = after ?? before
  return object === undefined ? '' : objectId(object)
}

function byId(objects: readonly StoredObject[]): ReadonlyMap<string, StoredObject> {
  return new Map(objects.map(object => [objectId(object), object]))
}
