import type { Cancel } from '../../core/index.js'
import type { Engine, EngineListener } from '../engine/engine.js'
import type { KindTable } from '../engine/kind-table.js'
import type { TableEntry } from '../engine/namespace-table.js'
import type { StoredObject } from '../object/object.js'
import { AlreadyExistsError, LeaseNotFoundError } from '../object/store-errors.js'
import type { WriteCause } from '../object/write-cause.js'
import type { Lifetime } from './expiry.js'
import { assertLeaseId, assertTtl } from './expiry.js'
import type { LeaseRecord } from './lifetime-table.js'
import { LeaseTable } from './lifetime-table.js'
import type { LeaseOptions, ObjectLease } from './lifetimes.js'

/** How many leases end in one step; the rest is the next step, so that nothing else waits for long. */
const ENDED_PER_STEP = 500

/** A written object, and how long it is to be kept. */
export interface KeptObject {
  readonly table: KindTable
  readonly object: StoredObject
  readonly lifetime: Lifetime
}

/** Deletes what is kept by a lease that has ended, in one revision. */
export type DeleteEntries = (entries: readonly TableEntry[], cause: WriteCause) => void

/** The leases of a store, and the one timer that ends them. Everything but `get` runs inside `engine.exclusive`. */
export class LeaseKeeper implements EngineListener {
  readonly #engine: Engine
  readonly #deleteEntries: DeleteEntries
  readonly #table = new LeaseTable()
  #timer: Cancel | undefined = undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor(engine: Engine, deleteEntries: DeleteEntries) {
    this.#engine = engine
    this.#deleteEntries = deleteEntries
    engine.listen(this)
  }

  get(id: string): ObjectLease | undefined {
    const record = this.#live(id)
    return record === undefined ? undefined : this.#describe(id, record)
  }

  grant(options: LeaseOptions): ObjectLease {
    const { ttlMs } = options
    assertTtl(ttlMs, 'lease')
    if (options.id !== undefined) assertLeaseId(options.id, 'lease', 'id')
    const id = options.id ?? this.#engine.env.ids.next('lease')
    this.#endIfOver(id)
    if (this.#table.get(id) !== undefined) throw new AlreadyExistsError({ kind: 'lease', name: id }, false)
    const record = this.#table.add(id, ttlMs, this.#nowMs)
    this.#arm()
    return this.#describe(id, record)
  }

  renew(id: string): ObjectLease {
    assertLeaseId(id, 'lease', 'id')
    this.#endIfOver(id)
    const record = this.#required(id)
    this.#table.renew(record, this.#nowMs)
    return this.#describe(id, record)
  }

  revoke(id: string, cause: WriteCause | undefined): void {
    assertLeaseId(id, 'lease', 'id')
    this.#endIfOver(id)
    this.#end(this.#required(id), cause ?? { reason: `lease ${id} was revoked` })
  }

  /** @throws LeaseNotFoundError when the lifetime is that of a lease which there is not */
  assertLive(lifetime: Lifetime | undefined): void {
    if (lifetime?.kind === 'lease') this.#required(lifetime.id)
  }

  /** What was written and is still there is from now on kept as asked. The lifetime must be live. */
  keep({ table, object: { metadata }, lifetime }: KeptObject): void {
    const entry = table.find(metadata.namespace, metadata.name)
    if (entry === undefined || entry.head?.object?.metadata.uid !== metadata.uid) return
    if (lifetime.kind === 'unbound') {
      this.#table.detach(entry)
      return
    }
    const nowMs = this.#nowMs
    const record =
      lifetime.kind === 'lease'
        ? this.#required(lifetime.id)
        : this.#table.add(undefined, lifetime.ttlMs, nowMs)
    this.#table.attach(entry, record)
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

  #live(id: string): LeaseRecord | undefined {
    const record = this.#table.get(id)
    return record === undefined || record.at <= this.#nowMs ? undefined : record
  }

  #required(id: string): LeaseRecord {
    const record = this.#live(id)
    if (record === undefined) throw new LeaseNotFoundError(id)
    return record
  }

  #describe(id: string, { ttlMs, at, entries }: LeaseRecord): ObjectLease {
    return Object.freeze({ id, ttlMs, remainingMs: at - this.#nowMs, objects: entries.size })
  }

  /** Time may be over before its timer has fired. */
  #endIfOver(id: string): void {
    const record = this.#table.get(id)
    if (record !== undefined && record.at <= this.#nowMs) this.#end(record, expiry(record))
  }

  #endDue(): void {
    this.#timer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
    const nowMs = this.#nowMs
    for (let ended = 0; ended < ENDED_PER_STEP; ended++) {
      const { first } = this.#table
      if (first === undefined || first.at > nowMs) break
      this.#end(first, expiry(first))
    }
    this.#arm()
  }

  #end(record: LeaseRecord, cause: WriteCause): void {
    this.#deleteEntries(this.#table.remove(record), cause)
  }

  /** One timer, for the first deadline. A renewed lease leaves it where it is: it finds nothing to end. */
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

function expiry({ id }: LeaseRecord): WriteCause {
  return { reason: id === undefined ? 'the time to live of the object is over' : `lease ${id} expired` }
}
