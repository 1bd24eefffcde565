import type { FieldProblem, ResourceVector } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions } from '../../core/internal.js'
import { vectorProblems } from '../nodes/field-problems.js'
import type { NodeView } from '../nodes/node-view.js'
import type { NodeScorePlugin } from '../plugins/plugin.js'
import { chooseDevices } from '../requests/device-request.js'
import type { PreparedRequest } from '../requests/placement-request.js'

/** Options of {@link leastFragmentation}. */
export interface FragmentationOptions {
  /** The resource that is not to be wasted, such as `nvidia.com/gpu`. */
  readonly resource: string
  /** What is usually asked for, and how often: at least one, with any weights above 0. */
  readonly mix: readonly { readonly requests: ResourceVector; readonly weight: number }[]
}

const FRAGMENTATION_OPTIONS = /* @__PURE__ */ knownOptions<FragmentationOptions>('leastFragmentation', {
  resource: true,
  mix: true,
})

/**
 * Prefers nodes where the task wastes least of a resource for those who come after it. What is wasted of a node for a
 * class of the mix is what of the resource is free there, and stays free when as many of the class as fit have come; its
 * mean by weight is the node's fragmentation. The score is `50 − 50 · growth`, with the growth of it as a share of what the
 * node has (fragmentation gradient descent; Weng et al., ATC 2023). For tasks that ask for none of the resource, too: they
 * may take the cpu that its users need. Where the resource is a kind of devices with shares, it is wasted by the piece: of
 * two halves that are left of two devices, none is of use to who needs a whole one.
 *
 * @throws InvalidError when the mix is empty, an amount is not acceptable, or a class asks for none of the resource
 */
export function leastFragmentation(options: FragmentationOptions): NodeScorePlugin {
  assertKnown(options, FRAGMENTATION_OPTIONS)
  const { resource, mix } = options
  assertValid('options of leastFragmentation', mixProblems(options))
  const total = mix.reduce((sum, { weight }) => sum + weight, 0)
  const classes = mix.map(({ requests, weight }) => ({
    share: weight / total,
    demands: Object.entries(requests).filter(([, amount]) => amount > 0),
    own: requests[resource] ?? 0,
  }))
  return {
    name: 'least-fragmentation',
    locality: 'node',
    score(request, node) {
      const there = node.allocatable(request.column(resource))
      // Where there is none of it, none is wasted: as good as a node where nothing changes.
      if (there === 0) return 50
      let growth = 0
      for (const one of classes)
        growth += one.share * (wastedFor(one, request, node, true) - wastedFor(one, request, node, false))
      return 50 - (50 * Math.max(-there, Math.min(there, growth))) / there
    },
  }

  /** What of the resource stays free when as many of the class as fit have come; `after` the request was placed. */
  function wastedFor(
    { demands, own }: (typeof classes)[number],
    request: PreparedRequest,
    node: NodeView,
    after: boolean,
  ): number {
    const freeOf = (name: string): number => {
      const column = request.column(name)
      const taken = node.requested(column) + (after ? request.amount(name) : 0)
      return Math.max(0, node.allocatable(column) - taken)
    }
    let fit = Math.max(0, node.taskLimit - node.taskCount - (after ? 1 : 0))
    for (const [name, amount] of demands) fit = Math.min(fit, Math.floor(freeOf(name) / amount))
    const pieces = piecesOf(resource, request, node, after)
    if (pieces !== undefined) fit = Math.min(fit, fitInto(pieces, own))
    return freeOf(resource) - fit * own
  }
}

/** A whole device, in thousandths. */
const WHOLE = 1_000

/** What is free of each device of the kind; undefined where the amounts of the kind are not those of its devices. */
function piecesOf(
  kind: string,
  request: PreparedRequest,
  node: NodeView,
  after: boolean,
): readonly number[] | undefined {
  const own = node.devices.filter(({ device }) => device.kind === kind)
  if (own.length === 0 || own.length * WHOLE !== node.allocatable(request.column(kind))) return undefined
  const given = after && request.devices.length > 0 ? chooseDevices(request.devices, node.devices) : []
  return own.map(({ device, free }) => {
    const held = given?.find(one => one.kind === kind && one.ids.includes(device.id))
    return Math.round((free - (held === undefined ? 0 : (held.share ?? 1))) * WHOLE)
  })
}

/** How many times so much fits: whole devices, or a share of one. */
function fitInto(pieces: readonly number[], amount: number): number {
  if (amount >= WHOLE) return Math.floor((pieces.filter(piece => piece === WHOLE).length * WHOLE) / amount)
  return pieces.reduce((sum, piece) => sum + Math.floor(piece / amount), 0)
}

function mixProblems({ resource, mix }: FragmentationOptions): readonly FieldProblem[] {
  if (typeof resource !== 'string' || resource === '')
    return [{ field: 'resource', value: resource, message: 'must name a resource' }]
  if (mix.length === 0) return [{ field: 'mix', value: mix, message: 'must have at least one class' }]
  return mix.flatMap(({ requests, weight }, index) => {
    const at = `mix[${index}]`
    const isWeight = Number.isFinite(weight) && weight > 0
    const message = 'must be a finite number above 0'
    const asks = (requests[resource] ?? 0) > 0
    return [
      ...(isWeight ? [] : [{ field: `${at}.weight`, value: weight, message }]),
      ...vectorProblems(`${at}.requests`, requests),
      ...(asks ? [] : [{ field: `${at}.requests`, value: requests, message: `must ask for ${resource}` }]),
    ]
  })
}
