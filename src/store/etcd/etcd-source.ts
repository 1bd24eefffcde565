import type { Cancel, Env } from '../../core/index.js'
import { KeelsonError } from '../../core/index.js'
import type { StoredObject } from '../object/object.js'
import { ExpiredError } from '../object/store-errors.js'
import type { WriteCause } from '../object/write-cause.js'
import { causeOf } from '../object/write-cause.js'
import type { RemoteChange, RemoteList, ReplicaSink, ReplicaSource } from '../replica/replica-source.js'
import type { EtcdCalls } from './etcd-connection.js'
import { CorruptError } from './etcd-errors.js'
import type { EtcdEvent, EtcdHeader, EtcdKeyValue, WatchResponse } from './etcd-messages.js'
import type { KeySpace } from './key-space.js'
import { objectOf, parsed, placeOf } from './key-space.js'
import type { Mirror } from './mirror.js'
import type { SentObjects } from './sent-objects.js'
import type { PlannerParts } from './write-plan.js'

/** Keys asked for at once: an answer stays well below what etcd sends. */
const PAGE_KEYS = 1_000

/** Etcd is asked this often whether the watch still tells everything. */
const PROGRESS_INTERVAL_MS = 1_000

const FORMAT = 1

/** In place of the format, until everything of a restore is there. */
export const RESTORING = 'restoring'

/** What says that a prefix is a store. */
export function identityValue(incarnation: string, format: number | typeof RESTORING = FORMAT): string {
  return JSON.stringify({ format, incarnation })
}

/** What a source reads from, and what it tells besides. */
export interface EtcdSourceParts extends PlannerParts {
  readonly connection: EtcdCalls
}

/** A watch that is open. */
interface Listening {
  readonly sink: ReplicaSink
  readonly end: (error: unknown) => void
  readonly isOver: () => boolean
}

/** The one prefix watch of a store, and its list. */
export class EtcdSource implements ReplicaSource {
  readonly #env: Env
  readonly #connection: EtcdCalls
  readonly #keys: KeySpace
  readonly #mirror: Mirror
  readonly #sent: SentObjects
  #clusterId: bigint | undefined
  #incarnation: string | undefined
  #newest = 0

  constructor(env: Env, { connection, keys, mirror, sent }: EtcdSourceParts) {
    this.#env = env
    this.#connection = connection
    this.#keys = keys
    this.#mirror = mirror
    this.#sent = sent
  }

  /**
   * Names the store, if nobody has yet.
   *
   * @throws KeelsonError `Unsupported` for what a newer version has made
   */
  async identify(): Promise<string> {
    const key = this.#keys.identity
    const incarnation = this.#env.ids.next('store')
    const value = identityValue(incarnation)
    await this.#connection.txn([{ key, modRevision: 0 }], [{ put: key, value }])
    const found = await this.#recognize()
    if (found === undefined) throw this.#lostData('the store that was there is gone')
    return found
  }

  /**
   * Learns which store is there, and changes nothing.
   *
   * @throws KeelsonError `Unsupported` when there is none, or a newer version has made it
   */
  async recognize(): Promise<string> {
    const found = await this.#recognize()
    if (found !== undefined) return found
    const key = this.#keys.identity
    throw new KeelsonError({
      code: 'Unsupported',
      message: `etcd at ${this.#connection.endpoints.join(', ')} has no store there: there is no key ${key}; check the endpoint and the prefix`,
      details: { key },
    })
  }

  async list(): Promise<RemoteList> {
    const { revision, kvs } = await this.read()
    this.#incarnationIn(kvs.filter(kv => kv.key === this.#keys.identity))
    const objects: StoredObject[] = []
    const beside: EtcdKeyValue[] = []
    for (const kv of kvs) {
      if (this.#keys.parse(kv.key)?.of === 'object') objects.push(objectOf(kv))
      else beside.push(kv)
    }
    this.#mirror.reset(beside)
    return { revision, objects }
  }

  /**
   * All keys of the store.
   *
   * @param at the revision of which they are. Default: the newest
   */
  async read(at?: number): Promise<{ readonly revision: number; readonly kvs: readonly EtcdKeyValue[] }> {
    const kvs: EtcdKeyValue[] = []
    const { end } = this.#keys.all
    let { key } = this.#keys.all
    let revision = at
    for (;;) {
      const as = revision === undefined ? {} : { revision }
      const page = await this.#connection.range({ key, end, limit: PAGE_KEYS, ...as })
      this.#assertSame(page.header)
      revision ??= page.header.revision
      for (const kv of page.kvs) kvs.push(kv)
      const last = page.kvs.at(-1)
      if (!page.more || last === undefined) return { revision, kvs }
      key = `${last.key}\u0000`
    }
  }

  watch(since: number, sink: ReplicaSink): Cancel {
    // What was told before, and not taken in, is told again.
    this.#newest = since
    let isOver = false
    let cancelWatch: Cancel = () => {}
    let cancelTimer: Cancel = () => {}
    const end = (error: unknown): void => {
      if (isOver) return
      stop()
      sink.ended(error)
    }
    const stop = (): void => {
      isOver = true
      cancelTimer()
      cancelWatch()
    }
    const begin = async (): Promise<void> => {
      await this.#assertStillThere(since)
      if (isOver) return
      const { key, end: to } = this.#keys.all
      const watch = this.#connection.watch(
        key,
        { end: to, startRevision: since + 1 },
        {
          ended: end,
          answered: response => {
            try {
              if (!isOver) this.#answered(response, { sink, end, isOver: () => isOver })
            } catch (error) {
              end(error)
            }
          },
        },
      )
      cancelWatch = watch.cancel
      const ask = (): void => {
        watch.askProgress()
        cancelTimer = this.#env.clock.after(PROGRESS_INTERVAL_MS, ask)
      }
      cancelTimer = this.#env.clock.after(PROGRESS_INTERVAL_MS, ask)
    }
    begin().catch(end)
    return stop
  }

  async #recognize(): Promise<string | undefined> {
    const { header, kvs } = await this.#connection.range({ key: this.#keys.identity })
    this.#clusterId = header.clusterId
    if (kvs.length > 0) this.#incarnation = this.#incarnationIn(kvs)
    return this.#incarnation
  }

  #answered(response: WatchResponse, { sink, end, isOver }: Listening): void {
    const { header, canceled, compactRevision, cancelReason, events } = response
    this.#assertSame(header)
    if (canceled) {
      end(
        compactRevision > 0
          ? new ExpiredError(this.#newest, compactRevision)
          : new KeelsonError({
              code: 'Unavailable',
              message: `etcd has ended the watch: ${cancelReason}`,
              details: {},
            }),
      )
      return
    }
    sink.alive()
    for (const ofRevision of byRevision(events)) {
      this.#tell(ofRevision, sink)
      // Who could not take it in has cancelled; the rest is told with it the next time.
      if (isOver()) return
    }
    // Only what etcd says unasked is sure to come after everything that it tells.
    if (events.length === 0 && !response.created && response.watchId >= 0) sink.progress(header.revision)
  }

  #tell(events: readonly EtcdEvent[], sink: ReplicaSink): void {
    const changes: RemoteChange[] = []
    let cause: WriteCause | undefined
    const [first] = events
    if (first === undefined) return
    const { modRevision: revision } = first.kv
    if (revision <= this.#newest) return
    for (const event of events) {
      const { kv, isDelete } = event
      const known = this.#keys.parse(kv.key)
      if (known?.of === 'object')
        changes.push(isDelete ? { removed: placeOf(known.path) } : this.#written(kv))
      else if (known?.of === 'cause' && !isDelete) cause = causeOf(parsed(kv.key, kv.value))
      else this.#mirror.take(event)
    }
    this.#newest = revision
    sink.told({ revision, changes, ...(cause === undefined ? {} : { cause }) })
    this.#mirror.settle()
  }

  #written(kv: EtcdKeyValue): RemoteChange {
    const object = this.#sent.told(kv)
    return object === undefined ? { object: objectOf(kv) } : { object, isFrozen: true }
  }

  /** An etcd that was made anew has no such revision, or another store in its place. */
  async #assertStillThere(since: number): Promise<void> {
    const { header, kvs } = await this.#connection.range({ key: this.#keys.identity })
    this.#assertSame(header)
    this.#incarnationIn(kvs)
    if (header.revision < since)
      throw this.#lostData(`it is at revision ${header.revision}, and was at ${since} before`)
  }

  #assertSame({ clusterId }: EtcdHeader): void {
    if (this.#clusterId !== undefined && clusterId !== this.#clusterId)
      throw this.#lostData(
        `it is cluster ${clusterId.toString(16)}, and was ${this.#clusterId.toString(16)} before`,
      )
  }

  #incarnationIn([kv]: readonly EtcdKeyValue[]): string {
    const key = this.#keys.identity
    if (kv === undefined) throw this.#lostData('the store that was there is gone')
    const { format, incarnation } = parsed(key, kv.value)
    if (format === RESTORING)
      throw new KeelsonError({
        code: 'Unsupported',
        message: `${key} in etcd says that a restore has not come to its end; wait for it, or remove all keys of the prefix and restore again`,
        details: { key, format },
      })
    if (format !== FORMAT || typeof incarnation !== 'string')
      throw new KeelsonError({
        code: 'Unsupported',
        message: `${key} in etcd is in format ${String(format)}, and this version reads format ${FORMAT}; use a newer version, or another prefix`,
        details: { key, format },
      })
    if (this.#incarnation !== undefined && incarnation !== this.#incarnation)
      throw this.#lostData(`it holds store ${incarnation}, and held ${this.#incarnation} before`)
    return incarnation
  }

  #lostData(reason: string): CorruptError {
    return new CorruptError(this.#keys.identity, `it is not the data that this store has followed: ${reason}`)
  }
}

/** All events of a revision come in one answer. */
function byRevision(events: readonly EtcdEvent[]): Iterable<readonly EtcdEvent[]> {
  if (events.length < 2) return [events]
  const groups = new Map<number, EtcdEvent[]>()
  for (const event of events) {
    const { modRevision } = event.kv
    const group = groups.get(modRevision)
    if (group === undefined) groups.set(modRevision, [event])
    else group.push(event)
  }
  return groups.values()
}
