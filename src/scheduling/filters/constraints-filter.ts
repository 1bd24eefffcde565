import type { Constraint } from '../../core/index.js'
import type { SiblingCounts, SiblingView } from '../../core/internal.js'
import type { DomainView, FilterPlugin, FilterReason } from '../plugins/plugin.js'
import { perRequest } from '../requests/per-request.js'
import type { PreparedRequest } from '../requests/placement-request.js'

/** Keeps tasks to nodes whose attributes satisfy every constraint on the node. Every one that fails is a reason. */
export function constraints(): FilterPlugin {
  return {
    name: 'constraints',
    locality: 'static',
    reads: ['constraints'],
    selecting: true,
    applies: request => (request.constraints?.node.length ?? 0) > 0,
    filter(request, node) {
      const reasons: FilterReason[] = []
      for (const constraint of request.constraints?.node ?? []) {
        const verdict = constraint.evaluate(node.attributes)
        if (verdict.kind === 'unsatisfied') reasons.push({ ...verdict.reason, unresolvable: true })
      }
      return reasons.length === 0 ? undefined : reasons
    },
  }
}

/** Keeps tasks to nodes that satisfy every constraint on where the siblings are. Every one that fails is a reason. */
export function siblingConstraints(): FilterPlugin {
  const attributesFor = perRequest(attributesOf)
  return {
    name: 'sibling-constraints',
    locality: 'domain',
    applies: request => attributesOf(request).length > 0,
    terms: request =>
      attributesOf(request).map(attribute => ({ attribute, tasks: { group: request.group ?? '' } })),
    filter(request, node, domains) {
      const view = siblingView(request, attributesFor(request), domains)
      const reasons: FilterReason[] = []
      for (const constraint of request.constraints?.siblings ?? []) {
        const verdict = constraint.evaluate(node.attributes, view)
        if (verdict.kind === 'satisfied') continue
        reasons.push({ ...verdict.reason, unresolvable: verdict.reason.code !== 'SiblingLimit' })
      }
      return reasons.length === 0 ? undefined : reasons
    },
  }
}

/** The attributes that constraints on siblings look at, each once. */
function attributesOf({ constraints }: PreparedRequest): readonly string[] {
  const siblings = constraints?.siblings ?? []
  return [...new Set(siblings.map(({ constraint }: { constraint: Constraint }) => constraint.attribute))]
}

function siblingView(
  request: PreparedRequest,
  attributes: readonly string[],
  domains: DomainView,
): SiblingView {
  const termOf = (attribute: string): number => attributes.indexOf(attribute)
  const siblings = (attribute: string): SiblingCounts => domains.counts(termOf(attribute))
  const [first = ''] = attributes
  return {
    instances: Math.max(request.instances, siblings(first).total + 1),
    siblings,
    fewest: attribute => domains.fewest(termOf(attribute), 'roomy'),
  }
}
