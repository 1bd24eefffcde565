import type { Task } from '../api/index.js'
import { findCondition } from '../api/index.js'
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
  /** Smaller goes first; one number per criterion. */
  readonly rank: readonly number[]
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
  if (count >= tasks.length) return ranked(tasks, ranking).sort(compareRanks).map(victimOfAll)
  const first: Ranked[] = []
  for (const entry of ranked(tasks, ranking)) insert(first, entry, count + 1)
  const stays = first.pop()
  return first.map(entry => ({ task: entry.task, why: reasonOf(entry, stays) }))
}

function victimOfAll({ task }: Ranked): ScaleDownVictim {
  return { task, why: 'all' }
}

/** Keeps the `most` smallest, in order. */
function insert(first: Ranked[], entry: Ranked, most: number): void {
  const last = first.at(-1)
  const isFull = first.length === most
  if (isFull && last !== undefined && compareRanks(entry, last) > 0) return
  let [low, high] = [0, first.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = first[middle]
    if (other !== undefined && compareRanks(other, entry) < 0) low = middle + 1
    else high = middle
  }
  first.splice(low, 0, entry)
  if (isFull) first.pop()
}

function ranked(tasks: readonly Task[], ranking: ScaleDownRanking): Ranked[] {
  const onNode = new Map<string, number>()
  for (const { spec } of ranking.siblings ?? tasks) {
    const node = spec.nodeName
    if (node !== undefined) onNode.set(node, (onNode.get(node) ?? 0) + 1)
  }
  return tasks.map(task => ({ task, rank: rankOf(task, onNode, ranking) }))
}

/** In the order of `CRITERIA`. */
function rankOf(task: Task, onNode: ReadonlyMap<string, number>, ranking: ScaleDownRanking): number[] {
  const { nowMs, readyByMs = Number.POSITIVE_INFINITY, ages = 'log2', restarts } = ranking
  const { nodeName } = task.spec
  const ready = findCondition(task.status?.conditions, 'Ready')
  const readyAtMs = ready?.status === 'True' ? parseTime(ready.lastTransitionTime) : undefined
  const age = (sinceMs: number): number => (ages === 'exact' ? -sinceMs : logarithm(nowMs - sinceMs))
  return [
    nodeName === undefined ? 0 : 1,
    task.status?.phase !== 'Running' ? 0 : ready?.status === 'Unknown' ? 1 : 2,
    readyAtMs === undefined ? 0 : 1,
    readyAtMs !== undefined && readyAtMs <= readyByMs ? 1 : 0,
    deletionCost(task),
    nodeName === undefined ? 0 : -(onNode.get(nodeName) ?? 0),
    readyAtMs === undefined ? 0 : age(readyAtMs),
    -(restarts?.(task) ?? 0),
    age(parseTime(task.metadata.creationTimestamp)),
  ]
}

function deletionCost({ metadata }: Task): number {
  const text = metadata.annotations[DELETION_COST] ?? '0'
  const cost = WHOLE_NUMBER.test(text) ? Number(text) : 0
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0
}

/** Of the age in nanoseconds, as Kubernetes has it: its whole part. What is not in the past is the youngest. */
function logarithm(ageMs: number): number {
  return ageMs > 0 ? Math.trunc(Math.log2(ageMs * 1e6)) : -1
}

function compareRanks(a: Ranked, b: Ranked): number {
  const index = firstDifference(a, b)
  if (index === -1) return compareText(a.task.metadata.uid, b.task.metadata.uid)
  return (a.rank[index] ?? 0) - (b.rank[index] ?? 0)
}

function firstDifference(a: Ranked, b: Ranked): number {
  return a.rank.findIndex((value, index) => value !== b.rank[index])
}

function reasonOf(victim: Ranked, stays: Ranked | undefined): ScaleDownReason {
  return stays === undefined ? 'all' : (CRITERIA[firstDifference(victim, stays)] ?? 'uid')
}
