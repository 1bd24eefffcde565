import type { Task } from '../../api/index.js'
import { findCondition } from '../../api/index.js'
import { formatTime, parseTime } from '../../core/index.js'
import { classKey } from '../classes/class-table.js'
import type { ExpectedEnd } from '../queue/backfill.js'
import { HeadReservation } from '../queue/backfill.js'
import type { QueuedUnit } from '../queue/queued-request.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { OpenTask, Placement } from './bind-tasks.js'
import { versionOf } from './bind-tasks.js'
import type { ClusterMirror } from './cluster-mirror.js'
import { gangOfTask } from './gang-members.js'
import { PendingTasks } from './pending-tasks.js'
import type { BackfillPolicy } from './scheduling-controller-options.js'
import { requestOfTask, taskKey } from './task-object.js'
import type { TaskQueue } from './task-queue.js'
import type { Refusal } from './task-refusal.js'

/** So many of those who wait are looked at for one that can be given a place. */
const LOOKS_MAX = 16

/** Where a request is to go. */
export interface PlacedRequest extends Placement {
  readonly request: PlacementRequest
}

interface Head {
  readonly key: string
  readonly task: Task
  readonly place: HeadReservation
}

/**
 * The place in the future that is kept for the first that waits, as long as it waits: the earliest time at which it fits
 * when tasks end as expected. It is found again when something has changed that was not decided here.
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
    if (runtimeMs === undefined) this.#ends.delete(key)
    else this.#ends.set(key, { key, ms: startOf(task) + runtimeMs })
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
      this.#waiting.set(key, task, this.#queue.rankOf(task))
      if (this.#head === undefined || this.#queue.isBefore(task, this.#head.task)) this.#isKnown = false
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
      if (Number.isFinite(place.atMs)) head = { key, task, place }
      else this.#hopeless.add(kind)
    }
    for (const task of passedOver) this.#waiting.set(taskKey(task.metadata), task, this.#queue.rankOf(task))
    return head
  }

  #isWaiting(key: string, task: Task): boolean {
    return this.#queue.waiting.has(key, versionOf(task))
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
      if (!head.place.admits(overtaking, nodes, nowMs)) return this.#refusal(head, first, runtimes[0])
    }
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
