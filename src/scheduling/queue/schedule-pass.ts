import type { ReasonSummary, ResourceVector } from '../../core/index.js'
import { addResources, InvalidError, KeelsonError } from '../../core/index.js'
import type { BorrowingQuota } from '../../core/internal.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import { classKey } from '../classes/class-table.js'
import { placeGang } from '../gangs/place-gang.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import type { BackfillOptions } from './backfill.js'
import { checkBackfill, expectedEnds, HeadReservation } from './backfill.js'
import type { FairShareOptions } from './fair-share.js'
import { FairTurns } from './fair-share.js'
import type { QueuedRequest, QueuedUnit } from './queued-request.js'
import { compareQueued, unitsOf, WAITING_MAX } from './queued-request.js'

/** Options of {@link schedulePass}. */
export interface SchedulePassOptions {
  /** Gangs that run with fewer members than they need: they are made whole before equals are served. */
  readonly gangsBelowMinimum?: ReadonlySet<string>
  /**
   * How many members of a gang must be placed together, or none of them is. Default: each is placed by itself.
   */
  readonly minMembers?: (gang: string) => number | undefined
  /**
   * What one that cannot be placed means for those behind it. `backfill`: nothing. `strict`: it holds back those that
   * want a resource it waits for. `reserve`: the first for which expected ends make room keeps its place in the future, see
   * `reserve`; whoever overtakes it never delays it. Default `backfill`.
   */
  readonly order?: 'backfill' | 'strict' | 'reserve'
  /** What is expected of the future; needed with the order `reserve`. */
  readonly reserve?: BackfillOptions
  /** What its queue may use: what is placed is taken from it, so two admissions of one pass see each other. */
  readonly quota?: BorrowingQuota
  /** The queue of a request; undefined: it needs no quota. */
  readonly queueOf?: (request: PlacementRequest) => string | undefined
  /** Queues take turns by their shares; the order counts within a queue. Default: one order over all queues. */
  readonly fairShare?: FairShareOptions
  /** Below 0 when the first is to be placed before the second. Default: by priority, gangs below their minimum, age and key. */
  readonly compare?: (a: QueuedRequest, b: QueuedRequest) => number
}

/** What one pass over the queue did. */
export interface SchedulePassResult {
  /** Node by key. */
  readonly placed: ReadonlyMap<string, string>
  /** Why the others wait, by key. */
  readonly waiting: ReadonlyMap<string, WaitReason>
}

/** Why a request waits. */
export type WaitReason =
  /** It is not looked at. */
  | { readonly kind: 'gated'; readonly gates: readonly string[] }
  | { readonly kind: 'unschedulable'; readonly reasons: ReasonSummary }
  /** So many members of its gang would have fitted, `short` too few. */
  | {
      readonly kind: 'gang'
      readonly gang: string
      readonly fit: number
      readonly short: number
      readonly reasons: ReasonSummary | undefined
    }
  /** Its queue may not use that much. */
  | { readonly kind: 'quota'; readonly queue: string; readonly resource: string }
  /** One before it waits for the same resource. */
  | { readonly kind: 'behind'; readonly key: string; readonly resource: string }
  /** It might delay the one with this key, or gang, which is expected to have room at `atMs`. */
  | { readonly kind: 'reserved'; readonly key: string; readonly atMs: number }

const SCHEDULE_PASS_OPTIONS = /* @__PURE__ */ knownOptions<SchedulePassOptions>('schedulePass', {
  gangsBelowMinimum: true,
  minMembers: true,
  order: true,
  reserve: true,
  quota: true,
  queueOf: true,
  fairShare: true,
  compare: true,
})

/**
 * Places what can be placed, each request tried once, in order.
 *
 * @throws InvalidError for options that are not acceptable; as `place`
 */
export function schedulePass(
  scheduler: Scheduler,
  queue: readonly QueuedRequest[],
  options: SchedulePassOptions = {},
): SchedulePassResult {
  assertKnown(options, SCHEDULE_PASS_OPTIONS)
  const { gangsBelowMinimum, order, reserve, fairShare, queueOf = () => undefined } = options
  if ((order === 'reserve') !== (reserve !== undefined)) {
    const message = 'must be given with the order `reserve`, and with no other'
    throw new InvalidError('schedulePass', [{ field: 'reserve', value: reserve, message }])
  }
  if (reserve !== undefined) checkBackfill(reserve)
  const { compare = (a, b) => compareQueued(a, b, gangsBelowMinimum) } = options
  if (queue.length > WAITING_MAX) {
    const message = `the queue has ${queue.length} requests, more than ${WAITING_MAX}; leave those of the least priority out`
    throw new KeelsonError({
      code: 'TooLarge',
      message,
      details: { waiting: queue.length, waitingMax: WAITING_MAX },
    })
  }
  const open = queue.filter(({ gates = [] }) => gates.length === 0)
  const units = unitsOf(open.sort(compare), options.minMembers)
  const turns = fairShare === undefined ? undefined : new FairTurns(units, fairShare, queueOf)
  const pass = new Pass(scheduler, options)
  for (const { request, gates = [] } of queue)
    if (gates.length > 0) pass.waiting.set(request.key, { kind: 'gated', gates })
  if (turns === undefined) for (const unit of units) pass.tryUnit(unit)
  else
    for (let unit = turns.next(); unit !== undefined; unit = turns.next())
      for (const request of pass.tryUnit(unit)) turns.placed(request)
  return pass
}

class Pass implements SchedulePassResult {
  readonly placed = new Map<string, string>()
  readonly waiting = new Map<string, WaitReason>()
  readonly #scheduler: Scheduler
  readonly #options: SchedulePassOptions
  /** Who waits for a resource. */
  readonly #wanted = new Map<string, string>()
  #head: HeadReservation | undefined
  /** What finds no place when all have ended of whom that is expected. */
  readonly #hopeless = new Set<string>()

  constructor(scheduler: Scheduler, options: SchedulePassOptions) {
    this.#scheduler = scheduler
    this.#options = options
  }

  /** Returns what was placed of it. */
  tryUnit(unit: QueuedUnit): readonly PlacementRequest[] {
    const behind = this.#heldBack(unit)
    if (behind !== undefined) return this.#wait(unit.members, behind)
    const { within, why } = this.#withinQuota(unit)
    if (why !== undefined) this.#wait(unit.members.slice(within.length), why)
    if (within.length < unit.min) return why === undefined ? [] : this.#wait(unit.members, why)
    const { gang, min } = unit
    const requests = within.map(({ request }) => request)
    // On a copy while a place is kept: what would delay the first is not placed at all.
    const onto = this.#head === undefined ? this.#scheduler : this.#scheduler.fork()
    const result = placeGang(onto, { name: gang ?? 'one', members: requests, min })
    if (result.kind === 'unschedulable') {
      const { fit, short, reasons } = result
      this.#holdPlace(unit, reasons)
      const isOne = gang === undefined && reasons !== undefined
      const waits: WaitReason = isOne
        ? { kind: 'unschedulable', reasons }
        : { kind: 'gang', gang: gang ?? '', fit, short, reasons }
      return this.#wait(within, waits)
    }
    const fitting = within.filter(({ request }) => result.nodes.has(request.key))
    const head = this.#head
    if (head !== undefined) {
      if (!head.admits(fitting, result.nodes, this.#options.reserve?.nowMs ?? 0))
        return this.#wait(within, { kind: 'reserved', key: head.key, atMs: head.atMs })
      for (const { request } of fitting) this.#scheduler.place(request)
    }
    for (const { request } of fitting) this.#placed(request, result.nodes.get(request.key) ?? '')
    for (const { request } of within)
      if (!result.nodes.has(request.key)) {
        const { summary } = this.#scheduler.explain(request)
        this.waiting.set(request.key, { kind: 'unschedulable', reasons: summary })
      }
    return fitting.map(({ request }) => request)
  }

  #placed(request: PlacementRequest, node: string): void {
    const queue = this.#options.queueOf?.(request)
    if (queue !== undefined) this.#options.quota?.use(queue, request.requests ?? {})
    this.placed.set(request.key, node)
  }

  #wait(members: readonly QueuedRequest[], why: WaitReason): readonly PlacementRequest[] {
    for (const { request } of members) this.waiting.set(request.key, why)
    return []
  }

  #heldBack({ members }: QueuedUnit): WaitReason | undefined {
    for (const { request } of members)
      for (const [resource, amount] of Object.entries(request.requests ?? {})) {
        const key = amount > 0 ? this.#wanted.get(resource) : undefined
        if (key !== undefined) return { kind: 'behind', key, resource }
      }
    return undefined
  }

  /** The first members that their queues may place, and why not more. */
  #withinQuota({ members }: QueuedUnit): {
    readonly within: readonly QueuedRequest[]
    readonly why?: WaitReason
  } {
    const { quota, queueOf } = this.#options
    const sums = new Map<string, ResourceVector>()
    for (const [index, { request }] of members.entries()) {
      const queue = queueOf?.(request)
      if (queue === undefined || quota === undefined) continue
      const sum = addResources(sums.get(queue) ?? {}, request.requests ?? {})
      sums.set(queue, sum)
      const resource = quota.shortOf(queue, sum)
      if (resource !== undefined)
        return { within: members.slice(0, index), why: { kind: 'quota', queue, resource } }
    }
    return { within: members }
  }

  #holdPlace(unit: QueuedUnit, reasons: ReasonSummary | undefined): void {
    const { order, reserve } = this.#options
    const key = unit.members[0]?.request.key ?? ''
    if (order === 'strict' && reasons !== undefined)
      for (const name of shortOf(reasons)) if (!this.#wanted.has(name)) this.#wanted.set(name, key)
    if (reserve === undefined || this.#head !== undefined) return
    const kind = JSON.stringify([unit.min, ...unit.members.map(({ request }) => classKey(request))])
    if (this.#hopeless.has(kind)) return
    const head = new HeadReservation(this.#scheduler, unit, expectedEnds(this.#scheduler, reserve))
    if (Number.isFinite(head.atMs)) this.#head = head
    else this.#hopeless.add(kind)
  }
}

function shortOf({ reasons }: ReasonSummary): readonly string[] {
  return reasons.flatMap(({ code, params }) =>
    code === 'InsufficientResource' ? [String(params?.['resource'])] : [],
  )
}
