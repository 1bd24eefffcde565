import type { NodeView } from '../nodes/node-view.js'
import type { DomainScorePlugin, NodeScorePlugin } from '../plugins/plugin.js'
import type { PreparedRequest } from '../requests/placement-request.js'
import { targetOf, targetSpread } from '../scores/target-spread.js'

/** Nomad's scores run from −1 to 1; ours from 0 to 100. */
function percent(score: number): number {
  return 50 + 50 * Math.max(-1, Math.min(1, score))
}

/**
 * Nomad's BestFit v3: `20 − (10^freeCpu + 10^freeMemory)`, from 0 to 18. `free` are shares after placement.
 *
 * @internal
 */
export function nomadBinpack(freeCpu: number, freeMemory: number): number {
  return clamped(20 - (10 ** freeCpu + 10 ** freeMemory))
}

/**
 * Nomad's worst fit: `10^freeCpu + 10^freeMemory − 2`, from 0 to 18.
 *
 * @internal
 */
export function nomadWorstFit(freeCpu: number, freeMemory: number): number {
  return clamped(10 ** freeCpu + 10 ** freeMemory - 2)
}

function clamped(score: number): number {
  return Math.min(18, Math.max(0, score))
}

/**
 * `−(siblings + 1) / count`; undefined, and so not counted, without siblings on the node.
 *
 * @internal
 */
export function nomadAntiAffinity(siblings: number, count: number): number | undefined {
  return siblings === 0 ? undefined : -(siblings + 1) / count
}

/**
 * The score of a value under an even spread, given how many tasks each value has; 0 for the first task of all.
 *
 * @internal
 */
export function nomadEvenSpread(counts: ReadonlyMap<string, number>, value: string | undefined): number {
  if (value === undefined) return -1
  const used = [...counts.values()].filter(count => count > 0)
  if (used.length === 0) return 0
  const [min, max] = [Math.min(...used), Math.max(...used)]
  const current = counts.get(value) ?? 0
  if (current !== min) return min === 0 ? -1 : (min - current) / min
  return min === max ? -1 : (max - min) / min
}

/** Bin packing by cpu and memory, as a share of 18. */
export function nomadFit(algorithm: 'binpack' | 'spread' = 'binpack'): NodeScorePlugin {
  const score = algorithm === 'binpack' ? nomadBinpack : nomadWorstFit
  return {
    name: algorithm,
    locality: 'node',
    score: (request, node) =>
      percent(score(freeShare(request, node, 'cpu'), freeShare(request, node, 'memory')) / 18),
  }
}

function freeShare(request: PreparedRequest, node: NodeView, resource: string): number {
  const column = request.column(resource)
  const there = node.allocatable(column)
  return there === 0 ? 0 : 1 - (node.requested(column) + request.amount(resource)) / there
}

/** Job anti-affinity. */
export function nomadJobAntiAffinity(): NodeScorePlugin {
  return {
    name: 'job-anti-affinity',
    locality: 'node',
    applies: ({ group }) => group !== undefined,
    score({ group = '', instances }, node) {
      const score = nomadAntiAffinity(node.siblingCount(group), instances)
      return score === undefined ? undefined : percent(score)
    },
  }
}

/** Node affinity: the weights of matching preferences over all weights. */
export function nomadNodeAffinity(): NodeScorePlugin {
  return {
    name: 'node-affinity',
    locality: 'static',
    applies: ({ preferences }) => preferences.length > 0,
    score: ({ preferences }, node) =>
      percent(
        nomadAffinity(
          preferences.map(({ weight }) => weight),
          preferences.filter(({ matches }) => matches(node)).map(({ weight }) => weight),
        ),
      ),
  }
}

/**
 * `Σ matched / Σ |weights|`.
 *
 * @internal
 */
export function nomadAffinity(weights: readonly number[], matched: readonly number[]): number {
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
  return sum(matched) / sum(weights.map(Math.abs))
}

/**
 * Reschedule penalty: the worst score for nodes where tasks like it failed lately; not counted for others. Nomad itself looks
 * at the nodes that the very task which is replaced was on.
 */
export function nomadReschedulePenalty(): NodeScorePlugin {
  return {
    name: 'node-reschedule-penalty',
    locality: 'static',
    reads: ['failuresOf'],
    applies: ({ failuresOf }) => failuresOf !== undefined,
    score: ({ failuresOf = '' }, node) => (node.failures(failuresOf) > 0 ? percent(-1) : undefined),
  }
}

/**
 * Spread over the attributes of the request's rules: even, or by `targets` and the weight of the rule among all; undefined, and
 * so not counted, when it comes to 0.
 */
export function nomadSpread(): DomainScorePlugin {
  return {
    name: 'allocation-spread',
    locality: 'domain',
    applies: ({ spread }) => spread.length > 0,
    terms: ({ spread, group = '' }) => spread.map(({ attribute }) => ({ attribute, tasks: { group } })),
    score({ spread, instances }, node, domains) {
      let sum = 0
      let weights = 0
      for (const { weight = 1 } of spread) weights += weight
      for (const [at, { targets, weight = 1 }] of spread.entries()) {
        const value = domains.value(at, node)
        sum +=
          targets === undefined || value === undefined
            ? nomadEvenSpread(domains.counts(at).counts, value)
            : (targetSpread(
                targetOf(targets, value),
                Math.max(instances, domains.counts(at).total + 1),
                domains.count(at, node),
              ) *
                weight) /
              weights
      }
      return sum === 0 ? undefined : percent(sum)
    },
  }
}
