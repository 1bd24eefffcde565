import { constraints, siblingConstraints } from '../filters/constraints-filter.js'
import { devices } from '../filters/devices-filter.js'
import { hostPorts } from '../filters/host-ports-filter.js'
import { withNativeFilters } from '../filters/native-filters.js'
import { platform } from '../filters/platform-filter.js'
import { resourcesFit } from '../filters/resources-fit-filter.js'
import { unschedulable } from '../filters/unschedulable-filter.js'
import { volumeSharing, volumeTopology } from '../filters/volumes-filter.js'
import type { Profile } from '../plugins/plugin.js'
import { fewestFailures } from '../scores/fewest-failures.js'
import { fewestTasks } from '../scores/fewest-tasks.js'
import { siblingSpread } from '../scores/sibling-spread.js'
import { spreadLevels } from '../scores/spread-levels.js'

/** What SwarmKit compares nodes by. */
export interface SwarmNodeLoad {
  /** Failures of this service and version there within five minutes. */
  readonly failures: number
  /** Active tasks of the service. */
  readonly serviceTasks: number
  /** Active tasks in all. */
  readonly tasks: number
}

/** So many failures within five minutes make a node the last choice. */
const FAILURES_MAX = 5

/**
 * SwarmKit's order of nodes, below 0 when the first is better: fewer failures, if either has five; then fewer tasks of
 * the service; then fewer tasks.
 *
 * @internal
 */
export function compareSwarmNodes(a: SwarmNodeLoad, b: SwarmNodeLoad): number {
  const failed = a.failures >= FAILURES_MAX || b.failures >= FAILURES_MAX
  return (failed ? a.failures - b.failures : 0) || a.serviceTasks - b.serviceTasks || a.tasks - b.tasks
}

/**
 * SwarmKit's pipeline and order: spread preferences, the rules with `ScheduleAnyway` in their order; nodes where the service failed five times within five minutes last, the fewer the better;
 * then fewest tasks of the service, then fewest tasks; what is free does not matter. Ties go to the lowest name.
 */
export function swarmProfile(): Profile {
  return {
    name: 'swarm',
    filters: withNativeFilters([
      unschedulable(),
      resourcesFit(),
      constraints(),
      platform(),
      hostPorts(),
      devices(),
      siblingConstraints(),
      volumeTopology(),
      volumeSharing(),
    ]),
    scores: [
      ...spreadLevels(),
      { plugin: fewestFailures({ min: FAILURES_MAX }), weight: 1 },
      { plugin: siblingSpread(), weight: 1 },
      { plugin: fewestTasks(), weight: 1 },
    ],
    combine: 'lexicographic',
  }
}

/** A branch of a spread preference. */
export interface SwarmBranch {
  readonly name: string
  /** Tasks of the service there. */
  readonly tasks: number
  /** How many more it can take. */
  readonly room: number
}

/**
 * How SwarmKit shares out new tasks over the branches of a spread preference: each is filled up to the same level; what
 * a full branch cannot take goes to the others; a remainder goes one each, in the order given.
 */
export function swarmSpread(branches: readonly SwarmBranch[], count: number): ReadonlyMap<string, number> {
  const got = new Map(branches.map(({ name }) => [name, 0]))
  const open = new Set(branches)
  let left = count
  while (left > 0 && open.size > 0) {
    const [before, openBefore] = [left, open.size]
    const total = [...open].reduce((sum, { name, tasks }) => sum + tasks + (got.get(name) ?? 0), 0) + left
    const level = Math.floor(total / open.size)
    let remainder = total % open.size
    for (const branch of [...open]) {
      const { name, tasks, room } = branch
      const has = tasks + (got.get(name) ?? 0)
      if (has > level || left === 0) continue
      const wanted = Math.min(left, level - has + (remainder > 0 ? 1 : 0))
      const given = Math.min(wanted, room - (got.get(name) ?? 0))
      if (remainder > 0 && given === level - has + 1) remainder--
      got.set(name, (got.get(name) ?? 0) + given)
      left -= given
      if (given < wanted) open.delete(branch)
    }
    if (left === before && open.size === openBefore) {
      const closed = [...open].filter(({ name, tasks }) => tasks + (got.get(name) ?? 0) > level)
      if (closed.length === 0) break
      for (const branch of closed) open.delete(branch)
    }
  }
  return got
}
