import { assertKnown, knownOptions } from '../../core/internal.js'
import type { FilterReason } from '../plugins/plugin.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'

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
  /** What refuses it now; empty when another decision for the node, or of an atomic plan, was refused. */
  readonly reasons: readonly FilterReason[]
}

const APPLY_OPTIONS = /* @__PURE__ */ knownOptions<{ readonly atomic?: boolean }>('applyPlan', {
  atomic: true,
})

/**
 * Decides about requests without placing them: on a copy, so that any number of planners can decide at a time. `apply`
 * makes it so.
 *
 * @throws as `place`
 */
export function planPlacements(scheduler: Scheduler, requests: readonly PlacementRequest[]): PlacementPlan {
  const copy = scheduler.fork()
  const versions = new Map<string, number>()
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
  for (const { node } of decided) versions.set(node, scheduler.nodeVersion(node))
  const placements = decided.map(one => ({ ...one, nodeVersion: versions.get(one.node) ?? 0 }))
  return { placements, unschedulable }
}

/**
 * Places what a plan says, as far as it still holds: the very filters that planned it are asked again, in the order of
 * the plan. All decisions for one node hold or none does; with `atomic`, all of the plan. What is placed holds without
 * what is not.
 */
export function applyPlan(
  scheduler: Scheduler,
  plan: PlacementPlan,
  options: { readonly atomic?: boolean } = {},
): AppliedPlan {
  assertKnown(options, APPLY_OPTIONS)
  const { placements } = plan
  const conflicts = new Map<string, readonly FilterReason[]>()
  const refusedNodes = new Set<string>()
  let added: readonly PlannedPlacement[] = []
  // Those that fit only beside what was taken back are asked again without it.
  for (let known = -1; known < conflicts.size; ) {
    known = conflicts.size
    for (const { request } of added) scheduler.removeTask(request.key)
    const isLost = options.atomic === true && known > 0
    added = isLost
      ? []
      : tryEach(
          scheduler,
          placements.filter(({ node }) => !refusedNodes.has(node)),
          conflicts,
        )
    for (const { request, node } of placements) if (conflicts.has(request.key)) refusedNodes.add(node)
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

/** Places those that fit in their order, and notes why others do not. */
function tryEach(
  scheduler: Scheduler,
  placements: readonly PlannedPlacement[],
  conflicts: Map<string, readonly FilterReason[]>,
): readonly PlannedPlacement[] {
  return placements.filter(({ request, node }) => {
    const fits = scheduler.task(request.key) === undefined && scheduler.fits(request, node)
    if (fits) scheduler.addTask({ ...request, node })
    else conflicts.set(request.key, refusalsOf(scheduler, request, node))
    return fits
  })
}

function refusalsOf(scheduler: Scheduler, request: PlacementRequest, node: string): readonly FilterReason[] {
  if (scheduler.task(request.key) !== undefined) {
    const message = 'task is placed already'
    return [{ code: 'AlreadyPlaced', message, unresolvable: true }]
  }
  if (scheduler.node(node) === undefined)
    return [{ code: 'NodeGone', message: 'node is gone', unresolvable: true }]
  return scheduler.refusalsOn(request, node)
}
