import { assertKnown, knownOptions } from '../../core/internal.js'
import type { NodeDescription } from '../nodes/node-description.js'
import type { Profile } from '../plugins/plugin.js'
import { packProfile } from '../profiles/pack.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import { createScheduler } from '../scheduler.js'

/** A kind of node that could be had. */
export interface NodeTemplate extends Omit<NodeDescription, 'name'> {
  /** New nodes are named `<name>-1` and so on. */
  readonly name: string
  /** What one node costs, in any unit; a finite number of at least 0. Default 1. */
  readonly price?: number
  /** How many may be had. Default: any number. */
  readonly limit?: number
}

/** Options of {@link estimateNodes}. */
export interface EstimateOptions {
  /** Default {@link packProfile}. */
  readonly profile?: Profile
}

/** How many nodes are needed. */
export interface NodeEstimate {
  readonly nodes: number
  /** Node by key. */
  readonly placed: ReadonlyMap<string, string>
  /** Keys of requests that do not fit on an empty node either. */
  readonly unschedulable: readonly string[]
}

/** Most requests that `capacityFor` counts. */
const CAPACITY_MAX = 1_000_000

/**
 * How many more requests like this one fit, placed one after the other; at most 1,000,000, or `max`. Nothing is placed.
 *
 * @throws as `place`
 */
export function capacityFor(
  scheduler: Scheduler,
  request: PlacementRequest,
  max: number = CAPACITY_MAX,
): number {
  const copy = scheduler.fork()
  for (let count = 0; count < max; count++)
    if (copy.place({ ...request, key: `${request.key} #${count}` }).kind === 'unschedulable') return count
  return max
}

const ESTIMATE_OPTIONS = /* @__PURE__ */ knownOptions<EstimateOptions>('estimateNodes', { profile: true })

/**
 * How many empty nodes of one kind the requests need: the largest first, each on a node that is there already, or else
 * on a new one. What does not fit on a new node gets none.
 *
 * @throws as `place`
 */
export function estimateNodes(
  template: NodeTemplate,
  requests: readonly PlacementRequest[],
  options: EstimateOptions = {},
): NodeEstimate {
  assertKnown(options, ESTIMATE_OPTIONS)
  const { profile = packProfile() } = options
  const scheduler = createScheduler({ profile })
  const placed = new Map<string, string>()
  const unschedulable: string[] = []
  for (const request of largestFirst(requests, template)) {
    let result = scheduler.place(request)
    if (
      result.kind === 'unschedulable' &&
      scheduler.nodeCount < (template.limit ?? Number.POSITIVE_INFINITY)
    ) {
      const name = `${template.name}-${scheduler.nodeCount + 1}`
      scheduler.addNode(nodeOf(template, name))
      result = scheduler.place(request)
      if (result.kind === 'unschedulable') scheduler.removeNode(name)
    }
    if (result.kind === 'placed') placed.set(request.key, result.node)
    else unschedulable.push(request.key)
  }
  return { nodes: scheduler.nodeCount, placed, unschedulable }
}

/** A node of that kind. */
export function nodeOf(template: NodeTemplate, name: string): NodeDescription {
  const { price: _, limit: __, ...description } = template
  return { ...description, name }
}

/** By the sum of the shares of the node that they ask for; of equals, in the order given. */
export function largestFirst(
  requests: readonly PlacementRequest[],
  { allocatable }: Pick<NodeDescription, 'allocatable'>,
): readonly PlacementRequest[] {
  const sizeOf = ({ requests: amounts = {} }: PlacementRequest): number =>
    Object.entries(amounts).reduce((sum, [name, amount]) => sum + amount / (allocatable[name] || 1), 0)
  return requests
    .map(request => ({ request, size: sizeOf(request) }))
    .sort((a, b) => b.size - a.size)
    .map(({ request }) => request)
}
