import type { Task } from '../../api/index.js'
import type { Backoff } from '../../core/internal.js'
import type { OpenTask } from './bind-tasks.js'
import { GangMembers, gangOfTask } from './gang-members.js'
import type { HoldingBack, Turns } from './pending-queues.js'
import { PendingQueues } from './pending-queues.js'
import type { CompareRanked, TaskRank } from './pending-tasks.js'
import { gatesOf, isUnassigned, taskKey, versionOf } from './task-object.js'
import { WaitingTasks } from './waiting-tasks.js'

/** Tasks that are decided about together. */
export interface TaskBatch {
  readonly keys: readonly string[]
  /** The gang that they are; undefined: each is decided about by itself. */
  readonly gang: string | undefined
}

const NONE: readonly string[] = Object.freeze([])
const USUAL: TaskRank = Object.freeze({ isBelowMinimum: false })
const BELOW_MINIMUM: TaskRank = Object.freeze({ isBelowMinimum: true })

/** How a {@link TaskQueue} is made. */
export interface TaskQueueOptions {
  readonly schedulerName: string | undefined
  readonly compare: (a: Task, b: Task) => number
  readonly backoff: Backoff
  readonly turns: Turns | undefined
  /** Most tasks that it has. */
  readonly waitingMax: number
}

/**
 * What is known of a scheduler's tasks without a node: which are to be tried, and which found none and wait. Beyond a
 * number of them tasks are left aside until others have gone, the first that came first.
 */
export class TaskQueue {
  /** One of these at least is queued with the controller. */
  readonly pending: PendingQueues
  readonly waiting: WaitingTasks
  readonly gangs: GangMembers = new GangMembers()
  /** Tasks that disruption budgets keep from making room. */
  readonly heldBack: Set<string> = new Set()
  /** The order of tasks, with what it depends on beside them. */
  readonly compare: CompareRanked
  readonly waitingMax: number
  readonly #schedulerName: string | undefined
  /** All that it has, and those that are left aside. */
  readonly #known = new Set<string>()
  readonly #aside = new Set<string>()

  constructor({ schedulerName, compare, backoff, turns, waitingMax }: TaskQueueOptions) {
    this.#schedulerName = schedulerName
    this.waitingMax = waitingMax
    this.waiting = new WaitingTasks(backoff)
    this.compare = (a, b, one, other) =>
      (b.spec.priority ?? 0) - (a.spec.priority ?? 0) ||
      Number(other.isBelowMinimum) - Number(one.isBelowMinimum) ||
      compare(a, b)
    this.pending = new PendingQueues(this.compare, turns)
  }

  /** Whether the task wants a node of this scheduler, now or when its gates are gone. */
  isMeant(task: Task): boolean {
    return isUnassigned(task) && task.spec.schedulerName === this.#schedulerName
  }

  /** Whether the task is to be placed by this scheduler now. */
  isOurs(task: Task): boolean {
    return this.isMeant(task) && gatesOf(task).length === 0
  }

  /** Whether the task is left aside, as there are too many. */
  isAside(key: string): boolean {
    return this.#aside.has(key)
  }

  /** Those that are no longer left aside; to be noted. */
  takeAside(): readonly string[] {
    const room = this.waitingMax - this.#known.size
    if (room <= 0 || this.#aside.size === 0) return NONE
    const taken: string[] = []
    for (const key of this.#aside) {
      if (taken.length === room) break
      taken.push(key)
    }
    for (const key of taken) this.#aside.delete(key)
    return taken
  }

  #admit(key: string): boolean {
    if (this.#known.has(key)) return true
    if (this.#known.size >= this.waitingMax) {
      this.#aside.add(key)
      return false
    }
    this.#aside.delete(key)
    this.#known.add(key)
    return true
  }

  /**
   * One that is new or has changed is to be tried; one that waits is, when its own turn says so. Names its gang, if that has
   * one more with a node, and so needs one less: see `wakeGang`.
   */
  note(key: string, task: Task | undefined): string | undefined {
    const isGated = task !== undefined && gatesOf(task).length > 0
    const { flipped, grown } = this.gangs.set(key, isGated ? undefined : task)
    for (const gang of flipped)
      for (const member of this.gangs.openOf(gang)) this.pending.rerank(member, this.#rankIn(gang))
    if (task === undefined || !this.isOurs(task)) {
      this.pending.delete(key)
      this.waiting.delete(key)
      this.heldBack.delete(key)
      this.#known.delete(key)
      this.#aside.delete(key)
    } else if (this.#admit(key) && !this.waiting.has(key, versionOf(task))) this.#toTry(key, task)
    return grown
  }

  /** Names the members that wait, and marks them as to be looked at. */
  wakeGang(gang: string): readonly string[] {
    return this.gangs.openOf(gang).filter(other => this.waiting.wakeOne(other))
  }

  /** Has a task tried that was noted, whether it waits or not. */
  tryAgain(key: string, task: Task): void {
    if (this.#known.has(key)) this.#toTry(key, task)
  }

  #toTry(key: string, task: Task): void {
    this.pending.set(key, task, this.rankOf(task))
  }

  /** Puts a task back that was tried, and waits for something else than room. */
  holdBack({ key, task }: OpenTask, why: HoldingBack): void {
    this.pending.holdBack(key, task, this.rankOf(task), why)
  }

  rankOf(task: Task): TaskRank {
    return this.#rankIn(gangOfTask(task))
  }

  /** Whether the first is to be placed before the second. */
  isBefore(a: Task, b: Task): boolean {
    return this.compare(a, b, this.rankOf(a), this.rankOf(b)) < 0
  }

  #rankIn(gang: string | undefined): TaskRank {
    return gang !== undefined && this.gangs.isBelowMinimum(gang) ? BELOW_MINIMUM : USUAL
  }

  /** Has a task tried whose turn it is; returns in how many ms to look again, undefined: when something has changed. */
  judge(key: string, task: Task | undefined, nowMs: number): number | undefined {
    if (task === undefined || !this.waiting.has(key, versionOf(task))) return undefined
    const verdict = this.waiting.judge(key, versionOf(task), nowMs)
    if (verdict.kind === 'later') return verdict.afterMs
    if (verdict.kind === 'try') this.#toTry(key, task)
    return undefined
  }

  /** Takes the first in order out: with those after it that are in no gang, or with all of its gang that have no node. */
  take(batchMax: number): TaskBatch | undefined {
    const batch = this.#nextBatch(batchMax)
    this.pending.settle()
    return batch
  }

  #nextBatch(batchMax: number): TaskBatch | undefined {
    const first = this.pending.take()
    if (first === undefined) return undefined
    const gang = gangOfTask(first)
    if (gang !== undefined) {
      const keys = this.gangs.openOf(gang)
      for (const key of keys) this.pending.delete(key)
      return { keys, gang }
    }
    const keys = [taskKey(first.metadata)]
    while (keys.length < batchMax) {
      const next = this.pending.peek()
      if (next === undefined || gangOfTask(next) !== undefined) break
      this.pending.take()
      keys.push(taskKey(next.metadata))
    }
    return { keys, gang }
  }

  /** Marks those whom budgets held back, and names them. */
  wakeHeldBack(): readonly string[] {
    return [...this.heldBack].filter(key => this.waiting.wakeOne(key))
  }
}
