import type { Task } from '../../api/index.js'
import { compareText } from '../../core/internal.js'
import type { CompareRanked, TaskRank } from './pending-tasks.js'
import { PendingTasks } from './pending-tasks.js'

/** How queues take turns. */
export interface Turns {
  /** The queue of a task, empty for none. */
  readonly queueOf: (task: Task) => string
  /** How much the queue has had; the one with the least is next. */
  readonly shareOf: (queue: string) => number
  /** A task was taken: counts for turns as had, until `settled`. */
  readonly taken: (task: Task) => void
  /** What was taken is decided about now. */
  readonly settled: () => void
}

/** Tasks that are held back for one and the same cause, so that one of them stands for all. */
interface HeldGroup {
  readonly tasks: PendingTasks
  readonly queue: string
  /** Counts what may end the cause. */
  readonly epoch: () => number
  /** Its value when one of them was tried last. */
  triedAt: number
}

/** What holds a task back. */
export interface HoldingBack {
  /** Equal for tasks that will be let through at the same time. */
  readonly group: string
  /** Grows when the cause may have ended. */
  readonly epoch: () => number
}

/**
 * The tasks that are to be tried. With turns, the queue that has had least is next; within a queue, or without turns, the
 * first in order. Tasks that are held back are to be tried again when the cause may have ended: the first of each group,
 * and those behind it as long as none is held back again. So an end costs as many attempts as there are groups.
 */
export class PendingQueues {
  readonly #compare: CompareRanked
  readonly #turns: Turns | undefined
  readonly #queues = new Map<string, PendingTasks>()
  readonly #held = new Map<string, HeldGroup>()
  /** Where each task is. */
  readonly #placeOf = new Map<string, PendingTasks>()

  constructor(compare: CompareRanked, turns: Turns | undefined) {
    this.#compare = compare
    this.#turns = turns
  }

  set(key: string, task: Task, rank: TaskRank): void {
    const queue = this.#turns?.queueOf(task) ?? ''
    let tasks = this.#queues.get(queue)
    if (tasks === undefined) this.#queues.set(queue, (tasks = new PendingTasks(this.#compare)))
    this.#put(key, tasks, task, rank)
  }

  /** Puts a task back that was tried and is held back. */
  holdBack(key: string, task: Task, rank: TaskRank, { group, epoch }: HoldingBack): void {
    let held = this.#held.get(group)
    if (held === undefined) {
      const queue = this.#turns?.queueOf(task) ?? ''
      held = { tasks: new PendingTasks(this.#compare), queue, epoch, triedAt: 0 }
      this.#held.set(group, held)
    }
    held.triedAt = epoch()
    this.#put(key, held.tasks, task, rank)
  }

  #put(key: string, tasks: PendingTasks, task: Task, rank: TaskRank): void {
    const before = this.#placeOf.get(key)
    if (before !== tasks) before?.delete(key)
    this.#placeOf.set(key, tasks)
    tasks.set(key, task, rank)
  }

  rerank(key: string, rank: TaskRank): void {
    this.#placeOf.get(key)?.rerank(key, rank)
  }

  delete(key: string): void {
    this.#placeOf.get(key)?.delete(key)
    this.#placeOf.delete(key)
  }

  has(key: string): boolean {
    return this.#placeOf.has(key)
  }

  /** The first that is to be tried, left inside. */
  peek(): Task | undefined {
    return this.#first()?.task
  }

  /** Takes the first out. It counts as one that its queue has had until `settle`. */
  take(): Task | undefined {
    const first = this.#first()
    if (first === undefined) return undefined
    this.delete(first.key)
    this.#turns?.taken(first.task)
    return first.task
  }

  settle(): void {
    this.#turns?.settled()
  }

  #first(): Candidate | undefined {
    let best: Candidate | undefined
    const offer = (queue: string, tasks: PendingTasks): void => {
      const first = tasks.first()
      if (first === undefined) return
      const { key, task, rank } = first
      const one = { queue, key, task, rank }
      if (best === undefined || this.#isBefore(one, best)) best = one
    }
    for (const [queue, tasks] of this.#queues) {
      if (tasks.size === 0) this.#queues.delete(queue)
      else offer(queue, tasks)
    }
    for (const [group, { tasks, queue, epoch, triedAt }] of this.#held) {
      if (tasks.size === 0) this.#held.delete(group)
      else if (epoch() !== triedAt) offer(queue, tasks)
    }
    return best
  }

  #isBefore(a: Candidate, b: Candidate): boolean {
    if (this.#turns !== undefined && a.queue !== b.queue) {
      const turn = this.#turns.shareOf(a.queue) - this.#turns.shareOf(b.queue)
      if (turn !== 0) return turn < 0
      return compareText(a.queue, b.queue) < 0
    }
    return this.#compare(a.task, b.task, a.rank, b.rank) < 0
  }
}

interface Candidate {
  readonly queue: string
  readonly key: string
  readonly task: Task
  readonly rank: TaskRank
}
