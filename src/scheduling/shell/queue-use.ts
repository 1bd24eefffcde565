import type { Task } from '../../api/index.js'
import type { ResourceVector } from '../../core/index.js'
import { addResources, formatResources, isKeelsonError } from '../../core/index.js'
import type { BorrowingQuota } from '../../core/internal.js'
import { createBorrowingQuota, deepEqual } from '../../core/internal.js'
import { dominantShare } from '../queue/fair-share.js'
import type { QueuePolicy } from './scheduling-controller-options.js'
import { requestOfTask } from './task-object.js'

/** What a task takes of its queue. */
export interface Use {
  readonly queue: string
  readonly amounts: ResourceVector
}

/** Why a queue may not place a task. */
export interface QuotaRefusal {
  readonly message: string
  /** Without amounts. */
  readonly causes: string
  /** Equal for tasks that the quota treats alike. */
  readonly group: string
}

/** What tasks with a node use of their queues, and what queues may use. */
export class QueueUse {
  readonly #policy: QueuePolicy | undefined
  readonly #quota: BorrowingQuota | undefined
  readonly #known: ReadonlySet<string>
  readonly #uses = new Map<string, Use>()
  readonly #used = new Map<string, ResourceVector>()
  readonly #expected = new Map<string, ResourceVector>()
  #releases = 0

  /** @throws InvalidError when the quotas are not acceptable */
  constructor(policy: QueuePolicy | undefined) {
    this.#policy = policy
    const { quota } = policy ?? {}
    this.#quota = quota === undefined ? undefined : createBorrowingQuota(quota)
    this.#known = new Set(quota?.map(({ name }) => name))
  }

  /** Whether queues take turns. */
  get isFair(): boolean {
    return this.#policy?.fairShare !== undefined
  }

  /** Grows when a queue is given something back, so that others may have room. */
  get releases(): number {
    return this.#releases
  }

  /** Undefined: the task is in no queue. */
  queueOf(task: Task): string | undefined {
    if (this.#policy === undefined) return undefined
    const { queueOf } = this.#policy
    return queueOf === undefined ? (task.metadata.namespace ?? '') : queueOf(task)
  }

  /** Counts a task in, as what it takes now. */
  set(key: string, task: Task, amounts: ResourceVector): void {
    const queue = this.queueOf(task)
    const before = this.#uses.get(key)
    if (before !== undefined && before.queue === queue && deepEqual(before.amounts, amounts)) return
    this.delete(key)
    if (queue === undefined) return
    this.#uses.set(key, { queue, amounts })
    this.#used.set(queue, addResources(this.#used.get(queue) ?? {}, amounts))
    if (this.#known.has(queue)) this.#quota?.use(queue, amounts)
  }

  delete(key: string): void {
    if (this.undo(key)) this.#releases++
  }

  /** As if it had never been counted in: nothing is given back. */
  undo(key: string): boolean {
    const use = this.#uses.get(key)
    if (use === undefined) return false
    this.#uses.delete(key)
    const used = this.#used.get(use.queue) ?? {}
    this.#used.set(use.queue, subtract(used, use.amounts))
    if (this.#known.has(use.queue)) this.#quota?.release(use.queue, use.amounts)
    return true
  }

  /** Counts a task in for its turn alone, until it is decided about. */
  expect(task: Task): void {
    const queue = this.queueOf(task) ?? ''
    try {
      this.#expected.set(
        queue,
        addResources(this.#expected.get(queue) ?? {}, requestOfTask(task).requests ?? {}),
      )
    } catch (error) {
      if (!isKeelsonError(error)) throw error
    }
  }

  expectNothing(): void {
    this.#expected.clear()
  }

  /** Why the queue of a task may not place it now; undefined: it may. */
  refusalOf(task: Task, amounts: ResourceVector): QuotaRefusal | undefined {
    const queue = this.queueOf(task)
    if (queue === undefined || this.#quota === undefined) return undefined
    if (!this.#known.has(queue)) {
      const message = `queue ${queue} has no quota; there are ${[...this.#known].sort().join(', ')}`
      return { message, causes: `no quota ${queue}`, group: JSON.stringify([queue]) }
    }
    const resource = this.#quota.shortOf(queue, amounts)
    if (resource === undefined) return undefined
    const left = Math.max(0, this.#quota.available(queue, resource))
    const asked = formatResources({ [resource]: amounts[resource] ?? 0 })[resource]
    const free = formatResources({ [resource]: left })[resource]
    const message = `queue ${queue} may use ${free} more of ${resource}, and ${asked} is asked for`
    return { message, causes: `quota ${queue} ${resource}`, group: groupOf(queue, amounts) }
  }

  /** What a task takes of its queue; undefined: it is not counted in. */
  useOf(key: string): Use | undefined {
    return this.#uses.get(key)
  }

  /** Whether the queue of a task may not place it when queues have given these amounts back. */
  isShortAfter(ended: ReadonlyMap<string, ResourceVector>, task: Task, amounts: ResourceVector): boolean {
    if (this.#quota === undefined) return false
    const known = [...ended].filter(([queue]) => this.#known.has(queue))
    for (const [queue, given] of known) this.#quota.release(queue, given)
    const isShort = this.refusalOf(task, amounts) !== undefined
    for (const [queue, given] of known) this.#quota.use(queue, given)
    return isShort
  }

  /** The dominant share of a queue by its weight, of all that there is. */
  shareOf(queue: string, capacity: ReadonlyMap<string, number>): number {
    const weight = this.#policy?.fairShare?.weights?.[queue] ?? 1
    const used = this.#used.get(queue) ?? {}
    const expected = this.#expected.get(queue)
    const all = expected === undefined ? used : addResources(used, expected)
    return dominantShare(all, resource => capacity.get(resource) ?? 0, weight)
  }
}

function subtract(amounts: ResourceVector, less: ResourceVector): ResourceVector {
  const left: Record<string, number> = { ...amounts }
  for (const [resource, amount] of Object.entries(less)) left[resource] = (left[resource] ?? 0) - amount
  return left
}

function groupOf(queue: string, amounts: ResourceVector): string {
  return JSON.stringify([queue, ...Object.entries(amounts).sort(([a], [b]) => (a < b ? -1 : 1))])
}
