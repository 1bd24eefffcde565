import { UsageError } from '../../core/index.js'
import type { DomainCounts } from '../domains/domain-counts.js'
import type { DomainRegistry } from '../domains/domain-registry.js'
import type { NodeTable } from '../nodes/node-table.js'
import type { NodeView } from '../nodes/node-view.js'
import type {
  DomainFilterPlugin,
  DomainScorePlugin,
  FilterPlugin,
  FilterReason,
  GlobalFilterPlugin,
  NodeFilterPlugin,
  Profile,
  ScorePlugin,
} from '../plugins/plugin.js'
import type { PreparedRequest } from '../requests/placement-request.js'
import { keepsAway } from '../requests/placement-request.js'
import type { DomainTerm } from '../requests/task-set.js'
import { termKey } from '../requests/task-set.js'
import type { ClassScore, WithTerms } from './class-score.js'
import type { SearchPlugins } from './search-plugins.js'
import { searchPlugins } from './search-plugins.js'

/** What classes of requests look at. */
export interface ClassContext {
  readonly profile: Profile
  readonly table: NodeTable
  readonly registry: DomainRegistry
  readonly known: KnownPlugins
}

/** A count that plugins of a class look at. */
export interface DomainUse {
  readonly counts: DomainCounts
  /** Nodes are sorted by their value, not by its count. */
  readonly byValue: boolean
}

/** What of a profile concerns one class of requests. */
export interface ClassPlugins {
  readonly statics: readonly NodeFilterPlugin[]
  readonly nodes: readonly NodeFilterPlugin[]
  readonly domains: readonly WithTerms<DomainFilterPlugin>[]
  readonly globals: readonly GlobalFilterPlugin[]
  readonly uses: readonly DomainUse[]
  readonly scores: readonly ClassScore[]
  /** Numbers of a bucket: one for each use, then one for each score of kind `part`, then perhaps a count. */
  readonly partCount: number
  /** Whether every score is part of the total of the node. */
  readonly isLocal: boolean
  /** With `mean`: the last part is how many local scores count. */
  readonly countsScores: boolean
  /** Undefined when some plugin cannot speak of many nodes at once, or of many requests. */
  readonly search: SearchPlugins | undefined
  /** What the uses were made from. */
  readonly termKeys: readonly string[]
}

/** An attribute with more values than this, and few nodes to each, is sorted by count. */
const VALUES_MAX = 64
const NODES_PER_VALUE_MAX = 16

/** Picks of a profile that were found before, for requests that look at no other tasks. */
export type KnownPlugins = Map<string, ClassPlugins>

const KNOWN_MAX = 1_000

/** Picks what concerns the request, and has counted what it looks at; `release` ends that. */
export function classPlugins(
  request: PreparedRequest,
  { profile, registry, table, known }: ClassContext,
): ClassPlugins {
  const keepingAway = (): readonly DomainTerm[] => registry.keepingAway(request, keepsAway(request))
  const hasTerms = (plugin: FilterPlugin | ScorePlugin): boolean =>
    plugin.locality === 'domain' && plugin.terms(request, keepingAway).length > 0
  let asked = 0
  for (const plugin of profile.filters) {
    const isAsked = concerns(plugin, request)
    if (isAsked && hasTerms(plugin)) return pickPlugins(request, profile, registry, table.size)
    asked = asked * 2 + Number(isAsked)
  }
  for (const { plugin } of profile.scores) {
    const isAsked = concerns(plugin, request)
    if (isAsked && hasTerms(plugin)) return pickPlugins(request, profile, registry, table.size)
    asked = asked * 2 + Number(isAsked)
  }
  // More bits would not fit.
  if (profile.filters.length + profile.scores.length > 50)
    return pickPlugins(request, profile, registry, table.size)
  let key = String(asked)
  for (const { column } of request.demands) key += ` ${column}`
  let picked = known.get(key)
  if (picked === undefined) {
    if (known.size >= KNOWN_MAX) known.clear()
    known.set(key, (picked = pickPlugins(request, profile, registry, table.size)))
  }
  return picked
}

function concerns(plugin: FilterPlugin | ScorePlugin, request: PreparedRequest): boolean {
  return plugin.applies === undefined || plugin.applies(request)
}

function pickPlugins(
  request: PreparedRequest,
  profile: Profile,
  registry: DomainRegistry,
  nodeCount: number,
): ClassPlugins {
  const uses: DomainUse[] = []
  const termKeys: string[] = []
  const keepingAway = (): readonly DomainTerm[] => registry.keepingAway(request, keepsAway(request))
  const withTerms = <Plugin extends DomainFilterPlugin | DomainScorePlugin>(
    plugin: Plugin,
  ): WithTerms<Plugin> => {
    const offset = uses.length
    for (const term of plugin.terms(request, keepingAway)) {
      const counts = registry.use(term)
      const { valueCount } = counts.index
      const byValue = valueCount <= VALUES_MAX || nodeCount / valueCount > NODES_PER_VALUE_MAX
      if (!byValue) counts.toldByNode = true
      uses.push({ counts, byValue })
      termKeys.push(termKey(term))
    }
    return { plugin, offset, termCount: uses.length - offset }
  }
  const filters = profile.filters.filter(plugin => concerns(plugin, request))
  const domains = filters
    .filter(isDomain)
    .map(withTerms)
    .filter(({ termCount }) => termCount > 0)
  const { combine = 'sum' } = profile
  const concerned = profile.scores.filter(({ plugin }) => concerns(plugin, request))
  let parts = 0
  const scores = concerned.flatMap(({ plugin, weight }, index): ClassScore | readonly ClassScore[] => {
    if (plugin.locality === 'domain') {
      const of = withTerms(plugin)
      return of.termCount === 0 ? [] : { kind: 'domain', weight, of }
    }
    const isTier = combine === 'lexicographic' && index < concerned.length - 1
    return plugin.normalize === undefined && !isTier
      ? { kind: 'local', plugin, weight }
      : { kind: 'part', plugin, weight, part: parts++ }
  })
  const statics = filters.filter(isNode).filter(({ locality }) => locality === 'static')
  const nodes = filters.filter(isNode).filter(({ locality }) => locality === 'node')
  const globals = filters.filter(isGlobal)
  const isAlone = combine === 'sum' && uses.length === 0 && globals.length === 0
  return {
    statics,
    nodes,
    domains,
    globals,
    search: isAlone ? searchPlugins(request, statics, nodes, scores) : undefined,
    uses,
    scores: scores.map(score =>
      score.kind === 'part' ? { ...score, part: score.part + uses.length } : score,
    ),
    partCount: uses.length + parts + Number(combine === 'mean'),
    isLocal: combine !== 'mean' && scores.every(({ kind }) => kind === 'local'),
    countsScores: combine === 'mean',
    termKeys,
  }
}

export function releasePlugins({ uses }: ClassPlugins, registry: DomainRegistry): void {
  for (const { counts } of uses) registry.release(counts)
}

/** What a filter says, checked: an empty list, or no list at all, would be a refusal without a reason. */
export function checkedReasons(plugin: FilterPlugin, said: unknown): readonly FilterReason[] | undefined {
  if (said === undefined) return undefined
  if (Array.isArray(said) && said.length > 0) return said as readonly FilterReason[]
  const text = Array.isArray(said) ? 'an empty list' : typeof said
  throw new UsageError(
    `filter plugin ${plugin.name} returned ${text}; it must return undefined, or a list of at least one reason`,
    { plugin: plugin.name, returned: text },
  )
}

/** Whether the filter lets the request onto the node. */
export function passes(plugin: NodeFilterPlugin, request: PreparedRequest, node: NodeView): boolean {
  if (plugin.passes !== undefined) return plugin.passes(request, node)
  const said = plugin.filter(request, node)
  return said === undefined || checkedReasons(plugin, said) === undefined
}

function isNode(plugin: FilterPlugin): plugin is NodeFilterPlugin {
  return plugin.locality === 'static' || plugin.locality === 'node'
}

function isDomain(plugin: FilterPlugin): plugin is DomainFilterPlugin {
  return plugin.locality === 'domain'
}

function isGlobal(plugin: FilterPlugin): plugin is GlobalFilterPlugin {
  return plugin.locality === 'global'
}
