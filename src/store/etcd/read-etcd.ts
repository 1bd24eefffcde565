import { isKeelsonError, systemEnv } from '../../core/index.js'
import { backoffMs } from '../../core/internal.js'
import { FoundKinds, onlookerEnv } from '../admin/found-kinds.js'
import type { StoreProblem } from '../admin/verify-indexes.js'
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
import { textOf } from './protobuf.js'
import { SentObjects } from './sent-objects.js'

/** The pauses before a connection that broke is made again. */
const RETRY_BASE_MS = 100
const RETRY_MAX_MS = 5_000

/** So often a history is read from its new beginning, when etcd has compacted it meanwhile. */
const ATTEMPTS_MAX = 5

/** A store in etcd as it was read, by somebody who knows no kinds. */
export interface ReadEtcd {
  readonly parts: StoreParts
  /** The newest revision of the whole etcd. */
  readonly revision: number
  /** What is wrong with its keys. */
  readonly problems: readonly StoreProblem[]
}

/** Which revisions are told. */
export interface EtcdTail {
  /** The ones after it. Default: all that etcd has. */
  readonly since?: number | undefined
  /** Until when also those are told that come later. Default: none of them. */
  readonly until?: AbortSignal | undefined
  /** Told when the connection is lost; it is made again. */
  readonly lost?: (error: unknown) => void
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
    return { parts, revision, problems: this.#problemsIn(kvs).map(text => ({ text })) }
  }

  /**
   * Tells the revisions that have changed an object, in order.
   *
   * @throws ExpiredError for what etcd has compacted, FutureRevisionError; KeelsonError `Unavailable` when the connection breaks
   * and nothing is followed
   */
  async tail({ since, until, lost }: EtcdTail, tell: (revision: RemoteRevision) => void): Promise<void> {
    const { revision, kvs } = await this.#source.read()
    if (since !== undefined && since > revision) throw new FutureRevisionError(since, revision)
    let newest: number | undefined
    const told = (each: RemoteRevision): void => {
      newest = each.revision
      if (each.changes.length > 0) tell(each)
    }
    const from = (start: number): Promise<void> =>
      until === undefined
        ? this.#told(start, lastOf(kvs), told)
        : this.#followed(start, { until, lost }, told)
    if (since !== undefined) return from(since)
    await this.#fromOldest(start => {
      // Nothing is left out in between.
      if (newest !== undefined) throw new ExpiredError(newest, start)
      return from(start)
    })
  }

  /** What follows, until the signal; over connections that break. */
  async #followed(
    since: number,
    { until, lost }: { readonly until: AbortSignal; readonly lost: EtcdTail['lost'] },
    told: (revision: RemoteRevision) => void,
  ): Promise<void> {
    let at = since
    for (let breaks = 1; ; breaks++)
      try {
        return await this.#told(at, until, each => {
          at = each.revision
          breaks = 1
          told(each)
        })
      } catch (error) {
        if (!isKeelsonError(error, 'Unavailable')) throw error
        lost?.(error)
        const ms = backoffMs({ baseMs: RETRY_BASE_MS, maxMs: RETRY_MAX_MS }, breaks)
        await systemEnv.clock.sleep(ms, until).catch(() => {
          // It is over; the next look says so.
        })
      }
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
      const finish = (settle: () => void): void => {
        isOver = true
        if (typeof until !== 'number') until.removeEventListener('abort', end)
        cancel()
        settle()
      }
      const end = (): void => finish(resolve)
      const cancel = this.#source.watch(since, {
        told: each => {
          if (isOver) return
          told(each)
          if (typeof until === 'number' && each.revision >= until) end()
        },
        alive: () => {},
        progress: () => {},
        ended: error => finish(() => reject(error)),
      })
      if (typeof until !== 'number') until.addEventListener('abort', end, { once: true })
    })
  }

  #objectsIn(kvs: readonly EtcdKeyValue[]): StoredObject[] {
    return kvs.filter(({ key }) => this.#keys.parse(key)?.of === 'object').map(objectOf)
  }

  #problemsIn(kvs: readonly EtcdKeyValue[]): string[] {
    const known = kvs.map(kv => ({ kv, about: this.#keys.parse(kv.key) }))
    const paths = new Set(known.flatMap(({ about }) => (about?.of === 'object' ? [about.path] : [])))
    return known.flatMap(({ kv, about }) => {
      if (about?.of === 'object')
        return about.path === pathOfObject(objectOf(kv)) ? [] : [`${kv.key} holds the object of another key`]
      if (about?.of === 'kept' && !paths.has(about.path))
        return [`${kv.key} keeps an object that is not there; remove the key`]
      if (about?.of !== 'unique' || paths.has(textOf(kv.value))) return []
      const holder = textOf(kv.value)
      return [
        `${kv.key} keeps a value for ${holder}, which is not there, so no object can have it; remove the key`,
      ]
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
