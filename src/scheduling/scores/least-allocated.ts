import { assertKnown, knownOptions } from '../../core/internal.js'
import type { NodeScorePlugin } from '../plugins/plugin.js'
import type { Allocation, AllocationScoreOptions, ScoreRounding } from './allocation.js'
import { allocationScore, meanPercent } from './allocation.js'
import { wholePercent } from './percent.js'

const ALLOCATION_SCORE_OPTIONS = /* @__PURE__ */ knownOptions<AllocationScoreOptions>('leastAllocated', {
  resources: true,
  rounding: true,
})

/** Prefers the node that would keep the largest share free, and so spreads tasks. */
export function leastAllocated(options: AllocationScoreOptions = {}): NodeScorePlugin {
  assertKnown(options, ALLOCATION_SCORE_OPTIONS)
  return allocationScore('least-allocated', options, { score: leastAllocatedScore, of: 'free' })
}

/**
 * `(allocatable − requested) · 100 / allocatable` for each resource, 0 when more is requested than there is; the
 * weighted mean of them. Resources of which there is none leave the mean. With rounding `whole` this is
 * kube-scheduler's LeastAllocated.
 */
function leastAllocatedScore(allocations: readonly Allocation[], rounding: ScoreRounding): number {
  return meanPercent(allocations, rounding === 'whole' ? wholeFree : exactFree, rounding)
}

function wholeFree(requested: number, allocatable: number): number {
  return requested > allocatable ? 0 : wholePercent(allocatable - requested, allocatable)
}

function exactFree(requested: number, allocatable: number): number {
  return requested > allocatable ? 0 : ((allocatable - requested) / allocatable) * 100
}
