import type { Task } from '../api/index.js'
import { findCondition } from '../api/index.js'
import type { Condition } from '../core/index.js'
import { parseTime } from '../core/index.js'
import { compareText } from '../core/internal.js'

/** The annotation that says what losing a task costs: a whole number of 32 bits. Default 0; the cheapest goes first. */
const DELETION_COST = 'keelson.dev/deletion-cost'

/** No leading plus, no leading zeros: what is written otherwise counts as 0. As Kubernetes. */
const WHOLE_NUMBER = /^(0|-?[1-9][0-9]*)$/

/** What a task is compared by, first to last. */
const CRITERIA = [
  'unassigned',
  'phase',
  'not-ready',
  'not-available',
  'deletion-cost',
  'co-location',
  'ready-time',
  'restarts',
  'age',
] as const

/** The first criterion by which a task goes before the one that stays; `uid` breaks a tie, `all` when none stays. */
export type ScaleDownReason = (typeof CRITERIA)[number] | 'uid' | 'all'

/** A task that a shrinking set gives up. */
export interface ScaleDownVictim {
  readonly task: Task
  /** Compared with the first task that stays. */
  readonly why: ScaleDownReason
}

/** What the ranking goes by besides the tasks. */
export interface ScaleDownRanking {
  /** Epoch ms: ages are measured from here. */
  readonly nowMs: number
  /** A task that became ready later is not available yet. Epoch ms; default: ready is available. */
  readonly readyByMs?: number
  /** Active tasks of all sets of the same owner; the fullest node gives up first. Default: the tasks themselves. */
  readonly siblings?: Iterable<Task>
  /**
   * `log2`: ages whose logarithm has the same whole part are equal, so that the uid picks and not always the youngest,
   * which would leave the survivors where the oldest are. `exact`: the younger goes first. Default `log2`.
   */
  readonly ages?: 'log2' | 'exact'
  /** How often the runtime itself has restarted a task. Default 0: a task is replaced, not restarted. */
  readonly restarts?: (task: Task) => number
}

interface Ranked {
  readonly task: Task
  /** Smaller goes first; one number per criterion, as far as it was compared by. */
  readonly rank: number[]
}

/**
 * The `count` active tasks that a shrinking set gives up, first to go first, each with its reason: unassigned before
 * assigned; pending, then those of a silent node, then running; not ready before ready; not yet available before available;
 * lower deletion cost (`keelson.dev/deletion-cost`) first; from the node with the most siblings; the one that became ready
 * last; the most restarts; the newest; by uid. A total order: equal tasks give equal victims in any order of the input.
 *
 * Costs one pass over the tasks and `count` places, not a sort of all of them. Source: Kubernetes' `controller_utils.go`,
 * ActivePodsWithRanks, which does not ask for availability, and takes the uid before restarts and age.
 *
 * @param count whole, ≥ 0; more than there are tasks means all of them
 */
export function scaleDownOrder(
  tasks: readonly Task[],
  count: number,
  ranking: ScaleDownRanking,
): readonly ScaleDownVictim[] {
  if (count <= 0) return []
  const order = new RankOrder(tasks, ranking)
  const entries = tasks.map((task): Ranked => ({ task, rank: [] }))
  if (count >= tasks.length) return entries.sort((a, b) => order.compare(a, b)).map(victimOfAll)
  const first: Ranked[] = []
  for (const entry of entries) insert(first, entry, count + 1, order)
  const stays = first.pop()
  return first.map(entry => ({ task: entry.task, why: order.reasonOf(entry, stays) }))
}

function victimOfAll({ task }: Ranked): ScaleDownVictim {
  return { task, why: 'all' }
}

/** Keeps the `most` smallest, in order. */
function insert(first: Ranked[], entry: Ranked, most: number, order: RankOrder): void {
  const last = first.at(-1)
  const isFull = first.length === most
  if (isFull && last !== undefined && order.compare(entry, last) > 0) return
  let [low, high] = [0, first.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = first[middle]
    if (other !== undefined && order.compare(other, entry) < 0) low = middle + 1
    else high = middle
  }
  first.splice(low, 0, entry)
  if (isFull) first.pop()
}

/** The order in which tasks go. A criterion is looked at where those before it are equal: reading times is dear. */
class RankOrder {
  readonly #ranking: ScaleDownRanking
  readonly #onNode = new Map<string, number>()

  constructor(tasks: readonly Task[], ranking: ScaleDownRanking) {
    this.#ranking = ranking
    for (const { spec } of ranking.siblings ?? tasks)
      if (spec.nodeName !== undefined)
        this.#onNode.set(spec.nodeName, (this.#onNode.get(spec.nodeName) ?? 0) + 1)
  }

  compare(a: Ranked, b: Ranked): number {
    for (let at = 0; at < CRITERIA.length; at += 1) {
      const difference = this.#rankAt(a, at) - this.#rankAt(b, at)
      if (difference !== 0) return difference
    }
    return compareText(a.task.metadata.uid, b.task.metadata.uid)
  }

  reasonOf(victim: Ranked, stays: Ranked | undefined): ScaleDownReason {
    if (stays === undefined) return 'all'
    return CRITERIA.find((_, at) => this.#rankAt(victim, at) !== this.#rankAt(stays, at)) ?? 'uid'
  }

  /** Asked for one after the other. */
  #rankAt(entry: Ranked, at: number): number {
    const known = entry.rank[at]
    if (known !== undefined) return known
    const rank = this.#look(entry.task, CRITERIA[at] ?? 'age')
    entry.rank.push(rank)
    return rank
  }

  #look(task: Task, criterion: (typeof CRITERIA)[number]): number {
    const { nodeName } = task.spec
    switch (criterion) {
      case 'unassigned':
        return nodeName === undefined ? 0 : 1
      case 'phase':
        return task.status?.phase !== 'Running' ? 0 : readiness(task)?.status === 'Unknown' ? 1 : 2
      case 'not-ready':
        return readiness(task)?.status === 'True' ? 1 : 0
      case 'not-available': {
        // Asked of tasks that are all ready, or all not.
        const { readyByMs = Number.POSITIVE_INFINITY } = this.#ranking
        return readyByMs === Number.POSITIVE_INFINITY || (readyAtMs(task) ?? readyByMs) <= readyByMs ? 1 : 0
      }
      case 'deletion-cost':
        return deletionCost(task)
      case 'co-location':
        return nodeName === undefined ? 0 : -(this.#onNode.get(nodeName) ?? 0)
      case 'ready-time': {
        const sinceMs = readyAtMs(task)
        return sinceMs === undefined ? 0 : this.#age(sinceMs)
      }
      case 'restarts':
        return -(this.#ranking.restarts?.(task) ?? 0)
      case 'age':
        return this.#age(parseTime(task.metadata.creationTimestamp))
    }
  }

  #age(sinceMs: number): number {
    const { nowMs, ages = 'log2' } = this.#ranking
    return ages === 'exact' ? -sinceMs : logarithm(nowMs - sinceMs)
  }
}

function readiness({ status }: Task): Condition | undefined {
  return findCondition(status?.conditions, 'Ready')
}

function readyAtMs(task: Task): number | undefined {
  const ready = readiness(task)
  return ready?.status === 'True' ? parseTime(ready.lastTransitionTime) : undefined
}

function deletionCost({ metadata }: Task): number {
  const text = metadata.annotations[DELETION_COST]
  if (text === undefined) return 0
  const cost = WHOLE_NUMBER.test(text) ? Number(text) : 0
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0
}

/** Of the age in nanoseconds, as Kubernetes has it: its whole part. What is not in the past is the youngest. */
function logarithm(ageMs: number): number {
  return ageMs > 0 ? Math.trunc(Math.log2(ageMs * 1e6)) : -1
}
