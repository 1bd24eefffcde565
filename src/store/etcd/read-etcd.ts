import { isKeelsonError, systemEnv } from '../../core/index.js'
import { FoundKinds, onlookerEnv } from '../admin/found-kinds.js'
import { engineFor, LOG_CAPACITY_DEFAULT } from '../client/memory-store.js'
import type { StoreParts } from '../client/store-parts.js'
import { storeParts } from '../client/store-parts.js'
import type { StoredObject } from '../object/object.js'
import { ExpiredError, FutureRevisionError } from '../object/store-errors.js'
import { mutationsOf, plantAll } from '../replica/remote-mutations.js'
import type { RemoteRevision } from '../replica/replica-source.js'
import { assertEtcd, assertVersion, keySpaceOf } from './connect-store.js'
import type { EtcdOptions } from './etcd-connection.js'
import { EtcdConnection } from './etcd-connection.js'
import type { EtcdKeyValue } from './etcd-messages.js'
import { EtcdSource } from './etcd-source.js'
import type { KeySpace, ObjectPlace } from './key-space.js'
import { objectOf, pathOfPlace } from './key-space.js'
import { Mirror } from './mirror.js'
import { SentObjects } from './sent-objects.js'

/** So often a history is read from its new beginning, when etcd has compacted it meanwhile. */
const ATTEMPTS_MAX = 5

/** A store in etcd as it was read, by somebody who knows no kinds. */
export interface ReadEtcd {
  readonly parts: StoreParts
  /** The newest revision of the whole etcd. */
  readonly revision: number
  /** Keys that hold the object of another key. */
  readonly misplaced: readonly string[]
}

/** Which revisions are told. */
export interface EtcdTail {
  /** The ones after it. Default: all that etcd has. */
  readonly since?: number | undefined
  /** Until when also those are told that come later. Default: none of them. */
  readonly until?: AbortSignal | undefined
}

/** What etcd still knows: the objects of one revision, and what came after it. */
interface EtcdHistory {
  readonly start: number
  readonly objects: readonly StoredObject[]
  readonly revisions: readonly RemoteRevision[]
}

/**
 * Looks at the store under a prefix. Nothing is written, not even what `connectStore` writes first.
 *
 * @throws as `connectStore`; KeelsonError `Unsupported` when there is no store
 */
export async function lookAtEtcd<T>(etcd: EtcdOptions, look: (view: EtcdView) => Promise<T>): Promise<T> {
  assertEtcd(etcd)
  const connection = new EtcdConnection(systemEnv, etcd)
  try {
    assertVersion((await connection.status()).version, etcd.endpoints)
    const keys = keySpaceOf(etcd)
    const mirror = new Mirror(keys, systemEnv.clock, () => {})
    const source = new EtcdSource(systemEnv, { connection, keys, mirror, sent: new SentObjects() })
    return await look(new EtcdView(source, { keys, mirror, incarnation: await source.recognize() }))
  } finally {
    connection.close()
  }
}

/** A store in etcd, for who only looks at it. */
export class EtcdView {
  readonly #source: EtcdSource
  readonly #keys: KeySpace
  readonly #mirror: Mirror
  readonly #incarnation: string

  constructor(
    source: EtcdSource,
    {
      keys,
      mirror,
      incarnation,
    }: { readonly keys: KeySpace; readonly mirror: Mirror; readonly incarnation: string },
  ) {
    this.#source = source
    this.#keys = keys
    this.#mirror = mirror
    this.#incarnation = incarnation
  }

  /**
   * Reads everything.
   *
   * @param withPast also what etcd still knows of before; else only what there is
   * @throws CorruptError for a key that holds no object
   */
  async read({ withPast }: { readonly withPast: boolean }): Promise<ReadEtcd> {
    const { revision, kvs } = await this.#source.read()
    const objects = this.#objectsIn(kvs)
    this.#mirror.reset(kvs.filter(({ key }) => this.#keys.parse(key)?.of !== 'object'))
    const { start, ...past } = withPast
      ? await this.#past(lastOf(kvs))
      : { start: revision, objects, revisions: [] }
    const kinds = new FoundKinds()
    for (const { kind, apiVersion, metadata } of past.objects) kinds.see(apiVersion, kind, metadata.namespace)
    for (const { changes } of past.revisions)
      for (const change of changes) {
        const { apiVersion, kind, namespace } = placeOf(change)
        kinds.see(apiVersion, kind, namespace)
      }
    for (const { key } of kvs) {
      const known = this.#keys.parse(key)
      if (known?.of === 'secret') kinds.seeSecret(known.kind)
    }
    const begin = { start, incarnation: this.#incarnation }
    const parts = storeParts(engineFor({ kinds: kinds.all, env: onlookerEnv() }, begin))
    plantAll(parts.engine, past.objects)
    for (const told of past.revisions) {
      const mutations = mutationsOf(parts.engine, told.changes)
      if (mutations.length > 0) parts.engine.follow(told.revision, mutations, told.cause)
    }
    this.#keepLifetimes(parts)
    return { parts, revision, misplaced: this.#misplaced(kvs) }
  }

  /**
   * Tells the revisions that have changed an object, in order.
   *
   * @throws ExpiredError for what etcd has compacted, FutureRevisionError; KeelsonError `Unavailable` when the connection breaks
   */
  async tail({ since, until }: EtcdTail, tell: (revision: RemoteRevision) => void): Promise<void> {
    const { revision, kvs } = await this.#source.read()
    if (since !== undefined && since > revision) throw new FutureRevisionError(since, revision)
    let newest: number | undefined
    const told = (each: RemoteRevision): void => {
      newest = each.revision
      if (each.changes.length > 0) tell(each)
    }
    if (since !== undefined) return this.#told(since, until ?? lastOf(kvs), told)
    await this.#fromOldest(start => {
      // Nothing is left out in between.
      if (newest !== undefined) throw new ExpiredError(newest, start)
      return this.#told(start, until ?? lastOf(kvs), told)
    })
  }

  #keepLifetimes({ engine, lifetimes }: StoreParts): void {
    for (const { id, ttlMs, isNamed } of this.#mirror.lifetimes) {
      if (isNamed) lifetimes.grant({ id, ttlMs })
      const expiry = isNamed ? ({ kind: 'lifetime', id } as const) : ({ kind: 'ttl', ttlMs } as const)
      for (const { place } of this.#mirror.keptBy(id)) {
        const table = engine.tables.named(place.apiVersion, place.kind)
        const object = table?.find(place.namespace, place.name)?.head?.object
        if (table !== undefined && object !== undefined) lifetimes.keep({ table, object, expiry })
      }
    }
  }

  /** At most as many revisions as an engine keeps; what was before them is in the objects. */
  #past(last: number): Promise<EtcdHistory> {
    return this.#fromOldest(async oldest => {
      const objects = new Map<string, StoredObject>()
      if (oldest > 0)
        for (const object of this.#objectsIn((await this.#source.read(oldest)).kvs))
          objects.set(pathOfObject(object), object)
      let start = oldest
      let revisions: RemoteRevision[] = []
      await this.#told(oldest, last, told => {
        if (told.changes.length === 0) return
        revisions.push(told)
        if (revisions.length < 2 * LOG_CAPACITY_DEFAULT) return
        for (const { revision, changes } of revisions.slice(0, LOG_CAPACITY_DEFAULT)) {
          start = revision
          for (const change of changes)
            if ('object' in change) objects.set(pathOfObject(change.object), change.object)
            else objects.delete(pathOfPlace(change.removed))
        }
        revisions = revisions.slice(LOG_CAPACITY_DEFAULT)
      })
      return { start, objects: [...objects.values()], revisions }
    })
  }

  /** Only etcd knows where it begins: it says so when it is asked for more. */
  async #fromOldest<T>(read: (oldest: number) => Promise<T>): Promise<T> {
    let oldest = 0
    for (let attempt = 1; ; attempt++)
      try {
        return await read(oldest)
      } catch (error) {
        if (!isKeelsonError(error, 'Expired') || attempt === ATTEMPTS_MAX) throw error
        oldest = error.details.oldestAvailable
      }
  }

  /** @param until the last revision that is told, or the end of everything that is */
  #told(since: number, until: number | AbortSignal, told: (revision: RemoteRevision) => void): Promise<void> {
    if (typeof until === 'number' ? until <= since : until.aborted) return Promise.resolve()
    return new Promise((resolve, reject) => {
      let isOver = false
      const end = (): void => {
        isOver = true
        cancel()
        resolve()
      }
      const cancel = this.#source.watch(since, {
        told: each => {
          if (isOver) return
          told(each)
          if (typeof until === 'number' && each.revision >= until) end()
        },
        alive: () => {},
        progress: () => {},
        ended: reject,
      })
      if (typeof until !== 'number') until.addEventListener('abort', end, { once: true })
    })
  }

  #objectsIn(kvs: readonly EtcdKeyValue[]): StoredObject[] {
    return kvs.filter(({ key }) => this.#keys.parse(key)?.of === 'object').map(objectOf)
  }

  #misplaced(kvs: readonly EtcdKeyValue[]): string[] {
    return kvs.flatMap(kv => {
      const known = this.#keys.parse(kv.key)
      return known?.of === 'object' && known.path !== pathOfObject(objectOf(kv)) ? [kv.key] : []
    })
  }
}

function pathOfObject(object: StoredObject): string {
  return pathOfPlace(placeOf({ object }))
}

function placeOf(change: RemoteRevision['changes'][number]): ObjectPlace {
  if ('removed' in change) return change.removed
  const { apiVersion, kind, metadata } = change.object
  const { name, namespace } = metadata
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) }
}

/** Every write, and every deletion, leaves a key that is as new. */
function lastOf(kvs: readonly EtcdKeyValue[]): number {
  return kvs.reduce((last, { modRevision }) => Math.max(last, modRevision), 0)
}
