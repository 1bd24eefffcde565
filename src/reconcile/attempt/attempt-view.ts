import { isKeelsonError } from '../../core/index.js'
import type {
  Client,
  GroupBy,
  GroupCount,
  Kind,
  ListOptions,
  ObjectList,
  ObjectRef,
  Reader,
  StoredObject,
} from '../../store/index.js'
import { groupObjects, refText, withoutPages } from '../../store/internal.js'
import type { Cache } from '../cache/cache-contract.js'
import { OwnWrites } from './own-writes.js'
import { createWriteGate } from './write-gate.js'

/**
 * How a controller that reads a cache sees its own writes:
 * - `overlay`: what it wrote is laid over the cache until the cache has it.
 * - `gate`: a key does not run again before the cache shows what it wrote.
 * - `wait`: a write ends only when the cache shows it.
 */
export type OwnWritesPolicy = 'overlay' | 'gate' | 'wait'

/** What an attempt reads, and who hears of what it writes. */
export interface AttemptView {
  readonly reader: Reader
  /** Called for a write of one object, under way. Settles as the write does. */
  follow<T>(write: Promise<T>, about: WriteAbout): Promise<T>
}

/** What a write is about; without `kind` it may be about anything. */
export interface WriteAbout {
  readonly kind?: Kind
  readonly ref?: ObjectRef
  readonly isDeletion?: boolean
  /** Nothing is written. */
  readonly isDry?: boolean
}

/** The views of a controller's attempts over one cache. */
export interface CacheViews {
  /** For an attempt of `key`. */
  open(key: ObjectRef): AttemptView
  /** False while `key` must wait for the cache. */
  isReady(key: ObjectRef): boolean
}

/** Errors after which nothing was written for sure. */
const REFUSALS = [
  'NotFound',
  'AlreadyExists',
  'Conflict',
  'Invalid',
  'BadRequest',
  'Forbidden',
  'UniqueViolation',
  'QuotaExceeded',
  'TooLarge',
  'Usage',
  'Closed',
] as const

/** Makes the views. `live` is the client that the writes go to; its reads are at least as new as the cache. */
export function createCacheViews(cache: Cache, live: Client, policy: OwnWritesPolicy): CacheViews {
  return new LayeredViews(cache, live, policy)
}

class LayeredViews implements CacheViews, Reader {
  readonly #cache: Cache
  readonly #live: Client
  readonly #policy: OwnWritesPolicy
  readonly #writes = new OwnWrites()
  readonly #gate = createWriteGate()
  #epoch: number
  /** Up to here anything may have been written; an older cache is not read. */
  #floor = 0

  constructor(cache: Cache, live: Client, policy: OwnWritesPolicy) {
    this.#cache = cache
    this.#live = live
    this.#policy = policy
    this.#epoch = cache.epoch
  }

  open(key: ObjectRef): AttemptView {
    return { reader: this, follow: (write, about) => this.#follow(key, write, about) }
  }

  isReady(key: ObjectRef): boolean {
    this.#renew()
    return this.#policy !== 'gate' || this.#gate.isReady(refText(key), this.#cache.revision)
  }

  get revision(): number {
    return Math.max(this.#cache.revision, this.#floor)
  }

  get<S, T>(kind: Kind<S, T>, ref: ObjectRef): StoredObject<S, T> | undefined {
    if (!this.#reads(kind)) return this.#live.get(kind, ref)
    const own = this.#writes.find(kind, ref, this.#cache.revision)
    switch (own?.kind) {
      case undefined:
        return this.#cache.get(kind, ref)
      case 'object':
        return own.object as StoredObject<S, T>
      case 'deleted':
        return undefined
      case 'unknown':
        return this.#live.get(kind, ref)
    }
  }

  list<S, T>(kind: Kind<S, T>, options: ListOptions = {}): ObjectList<StoredObject<S, T>> {
    if (!this.#reads(kind)) return this.#live.list(kind, options)
    const { revision, items } = this.#cache.list(kind, options)
    const live = (ref: ObjectRef): StoredObject | undefined => this.#live.get(kind, ref)
    const merged = this.#writes.merge(kind, options, { revision, items, live })
    return { revision, items: merged as readonly StoredObject<S, T>[] }
  }

  count<S, T>(kind: Kind<S, T>, options?: ListOptions): number {
    return this.list(kind, withoutPages(options)).items.length
  }

  countBy<S, T>(kind: Kind<S, T>, by: GroupBy, options?: ListOptions): readonly GroupCount[] {
    return groupObjects(kind, this.list(kind, withoutPages(options)).items, by)
  }

  /** Kinds that the cache does not hold are read from the store. */
  #reads(kind: Kind): boolean {
    this.#renew()
    return this.#cache.holds(kind) && this.#cache.revision >= this.#floor
  }

  /** Revisions of another life of the source say nothing about this one. */
  #renew(): void {
    if (this.#epoch === this.#cache.epoch) return
    this.#epoch = this.#cache.epoch
    this.#writes.clear()
    this.#gate.clear()
    this.#floor = 0
  }

  async #follow<T>(key: ObjectRef, write: Promise<T>, about: WriteAbout): Promise<T> {
    try {
      const result = await write
      const revision = this.#note(key, about, result)
      // The write has happened whether the cache gets there in time or not.
      if (this.#policy === 'wait') await this.#cache.reach(revision)
      return result
    } catch (error) {
      if (!isKeelsonError(error, ...REFUSALS)) this.#note(key, about, undefined)
      throw error
    }
  }

  /**
   * The write has happened; or it may have, when there is no result. Returns the revision that shows it.
   */
  #note(key: ObjectRef, { kind, ref, isDeletion }: WriteAbout, result: unknown): number {
    this.#renew()
    const live = this.#live.revision
    if (kind !== undefined && !this.#cache.holds(kind)) return 0
    const object = isObject(result) && isDeletion !== true ? result : undefined
    const revision = object === undefined ? live : Number(object.metadata.resourceVersion)
    if (this.#policy === 'gate') this.#gate.wrote(refText(key), revision)
    if (this.#policy !== 'overlay') return revision
    const target = object?.metadata ?? ref
    if (kind === undefined || target === undefined) this.#floor = Math.max(this.#floor, live)
    else if (object !== undefined) this.#writes.note(kind, target, revision, { kind: 'object', object })
    else {
      const isGone = isObject(result) && this.#live.get(kind, target) === undefined
      this.#writes.note(kind, target, revision, { kind: isGone ? 'deleted' : 'unknown' })
    }
    return revision
  }
}

function isObject(value: unknown): value is StoredObject {
  return typeof value === 'object' && value !== null && 'metadata' in value && 'spec' in value
}
