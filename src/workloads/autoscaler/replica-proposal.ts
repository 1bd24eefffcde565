/** How far a metric may be from its target, as a share of it, and change nothing. */
export interface Tolerance {
  readonly up: number
  readonly down: number
}

/** What a task uses and may use, in one unit. */
export interface TaskUsage {
  readonly target: number
  /** Absent when it is not known. */
  readonly usage?: number
  /** What it is taken for when it is not known and less is wanted: the worst that is likely. Default `target`. */
  readonly fill?: number
  /** Starts up: what it uses says nothing yet. Default false. */
  readonly isUnready?: boolean
}

/** What a metric asks for. */
export interface ReplicaProposal {
  readonly replicas: number
  /** Of what is used to what may be used. */
  readonly ratio: number
  readonly why:
    | 'within-tolerance'
    | 'ratio'
    /** With the worst assumed of what is not known it would be the other way: nothing changes. */
    | 'unknown-tasks'
    /** No task is ready: nothing is known. */
    | 'none-ready'
}

/** Dust of floating point that must not become a replica. */
const EPSILON = 1e-9

/**
 * Replicas by what each task uses. Source: Kubernetes' `replica_calculator.go`: `ceil(ratio × tasks)`; when less is wanted,
 * tasks without a sample count as full; when more is, they and those that are not ready count as idle; and nothing changes
 * if that turns it round. Here replicas that are wanted and not there yet are not ready, and `current` is what is wanted,
 * so that a rollout that has more tasks for a while asks for nothing (kubernetes#72775).
 *
 * @param current replicas that are wanted now
 * @returns undefined when nothing is known of any task
 */
export function proposeByTasks(
  current: number,
  tasks: readonly TaskUsage[],
  tolerance: Tolerance,
): ReplicaProposal | undefined {
  const unready = tasks.filter(({ isUnready }) => isUnready === true)
  const counted = tasks.filter(task => task.isUnready !== true && task.usage !== undefined)
  const missing = tasks.filter(task => task.isUnready !== true && task.usage === undefined)
  if (counted.length === 0) return undefined
  const target = sum(counted, one => one.target)
  const usage = sum(counted, one => one.usage ?? 0)
  const ratio = usage / target
  const meanTarget = target / counted.length
  const absent = Math.max(0, current - tasks.length)
  const starting = ratio > 1 ? unready.length + absent : 0
  if (missing.length === 0 && starting === 0)
    return isWithin(ratio, tolerance)
      ? { replicas: current, ratio, why: 'within-tolerance' }
      : { replicas: ceil(ratio * counted.length), ratio, why: 'ratio' }
  const filled = ratio < 1 ? sum(missing, one => one.fill ?? one.target) : 0
  const idle =
    sum(missing, one => one.target) + (ratio > 1 ? sum(unready, one => one.target) + absent * meanTarget : 0)
  const worst = (usage + filled) / (target + idle)
  const replicas = ceil(worst * (counted.length + missing.length + starting))
  const isTurned = (ratio < 1 && worst > 1) || (ratio > 1 && worst < 1)
  if (isWithin(worst, tolerance)) return { replicas: current, ratio, why: 'within-tolerance' }
  if (isTurned || (worst < 1 ? replicas > current : replicas < current))
    return { replicas: current, ratio, why: 'unknown-tasks' }
  return { replicas, ratio, why: 'ratio' }
}

/** Replicas by one value for all of them, such as a latency: `ceil(ratio × ready)`, and never the wrong way. */
export function proposeByValue(
  { current, ready }: { readonly current: number; readonly ready: number },
  { value, target }: { readonly value: number; readonly target: number },
  tolerance: Tolerance,
): ReplicaProposal {
  const ratio = value / target
  if (current === 0) return { replicas: ceil(ratio), ratio, why: 'ratio' }
  if (isWithin(ratio, tolerance)) return { replicas: current, ratio, why: 'within-tolerance' }
  if (ready === 0) return { replicas: current, ratio, why: 'none-ready' }
  const replicas = ceil(ratio * ready)
  const isWrongWay = ratio > 1 ? replicas < current : replicas > current
  return isWrongWay ? { replicas: current, ratio, why: 'unknown-tasks' } : { replicas, ratio, why: 'ratio' }
}

/** Replicas by a value that they share, such as the length of a queue: `ceil(value ÷ target)`. */
export function proposeByShare(
  current: number,
  { value, target }: { readonly value: number; readonly target: number },
  tolerance: Tolerance,
): ReplicaProposal {
  const ratio = current === 0 ? value / target : value / (target * current)
  if (current > 0 && isWithin(ratio, tolerance)) return { replicas: current, ratio, why: 'within-tolerance' }
  return { replicas: ceil(value / target), ratio, why: 'ratio' }
}

/** Both bounds belong to it. */
function isWithin(ratio: number, { up, down }: Tolerance): boolean {
  return ratio <= 1 + up + EPSILON && ratio >= 1 - down - EPSILON
}

function ceil(count: number): number {
  return Math.ceil(count - EPSILON * Math.max(1, count))
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
