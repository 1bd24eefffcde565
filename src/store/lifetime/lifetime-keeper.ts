import type { Cancel } from '../../core/index.js'
import type { JournalNote } from '../engine/commit-journal.js'
import type { Engine, EngineListener } from '../engine/engine.js'
import type { KindTable } from '../engine/kind-table.js'
import type { TableEntry } from '../engine/namespace-table.js'
import { refOfEntry } from '../engine/version.js'
import type { StoredObject } from '../object/object.js'
import { describeObject } from '../object/object.js'
import { AlreadyExistsError, LifetimeNotFoundError } from '../object/store-errors.js'
import type { WriteCause } from '../object/write-cause.js'
import type { Expiry } from './expiry.js'
import { assertLifetimeId, assertTtl } from './expiry.js'
import type { LifetimeRecord } from './lifetime-table.js'
import { LifetimeTable } from './lifetime-table.js'
import type { Lifetime, LifetimeOptions, ObjectLifetime } from './lifetimes.js'

/** How many lifetimes end in one step; the rest is the next step, so that nothing else waits for long. */
const ENDED_PER_STEP = 500

/** An object that cannot be deleted when its time is over is tried again this much later. */
const RETRY_END_MS = 60_000

/** A written object, and how long it is to be kept. */
export interface KeptObject {
  readonly table: KindTable
  readonly object: StoredObject
  readonly expiry: Expiry
}

/** Deletes what is kept by a lifetime that has ended, in one revision. */
export type DeleteEntries = (entries: readonly TableEntry[], cause: WriteCause) => void

/** The lifetimes of a store, and the one timer that ends them. Everything but reads runs inside `engine.exclusive`. */
export class LifetimeKeeper implements EngineListener {
  readonly #engine: Engine
  readonly #deleteEntries: DeleteEntries
  readonly #table = new LifetimeTable()
  #timer: Cancel | undefined = undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor(engine: Engine, deleteEntries: DeleteEntries) {
    this.#engine = engine
    this.#deleteEntries = deleteEntries
    engine.listen(this)
  }

  get(id: string): Lifetime | undefined {
    const record = this.#live(id)
    return record === undefined ? undefined : this.#describe(id, record)
  }

  list(): readonly Lifetime[] {
    const nowMs = this.#nowMs
    return this.#table.named
      .filter(({ at }) => at > nowMs)
      .map(record => this.#describe(record.id as string, record))
  }

  /** How long the object of this key is kept. */
  of(entry: TableEntry): ObjectLifetime | undefined {
    const record = this.#table.keeperOf(entry)
    if (record === undefined) return undefined
    const { id, ttlMs, at } = record
    const remainingMs = Math.max(0, at - this.#nowMs)
    return Object.freeze({ ...(id === undefined ? {} : { id }), ttlMs, remainingMs })
  }

  /** What makes all of it again. */
  notes(): readonly JournalNote[] {
    const named = this.#table.named.map(({ id = '', ttlMs }) => ({ grant: id, ttlMs }))
    const kept = this.#table.kept.map(([entry, { id, ttlMs }]) =>
      keepNote(entry, id === undefined ? { kind: 'ttl', ttlMs } : { kind: 'lifetime', id }),
    )
    return [...named, ...kept]
  }

  grant(options: LifetimeOptions): Lifetime {
    const { ttlMs } = options
    assertTtl(ttlMs, 'lifetime')
    if (options.id !== undefined) assertLifetimeId(options.id, 'lifetime', 'id')
    const id = options.id ?? this.#engine.env.ids.next('lifetime')
    this.#endIfOver(id)
    if (this.#table.get(id) !== undefined) throw new AlreadyExistsError({ kind: 'lifetime', name: id }, false)
    const record = this.#table.add(id, ttlMs, this.#nowMs)
    this.#engine.journal?.note({ grant: id, ttlMs })
    this.#arm()
    return this.#describe(id, record)
  }

  renew(id: string): Lifetime {
    assertLifetimeId(id, 'lifetime', 'id')
    this.#endIfOver(id)
    const record = this.#required(id)
    this.#table.renew(record, this.#nowMs)
    return this.#describe(id, record)
  }

  revoke(id: string, cause: WriteCause | undefined): void {
    assertLifetimeId(id, 'lifetime', 'id')
    this.#endIfOver(id)
    this.#end(this.#required(id), cause ?? { reason: `lifetime ${id} was revoked` })
  }

  /** @throws LifetimeNotFoundError when the lifetime does not exist */
  assertLive(expiry: Expiry | undefined): void {
    if (expiry?.kind === 'lifetime') this.#required(expiry.id)
  }

  /**
   * What was written and is still there is from now on kept as asked. The expiry must have been live when the write
   * began: a lifetime whose time is over since then takes the object with it.
   *
   * @throws ClosedError, when nothing was committed before
   */
  keep({ table, object: { metadata }, expiry }: KeptObject): void {
    this.#engine.assertOpen()
    const entry = table.find(metadata.namespace, metadata.name)
    if (entry === undefined || entry.head?.object?.metadata.uid !== metadata.uid) return
    this.#engine.journal?.note(keepNote(entry, expiry))
    if (expiry.kind === 'unbound') {
      this.#table.detach(entry)
      return
    }
    const nowMs = this.#nowMs
    const lifetime = expiry.kind === 'lifetime' ? this.#table.get(expiry.id) : undefined
    const ttlMs = expiry.kind === 'ttl' ? expiry.ttlMs : 0
    this.#table.attach(entry, lifetime ?? this.#table.add(undefined, ttlMs, nowMs))
    this.#arm()
  }

  /** The object of that life is gone. */
  lifeEnded(entry: TableEntry): void {
    this.#table.detach(entry)
  }

  closed(): void {
    this.#timer?.()
    this.#timer = undefined
  }

  get #nowMs(): number {
    return this.#engine.env.clock.monotonic()
  }

  #live(id: string): LifetimeRecord | undefined {
    const record = this.#table.get(id)
    return record === undefined || record.at <= this.#nowMs ? undefined : record
  }

  #required(id: string): LifetimeRecord {
    const record = this.#live(id)
    if (record === undefined) throw new LifetimeNotFoundError(id)
    return record
  }

  #describe(id: string, { ttlMs, at, entries }: LifetimeRecord): Lifetime {
    return Object.freeze({ id, ttlMs, remainingMs: at - this.#nowMs, objects: entries.size })
  }

  /** Time may be over before its timer has fired. */
  #endIfOver(id: string): void {
    const record = this.#table.get(id)
    if (record !== undefined && record.at <= this.#nowMs) this.#expire(record)
  }

  #endDue(): void {
    this.#timer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
    const nowMs = this.#nowMs
    try {
      for (let ended = 0; ended < ENDED_PER_STEP; ended++) {
        const { first } = this.#table
        if (first === undefined || first.at > nowMs) break
        this.#expire(first)
      }
    } finally {
      this.#arm()
    }
  }

  /** @throws what the deletion is refused with; then nothing has changed */
  #end(record: LifetimeRecord, cause: WriteCause): void {
    this.#deleteEntries([...record.entries], cause)
    this.#remove(record)
  }

  /** Nothing is kept by it any more, nor in the journal. */
  #remove(record: LifetimeRecord): readonly TableEntry[] {
    if (record.id !== undefined) this.#engine.journal?.note({ end: record.id })
    return this.#table.remove(record)
  }

  /** Nobody hears of an error, so an object that cannot be deleted holds up no other and is tried again. */
  #expire(record: LifetimeRecord): void {
    const cause = expired(record)
    try {
      this.#end(record, cause)
    } catch {
      for (const entry of this.#remove(record)) this.#expireAlone(entry, cause)
    }
  }

  #expireAlone(entry: TableEntry, cause: WriteCause): void {
    try {
      this.#deleteEntries([entry], cause)
    } catch (error) {
      this.#engine.journal?.note(keepNote(entry, { kind: 'ttl', ttlMs: RETRY_END_MS }))
      this.#table.attach(entry, this.#table.add(undefined, RETRY_END_MS, this.#nowMs))
      const id = { kind: entry.space.table.kind.kind, ...refOfEntry(entry) }
      this.#engine.env.logger.error(
        { err: error, retryMs: RETRY_END_MS },
        `${describeObject(id)} cannot be deleted although its time is over; it is tried again`,
      )
    }
  }

  /** One timer, for the first deadline. A renewed lifetime leaves it where it is: it finds nothing to end. */
  #arm(): void {
    const { first } = this.#table
    if (first === undefined || this.#timerAt <= first.at) return
    this.#timer?.()
    this.#timerAt = first.at
    const engine = this.#engine
    this.#timer = engine.env.clock.after(Math.max(0, first.at - this.#nowMs), () =>
      engine.exclusive(() => this.#endDue()),
    )
  }
}

function keepNote({ space, name }: TableEntry, expiry: Expiry): JournalNote {
  const { apiVersion, kind, namespaced } = space.table.kind
  const keep = [apiVersion, kind, namespaced ? space.name : null, name] as const
  if (expiry.kind === 'ttl') return { keep, ttlMs: expiry.ttlMs }
  return expiry.kind === 'lifetime' ? { keep, lifetime: expiry.id } : { keep }
}

function expired({ id }: LifetimeRecord): WriteCause {
  return { reason: id === undefined ? 'the time to live of the object is over' : `lifetime ${id} expired` }
}
