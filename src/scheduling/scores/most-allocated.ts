import { assertKnown, knownOptions } from '../../core/internal.js'
import type { NodeScorePlugin } from '../plugins/plugin.js'
import type { Allocation, AllocationScoreOptions, ScoreRounding } from './allocation.js'
import { allocationScore, meanPercent } from './allocation.js'
import { wholePercent } from './percent.js'

const ALLOCATION_SCORE_OPTIONS = /* @__PURE__ */ knownOptions<AllocationScoreOptions>('mostAllocated', {
  resources: true,
  rounding: true,
})

/** Prefers the node that would be fullest, and so keeps other nodes free for large tasks. */
export function mostAllocated(options: AllocationScoreOptions = {}): NodeScorePlugin {
  assertKnown(options, ALLOCATION_SCORE_OPTIONS)
  return allocationScore('most-allocated', options, { score: mostAllocatedScore, of: 'used' })
}

/**
 * `min(requested, allocatable) · 100 / allocatable` for each resource; the weighted mean of them. Resources of
 * which there is none leave the mean. With rounding `whole` this is kube-scheduler's MostAllocated.
 */
function mostAllocatedScore(allocations: readonly Allocation[], rounding: ScoreRounding): number {
  return meanPercent(allocations, rounding === 'whole' ? wholeUsed : exactUsed, rounding)
}

function wholeUsed(requested: number, allocatable: number): number {
  return wholePercent(Math.min(requested, allocatable), allocatable)
}

function exactUsed(requested: number, allocatable: number): number {
  return (Math.min(requested, allocatable) / allocatable) * 100
}
