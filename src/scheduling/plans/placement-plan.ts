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
 * the plan. All decisions for one node hold or none does; with `atomic`, all of the plan.
 */
export function applyPlan(
  scheduler: Scheduler,
  plan: PlacementPlan,
  options: { readonly atomic?: boolean } = {},
): AppliedPlan {
  assertKnown(options, APPLY_OPTIONS)
  const conflicts = new Map<string, readonly FilterReason[]>()
  const added: PlannedPlacement[] = []
  for (const one of plan.placements) {
    const { request, node } = one
    if (scheduler.task(request.key) === undefined && scheduler.fits(request, node)) {
      scheduler.addTask({ ...request, node })
      added.push(one)
    } else conflicts.set(request.key, refusalsOf(scheduler, request, node))
  }
  const isRefused = new Set(
    plan.placements.filter(({ request }) => conflicts.has(request.key)).map(({ node }) => node),
  )
  const undone = added.filter(
    ({ node }) => isRefused.has(node) || (options.atomic === true && conflicts.size > 0),
  )
  for (const { request } of undone) scheduler.removeTask(request.key)
  const lost = new Set(undone)
  return {
    committed: added.filter(one => !lost.has(one)).map(({ request }) => request.key),
    conflicts: plan.placements
      .filter(one => lost.has(one) || conflicts.has(one.request.key))
      .map(({ request, node }) => ({ key: request.key, node, reasons: conflicts.get(request.key) ?? [] })),
  }
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
