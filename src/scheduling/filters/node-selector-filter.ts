import { selectorContradiction } from '../../core/internal.js'
import type { FilterPlugin, FilterReason } from '../plugins/plugin.js'
import type { PreparedRequest } from '../requests/placement-request.js'

const OUTSIDE = 'node(s) outside the node selector'

/** What a request keeps its reasons by. */
const REASONS = Symbol('node-selector')

/** Keeps tasks to the nodes that their node selector selects; a selector that no node can meet is told as such. */
export function nodeSelector(): FilterPlugin {
  return {
    name: 'node-selector',
    locality: 'static',
    reads: ['nodeSelector'],
    selecting: true,
    applies: request => request.selects !== undefined,
    filter: (request, node) =>
      request.selects === undefined || request.selects(node) ? undefined : reasonsOf(request),
  }
}

function reasonsOf({ nodeSelector, kept }: PreparedRequest): readonly FilterReason[] {
  const known = kept.get(REASONS) as readonly FilterReason[] | undefined
  if (known !== undefined) return known
  const contradiction = nodeSelector === undefined ? undefined : selectorContradiction(nodeSelector)
  const message =
    contradiction === undefined ? OUTSIDE : `${OUTSIDE}, which no node can meet: ${contradiction}`
  const reasons: readonly FilterReason[] = [{ code: 'NodeSelectorMismatch', message, unresolvable: true }]
  kept.set(REASONS, reasons)
  return reasons
}
