import type { TopologySpread } from '../../core/internal.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { NodeView } from '../nodes/node-view.js'
import type { DomainFilterPlugin, DomainView, FilterReason, NodesMeant } from '../plugins/plugin.js'
import { perRequest } from '../requests/per-request.js'
import type { PreparedRequest } from '../requests/placement-request.js'
import { tasksMeant } from '../requests/task-affinity.js'
import type { DomainTerm, TaskIdentity } from '../requests/task-set.js'
import { compileTaskSet } from '../requests/task-set.js'

/** Options of {@link topologySpread}. */
export interface TopologySpreadOptions {
  /** For rules that do not say: see `nodeTaintsPolicy`. Default `Honor`. */
  readonly nodeTaintsPolicy?: 'Honor' | 'Ignore'
  /** Count only tasks on nodes that the task's own node selector selects, unless a rule ignores it. Default false. */
  readonly countsSelectedNodes?: boolean
}

const TOPOLOGY_SPREAD_OPTIONS = /* @__PURE__ */ knownOptions<TopologySpreadOptions>('topologySpread', {
  nodeTaintsPolicy: true,
  countsSelectedNodes: true,
})

/**
 * Keeps tasks off domains that would then have more than `maxSkew` tasks more than the emptiest one. With fewer domains
 * than `minDomains` the emptiest counts as empty.
 */
export function topologySpread(options: TopologySpreadOptions = {}): DomainFilterPlugin {
  assertKnown(options, TOPOLOGY_SPREAD_OPTIONS)
  const { nodeTaintsPolicy: taints = 'Honor', countsSelectedNodes = false } = options
  const rulesOf = perRequest(request =>
    hard(request).map(spread => ruleOf(spread, request, nodesMeant(spread, taints))),
  )
  return {
    name: 'topology-spread',
    locality: 'domain',
    applies: request => hard(request).length > 0,
    terms: request =>
      hard(request).map(spread => {
        const term = spreadTerm(spread, request)
        const { nodeSelector } = request
        const isNarrow = countsSelectedNodes && spread.nodeAffinityPolicy !== 'Ignore'
        return isNarrow && nodeSelector !== undefined ? { ...term, nodes: nodeSelector } : term
      }),
    passes(request, node, domains) {
      const rules = rulesOf(request)
      for (let at = 0; at < rules.length; at++) {
        const rule = rules[at] as Rule
        if (domains.value(at, node) === undefined) return false
        if (domains.count(at, node) + rule.own - leastOf(rule, at, domains) > rule.maxSkew) return false
      }
      return true
    },
    filter(request, node, domains) {
      const reasons = rulesOf(request).flatMap((rule, at) => refusal(rule, at, node, domains) ?? [])
      return reasons.length === 0 ? undefined : reasons
    },
  }
}

/** A rule as it is for one request. */
interface Rule {
  readonly attribute: string
  readonly maxSkew: number
  readonly minDomains: number
  /** 1 when the rule counts the task itself. */
  readonly own: 0 | 1
  readonly among: NodesMeant
}

function ruleOf(spread: TopologySpread, request: PreparedRequest, among: NodesMeant): Rule {
  const { attribute, maxSkew = 1, minDomains = 1 } = spread
  const identity: TaskIdentity = request
  const own = compileTaskSet(spreadTerm(spread, request).tasks)(identity) ? 1 : 0
  return { attribute, maxSkew, minDomains, own, among }
}

/** How many tasks the emptiest domain counts as having. */
function leastOf({ minDomains, among }: Rule, at: number, domains: DomainView): number {
  return minDomains > 1 && domains.values(at, among) < minDomains ? 0 : domains.fewest(at, among)
}

function refusal(rule: Rule, at: number, node: NodeView, domains: DomainView): FilterReason | undefined {
  const { attribute, maxSkew, own } = rule
  if (domains.value(at, node) === undefined) {
    const message = `node(s) lacked attribute ${attribute}`
    return { code: 'AttributeMissing', message, unresolvable: true, params: { attribute } }
  }
  const least = leastOf(rule, at, domains)
  const count = domains.count(at, node)
  if (count + own - least <= maxSkew) return undefined
  const message = `node(s) did not satisfy the spread over ${attribute}`
  const params = { attribute, count, least, maxSkew }
  return { code: 'TopologySpread', message, unresolvable: false, params }
}

function nodesMeant(
  { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy }: TopologySpread,
  taints: 'Honor' | 'Ignore',
): NodesMeant {
  const isTaintHonored = (nodeTaintsPolicy ?? taints) === 'Honor'
  if (nodeAffinityPolicy === 'Honor') return isTaintHonored ? 'enterable' : 'selected'
  return isTaintHonored ? 'untainted' : 'all'
}

function hard({ spread }: PreparedRequest): readonly TopologySpread[] {
  return spread.filter(({ whenUnsatisfiable = 'DoNotSchedule' }) => whenUnsatisfiable === 'DoNotSchedule')
}

/** The tasks that a rule counts: the siblings, or those selected that also equal this one in some labels. */
export function spreadTerm(
  { attribute, within, labelSelector, matchLabelKeys = [] }: TopologySpread,
  request: PreparedRequest,
): DomainTerm {
  const parting = within === undefined ? { attribute } : { attribute, within }
  const own = matchLabelKeys.filter(key => Object.hasOwn(request.labels, key))
  if (labelSelector === undefined) return { ...parting, tasks: tasksMeant({}, request), ignoresFirst: true }
  const expressions = own.map(key => ({
    key,
    operator: 'In' as const,
    values: [request.labels[key] ?? ''],
  }))
  const selector = {
    ...labelSelector,
    matchExpressions: [...(labelSelector.matchExpressions ?? []), ...expressions],
  }
  return { ...parting, tasks: tasksMeant({ labelSelector: selector }, request), ignoresFirst: true }
}
