import { Task } from '../../api/index.js'
import { isKeelsonError, renderReasons } from '../../core/index.js'
import type { ReconcileContext } from '../../reconcile/index.js'
import type { ObjectRef } from '../../store/index.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { BindingContext, OpenTask, Placement } from './bind-tasks.js'
import { bindTasks, nodeStateOf } from './bind-tasks.js'
import type { ClusterMirror, MirrorChange } from './cluster-mirror.js'
import { refOfKey } from './evict-victims.js'
import type { KeptPlace, PlacedRequest } from './kept-place.js'
import type { RoomMade, RoomMaker, RoomWanted } from './room-maker.js'
import { failuresNameOf, groupOfTask, requestOfTask } from './task-object.js'
import type { TaskQueue } from './task-queue.js'
import type { Refusal } from './task-refusal.js'
import { causesOf, reportRefusal, tooManyRounds } from './task-refusal.js'

/** Stale state of a node is corrected and the task placed again, so often; then it backs off. */
export const ROUNDS_MAX = 16

/** What is decided about a task. */
export type Decision =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | ({ readonly kind: 'placed' } & PlacedRequest)

/** What a placer works with. */
export interface PlacerParts {
  readonly mirror: ClusterMirror
  readonly queue: TaskQueue
  /** Whether the store knows the kind `Reservation`. */
  readonly hasReservations: boolean
  /** Undefined: who waits holds up nobody. */
  readonly kept: KeptPlace | undefined
  /** Undefined: nothing is evicted. */
  readonly rooms: RoomMaker | undefined
  readonly enqueue: (ref: ObjectRef, why: string) => void
}

/** Finds nodes for tasks, binds them, and says why it found none. */
export class TaskPlacer {
  readonly #mirror: ClusterMirror
  readonly #queue: TaskQueue
  readonly #hasReservations: boolean
  readonly #rooms: RoomMaker | undefined
  readonly #kept: KeptPlace | undefined
  readonly enqueue: PlacerParts['enqueue']

  constructor({ mirror, queue, hasReservations, kept, rooms, enqueue }: PlacerParts) {
    this.#kept = kept
    this.#mirror = mirror
    this.#queue = queue
    this.#hasReservations = hasReservations
    this.#rooms = rooms
    this.enqueue = enqueue
  }

  async placeEach(open: readonly OpenTask[], ctx: ReconcileContext): Promise<void> {
    const refused: (readonly [OpenTask, Refusal])[] = []
    let left = open
    try {
      for (let round = 0; left.length > 0; round++) {
        if (round === ROUNDS_MAX) throw tooManyRounds(left, ROUNDS_MAX)
        const placements: Placement[] = []
        for (const one of left) {
          const decision = this.#decideAlone(one, ctx)
          if (decision.kind === 'placed') placements.push(decision)
          else refused.push([one, decision.refusal])
          if (decision.kind === 'refused') this.holdBack(one, decision.refusal)
        }
        left = placements.length === 0 ? [] : await this.bind(placements, ctx, false)
      }
      while (refused.length > 0) {
        const [one, refusal] = refused[0] as (typeof refused)[number]
        await this.#refuse(one, refusal, ctx)
        refused.shift()
      }
    } catch (error) {
      // A waiting task is not tried again by itself, and its status would not say why.
      for (const [{ key }] of refused) this.#queue.waiting.delete(key)
      this.releaseAssumed(left)
      throw error
    }
  }

  /** Gives up the room of those that were decided about, and will not be bound. */
  releaseAssumed(open: readonly OpenTask[]): void {
    for (const { key } of open) if (this.#mirror.isAssumed(key)) this.#mirror.release(key)
  }

  /** @throws InvalidError when what it asks for is not acceptable */
  requestOf({ task }: OpenTask): PlacementRequest {
    const group = groupOfTask(task)
    if (group === undefined) return requestOfTask(task)
    const request = requestOfTask(task, this.#mirror.membersOf(group))
    const failuresOf = failuresNameOf(group, task.metadata.labels)
    // Where nothing failed, tasks of all groups ask for the same.
    return this.#mirror.failed.remembers(failuresOf) ? { ...request, failuresOf } : request
  }

  /** As `decide`; what might delay the first that waits is refused. */
  #decideAlone(one: OpenTask, ctx: ReconcileContext): Decision {
    const nowMs = ctx.env.clock.now()
    this.#kept?.prepare(nowMs)
    const decision = this.decide(one, ctx)
    if (decision.kind === 'refused') {
      if (decision.refusal.request !== undefined) this.#kept?.refused([one])
      return decision
    }
    const refusal = this.#kept?.refusalOf([decision], nowMs)
    if (refusal === undefined) return decision
    this.#mirror.release(one.key)
    this.#queue.waiting.failed({ key: one.key, version: one.version, request: undefined, nowMs })
    return { kind: 'refused', refusal }
  }

  /** Holds the room when it returns `placed`; notes that the task waits when it does not. */
  decide(one: OpenTask, ctx: ReconcileContext): Decision {
    const { key, version } = one
    const nowMs = ctx.env.clock.now()
    try {
      const request = this.requestOf(one)
      const overQuota = this.#overQuota(one, request)
      if (overQuota !== undefined) {
        this.#queue.waiting.failed({ key, version, request: undefined, nowMs })
        return { kind: 'refused', refusal: overQuota }
      }
      const result = this.#mirror.assume(request, one.task)
      if (result.kind === 'placed') {
        const { node, hostPorts, held } = result
        const given = { hostPorts, held }
        return { kind: 'placed', one, request, node, given, epoch: this.#mirror.epochOf(node) }
      }
      const isHolder = this.#mirror.held.forTask(key).length > 0
      const { reasons, causes } = result
      this.#queue.waiting.failed({ key, version, request, nowMs, isHolder, causes })
      const refusal = {
        reason: 'Unschedulable',
        message: renderReasons(reasons),
        causes: causesOf(reasons),
        request,
      } as const
      return { kind: 'refused', refusal }
    } catch (error) {
      const { message } = error as Error
      const isInvalid = isKeelsonError(error, 'Invalid', 'OutOfRange')
      this.#queue.waiting.failed({ key, version, request: undefined, nowMs })
      // Whatever a plugin threw may not happen again.
      if (!isInvalid) {
        ctx.logger.error({ err: error, task: key }, 'a plugin threw; the task is tried again later')
        this.#queue.waiting.wakeOne(key)
        this.enqueue(one.ref, 'a plugin threw')
      }
      const reason = isInvalid ? 'InvalidRequest' : 'SchedulerError'
      return { kind: 'refused', refusal: { reason, message, causes: message, request: undefined } }
    }
  }

  #overQuota({ task }: OpenTask, { requests = {} }: PlacementRequest): Refusal | undefined {
    const { use } = this.#mirror
    const refusal = use.refusalOf(task, requests)
    if (refusal === undefined) return undefined
    const { message, causes, group } = refusal
    const heldBack = { group, epoch: () => use.releases }
    return { reason: 'Unschedulable', message: `${message}.`, causes, request: undefined, heldBack }
  }

  /** Has a task that waits for something else than room tried again when that may have come. */
  holdBack(one: OpenTask, { heldBack }: Refusal): void {
    if (heldBack !== undefined) this.#queue.holdBack(one, heldBack)
  }

  /** Writes the bindings, and releases the room of those that the store refused. Returns whom to place again. */
  async bind(
    placements: readonly Placement[],
    ctx: ReconcileContext,
    together: boolean,
  ): Promise<readonly OpenTask[]> {
    const context = { ...this.#context, nowMs: ctx.env.clock.now() }
    const bindings = await ctx.client
      .transact(tx => bindTasks(tx, placements, context, together))
      .finally(() => {
        for (const { one } of placements) this.#mirror.unassume(one.key)
        // Not the tasks as they were bound: much may have become of them before the answer came.
        for (const { one } of placements) this.tell(one.key, ctx.client.get(Task, one.ref))
      })
    const again: OpenTask[] = []
    for (const [index, binding] of bindings.entries()) {
      const { one, node } = placements[index] as Placement
      if (binding.kind === 'bound') {
        ctx.record({ reason: 'Scheduled', note: `placed on node ${node}`, regarding: one.task })
        this.#wake({ kind: 'taken', node, task: this.#mirror.scheduler.task(one.key) })
      }
      if (binding.kind === 'stale') {
        // What was right at the commit may be history by the time of its answer.
        const isNews = binding.revision > ctx.client.revision
        const state = isNews ? binding.state : nodeStateOf(ctx.client, node, this.#hasReservations)
        this.noticed(this.#mirror.setNodeState(node, state))
      }
      if (binding.kind === 'stale' || binding.kind === 'undone' || (together && binding.kind === 'changed'))
        again.push(one)
      else this.#queue.waiting.delete(one.key)
    }
    return again
  }

  get #context(): Omit<BindingContext, 'nowMs'> {
    return { mirror: this.#mirror, hasReservations: this.#hasReservations }
  }

  /** Makes room for the task if it may, or says why it waits. */
  async #refuse(one: OpenTask, refusal: Refusal, ctx: ReconcileContext): Promise<void> {
    const { key, version } = one
    const { request } = refusal
    this.#queue.heldBack.delete(key)
    if (refusal.reason !== 'Unschedulable' || request === undefined || this.#rooms === undefined)
      return this.report(one, refusal, ctx)
    const made = await this.#rooms.make({ by: key, open: [one], need: 1 }, [request], ctx, this.#context)
    if (made.kind === 'stale') {
      this.#queue.waiting.delete(key)
      this.#queue.note(key, ctx.client.get(Task, one.ref))
      return
    }
    if (made.kind === 'none') {
      if (made.isHeldBack) this.#queue.heldBack.add(key)
      if (made.why === undefined) return this.report(one, refusal, ctx)
      const message = `${refusal.message.replace(/\.$/, '')}; ${made.why}.`
      return this.report(one, { ...refusal, message, causes: `${refusal.causes} ${made.why}` }, ctx)
    }
    ctx.record({ reason: 'Preempting', note: made.note, regarding: one.task })
    this.tell(key, ctx.client.get(Task, one.ref))
    if (made.kind === 'bound') return this.#queue.waiting.delete(key)
    this.#queue.waiting.failed({ key, version, request, nowMs: ctx.env.clock.now(), isHolder: true })
    await this.report(
      one,
      { ...refusal, message: `waits for its room: ${made.note}.`, causes: made.note },
      ctx,
    )
  }

  /** As `RoomMaker.make`; undefined: nothing is evicted. */
  async makeRoom(wanted: RoomWanted, ctx: ReconcileContext): Promise<RoomMade | undefined> {
    const requests = wanted.open.map(one => this.requestOf(one))
    return this.#rooms?.make(wanted, requests, ctx, this.#context)
  }

  async report(one: OpenTask, refusal: Refusal, ctx: ReconcileContext): Promise<void> {
    const isNews = await reportRefusal(one, refusal, ctx, this.#queue.waiting)
    if (isNews)
      for (const key of this.#queue.waiting.wakeLike(one.key))
        this.enqueue(refOfKey(key), 'what keeps it waiting has changed')
  }

  /** Takes in a task outside a watch, and asks for those whom its room may help. */
  tell(key: string, task: Task | undefined): void {
    this.noticed(this.#mirror.setTask(key, task))
  }

  /** Asks for those whom a change may help. */
  noticed(change: MirrorChange): void {
    if (change.kind !== 'none') this.#kept?.changed()
    this.#wake(change)
  }

  #wake(change: MirrorChange): void {
    for (const key of this.#queue.waiting.wake(change, this.#mirror.scheduler))
      this.enqueue(refOfKey(key), 'room was given back')
    if (change.kind === 'none') return
    for (const key of this.#queue.waiting.outdate())
      this.enqueue(refOfKey(key), 'what keeps it waiting may have changed')
  }
}
