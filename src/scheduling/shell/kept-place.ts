import type { Task } from '../../api/index.js'
import { findCondition } from '../../api/index.js'
import { addResources, formatTime, parseTime } from '../../core/index.js'
import { classKey } from '../classes/class-table.js'
import type { ExpectedEnd } from '../queue/backfill.js'
import { HeadReservation } from '../queue/backfill.js'
import type { QueuedUnit } from '../queue/queued-request.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { OpenTask, Placement } from './bind-tasks.js'
import type { ClusterMirror } from './cluster-mirror.js'
import { gangOfTask } from './gang-members.js'
import { PendingTasks } from './pending-tasks.js'
import { QuotaForecast } from './quota-forecast.js'
import type { BackfillPolicy } from './scheduling-controller-options.js'
import { requestOfTask, taskKey, versionOf } from './task-object.js'
import type { TaskQueue } from './task-queue.js'
import type { Refusal } from './task-refusal.js'

/** So many of those who wait are looked at for one that can be given a place. */
const LOOKS_MAX = 16

/** An expected end that moves by less leaves the place as it is. */
const MOVED_MS = 1_000

/** Where a request is to go. */
export interface PlacedRequest extends Placement {
  readonly request: PlacementRequest
}

interface Head {
  readonly key: string
  readonly task: Task
  readonly place: HeadReservation
  readonly quota: QuotaForecast
}

/**
 * The place in the future that is kept for the first that waits, as long as it waits: the earliest time at which it fits
 * when tasks end as expected. One whose queue may not place it then keeps none. It is found again when something has
 * changed that was not decided here.
 */
export class KeptPlace {
  readonly #policy: BackfillPolicy
  readonly #mirror: ClusterMirror
  readonly #queue: TaskQueue
  readonly #waiting: PendingTasks
  readonly #ends = new Map<string, ExpectedEnd>()
  /** Classes for which no expected end makes room, since the last change. */
  readonly #hopeless = new Set<string>()
  /** Who is placed together with a task. */
  readonly #units = new WeakMap<Task, readonly Task[]>()
  #head: Head | undefined
  #isKnown = false
  #epoch = 0

  constructor(policy: BackfillPolicy, mirror: ClusterMirror, queue: TaskQueue) {
    this.#policy = policy
    this.#mirror = mirror
    this.#queue = queue
    this.#waiting = new PendingTasks(queue.compare)
  }

  /** Takes in a task as it is now. */
  note(key: string, task: Task | undefined): void {
    if (task?.spec.nodeName === undefined) {
      if (!this.#mirror.isAssumed(key)) this.#ends.delete(key)
      return
    }
    const runtimeMs = this.#policy.runtimeMsOf(task)
    const known = this.#ends.get(key)
    if (runtimeMs === undefined) {
      if (this.#ends.delete(key)) this.changed()
      return
    }
    const ms = startOf(task) + runtimeMs
    this.#ends.set(key, { key, ms })
    // One that starts later than it was bound ends later, too.
    if (known !== undefined && Math.abs(known.ms - ms) >= MOVED_MS) this.changed()
  }

  /** Something has changed that may make another place the earliest. */
  changed(): void {
    this.#epoch++
    this.#isKnown = false
    this.#hopeless.clear()
  }

  /** These were refused for want of room: one task, or the members of a gang. */
  refused(open: readonly OpenTask[]): void {
    const tasks = open.map(({ task }) => task)
    for (const { key, task } of open) {
      this.#units.set(task, tasks)
      const isNew = !this.#waiting.has(key)
      this.#waiting.set(key, task, this.#queue.rankOf(task))
      if (this.#head === undefined) this.#isKnown = false
      // Those whom the later one held up may pass the earlier one.
      else if (isNew && this.#queue.isBefore(task, this.#head.task)) this.changed()
    }
  }

  /** Finds the place before anything is decided. */
  prepare(nowMs: number): void {
    const first = this.#head
    if (first !== undefined && !this.#isWaiting(first.key, first.task)) this.changed()
    if (this.#isKnown) return
    this.#isKnown = true
    this.#head = this.#findHead(nowMs)
  }

  #findHead(nowMs: number): Head | undefined {
    const { waitMs = 0 } = this.#policy
    const passedOver: Task[] = []
    let head: Head | undefined
    while (head === undefined && passedOver.length < LOOKS_MAX) {
      const task = this.#waiting.take()
      if (task === undefined) break
      const key = taskKey(task.metadata)
      if (!this.#isWaiting(key, task)) continue
      passedOver.push(task)
      // Nobody further back has waited for longer by the order that counts.
      if (nowMs - parseTime(task.metadata.creationTimestamp) < waitMs) {
        this.#isKnown = false
        break
      }
      const unit = this.#unitOf(task)
      const kind = JSON.stringify([unit.min, ...unit.members.map(({ request }) => classKey(request))])
      if (this.#hopeless.has(kind)) continue
      const place = new HeadReservation(this.#mirror.scheduler, unit, this.#ends.values())
      if (!Number.isFinite(place.atMs)) {
        this.#hopeless.add(kind)
        continue
      }
      const quota = this.#forecast(task, unit, place.atMs)
      if (!quota.isShort()) head = { key, task, place, quota }
    }
    for (const task of passedOver) this.#waiting.set(taskKey(task.metadata), task, this.#queue.rankOf(task))
    return head
  }

  #forecast(task: Task, { members, min }: QueuedUnit, atMs: number): QuotaForecast {
    const amounts = members.slice(0, min).map(({ request }) => request.requests ?? {})
    const total = amounts.reduce((sum, one) => addResources(sum, one), {})
    const quota = new QuotaForecast(this.#mirror.use, task, total)
    quota.ending([...this.#ends.values()].flatMap(({ key, ms }) => (ms <= atMs ? [key] : [])))
    return quota
  }

  #isWaiting(key: string, task: Task): boolean {
    return this.#queue.waiting.has(key, versionOf(task)) && !this.#mirror.isAssumed(key)
  }

  #unitOf(task: Task): QueuedUnit {
    const gang = gangOfTask(task)
    const tasks = this.#units.get(task) ?? [task]
    const members = tasks.map(one => ({ request: requestOfTask(one), createdAtMs: 0 }))
    if (gang === undefined) return { gang, min: 1, members }
    const { gangs } = this.#queue
    const need = Math.max(1, gangs.minimumOf(gang) - gangs.boundOf(gang))
    return { gang, min: Math.min(members.length, need), members }
  }

  /** Why these may not overtake the first, all together; undefined: they may, and are counted in. After `prepare`. */
  refusalOf(placements: readonly PlacedRequest[], nowMs: number): Refusal | undefined {
    const [first] = placements
    const runtimes = placements.map(({ one }) => this.#policy.runtimeMsOf(one.task))
    const head = this.#head
    if (first !== undefined && head !== undefined && this.#isBehind(first.one, head)) {
      const overtaking = placements.map(({ request }, index) => {
        const runtimeMs = runtimes[index]
        return { request, createdAtMs: 0, ...(runtimeMs === undefined ? {} : { runtimeMs }) }
      })
      const nodes = new Map(placements.map(({ one, node }) => [one.key, node]))
      const gone = placements.flatMap(({ one }, index) =>
        nowMs + (runtimes[index] ?? Number.POSITIVE_INFINITY) <= head.place.atMs ? [one.key] : [],
      )
      if (head.quota.isShort(gone) || !head.place.admits(overtaking, nodes, nowMs))
        return this.#refusal(head, first, runtimes[0])
      head.quota.ending(gone)
    } else if (head !== undefined) this.changed()
    for (const [index, { one }] of placements.entries()) {
      const runtimeMs = runtimes[index]
      if (runtimeMs !== undefined) this.#ends.set(one.key, { key: one.key, ms: nowMs + runtimeMs })
    }
    return undefined
  }

  #isBehind({ key, task }: OpenTask, head: Head): boolean {
    const gang = gangOfTask(task)
    if (key === head.key || (gang !== undefined && gang === gangOfTask(head.task))) return false
    return this.#queue.isBefore(head.task, task)
  }

  #refusal({ place }: Head, { request, one }: PlacedRequest, runtimeMs: number | undefined): Refusal {
    const gang = gangOfTask(one.task)
    const group = JSON.stringify(['behind', gang ?? classKey(request), runtimeMs ?? null])
    return {
      reason: 'Unschedulable',
      message: `it might delay ${place.key}, which is expected to have room at ${formatTime(place.atMs)}.`,
      causes: `reserved ${place.key}`,
      request: undefined,
      heldBack: { group, epoch: () => this.#epochNow() },
    }
  }

  #epochNow(): number {
    const head = this.#head
    if (head !== undefined && !this.#isWaiting(head.key, head.task)) {
      this.#head = undefined
      this.changed()
    }
    return this.#epoch
  }
}

function startOf({ status, metadata }: Task): number {
  const bound = findCondition(status?.conditions, 'Scheduled')?.lastTransitionTime
  return parseTime(status?.startTime ?? bound ?? metadata.creationTimestamp)
}
