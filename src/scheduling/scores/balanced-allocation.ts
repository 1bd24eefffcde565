import { assertKnown, knownOptions } from '../../core/internal.js'
import type { NodeRange } from '../plugins/node-range.js'
import type { NodeScorePlugin } from '../plugins/plugin.js'
import type { Allocation, AllocationScoreOptions, RequestAllocation, ScoreRounding } from './allocation.js'
import { checkWeightedResources, createAllocationReader, PERCENT_MAX } from './allocation.js'

const ALLOCATION_SCORE_OPTIONS = /* @__PURE__ */ knownOptions<AllocationScoreOptions>('balancedAllocation', {
  resources: true,
  rounding: true,
})

/**
 * Prefers the node whose resources would be used evenly, so that no resource is left over without the others.
 * 0 for every node when the request asks for none of the resources. Weights are not looked at.
 */
export function balancedAllocation(options: AllocationScoreOptions = {}): NodeScorePlugin {
  assertKnown(options, ALLOCATION_SCORE_OPTIONS)
  const { resources, rounding = 'exact' } = options
  checkWeightedResources(resources)
  const read = createAllocationReader(resources)
  return {
    name: 'balanced-allocation',
    locality: 'node',
    score(request, node) {
      const cells = read.of(request, node)
      return cells.some(({ asked }) => asked > 0) ? balancedAllocationScore(cells, rounding) : 0
    },
    most(request, nodes) {
      if (!read.isUniform(request, nodes)) return PERCENT_MAX
      const score = (1 - leastDeviation(read.emptiest(request, nodes), nodes)) * PERCENT_MAX
      return rounding === 'whole' ? Math.trunc(score) : score
    },
    // Of n fractions, the deviation changes by at most √(n − 1) / n for each unit of one of them: most for two.
    shares: {
      slope: (request, column) => (read.weightOf(request, column) > 0 ? PERCENT_MAX / 2 : 0),
      emptiest: (request, nodes) =>
        read.isUniform(request, nodes)
          ? balancedAllocationScore(read.emptiest(request, nodes), 'exact')
          : PERCENT_MAX,
    },
  }
}

/**
 * `(1 − deviation) · 100`, where the deviation is the population standard deviation of the used fractions, each at
 * most 1: half the difference when there are two, 0 when there are fewer. Resources of which there is none are left
 * out. With rounding `whole` this is kube-scheduler's NodeResourcesBalancedAllocation.
 */
function balancedAllocationScore(allocations: readonly Allocation[], rounding: ScoreRounding): number {
  const score = (1 - deviation(allocations)) * 100
  return rounding === 'whole' ? Math.trunc(score) : score
}

/**
 * A deviation that no node of these has less of: n fractions of which two are `d` apart deviate by `d / √(2n)` at least.
 * Two that deviate by half their difference do so exactly; of more, what rounding may have added is taken off.
 */
function leastDeviation(emptiest: readonly RequestAllocation[], nodes: NodeRange): number {
  let count = 0
  let [largestLow, smallestHigh] = [0, 1]
  for (let index = 0; index < emptiest.length; index++) {
    const allocation = emptiest[index] as RequestAllocation
    if (allocation.allocatable <= 0) continue
    count++
    const low = usedFraction(allocation)
    const most = nodes.mostRequested(allocation.column) + allocation.asked
    const high = Math.min(1, most / nodes.leastAllocatable(allocation.column))
    if (low > largestLow) largestLow = low
    if (high < smallestHigh) smallestHigh = high
  }
  const apart = largestLow - smallestHigh
  if (count < 2 || apart <= 0) return 0
  return count === 2 ? apart / 2 : Math.max(0, apart / Math.sqrt(2 * count) - ROUNDING)
}

const ROUNDING = 1e-9

function deviation(allocations: readonly Allocation[]): number {
  let count = 0
  let sum = 0
  let last = 0
  let previous = 0
  for (const allocation of allocations) {
    if (allocation.allocatable <= 0) continue
    previous = last
    last = usedFraction(allocation)
    sum += last
    count++
  }
  if (count < 2) return 0
  if (count === 2) return Math.abs(previous - last) / 2
  const mean = sum / count
  let squares = 0
  for (const allocation of allocations) {
    if (allocation.allocatable > 0) squares += (mean - usedFraction(allocation)) ** 2
  }
  return Math.sqrt(squares / count)
}

function usedFraction({ requested, allocatable }: Allocation): number {
  return Math.min(1, requested / allocatable)
}
