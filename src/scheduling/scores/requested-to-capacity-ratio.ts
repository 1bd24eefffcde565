import { InvalidError } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { NodeScorePlugin } from '../plugins/plugin.js'
import type { WeightedResource } from '../plugins/score-formula.js'
import type { Allocation } from './allocation.js'
import { CPU_AND_MEMORY, checkWeightedResources, createAllocationReader } from './allocation.js'
import { wholePercent } from './percent.js'

/** A point of the curve: used percent from 0 to 100, and the score there from 0 to 10. Whole numbers. */
export type ShapePoint = readonly [usedPercent: number, score: number]

/** Options of {@link requestedToCapacityRatio}. */
export interface RequestedToCapacityRatioOptions {
  /** At least one point, used percent increasing; straight lines in between, flat outside. */
  readonly shape: readonly ShapePoint[]
  /** Default: `cpu` and `memory`, alike. */
  readonly resources?: readonly WeightedResource[]
}

const REQUESTED_TO_CAPACITY_RATIO_OPTIONS = /* @__PURE__ */ knownOptions<RequestedToCapacityRatioOptions>(
  'requestedToCapacityRatio',
  { shape: true, resources: true },
)

/**
 * Prefers nodes by a curve over how full they would be, for example `[[0, 0], [80, 10], [100, 2]]` to fill nodes,
 * but not quite.
 *
 * @throws InvalidError when the shape or the resources are not acceptable
 */
export function requestedToCapacityRatio(options: RequestedToCapacityRatioOptions): NodeScorePlugin {
  assertKnown(options, REQUESTED_TO_CAPACITY_RATIO_OPTIONS)
  const { shape, resources = CPU_AND_MEMORY } = options
  checkWeightedResources(resources)
  checkShape(shape)
  const read = createAllocationReader(resources)
  return {
    name: 'requested-to-capacity-ratio',
    locality: 'node',
    score: (request, node) => requestedToCapacityRatioScore(read(request, node), shape),
  }
}

/**
 * The weighted mean of the curve at each resource's used percent, rounded to a whole number; as kube-scheduler's
 * RequestedToCapacityRatio, which leaves resources that score 0 out of the mean.
 */
function requestedToCapacityRatioScore(
  allocations: readonly Allocation[],
  shape: readonly ShapePoint[],
): number {
  let sum = 0
  let weights = 0
  for (const { requested, allocatable, weight } of allocations) {
    if (allocatable <= 0) continue
    const used = requested > allocatable ? 100 : wholePercent(requested, allocatable)
    const score = heightAt(used, shape)
    if (score === 0) continue
    sum += score * weight
    weights += weight
  }
  return weights === 0 ? 0 : Math.round(sum / weights)
}

/** The curve, from 0 to 100, in whole-number arithmetic. */
function heightAt(used: number, shape: readonly ShapePoint[]): number {
  const next = shape.findIndex(([at]) => used <= at)
  const [endAt, endScore] = shape[next] ?? shape.at(-1) ?? [0, 0]
  if (next <= 0) return endScore * 10
  const [startAt, startScore] = shape[next - 1] ?? [0, 0]
  return startScore * 10 + Math.trunc(((endScore - startScore) * 10 * (used - startAt)) / (endAt - startAt))
}

function checkShape(shape: readonly ShapePoint[]): void {
  const within = (value: number, max: number): boolean =>
    Number.isInteger(value) && value >= 0 && value <= max
  const isFine =
    shape.length > 0 &&
    shape.every(([used, score], index) => {
      const before = shape[index - 1]?.[0] ?? -1
      return within(used, 100) && within(score, 10) && used > before
    })
  if (isFine) return
  const message = 'must be points [percent 0–100, score 0–10] in whole numbers, percent increasing'
  throw new InvalidError('score', [{ field: 'shape', value: shape, message }])
}
