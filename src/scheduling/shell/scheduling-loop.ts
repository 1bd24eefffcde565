import { DisruptionBudget, Node, Reservation, Task } from '../../api/index.js'
import { isKeelsonError, renderReasons } from '../../core/index.js'
import { assertKnown, assertValid, wholeNumber } from '../../core/internal.js'
import type { CacheChanges, ReconcileContext, Result } from '../../reconcile/index.js'
import { requeueAfter } from '../../reconcile/index.js'
import type { Client, ObjectRef } from '../../store/index.js'
import { knowsKind } from '../../store/internal.js'
import type { Profile } from '../plugins/plugin.js'
import { spreadProfile } from '../profiles/spread.js'
import type { BindingContext, OpenTask, Placement } from './bind-tasks.js'
import { bindTasks, endHold, nodeStateOf, openTask } from './bind-tasks.js'
import type { MirrorChange } from './cluster-mirror.js'
import { ClusterMirror } from './cluster-mirror.js'
import { refOfKey } from './evict-victims.js'
import { isHoldOver } from './held-room.js'
import { RoomMaker } from './room-maker.js'
import type { SchedulingControllerOptions } from './scheduling-controller-options.js'
import { PREEMPTION_POLICY } from './scheduling-controller-options.js'
import { compareTasks, groupOfTask, requestOfTask, taskKey } from './task-object.js'
import { TaskQueue } from './task-queue.js'
import type { Refusal } from './task-refusal.js'
import { causesOf, gangRefusal, reportRefusal, tooManyRounds } from './task-refusal.js'

/** Stale state of a node is corrected and the task placed again, so often; then it backs off. */
const ROUNDS_MAX = 16

type Reader = Pick<Client, 'get' | 'list'>

type Decision =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | ({ readonly kind: 'placed' } & Placement)

/** What came of placing a gang of which too few fit. */
interface GangTrial {
  readonly open: readonly OpenTask[]
  readonly gang: string
  readonly need: number
  readonly placements: readonly Placement[]
  readonly refusals: readonly Refusal[]
}

/** Decides about the tasks that wait, and writes what is decided. */
export class SchedulingLoop {
  enqueue: (ref: ObjectRef, why: string) => void = () => {}
  readonly #profile: Profile
  readonly #schedulerName: string | undefined
  readonly #batchMax: number
  readonly #rooms: RoomMaker | undefined
  readonly #newQueue: () => TaskQueue
  readonly #compare: (a: Task, b: Task) => number
  readonly #gangsInFlight = new Set<string>()
  #mirror: ClusterMirror
  #queue: TaskQueue
  #hasReservations = false

  constructor(options: SchedulingControllerOptions) {
    const { profile = spreadProfile(), retryDelayMs = 100, retryDelayMsMax = 10_000 } = options
    const { batchMax = 32, preemption, compare = compareTasks } = options
    const message = 'must be a finite number of milliseconds ≥ 0'
    assertValid('scheduling controller', [
      ...Object.entries({ retryDelayMs, retryDelayMsMax }).flatMap(([field, value]) =>
        Number.isFinite(value) && value >= 0 ? [] : [{ field, value, message }],
      ),
      ...wholeNumber('batchMax', batchMax, { min: 1 }),
    ])
    if (preemption !== undefined) assertKnown(preemption, PREEMPTION_POLICY)
    this.#profile = profile
    this.#schedulerName = options.schedulerName
    this.#batchMax = batchMax
    this.#compare = compare
    this.#rooms = preemption === undefined ? undefined : new RoomMaker(preemption)
    const backoff = { baseMs: retryDelayMs, maxMs: retryDelayMsMax }
    this.#newQueue = () => new TaskQueue(options.schedulerName, compare, backoff)
    this.#queue = this.#newQueue()
    this.#mirror = new ClusterMirror(profile)
  }

  /** Starts from what is there, so that changes which were not watched leave nothing stale behind. */
  reset(reader: Reader): void {
    this.#mirror = new ClusterMirror(this.#profile)
    this.#queue = this.#newQueue()
    this.#hasReservations = knowsKind(reader, Reservation)
    this.#rooms?.start(reader)
    for (const node of reader.list(Node).items) this.#mirror.setNode(node.metadata.name, node)
    if (this.#hasReservations)
      for (const one of reader.list(Reservation).items) this.#mirror.setReservation(one.metadata.name, one)
    for (const task of reader.list(Task).items) {
      this.#mirror.setTask(taskKey(task.metadata), task)
      this.#note(taskKey(task.metadata), task)
    }
  }

  /** Idempotent: takes in the present state, and asks for the tasks that it may help. */
  changed(changes: CacheChanges['changes'], reader: Reader): void {
    const grown = new Set<string>()
    for (const { before, after } of changes) {
      const { kind, metadata: { namespace, name = '' } = {} } = after ?? before ?? {}
      if (kind === Node.kind) this.#noticed(this.#mirror.setNode(name, reader.get(Node, { name })))
      else if (kind === Reservation.kind)
        this.#noticed(this.#mirror.setReservation(name, reader.get(Reservation, { name })))
      else if (kind === DisruptionBudget.kind)
        for (const key of this.#queue.wakeHeldBack())
          this.enqueue(refOfKey(key), 'a disruption budget changed')
      else if (namespace !== undefined) {
        const task = reader.get(Task, { namespace, name })
        this.#tell(taskKey({ namespace, name }), task)
        const gang = this.#note(taskKey({ namespace, name }), task)
        if (gang !== undefined) grown.add(gang)
      }
    }
    this.#wakeGangs(grown)
  }

  /** Places the first in order of those that are to be tried, a batch or a gang at a time. */
  async reconcile(ref: ObjectRef, task: Task | undefined, ctx: ReconcileContext): Promise<Result | void> {
    const key = taskKey(ref)
    const grown = this.#note(key, task)
    if (grown !== undefined) this.#wakeGangs([grown])
    const waitMs = this.#queue.judge(key, task, ctx.env.clock.now())
    const endMs = await this.#endHolds(key, task, ctx)
    await this.#placeNext(ctx)
    const next = this.#queue.pending.peek()
    if (next !== undefined) this.enqueue(openTask(next).ref, 'it is to be tried')
    const afterMs = Math.min(waitMs ?? Number.POSITIVE_INFINITY, endMs ?? Number.POSITIVE_INFINITY)
    return Number.isFinite(afterMs) ? requeueAfter(afterMs) : undefined
  }

  /** Names the gang of the task, if that has one more with a node. */
  #note(key: string, task: Task | undefined): string | undefined {
    const grown = this.#queue.note(key, task)
    if (task === undefined || !this.#queue.isOurs(task)) this.#rooms?.forget(key)
    return grown
  }

  #wakeGangs(gangs: Iterable<string>): void {
    for (const gang of gangs)
      for (const key of this.#queue.wakeGang(gang)) this.enqueue(refOfKey(key), 'its gang has a member more')
  }

  /** Ends what is held for a task that needs it no more, or for too long; in how many ms to look again. */
  async #endHolds(key: string, task: Task | undefined, ctx: ReconcileContext): Promise<number | undefined> {
    if (task !== undefined && task.spec.schedulerName !== this.#schedulerName) return undefined
    const nowMs = ctx.env.clock.now()
    const holds = this.#mirror.held.forTask(key)
    const over = holds.filter(hold => isHoldOver(hold, task, this.#mirror.scheduler, nowMs))
    if (over.length > 0) {
      await ctx.client.transact(tx => {
        for (const { name } of over) endHold(tx, name)
      })
      for (const { name } of over)
        this.#noticed(this.#mirror.setReservation(name, ctx.client.get(Reservation, { name })))
      this.#queue.waiting.delete(key)
      this.#note(key, task)
    }
    const ends = holds.filter(hold => !over.includes(hold)).map(({ expiresAtMs }) => expiresAtMs)
    const next = Math.min(...ends.map(end => end ?? Number.POSITIVE_INFINITY))
    return Number.isFinite(next) ? next - nowMs : undefined
  }

  async #placeNext(ctx: ReconcileContext): Promise<void> {
    const batch = this.#queue.take(this.#batchMax)
    if (batch === undefined) return
    const { keys, gang } = batch
    const open: OpenTask[] = []
    for (const key of keys) {
      const task = ctx.client.get(Task, refOfKey(key))
      if (task === undefined || !this.#queue.isOurs(task)) this.#note(key, task)
      else {
        this.#tell(key, task)
        open.push(openTask(task))
      }
    }
    try {
      if (gang === undefined) await this.#placeEach(open, ctx)
      else await this.#placeGang(open, gang, ctx)
    } catch (error) {
      for (const { key, ref } of open) this.#note(key, ctx.client.get(Task, ref))
      throw error
    }
  }

  async #placeEach(open: readonly OpenTask[], ctx: ReconcileContext): Promise<void> {
    const refused: (readonly [OpenTask, Refusal])[] = []
    let left = open
    try {
      for (let round = 0; left.length > 0; round++) {
        if (round === ROUNDS_MAX) throw tooManyRounds(left, ROUNDS_MAX)
        const placements: Placement[] = []
        for (const one of left) {
          const decision = this.#decide(one, ctx)
          if (decision.kind === 'placed') placements.push(decision)
          else refused.push([one, decision.refusal])
        }
        left = placements.length === 0 ? [] : await this.#bind(placements, ctx, false)
      }
      while (refused.length > 0) {
        const [one, refusal] = refused[0] as (typeof refused)[number]
        await this.#refuse(one, refusal, ctx)
        refused.shift()
      }
    } catch (error) {
      // A waiting task is not tried again by itself, and its status would not say why.
      for (const [{ key }] of refused) this.#queue.waiting.delete(key)
      throw error
    }
  }

  /** Members that come while their gang is being placed are taken up after that. */
  async #placeGang(members: OpenTask[], gang: string, ctx: ReconcileContext): Promise<void> {
    if (this.#gangsInFlight.has(gang)) return
    this.#gangsInFlight.add(gang)
    members.sort((a, b) => this.#compare(a.task, b.task))
    try {
      await this.#placeTogether(members, gang, ctx)
    } finally {
      this.#gangsInFlight.delete(gang)
      for (const key of this.#queue.gangs.openOf(gang)) this.#note(key, ctx.client.get(Task, refOfKey(key)))
    }
  }

  async #placeTogether(members: readonly OpenTask[], gang: string, ctx: ReconcileContext): Promise<void> {
    let open = members
    for (let round = 0; open.length > 0; round++) {
      if (round === ROUNDS_MAX) throw tooManyRounds(open, ROUNDS_MAX)
      const { gangs } = this.#queue
      const need = Math.max(0, gangs.minimumOf(gang) - gangs.boundOf(gang))
      const decisions = open.map(one => this.#decide(one, ctx))
      const placements = decisions.flatMap(one => (one.kind === 'placed' ? [one] : []))
      const refusals = decisions.flatMap(one => (one.kind === 'refused' ? [one.refusal] : []))
      if (placements.length < need) return this.#refuseGang({ open, gang, need, placements, refusals }, ctx)
      const unplaced = open.filter(one => !placements.some(placement => placement.one === one))
      const again = placements.length === 0 ? [] : await this.#bind(placements, ctx, true)
      if (again.length === 0) return this.#refuseAll(unplaced, refusals, ctx)
      for (const { key } of unplaced) this.#queue.waiting.delete(key)
      open = open.flatMap(({ ref }) => {
        const task = ctx.client.get(Task, ref)
        return task !== undefined && this.#queue.isOurs(task) ? [openTask(task)] : []
      })
    }
  }

  async #refuseGang(
    { open, gang, need, placements, refusals }: GangTrial,
    ctx: ReconcileContext,
  ): Promise<void> {
    const isShort = open.length < need
    const { causes, message } = gangRefusal(
      { gang, need, count: open.length, fit: placements.length },
      refusals[0],
    )
    for (const { one } of placements) this.#mirror.release(one.key)
    const nowMs = ctx.env.clock.now()
    const told: Refusal[] = open.map(one => ({
      reason: 'Unschedulable',
      message,
      causes,
      request: this.#requestOf(one),
    }))
    for (const [index, { key, version }] of open.entries())
      this.#queue.waiting.failed({ key, version, request: isShort ? undefined : told[index]?.request, nowMs })
    await this.#refuseAll(open, told, ctx)
  }

  async #refuseAll(
    open: readonly OpenTask[],
    refusals: readonly Refusal[],
    ctx: ReconcileContext,
  ): Promise<void> {
    for (const [index, one] of open.entries()) {
      try {
        await this.#report(one, refusals[index] as Refusal, ctx)
      } catch (error) {
        for (const { key } of open.slice(index)) this.#queue.waiting.delete(key)
        throw error
      }
    }
  }

  #requestOf({ task }: OpenTask) {
    const group = groupOfTask(task)
    return requestOfTask(task, group === undefined ? undefined : this.#mirror.membersOf(group))
  }

  /** Holds the room when it returns `placed`; notes that the task waits when it does not. */
  #decide(one: OpenTask, ctx: ReconcileContext): Decision {
    const { key, version } = one
    const nowMs = ctx.env.clock.now()
    try {
      const request = this.#requestOf(one)
      const result = this.#mirror.assume(request)
      if (result.kind === 'placed') {
        const { node, hostPorts, held } = result
        const given = { hostPorts, held }
        return { kind: 'placed', one, node, given, epoch: this.#mirror.epochOf(node) }
      }
      const isHolder = this.#mirror.held.forTask(key).length > 0
      this.#queue.waiting.failed({ key, version, request, nowMs, isHolder })
      const { reasons } = result
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

  /** Writes the bindings, and releases the room of those that the store refused. Returns whom to place again. */
  async #bind(
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
        for (const { one } of placements) this.#tell(one.key, ctx.client.get(Task, one.ref))
      })
    const again: OpenTask[] = []
    for (const [index, binding] of bindings.entries()) {
      const { one, node } = placements[index] as Placement
      if (binding.kind === 'bound') {
        ctx.record({ reason: 'Scheduled', note: `placed on node ${node}`, regarding: one.task })
        this.#noticed({ kind: 'taken', node })
      }
      if (binding.kind === 'stale') {
        // What was right at the commit may be history by the time of its answer.
        const isNews = binding.revision > ctx.client.revision
        const state = isNews ? binding.state : nodeStateOf(ctx.client, node, this.#hasReservations)
        this.#noticed(this.#mirror.setNodeState(node, state))
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
      return this.#report(one, refusal, ctx)
    const made = await this.#rooms.make(one, request, ctx, this.#context)
    if (made.kind === 'stale') {
      this.#queue.waiting.delete(key)
      this.#note(key, ctx.client.get(Task, one.ref))
      return
    }
    if (made.kind === 'none') {
      if (made.isHeldBack) this.#queue.heldBack.add(key)
      if (made.why === undefined) return this.#report(one, refusal, ctx)
      const message = `${refusal.message.replace(/\.$/, '')}; ${made.why}.`
      return this.#report(one, { ...refusal, message, causes: `${refusal.causes} ${made.why}` }, ctx)
    }
    ctx.record({ reason: 'Preempting', note: made.note, regarding: one.task })
    this.#tell(key, ctx.client.get(Task, one.ref))
    if (made.kind === 'bound') return this.#queue.waiting.delete(key)
    this.#queue.waiting.failed({ key, version, request, nowMs: ctx.env.clock.now(), isHolder: true })
    await this.#report(
      one,
      { ...refusal, message: `waits for its room: ${made.note}.`, causes: made.note },
      ctx,
    )
  }

  async #report(one: OpenTask, refusal: Refusal, ctx: ReconcileContext): Promise<void> {
    const isNews = await reportRefusal(one, refusal, ctx, this.#queue.waiting)
    if (isNews)
      for (const key of this.#queue.waiting.wakeLike(one.key))
        this.enqueue(refOfKey(key), 'what keeps it waiting has changed')
  }

  /** Takes in a task outside a watch, and asks for those whom its room may help. */
  #tell(key: string, task: Task | undefined): void {
    this.#noticed(this.#mirror.setTask(key, task))
  }

  #noticed(change: MirrorChange): void {
    for (const key of this.#queue.waiting.wake(change, this.#mirror.scheduler))
      this.enqueue(refOfKey(key), 'room was given back')
    if (change.kind === 'none') return
    for (const key of this.#queue.waiting.outdate())
      this.enqueue(refOfKey(key), 'what keeps it waiting may have changed')
  }
}
