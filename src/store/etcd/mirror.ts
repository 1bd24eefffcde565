import type { Clock } from '../../core/index.js'
import type { EtcdEvent, EtcdKeyValue } from './etcd-messages.js'
import type { KeySpace, KnownKey, ObjectPlace } from './key-space.js'
import { parsed, placeOf } from './key-space.js'

/** A lifetime as etcd has it. */
export interface MirroredLifetime {
  readonly id: string
  readonly leaseId: bigint
  readonly ttlMs: number
  /** False for the ttl of one object. */
  readonly isNamed: boolean
  readonly modRevision: number
  /** As far as this store knows: others may have renewed it. Monotonic ms. */
  deadlineMs: number
}

/** Which object has which lifetime. */
export interface KeptPlace {
  readonly place: ObjectPlace
  readonly lifetimeId: string
}

/** What is beside the objects under a prefix, as the watch tells it. */
export class Mirror {
  readonly #keys: KeySpace
  readonly #clock: Clock
  readonly #lifetimes = new Map<string, MirroredLifetime>()
  readonly #kept = new Map<string, KeptPlace>()
  readonly #keptBy = new Map<string, Set<string>>()
  readonly #unique = new Map<string, number>()
  /** Lifetimes that are gone, and not told yet. */
  readonly #gone = new Set<string>()
  readonly #ended: (lifetimeId: string) => void

  /** @param ended a lifetime is gone that objects hang on */
  constructor(keys: KeySpace, clock: Clock, ended: (lifetimeId: string) => void) {
    this.#keys = keys
    this.#clock = clock
    this.#ended = ended
  }

  get lifetimes(): Iterable<MirroredLifetime> {
    return this.#lifetimes.values()
  }

  lifetime(id: string): MirroredLifetime | undefined {
    return this.#lifetimes.get(id)
  }

  kept(path: string): KeptPlace | undefined {
    return this.#kept.get(path)
  }

  keptBy(lifetimeId: string): readonly KeptPlace[] {
    return [...(this.#keptBy.get(lifetimeId) ?? [])].map(path => this.#kept.get(path) as KeptPlace)
  }

  /** 0: nobody has the value. */
  uniqueRevision(key: string): number {
    return this.#unique.get(key) ?? 0
  }

  /** Everything there is; what was known before and is not among it is gone. */
  reset(kvs: readonly EtcdKeyValue[]): void {
    this.#lifetimes.clear()
    this.#kept.clear()
    this.#keptBy.clear()
    this.#unique.clear()
    for (const kv of kvs) this.#put(this.#keys.parse(kv.key), kv)
    for (const id of this.#keptBy.keys()) if (!this.#lifetimes.has(id)) this.#ended(id)
  }

  take({ isDelete, kv }: EtcdEvent): void {
    const known = this.#keys.parse(kv.key)
    if (!isDelete) this.#put(known, kv)
    else if (known?.of === 'kept') this.#detach(known.path)
    else if (known?.of === 'unique') this.#unique.delete(kv.key)
    else if (known?.of === 'lifetime') {
      this.#lifetimes.delete(known.id)
      this.#gone.add(known.id)
    }
  }

  /** A whole revision was taken. What ends with a lifetime may have gone with it. */
  settle(): void {
    if (this.#gone.size === 0) return
    const gone = [...this.#gone]
    this.#gone.clear()
    for (const id of gone) if (this.#keptBy.has(id) && !this.#lifetimes.has(id)) this.#ended(id)
  }

  #put(known: KnownKey | undefined, { key, value, modRevision }: EtcdKeyValue): void {
    if (known?.of === 'unique') this.#unique.set(key, modRevision)
    else if (known?.of === 'kept') {
      this.#detach(known.path)
      const lifetimeId = String(parsed(key, value)['lifetime'])
      this.#kept.set(known.path, { place: placeOf(known.path), lifetimeId })
      const paths = this.#keptBy.get(lifetimeId) ?? new Set()
      this.#keptBy.set(lifetimeId, paths.add(known.path))
    } else if (known?.of === 'lifetime') {
      const { ttlMs, lease, named } = parsed(key, value)
      this.#lifetimes.set(known.id, {
        id: known.id,
        leaseId: BigInt(String(lease)),
        ttlMs: Number(ttlMs),
        isNamed: named === true,
        modRevision,
        deadlineMs: this.#clock.monotonic() + Number(ttlMs),
      })
    }
  }

  #detach(path: string): void {
    const before = this.#kept.get(path)
    if (before === undefined) return
    this.#kept.delete(path)
    const paths = this.#keptBy.get(before.lifetimeId)
    paths?.delete(path)
    if (paths?.size === 0) this.#keptBy.delete(before.lifetimeId)
  }
}
