import { InvalidError } from '../../core/index.js'
import { assertValid, wholeNumber } from '../../core/internal.js'
import type { NodeView } from '../nodes/node-view.js'
import type { ResourceColumn } from '../nodes/resource-columns.js'
import type { NodeScorePlugin } from '../plugins/plugin.js'
import type { WeightedResource } from '../plugins/score-formula.js'
import type { PreparedRequest } from '../requests/placement-request.js'

/** Options of the scores that compare what is asked for with what there is. */
export interface AllocationScoreOptions {
  /**
   * Default: `cpu`, `memory` and whatever else the request asks for, alike. Of those named here, others than cpu
   * and memory count only for requests that ask for them.
   */
  readonly resources?: readonly WeightedResource[]
  /**
   * `exact`: fractions of a percent count. `whole`: every percentage and their mean are cut to whole numbers, so
   * that nodes less than one percent apart are equal. Default `exact`.
   */
  readonly rounding?: ScoreRounding
}

/** See {@link AllocationScoreOptions}. */
export type ScoreRounding = 'exact' | 'whole'

/** One resource of one node, with the request counted in. */
export interface Allocation {
  readonly requested: number
  readonly allocatable: number
  readonly weight: number
}

/** No score is more. */
export const PERCENT_MAX = 100

export const CPU_AND_MEMORY: readonly WeightedResource[] = Object.freeze([
  { name: 'cpu' },
  { name: 'memory' },
])

/** @throws InvalidError when there is no resource, a name comes twice or a weight is invalid */
export function checkWeightedResources(resources: readonly WeightedResource[] | undefined): void {
  if (resources === undefined) return
  if (resources.length === 0) {
    throw new InvalidError('score', [
      { field: 'resources', value: resources, message: 'must name at least one resource' },
    ])
  }
  const seen = new Set<string>()
  for (const [index, { name, weight = 1 }] of resources.entries()) {
    const field = `resources[${index}]`
    if (seen.has(name))
      throw new InvalidError('score', [{ field: `${field}.name`, value: name, message: 'is given twice' }])
    assertValid('score', wholeNumber(`${field}.weight`, weight, { min: 1 }))
    seen.add(name)
  }
}

/**
 * The weighted mean of `percent` over the resources, skipping those of which the node has none.
 */
export function meanPercent(
  allocations: readonly Allocation[],
  percent: (requested: number, allocatable: number) => number,
  rounding: ScoreRounding,
): number {
  let sum = 0
  let weights = 0
  for (let index = 0; index < allocations.length; index++) {
    const { requested, allocatable, weight } = allocations[index] as Allocation
    if (allocatable <= 0) continue
    sum += percent(requested, allocatable) * weight
    weights += weight
  }
  if (weights === 0) return 0
  return rounding === 'whole' ? Math.floor(sum / weights) : sum / weights
}

/** Reads what a node would look like with the request on it, for each resource that counts. */
export type AllocationReader = (request: PreparedRequest, node: NodeView) => readonly RequestAllocation[]

/** A resource that counts for a request. */
export interface CountedResource {
  readonly name: string
  readonly column: ResourceColumn
  /** What the request asks of it. */
  readonly asked: number
  readonly weight: number
}

/** An allocation that knows what of it is the request's own part. */
export type RequestAllocation = Allocation & CountedResource

/** One resource of the request that is being scored. */
interface Cell extends RequestAllocation {
  requested: number
  allocatable: number
  asked: number
}

/**
 * The reader looks names up once for requests that ask for the same resources, and overwrites what it returned before: a
 * scan over thousands of nodes then allocates nothing.
 */
export function createAllocationReader(resources: readonly WeightedResource[] | undefined): AllocationReader {
  let last: PreparedRequest | undefined
  let cells: readonly Cell[] = []
  return (request, node) => {
    if (request !== last) {
      if (last === undefined || !areAlike(request, last, cells)) cells = cellsOf(request, resources)
      else for (const cell of cells) cell.asked = request.amount(cell.name)
      last = request
    }
    for (let index = 0; index < cells.length; index++) {
      const cell = cells[index] as Cell
      cell.requested = node.requested(cell.column) + cell.asked
      cell.allocatable = node.allocatable(cell.column)
    }
    return cells
  }
}

function cellsOf(
  request: PreparedRequest,
  resources: readonly WeightedResource[] | undefined,
): readonly Cell[] {
  return countedResources(request, resources).map(
    ({ name, column, asked, weight }): Cell => ({
      name,
      column,
      asked,
      weight,
      requested: 0,
      allocatable: 0,
    }),
  )
}

/** Whether they ask for the same resources, of one scheduler or of two that have these in the same columns. */
function areAlike(a: PreparedRequest, b: PreparedRequest, cells: readonly Cell[]): boolean {
  if (a.demands.length !== b.demands.length) return false
  for (let at = 0; at < a.demands.length; at++)
    if (a.demands[at]?.resource !== b.demands[at]?.resource) return false
  return cells.every(({ name, column }) => a.column(name) === column)
}

/** A resource other than cpu and memory counts only for requests that ask for it. */
export function countedResources(
  request: PreparedRequest,
  resources: readonly WeightedResource[] | undefined,
): readonly CountedResource[] {
  return (resources ?? allOf(request))
    .filter(({ name }) => name === 'cpu' || name === 'memory' || request.amount(name) > 0)
    .map(({ name, weight = 1 }) => ({
      name,
      column: request.column(name),
      asked: request.amount(name),
      weight,
    }))
}

function allOf({ demands }: PreparedRequest): readonly WeightedResource[] {
  const others = demands.filter(({ resource }) => resource !== 'cpu' && resource !== 'memory')
  return [...CPU_AND_MEMORY, ...others.map(({ resource }) => ({ name: resource }))]
}

/** A score of one node's allocations alone. */
export function allocationScore(
  name: string,
  options: AllocationScoreOptions,
  {
    score,
    of,
  }: {
    readonly score: (allocations: readonly Allocation[], rounding: ScoreRounding) => number
    /** What the score is of the shares that are used. */
    readonly of: 'free' | 'used'
  },
): NodeScorePlugin {
  const { resources, rounding = 'exact' } = options
  checkWeightedResources(resources)
  const read = createAllocationReader(resources)
  return {
    name,
    locality: 'node',
    score: (request, node) => score(read(request, node), rounding),
    formula: { of, resources, isWhole: rounding === 'whole' },
  }
}
