import { DisruptionBudget, Node, Reservation, Task } from '../../api/index.js'
import { assertKnown, assertValid, wholeNumber } from '../../core/internal.js'
import type { CacheChanges, ReconcileContext, Result } from '../../reconcile/index.js'
import { requeueAfter } from '../../reconcile/index.js'
import type { Client, ObjectRef } from '../../store/index.js'
import { knowsKind } from '../../store/internal.js'
import type { Profile } from '../plugins/plugin.js'
import { spreadProfile } from '../profiles/spread.js'
import { checkWeights } from '../queue/fair-share.js'
import { WAITING_MAX } from '../queue/queued-request.js'
import type { OpenTask } from './bind-tasks.js'
import { endHold, openTask } from './bind-tasks.js'
import { ClusterMirror } from './cluster-mirror.js'
import { refOfKey } from './evict-victims.js'
import { GangPlacer } from './gang-placer.js'
import { isHoldOver } from './held-room.js'
import { KeptPlace } from './kept-place.js'
import type { Turns } from './pending-queues.js'
import { QueueUse } from './queue-use.js'
import { RoomMaker } from './room-maker.js'
import type {
  BackfillPolicy,
  FailureMemoryPolicy,
  QueuePolicy,
  SchedulingControllerOptions,
} from './scheduling-controller-options.js'
import {
  checkBackfillPolicy,
  checkFailureMemoryPolicy,
  PREEMPTION_POLICY,
  QUEUE_POLICY,
} from './scheduling-controller-options.js'
import { compareTasks, isUnassigned, taskKey } from './task-object.js'
import { TaskPlacer } from './task-placer.js'
import { TaskQueue } from './task-queue.js'
import { reasonAside, reportRefusal } from './task-refusal.js'

type Reader = Pick<Client, 'get' | 'list' | 'revision'>

/** What is known of the cluster since the last start, and who decides by it. */
interface Parts {
  readonly mirror: ClusterMirror
  readonly queue: TaskQueue
  readonly placer: TaskPlacer
  readonly gangs: GangPlacer
  readonly kept: KeptPlace | undefined
  /** Being decided about by some worker, until all of that is written; true: to be tried once more after that. */
  readonly underWay: Map<string, boolean>
}

/** Decides about the tasks that wait, and writes what is decided. */
export class SchedulingLoop {
  enqueue: (ref: ObjectRef, why: string) => void = () => {}
  readonly #profile: Profile
  readonly #schedulerName: string | undefined
  readonly #batchMax: number
  readonly #rooms: RoomMaker | undefined
  readonly #newQueue: (turns: Turns | undefined) => TaskQueue
  readonly #queues: QueuePolicy | undefined
  readonly #backfill: BackfillPolicy | undefined
  readonly #memory: { readonly failures: FailureMemoryPolicy; readonly portCoolDownMs: number }
  readonly #compare: (a: Task, b: Task) => number
  #parts: Parts
  /** What was there when it started, and up to which revision. */
  #knownRevision = -1

  constructor(options: SchedulingControllerOptions) {
    const { profile = spreadProfile(), retryDelayMs = 100, retryDelayMsMax = 10_000 } = options
    const { batchMax = 32, waitingMax = WAITING_MAX, schedulerName, failureMemory = {} } = options
    const { portCoolDownMs = 60_000 } = options
    const { preemption, queues, backfill, compare = compareTasks } = options
    const message = 'must be a finite number of milliseconds ≥ 0'
    assertValid('scheduling controller', [
      ...Object.entries({ retryDelayMs, retryDelayMsMax, portCoolDownMs }).flatMap(([field, value]) =>
        Number.isFinite(value) && value >= 0 ? [] : [{ field, value, message }],
      ),
      ...wholeNumber('batchMax', batchMax, { min: 1 }),
      ...wholeNumber('waitingMax', waitingMax, { min: 1, max: WAITING_MAX }),
    ])
    if (preemption !== undefined) assertKnown(preemption, PREEMPTION_POLICY)
    if (queues !== undefined) assertKnown(queues, QUEUE_POLICY)
    checkWeights('queues.fairShare of createSchedulingController', queues?.fairShare?.weights ?? {})
    this.#queues = queues
    if (backfill !== undefined) checkBackfillPolicy(backfill)
    this.#backfill = backfill
    checkFailureMemoryPolicy(failureMemory)
    this.#memory = { failures: failureMemory, portCoolDownMs }
    this.#profile = profile
    this.#schedulerName = schedulerName
    this.#batchMax = batchMax
    this.#compare = compare
    this.#rooms = preemption === undefined ? undefined : new RoomMaker(preemption)
    const backoff = { baseMs: retryDelayMs, maxMs: retryDelayMsMax }
    this.#newQueue = turns => new TaskQueue({ schedulerName, compare, backoff, turns, waitingMax })
    this.#parts = this.#start(false)
  }

  /** Knows of nothing yet. */
  #start(hasReservations: boolean): Parts {
    const use = new QueueUse(this.#queues)
    const mirror = new ClusterMirror(this.#profile, use, this.#memory)
    const turns: Turns = {
      queueOf: task => use.queueOf(task) ?? '',
      shareOf: name => use.shareOf(name, mirror.capacity),
      taken: task => use.expect(task),
      settled: () => use.expectNothing(),
    }
    const queue = this.#newQueue(use.isFair ? turns : undefined)
    const kept = this.#backfill === undefined ? undefined : new KeptPlace(this.#backfill, mirror, queue)
    const enqueue = (ref: ObjectRef, why: string): void => this.enqueue(ref, why)
    const placer = new TaskPlacer({ mirror, queue, hasReservations, kept, rooms: this.#rooms, enqueue })
    return {
      mirror,
      queue,
      placer,
      gangs: new GangPlacer({ mirror, queue, placer, kept, compare: this.#compare }),
      kept,
      underWay: new Map(),
    }
  }

  /** Starts from what is there, so that changes which were not watched leave nothing stale behind. */
  reset(reader: Reader): void {
    const hasReservations = knowsKind(reader, Reservation)
    this.#parts = this.#start(hasReservations)
    this.#rooms?.start(reader)
    this.#knownRevision = reader.revision
    for (const node of reader.list(Node).items) this.#parts.mirror.setNode(node.metadata.name, node)
    if (hasReservations)
      for (const one of reader.list(Reservation).items)
        this.#parts.mirror.setReservation(one.metadata.name, one)
    for (const task of reader.list(Task).items) {
      this.#parts.mirror.setTask(taskKey(task.metadata), task)
      this.#note(taskKey(task.metadata), task)
    }
  }

  /** Idempotent: takes in the present state, and asks for the tasks that it may help. */
  changed({ changes, revision }: CacheChanges, reader: Reader): void {
    if (revision <= this.#knownRevision) return this.#goOn({ client: reader })
    const grown = new Set<string>()
    for (const { before, after } of changes) {
      const { kind, metadata: { namespace, name = '' } = {} } = after ?? before ?? {}
      if (kind === Node.kind)
        this.#parts.placer.noticed(this.#parts.mirror.setNode(name, reader.get(Node, { name })))
      else if (kind === Reservation.kind)
        this.#parts.placer.noticed(this.#parts.mirror.setReservation(name, reader.get(Reservation, { name })))
      else if (kind === DisruptionBudget.kind)
        for (const key of this.#parts.queue.wakeHeldBack())
          this.enqueue(refOfKey(key), 'a disruption budget changed')
      else if (namespace !== undefined) {
        const task = reader.get(Task, { namespace, name })
        const key = taskKey({ namespace, name })
        this.#parts.placer.tell(key, task)
        const gang = this.#note(key, task)
        if (gang !== undefined) grown.add(gang)
        const isServed = task === undefined || !isUnassigned(task)
        if (isServed && this.#parts.mirror.held.forTask(key).length > 0)
          this.enqueue({ namespace, name }, 'room is held for it')
        if (this.#parts.mirror.released.needsTime) this.enqueue({ namespace, name }, 'its ports cool down')
      }
    }
    this.#wakeGangs(grown)
    this.#goOn({ client: reader })
  }

  /**
   * Whether the task is to be looked at by itself: those that are only to be tried are looked at with the first of them,
   * who is asked for whenever there is one.
   */
  needsLook(task: Task): boolean {
    if (!isUnassigned(task)) return false
    const key = taskKey(task.metadata)
    return !this.#parts.queue.pending.has(key) || this.#parts.mirror.held.forTask(key).length > 0
  }

  /** Places the first in order of those that are to be tried, a batch or a gang at a time. */
  async reconcile(ref: ObjectRef, task: Task | undefined, ctx: ReconcileContext): Promise<Result | void> {
    const key = taskKey(ref)
    this.#parts.mirror.forget(ctx.env.clock.now())
    const grown = this.#note(key, task)
    if (grown !== undefined) this.#wakeGangs([grown])
    // Most have got their node by now, with those before them.
    const isOver = this.#isServed(key, task) && this.#parts.queue.pending.peek() === undefined
    if (isOver) return this.#goOn(ctx)
    const waitMs = this.#parts.queue.judge(key, task, ctx.env.clock.now())
    const endMs = await this.#endHolds(key, task, ctx)
    await this.#placeNext(ctx)
    if (task !== undefined) await this.#tellAside(key, task, ctx)
    this.#goOn(ctx)
    const afterMs = Math.min(waitMs ?? Number.POSITIVE_INFINITY, endMs ?? Number.POSITIVE_INFINITY)
    return Number.isFinite(afterMs) ? requeueAfter(afterMs) : undefined
  }

  /** Names the gang of the task, if that has one more with a node. */
  #note(key: string, task: Task | undefined): string | undefined {
    const grown = this.#parts.queue.note(key, task)
    this.#parts.kept?.note(key, task)
    if (task === undefined || !this.#parts.queue.isOurs(task)) this.#rooms?.forget(key)
    return grown
  }

  /** Says why the task is not looked at, if it is not. */
  async #tellAside(key: string, task: Task, ctx: ReconcileContext): Promise<void> {
    const { queue } = this.#parts
    const refusal = reasonAside(task, queue, key)
    if (refusal !== undefined) await reportRefusal(openTask(task), refusal, ctx, queue.waiting)
  }

  /** Whether the task waits for nothing, and nothing is held for it. */
  #isServed(key: string, task: Task | undefined): boolean {
    const isWaiting = task !== undefined && isUnassigned(task)
    return !isWaiting && this.#parts.mirror.held.forTask(key).length === 0
  }

  /** Has those looked at that come next. A client is opened only if there are some that were left aside. */
  #goOn(from: { readonly client: Reader }): void {
    for (const key of this.#parts.queue.takeAside()) this.#note(key, from.client.get(Task, refOfKey(key)))
    this.#wakeNext()
  }

  #wakeNext(): void {
    const next = this.#parts.queue.pending.peek()
    if (next !== undefined) this.enqueue(openTask(next).ref, 'it is to be tried')
  }

  #wakeGangs(gangs: Iterable<string>): void {
    for (const gang of gangs)
      for (const key of this.#parts.queue.wakeGang(gang))
        this.enqueue(refOfKey(key), 'its gang has a member more')
  }

  /** Ends what is held for a task that needs it no more, or for too long; in how many ms to look again. */
  async #endHolds(key: string, task: Task | undefined, ctx: ReconcileContext): Promise<number | undefined> {
    if (task !== undefined && task.spec.schedulerName !== this.#schedulerName) return undefined
    const nowMs = ctx.env.clock.now()
    const holds = this.#parts.mirror.held.forTask(key)
    const over = holds.filter(hold => isHoldOver(hold, task, this.#parts.mirror.scheduler, nowMs))
    if (over.length > 0) {
      await ctx.client.transact(tx => {
        for (const { name } of over) endHold(tx, name)
      })
      for (const { name } of over)
        this.#parts.placer.noticed(
          this.#parts.mirror.setReservation(name, ctx.client.get(Reservation, { name })),
        )
      this.#parts.queue.waiting.delete(key)
      this.#note(key, task)
    }
    const ends = holds.filter(hold => !over.includes(hold)).map(({ expiresAtMs }) => expiresAtMs)
    const next = Math.min(...ends.map(end => end ?? Number.POSITIVE_INFINITY))
    return Number.isFinite(next) ? next - nowMs : undefined
  }

  async #placeNext(ctx: ReconcileContext): Promise<void> {
    // All that are to be tried are there before the first of them is taken, or those told of first would overtake others.
    const nowMs = ctx.env.clock.now()
    for (const key of this.#parts.queue.waiting.takeDue(nowMs))
      this.#parts.queue.judge(key, ctx.client.get(Task, refOfKey(key)), nowMs)
    const batch = this.#parts.queue.take(this.#batchMax)
    if (batch === undefined) return
    const { keys, gang } = batch
    // Other workers go on meanwhile.
    this.#wakeNext()
    const { placer, gangs, underWay } = this.#parts
    const open = this.#open(keys, ctx.client)
    for (const { key } of open) underWay.set(key, false)
    let isDone = false
    try {
      if (gang === undefined) await placer.placeEach(open, ctx)
      else await gangs.place(open, gang, ctx)
      isDone = true
    } finally {
      for (const { key, ref } of open) {
        const isAskedFor = underWay.get(key) === true
        underWay.delete(key)
        if (isAskedFor || !isDone) this.#tryAgain(key, ctx.client.get(Task, ref))
      }
    }
  }

  /** As `note`; one that waits is to be tried, too. */
  #tryAgain(key: string, task: Task | undefined): void {
    this.#note(key, task)
    if (task !== undefined) this.#parts.queue.tryAgain(key, task)
  }

  /** Those that are still to be placed, and no other worker has, as they are now. */
  #open(keys: readonly string[], client: Reader): OpenTask[] {
    const { placer, queue, underWay } = this.#parts
    const open: OpenTask[] = []
    for (const key of keys) {
      const task = client.get(Task, refOfKey(key))
      if (task === undefined || !queue.isOurs(task)) this.#note(key, task)
      else if (underWay.has(key)) underWay.set(key, true)
      else {
        placer.tell(key, task)
        open.push(openTask(task))
      }
    }
    return open
  }
}
