import type { Taint } from '../../core/index.js'
import { assertKnown, compareText, knownOptions } from '../../core/internal.js'
import type { NodeExplanation } from '../explanation.js'
import type { NodeDescription } from '../nodes/node-description.js'
import type { FilterReason } from '../plugins/plugin.js'
import { leastVictims } from '../preemption/least-victims.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'

/** One change after which the request fits on a node. */
export type Remedy =
  /** It asks for no more than that; one unit more of any would not fit. */
  | { readonly kind: 'ask-less'; readonly node: string; readonly amounts: Readonly<Record<string, number>> }
  /** The node has so much more; one unit less of any would not do. */
  | { readonly kind: 'grow-node'; readonly node: string; readonly amounts: Readonly<Record<string, number>> }
  /** It tolerates these taints; without any of them it would not fit. */
  | { readonly kind: 'tolerate'; readonly node: string; readonly taints: readonly Taint[] }
  /** These tasks go; with any of them back it would not fit. */
  | { readonly kind: 'evict'; readonly node: string; readonly keys: readonly string[] }

/** Options of {@link findRemedies}. */
export interface RemedyOptions {
  /** How many of the nearest nodes are looked at. Default 10. */
  readonly nodesMax?: number
}

/** Victims of an eviction that are looked for, at most. */
const VICTIMS_MAX = 20

const REMEDY_OPTIONS = /* @__PURE__ */ knownOptions<RemedyOptions>('findRemedies', { nodesMax: true })

/**
 * What would have to be different for a request that fits nowhere. Each remedy is verified: made on a copy it lets the
 * request onto the node, and a little less of it does not. The nearest nodes, those with the fewest reasons, of equals those
 * that lack the least of what is asked for, come first.
 *
 * @throws as `explain`
 */
export function findRemedies(
  scheduler: Scheduler,
  request: PlacementRequest,
  options: RemedyOptions = {},
): readonly Remedy[] {
  assertKnown(options, REMEDY_OPTIONS)
  const { nodesMax = 10 } = options
  const { nodes } = scheduler.explain(request)
  if (nodes.some(({ fits }) => fits)) return []
  const nearest = [...nodes].sort(byDistance)
  return nearest.slice(0, nodesMax).flatMap(({ node, filters }) => {
    const reasons = filters.flatMap(filter => filter.reasons)
    return [
      askLess(scheduler, request, node, reasons),
      tolerate(scheduler, request, node, reasons),
      evict(scheduler, request, node, reasons),
      growNode(scheduler, request, node, reasons),
    ].filter(remedy => remedy !== undefined)
  })
}

function byDistance(a: NodeExplanation, b: NodeExplanation): number {
  const [one, other] = [reasonsOf(a), reasonsOf(b)]
  return one.length - other.length || lacking(one) - lacking(other) || compareText(a.node, b.node)
}

function reasonsOf({ filters }: NodeExplanation): readonly FilterReason[] {
  return filters.flatMap(({ reasons }) => reasons)
}

/** The largest part of an amount asked for that is not free, from 0 to 1; what is no amount lacks as a whole. */
function lacking(reasons: readonly FilterReason[]): number {
  const parts = reasons.map(({ code, params = {} }) =>
    code === 'InsufficientResource' ? 1 - Math.max(0, Number(params['free'])) / Number(params['asked']) : 1,
  )
  return Math.max(0, ...parts)
}

/** What is short, if nothing but amounts is. */
function shortages(
  reasons: readonly FilterReason[],
): ReadonlyMap<string, { asked: number; free: number }> | undefined {
  const found = new Map<string, { asked: number; free: number }>()
  for (const { code, params = {} } of reasons) {
    if (code !== 'InsufficientResource') return undefined
    found.set(String(params['resource']), { asked: Number(params['asked']), free: Number(params['free']) })
  }
  return found.size === 0 ? undefined : found
}

function askLess(
  scheduler: Scheduler,
  request: PlacementRequest,
  node: string,
  reasons: readonly FilterReason[],
): Remedy | undefined {
  const short = shortages(reasons)
  // To ask for nothing of what it needs is no way out.
  if (short === undefined || [...short.values()].some(({ free }) => free <= 0)) return undefined
  const amounts = Object.fromEntries([...short].map(([resource, { free }]) => [resource, free]))
  const asking = (changed: Readonly<Record<string, number>>): boolean =>
    scheduler.fits({ ...request, requests: { ...request.requests, ...changed } }, node)
  const isLeast = Object.entries(amounts).every(
    ([name, amount]) => !asking({ ...amounts, [name]: amount + 1 }),
  )
  return asking(amounts) && isLeast ? { kind: 'ask-less', node, amounts } : undefined
}

function growNode(
  scheduler: Scheduler,
  request: PlacementRequest,
  node: string,
  reasons: readonly FilterReason[],
): Remedy | undefined {
  const short = shortages(reasons)
  const description = scheduler.node(node)
  if (short === undefined || description === undefined) return undefined
  const amounts = Object.fromEntries(
    [...short].map(([resource, { asked, free }]) => [resource, asked - free]),
  )
  const isEnough = (more: Readonly<Record<string, number>>): boolean => {
    const copy = scheduler.fork()
    copy.updateNode(grown(description, more))
    return copy.fits(request, node)
  }
  const isLeast = Object.entries(amounts).every(
    ([name, amount]) => !isEnough({ ...amounts, [name]: amount - 1 }),
  )
  return isEnough(amounts) && isLeast ? { kind: 'grow-node', node, amounts } : undefined
}

function grown(node: NodeDescription, more: Readonly<Record<string, number>>): NodeDescription {
  const allocatable = { ...node.allocatable }
  for (const [name, amount] of Object.entries(more)) allocatable[name] = (allocatable[name] ?? 0) + amount
  return { ...node, allocatable }
}

function tolerate(
  scheduler: Scheduler,
  request: PlacementRequest,
  node: string,
  reasons: readonly FilterReason[],
): Remedy | undefined {
  if (reasons.length === 0 || reasons.some(({ code }) => code !== 'UntoleratedTaint')) return undefined
  const taints: Taint[] = []
  for (let left: FilterReason | undefined = reasons[0]; left !== undefined; ) {
    const { key, value, effect } = left.params ?? {}
    taints.push({ key: String(key), value: String(value), effect: effect as Taint['effect'] })
    const next: readonly FilterReason[] = scheduler.refusalsOn(tolerating(request, taints), node)
    if (next.length === 0) return { kind: 'tolerate', node, taints }
    left = next.every(({ code }) => code === 'UntoleratedTaint') ? next[0] : undefined
  }
  return undefined
}

function tolerating(request: PlacementRequest, taints: readonly Taint[]): PlacementRequest {
  const more = taints.map(({ key, value, effect }) => ({
    key,
    effect,
    ...(value === undefined ? {} : { value }),
  }))
  return { ...request, tolerations: [...(request.tolerations ?? []), ...more] }
}

function evict(
  scheduler: Scheduler,
  request: PlacementRequest,
  node: string,
  reasons: readonly FilterReason[],
): Remedy | undefined {
  if (reasons.some(({ unresolvable }) => unresolvable)) return undefined
  const tasks = scheduler.tasksOn(node).filter(({ reservedFor }) => reservedFor === undefined)
  if (tasks.length > VICTIMS_MAX) return undefined
  const copy = scheduler.fork()
  const victims = leastVictims(
    tasks.map(task => ({ task, budgets: [], violates: false, fitsElsewhere: false })),
    gone => {
      for (const { task } of gone) copy.removeTask(task.key)
      const fits = copy.fits(request, node)
      for (const { task } of gone) copy.addTask(task)
      return fits
    },
  )
  return victims === undefined || victims.length === 0
    ? undefined
    : { kind: 'evict', node, keys: victims.map(({ task }) => task.key) }
}
