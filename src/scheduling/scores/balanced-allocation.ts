import { assertKnown, knownOptions } from '../../core/internal.js'
import type { NodeScorePlugin } from '../plugins/plugin.js'
import type { Allocation, AllocationScoreOptions, ScoreRounding } from './allocation.js'
import { checkWeightedResources, createAllocationReader } from './allocation.js'

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
      const cells = read(request, node)
      return cells.some(({ asked }) => asked > 0) ? balancedAllocationScore(cells, rounding) : 0
    },
    formula: { of: 'even', resources, isWhole: rounding === 'whole' },
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
