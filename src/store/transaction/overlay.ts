import { UsageError } from '../../core/index.js'
import { SmallMap } from '../../core/internal.js'
import type { AdmissionReplies } from '../admission/admission-replies.js'
import { PendingAdmission } from '../admission/admission-replies.js'
import type { AdmissionSite } from '../admission/admit.js'
import type { Engine } from '../engine/engine.js'
import { nestedWrite } from '../engine/engine.js'
import type { KindTable } from '../engine/kind-table.js'
import type { Mutation } from '../engine/mutation.js'
import { mutationOf } from '../engine/mutation.js'
import type { Version } from '../engine/version.js'
import type { KeptObject } from '../lifetime/lifetime-keeper.js'
import type { ObjectRef, StoredObject } from '../object/object.js'
import { refText } from '../object/object.js'
import { LIST_OPTIONS } from '../read/known-read-options.js'
import type { ListRange } from '../read/list.js'
import { listObjects } from '../read/list.js'
import type { Position } from '../read/list-order.js'
import { inQueryOrder } from '../read/list-order.js'
import type { ListView } from '../read/list-view.js'
import type { Query } from '../read/query.js'
import { matchesQuery } from '../read/query.js'
import type { ObjectKeeping, WriteSite, WriteTarget } from '../write/write-site.js'

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
  readonly mutation: Mutation
  /** Counts the first write to each key. */
  readonly order: number
}

type Slots = SmallMap<string, Slot>

/** What was staged under a key before a write. */
interface Undo {
  readonly slots: Slots
  readonly key: string
  readonly before: Slot | undefined
}

/** Writes that nobody else sees yet, at most one per key, over a state that does not change. */
export class Overlay implements WriteSite {
  readonly engine: Engine
  readonly lifetimes: ObjectKeeping
  readonly revision: number
  readonly base: OverlayBase
  readonly canWait: boolean
  readonly isCaptured = false
  readonly replies: AdmissionReplies | undefined
  /** Kept once the writes are committed. */
  readonly kept: KeptObject[] = []
  ended = false
  /** The answers that writes of the body would have had to wait for. */
  readonly pending: PendingAdmission[] = []
  readonly #slots = new SmallMap<KindTable, Slots>()
  #orders = 0
  #isWriting = false
  #undo: Undo[] = []

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

  /**
   * Begins one write of a body; `end` ends it, whatever happens. A body may go on after a write that was refused, so
   * `takeBack` undoes what that one has staged.
   *
   * @throws UsageError inside another one, and after the end of the transaction
   */
  begin(): void {
    this.assertRunning()
    if (this.#isWriting) throw nestedWrite()
    this.#isWriting = true
    this.#undo = []
  }

  /** @param error with which the write was refused */
  takeBack(error: unknown): void {
    for (const { slots, key, before } of this.#undo.reverse()) put(slots, key, before)
    if (error instanceof PendingAdmission) this.pending.push(error)
  }

  end(): void {
    this.#isWriting = false
  }

  stage(table: KindTable, ref: ObjectRef, after: StoredObject | undefined): void {
    const key = refText(ref)
    let slots = this.#slots.get(table)
    const known = slots?.get(key)
    const base = this.base.find(table, ref)
    const isBase = after === base?.object
    if (isBase && known === undefined) return
    const order = known?.order ?? this.#orders++
    const slot = isBase ? undefined : { mutation: mutationOf(table, ref, after, base), order }
    if (slots === undefined) {
      slots = new SmallMap()
      this.#slots.set(table, slots)
    }
    put(slots, key, slot)
    if (this.#isWriting) this.#undo.push({ slots, key, before: known })
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
    slots.forEach(({ mutation: { after: object, terms } }) => {
      if (object !== undefined && matchesQuery(object, terms, query)) items.push(object)
    })
    return inQueryOrder(table.kind, query, items, after).slice(0, limit)
  }

  /** The net effect of the writes, in the order of the first write to each key. */
  get mutations(): readonly Mutation[] {
    const found: Slot[] = []
    this.#slots.forEach(slots => slots.forEach(slot => void found.push(slot)))
    if (found.length > 1) found.sort((a, b) => a.order - b.order)
    return found.map(({ mutation }) => mutation)
  }

  assertRunning(): void {
    if (this.ended) throw new UsageError('this transaction has ended; its tx works only inside the body')
  }
}

function put(slots: Slots, key: string, slot: Slot | undefined): void {
  if (slot === undefined) slots.delete(key)
  else slots.set(key, slot)
}

function partOf(after: Position | undefined, limit: number | undefined): ListRange {
  return { ...(after === undefined ? {} : { after }), ...(limit === undefined ? {} : { limit }) }
}

/** What a transaction sees: its base with its own writes over it. */
export function overlayView(overlay: Overlay): ListView {
  const { incarnation } = overlay.engine
  const { revision } = overlay.base
  return {
    takes: LIST_OPTIONS,
    incarnation,
    revision,
    oldest: revision,
    revisionOf: () => revision,
    list: (table, query, range) => overlay.list(table, query, range),
    count: (table, query) => overlay.list(table, query).length,
    postings: () => undefined,
  }
}
