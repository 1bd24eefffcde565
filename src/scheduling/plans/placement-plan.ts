import { InvalidError } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { FilterReason } from '../plugins/plugin.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import { partsOf } from '../scheduler.js'

/** What somebody has decided about a state of the cluster that may be old by now. */
export interface PlacementPlan {
  readonly placements: readonly PlannedPlacement[]
  /** Keys of requests that found no node. */
  readonly unschedulable: readonly string[]
}

/** One decision, and the version of the node that it was made from. */
export interface PlannedPlacement {
  readonly request: PlacementRequest
  readonly node: string
  readonly nodeVersion: number
}

/** What became of a plan. */
export interface AppliedPlan {
  /** Keys that are placed now. */
  readonly committed: readonly string[]
  readonly conflicts: readonly PlanConflict[]
}

/** A decision that no longer holds. */
export interface PlanConflict {
  readonly key: string
  readonly node: string
  /**
   * What refuses it now, such as `NodeChanged` with `holds: 'unchanged'`; empty when another decision for the node, or of an
   * atomic plan, was refused.
   */
  readonly reasons: readonly FilterReason[]
}

/** Options of {@link applyPlan}. */
export interface ApplyPlanOptions {
  /** All of the plan, or nothing of it. Default false: all decisions for one node, or none of them. */
  readonly atomic?: boolean
  /**
   * When a decision holds. `fits`: the filters that planned it let it pass now, whatever has changed meanwhile. `unchanged`:
   * they do, and its node is as it was planned from; for planners that look at more than filters say, such as scores or
   * rules of their own. Default `fits`.
   */
  readonly holds?: 'fits' | 'unchanged'
}

const APPLY_OPTIONS = /* @__PURE__ */ knownOptions<ApplyPlanOptions>('applyPlan', {
  atomic: true,
  holds: true,
})

/**
 * Decides about requests without placing them: on a copy, so that any number of planners can decide at a time. `apply`
 * makes it so.
 *
 * @throws as `place`
 */
export function planPlacements(scheduler: Scheduler, requests: readonly PlacementRequest[]): PlacementPlan {
  const copy = scheduler.fork()
  const decided: { request: PlacementRequest; node: string }[] = []
  const unschedulable: string[] = []
  for (const request of requests) {
    const result = copy.place(request)
    if (result.kind === 'placed') {
      const { node, hostPorts } = result
      // Ports of ranges stay those that were planned.
      decided.push({ request: hostPorts === undefined ? request : { ...request, hostPorts }, node })
    } else unschedulable.push(request.key)
  }
  const placements = decided.map(one => ({ ...one, nodeVersion: scheduler.nodeVersion(one.node) }))
  return { placements, unschedulable }
}

/**
 * Places what a plan says, as far as it still holds: the very filters that planned it are asked again, in the order of
 * the plan. All decisions for one node hold or none does; with `atomic`, all of the plan. What is placed holds without
 * what is not.
 *
 * @throws InvalidError for an option that is not acceptable
 */
export function applyPlan(
  scheduler: Scheduler,
  plan: PlacementPlan,
  options: ApplyPlanOptions = {},
): AppliedPlan {
  assertKnown(options, APPLY_OPTIONS)
  const { atomic = false, holds = 'fits' } = options
  if (holds !== 'fits' && holds !== 'unchanged') {
    const message = 'must be fits or unchanged'
    throw new InvalidError('options of applyPlan', [{ field: 'holds', value: holds, message }])
  }
  const { placements } = plan
  const conflicts = new Map<string, readonly FilterReason[]>()
  if (holds === 'unchanged')
    for (const one of placements) {
      const reason = changeOf(scheduler, one)
      if (reason !== undefined) conflicts.set(one.request.key, [reason])
    }
  const { mark } = partsOf(scheduler)
  const takeBack = placements.length > 1 ? mark() : undefined
  let added: readonly PlannedPlacement[] = []
  // Those that fit only beside what was taken back are asked again without it.
  for (let known = -1; known < conflicts.size; ) {
    known = conflicts.size
    if (added.length > 0) takeBack?.()
    const refusedNodes = new Set<string>()
    for (const { request, node } of placements) if (conflicts.has(request.key)) refusedNodes.add(node)
    const left = atomic && known > 0 ? [] : placements.filter(({ node }) => !refusedNodes.has(node))
    added = tryEach(scheduler, left, conflicts)
  }
  const committed = added.map(({ request }) => request.key)
  const isCommitted = new Set(added)
  return {
    committed,
    conflicts: placements
      .filter(one => !isCommitted.has(one))
      .map(({ request, node }) => ({ key: request.key, node, reasons: conflicts.get(request.key) ?? [] })),
  }
}

/** Set when the node is not as the decision was made from; one that is gone says so by itself. */
function changeOf(scheduler: Scheduler, { node, nodeVersion }: PlannedPlacement): FilterReason | undefined {
  const version = scheduler.nodeVersion(node)
  if (version === 0 || version === nodeVersion) return undefined
  const message = 'node has changed since it was planned'
  return { code: 'NodeChanged', message, unresolvable: false, params: { planned: nodeVersion, version } }
}

/** Places those that fit in their order, and notes why others do not. */
function tryEach(
  scheduler: Scheduler,
  placements: readonly PlannedPlacement[],
  conflicts: Map<string, readonly FilterReason[]>,
): readonly PlannedPlacement[] {
  return placements.filter(({ request, node }) => {
    const reasons = placeOrRefuse(scheduler, request, node)
    if (reasons !== undefined) conflicts.set(request.key, reasons)
    return reasons === undefined
  })
}

function placeOrRefuse(
  scheduler: Scheduler,
  request: PlacementRequest,
  node: string,
): readonly FilterReason[] | undefined {
  if (scheduler.task(request.key) !== undefined) return [ALREADY_PLACED]
  const result = scheduler.placeOn(request, node)
  return result.kind === 'placed' ? undefined : result.reasons
}

const ALREADY_PLACED: FilterReason = Object.freeze({
  code: 'AlreadyPlaced',
  message: 'task is placed already',
  unresolvable: true,
})
