import type { Task } from '../../api/index.js'
import type { ResourceVector } from '../../core/index.js'
import { addResources } from '../../core/index.js'
import type { QueueUse } from './queue-use.js'

/** Whether the queue of a task may place it at a later time, when other tasks have ended. */
export class QuotaForecast {
  readonly #use: QueueUse
  readonly #task: Task
  readonly #amounts: ResourceVector
  /** What queues have been given back by then. */
  #ended: ReadonlyMap<string, ResourceVector> = new Map()

  constructor(use: QueueUse, task: Task, amounts: ResourceVector) {
    this.#use = use
    this.#task = task
    this.#amounts = amounts
  }

  /** Counts tasks as ended by then. */
  ending(keys: Iterable<string>): void {
    this.#ended = this.#with(keys)
  }

  /** Whether it may not be placed then, if these have ended, too. */
  isShort(keys: Iterable<string> = []): boolean {
    return this.#use.isShortAfter(this.#with(keys), this.#task, this.#amounts)
  }

  #with(keys: Iterable<string>): ReadonlyMap<string, ResourceVector> {
    const ended = new Map(this.#ended)
    for (const key of keys) {
      const use = this.#use.useOf(key)
      if (use !== undefined) ended.set(use.queue, addResources(ended.get(use.queue) ?? {}, use.amounts))
    }
    return ended
  }
}
