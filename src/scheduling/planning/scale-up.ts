import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import type { NodeTemplate } from './capacity-estimate.js'
import { largestFirst, nodeOf } from './capacity-estimate.js'

/** Nodes to get, and what they are good for. */
export interface ScaleUpPlan {
  readonly nodes: readonly { readonly name: string; readonly template: string; readonly price: number }[]
  /** The sum of the prices. */
  readonly cost: number
  /** Node by key; nodes that are there already among them. */
  readonly placed: ReadonlyMap<string, string>
  /** Requests that no node that can be had takes. */
  readonly unschedulable: readonly string[]
}

/** Most nodes in one plan. */
const NODES_MAX = 10_000

/**
 * Which nodes to get so that what waits fits: again and again the kind of node that takes most for its price, measured
 * in shares of the largest kind; of equals the cheaper, then the earlier in the list. Nothing is placed.
 *
 * @throws InvalidError when a template is not acceptable; as `place`
 */
export function planScaleUp(
  scheduler: Scheduler,
  waiting: readonly PlacementRequest[],
  templates: readonly NodeTemplate[],
): ScaleUpPlan {
  const copy = scheduler.fork()
  const placed = new Map<string, string>()
  const nodes: { name: string; template: string; price: number }[] = []
  const counts = new Map<string, number>()
  const [first] = templates
  let left = placeAll(copy, first === undefined ? waiting : largestFirst(waiting, first), placed)
  while (left.length > 0 && nodes.length < NODES_MAX) {
    const best = bestTemplate(copy, left, templates, counts)
    if (best === undefined) break
    const name = freeName(copy, best.template.name, counts)
    copy.addNode(nodeOf(best.template, name))
    nodes.push({ name, template: best.template.name, price: best.template.price ?? 1 })
    left = placeAll(copy, left, placed)
  }
  return {
    nodes,
    cost: nodes.reduce((sum, { price }) => sum + price, 0),
    placed,
    unschedulable: left.map(({ key }) => key),
  }
}

function placeAll(
  copy: Scheduler,
  requests: readonly PlacementRequest[],
  placed: Map<string, string>,
): readonly PlacementRequest[] {
  return requests.filter(request => {
    const result = copy.place(request)
    if (result.kind === 'placed') placed.set(request.key, result.node)
    return result.kind === 'unschedulable'
  })
}

function bestTemplate(
  copy: Scheduler,
  left: readonly PlacementRequest[],
  templates: readonly NodeTemplate[],
  counts: ReadonlyMap<string, number>,
): { readonly template: NodeTemplate } | undefined {
  let best: { readonly template: NodeTemplate; readonly value: number; readonly price: number } | undefined
  for (const template of templates) {
    const { price = 1, limit = Number.POSITIVE_INFINITY } = template
    if ((counts.get(template.name) ?? 0) >= limit) continue
    const trial = copy.fork()
    const name = freeName(trial, template.name, new Map(counts))
    trial.addNode(nodeOf(template, name))
    const taken = new Map<string, string>()
    placeAll(trial, left, taken)
    const value = left
      .filter(({ key }) => taken.get(key) === name)
      .reduce((sum, request) => sum + worth(request, templates), 0)
    if (value <= 0) continue
    const isBetter =
      best === undefined ||
      value * best.price > best.value * price ||
      (value * best.price === best.value * price && price < best.price)
    if (isBetter) best = { template, value, price }
  }
  return best
}

/** The largest share of the largest node that a request takes. */
function worth({ requests = {} }: PlacementRequest, templates: readonly NodeTemplate[]): number {
  const shares = Object.entries(requests).map(([name, amount]) => {
    const most = Math.max(0, ...templates.map(({ allocatable }) => allocatable[name] ?? 0))
    return most === 0 ? 0 : amount / most
  })
  return Math.max(1e-9, ...shares)
}

function freeName(copy: Scheduler, base: string, numbers: Map<string, number>): string {
  for (;;) {
    const next = (numbers.get(base) ?? 0) + 1
    numbers.set(base, next)
    const name = `${base}-${next}`
    if (copy.node(name) === undefined) return name
  }
}
