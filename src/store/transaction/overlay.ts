import { UsageError } from '../../core/index.js'
import type { AdmissionReplies } from '../admission/admission-replies.js'
import type { AdmissionSite } from '../admission/admit.js'
import type { Engine } from '../engine/engine.js'
import type { KindTable } from '../engine/kind-table.js'
import type { Mutation } from '../engine/mutation.js'
import { mutationOf } from '../engine/mutation.js'
import type { Version } from '../engine/version.js'
import type { KeptObject, LifetimeKeeper } from '../lifetime/lifetime-keeper.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import { refText } from '../object/object.js'
import type { ListRange } from '../read/list.js'
import { listObjects } from '../read/list.js'
import type { Position } from '../read/list-order.js'
import { inQueryOrder } from '../read/list-order.js'
import type { ListView } from '../read/list-view.js'
import type { Query } from '../read/query.js'
import { matchesQuery } from '../read/query.js'
import type { WriteSite, WriteTarget } from '../write/write-site.js'

/** What lies under an overlay: one consistent state of the store. */
export interface OverlayBase {
  readonly revision: number
  find(table: KindTable, ref: ObjectRef): Version | undefined
  /** The revision of the range does not count. */
  list(table: KindTable, query: Query, range: ListRange): StoredObject[]
}

/** The newest state; for those who hold the store while they look. */
function newestBase(engine: Engine): OverlayBase {
  return new NewestBase(engine)
}

class NewestBase implements OverlayBase {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  get revision(): number {
    return this.#engine.revision
  }

  find(table: KindTable, { namespace, name }: ObjectRef): Version | undefined {
    return table.find(namespace, name)?.head
  }

  list(table: KindTable, query: Query, { after, limit }: ListRange): StoredObject[] {
    return listObjects(table, query, partOf(after, limit))
  }
}

/** What an overlay is over, and how its writes go about admission. */
export interface OverlayOptions extends Partial<AdmissionSite> {
  /** Default: the newest state. */
  readonly base?: OverlayBase
}

interface Slot {
  mutation: Mutation
}

/** Writes that nobody else sees yet, at most one per key, over a state that does not change. */
export class Overlay implements WriteSite {
  readonly engine: Engine
  readonly lifetimes: LifetimeKeeper
  readonly revision: number
  readonly base: OverlayBase
  readonly canWait: boolean
  readonly replies: AdmissionReplies | undefined
  /** Kept once the writes are committed. */
  readonly kept: KeptObject[] = []
  ended = false
  /** In the order of the first write to each key. */
  readonly #slotsInOrder = new Set<Slot>()
  readonly #slots = new Map<KindTable, Map<string, Slot>>()

  constructor({ engine, lifetimes }: WriteTarget, options: OverlayOptions = {}) {
    const { base = newestBase(engine), canWait = false, replies } = options
    this.engine = engine
    this.lifetimes = lifetimes
    this.base = base
    this.canWait = canWait
    this.replies = replies
    this.revision = base.revision + 1
  }

  current(table: KindTable, ref: ObjectRef): StoredObject | undefined {
    const slot = this.#slots.get(table)?.get(refText(ref))
    return slot === undefined ? this.base.find(table, ref)?.object : slot.mutation.after
  }

  committed(table: KindTable, ref: ObjectRef): Version | undefined {
    return this.base.find(table, ref)
  }

  stage(table: KindTable, ref: ObjectRef, after: StoredObject | undefined): void {
    const key = refText(ref)
    let slots = this.#slots.get(table)
    const known = slots?.get(key)
    const before = this.base.find(table, ref)
    if (after === before?.object) {
      slots?.delete(key)
      if (known !== undefined) this.#slotsInOrder.delete(known)
      return
    }
    const mutation = mutationOf(table, ref, after, before)
    if (known !== undefined) {
      known.mutation = mutation
      return
    }
    const slot: Slot = { mutation }
    if (slots === undefined) {
      slots = new Map()
      this.#slots.set(table, slots)
    }
    slots.set(key, slot)
    this.#slotsInOrder.add(slot)
  }

  stageAll(mutations: readonly Mutation[]): void {
    for (const { table, namespace, name, after } of mutations)
      this.stage(table, namespace === undefined ? { name } : { namespace, name }, after)
  }

  keep(kept: KeptObject): void {
    this.kept.push(kept)
  }

  list(table: KindTable, query: Query, { after, limit }: ListRange = {}): StoredObject[] {
    const slots = this.#slots.get(table)
    if (slots === undefined || slots.size === 0) return this.base.list(table, query, partOf(after, limit))
    // No more than that many of the first can have gone.
    const enough = limit === undefined ? undefined : limit + slots.size
    const base = this.base.list(table, query, partOf(after, enough))
    const items = base.filter(object => !slots.has(refText(object.metadata)))
    for (const { mutation } of slots.values()) {
      const { after: object, terms } = mutation
      if (object !== undefined && matchesQuery(object, terms, query)) items.push(object)
    }
    return inQueryOrder(table.kind, query, items, after).slice(0, limit)
  }

  /** The net effect of the writes. */
  get mutations(): readonly Mutation[] {
    return [...this.#slotsInOrder].map(slot => slot.mutation)
  }

  assertRunning(): void {
    if (this.ended) throw new UsageError('this transaction has ended; its tx works only inside the body')
  }
}

function partOf(after: Position | undefined, limit: number | undefined): ListRange {
  return { ...(after === undefined ? {} : { after }), ...(limit === undefined ? {} : { limit }) }
}

/** What a transaction sees: its base with its own writes over it. */
export function overlayView(overlay: Overlay): ListView {
  const { incarnation } = overlay.engine
  const { revision } = overlay.base
  return {
    incarnation,
    revision,
    oldest: revision,
    revisionOf: () => revision,
    list: (table, query, range) => overlay.list(table, query, range),
    count: (table, query) => overlay.list(table, query).length,
  }
}
