import { nodeAttributes } from '../../src/core/constraints/node-attributes.js'
import type { Reason, ReasonSummary } from '../../src/core/index.js'
import { countSiblings, rollUpReasons } from '../../src/core/index.js'
import { attributeOf, attributeText, compareText } from '../../src/core/internal.js'
import { compileNodeSelector } from '../../src/core/placement/node-selector.js'
import type {
  DomainView,
  FilterReason,
  NodeDescription,
  NodesMeant,
  NodeView,
  PlacementRequest,
  PreparedRequest,
  Profile,
  ScorePlugin,
  TaskPlacement,
} from '../../src/scheduling/index.js'
import { HostPortTable } from '../../src/scheduling/nodes/host-ports.js'
import { ResourceColumns } from '../../src/scheduling/nodes/resource-columns.js'
import { keepsAway, prepareRequest } from '../../src/scheduling/requests/placement-request.js'
import type { DomainTerm } from '../../src/scheduling/requests/task-set.js'
import { compileTaskSet, termKey } from '../../src/scheduling/requests/task-set.js'

/** What a scheduler without any memory says: every node, every plugin, every count made for each question. */
export interface ScanAnswer {
  readonly node: string | undefined
  readonly total: number | undefined
  readonly scores: readonly { readonly plugin: string; readonly score: number; readonly weight: number }[]
  readonly reasons: ReasonSummary
}

export function fullScan(
  nodes: readonly NodeDescription[],
  tasks: readonly TaskPlacement[],
  asked: PlacementRequest,
  profile: Profile,
): ScanAnswer {
  const columns = new ResourceColumns()
  const request = prepareRequest(asked, columns)
  const views = [...nodes]
    .sort((a, b) => compareText(a.name, b.name))
    .map(node => viewOf(node, tasks, columns))
  const state: ScanState = { views, tasks, request, profile }
  const refused = views.map(view => ({ view, reasons: refusals(state, view) }))
  const fitting = refused.filter(({ reasons }) => reasons.length === 0).map(({ view }) => view)
  const reasons = rollUpReasons(
    refused.flatMap(({ view, reasons: all }) =>
      all.length === 0 ? [] : [{ node: view.name, reasons: all.map(plain) }],
    ),
    { total: views.length },
  )
  const ranked = fitting.map(view => ({ view, ...ranking(state, view, fitting) }))
  let best = ranked[0]
  for (const one of ranked) if (best !== undefined && compare(one.rank, best.rank) > 0) best = one
  return { node: best?.view.name, total: best?.total, scores: best?.scores ?? [], reasons }
}

interface ScanState {
  readonly views: readonly NodeView[]
  readonly tasks: readonly TaskPlacement[]
  readonly request: PreparedRequest
  readonly profile: Profile
}

function plain({ unresolvable: _, ...reason }: FilterReason): Reason {
  return reason
}

function viewOf(node: NodeDescription, all: readonly TaskPlacement[], columns: ResourceColumns): NodeView {
  const here = all.filter(task => task.node === node.name)
  const volumes = here.flatMap(task => task.volumes ?? [])
  const ports = new HostPortTable()
  for (const port of node.hostPorts ?? [])
    ports.add([port], { name: port.reservedBy ?? '', isReserved: port.reservedBy !== undefined })
  for (const { key, hostPorts = [], reservedFor } of here)
    ports.add(hostPorts, { name: key, isReserved: reservedFor !== undefined })
  const names = ['cpu', 'memory', 'gpu']
  const nameOf = (column: number): string => names.find(name => columns.intern(name) === column) ?? ''
  return {
    name: node.name,
    labels: node.labels ?? {},
    attributes: nodeAttributes(node),
    taints: node.taints ?? [],
    unschedulable: node.unschedulable ?? false,
    unreadable: node.unreadable,
    images: node.images ?? {},
    devices: (node.devices ?? []).map(device => ({
      device,
      free:
        1 -
        here
          .flatMap(({ held = [] }) => held)
          .filter(({ kind, ids }) => kind === device.kind && ids.includes(device.id))
          .reduce((sum, { share = 1 }) => sum + share * 1_000, 0) /
          1_000,
    })),
    taskCount: here.length,
    taskLimit: node.allocatable['pods'] ?? Number.POSITIVE_INFINITY,
    siblingCount: group => here.filter(task => task.group === group).length,
    allocatable: column => node.allocatable[nameOf(column)] ?? 0,
    requested: column => here.reduce((sum, task) => sum + (task.requests?.[nameOf(column)] ?? 0), 0),
    volumeLimit: driver => node.volumeLimits?.[driver] ?? Number.POSITIVE_INFINITY,
    volumeCount: driver => new Set(volumes.flatMap(one => (one.driver === driver ? [one.name] : []))).size,
    hasVolume: ({ name, driver }) => volumes.some(one => one.name === name && one.driver === driver),
    failures: of => node.failures?.[of] ?? 0,
    portConflict: wanted => ports.conflict(wanted),
    usage: node.usage,
    releasedPorts: node.releasedPorts ?? [],
    portHolder: port => ports.holder(port),
  }
}

function refusals(state: ScanState, view: NodeView): readonly FilterReason[] {
  const { request, profile } = state
  if (view.unreadable !== undefined) {
    const params = { why: view.unreadable }
    return [{ code: 'NodeUnreadable', message: 'node(s) unreadable', unresolvable: true, params }]
  }
  return profile.filters.flatMap(plugin => {
    if (plugin.applies?.(request) === false) return []
    if (plugin.locality === 'global') return plugin.filter(request, view, { nodes: () => state.views }) ?? []
    if (plugin.locality !== 'domain') return plugin.filter(request, view) ?? []
    const terms = plugin.terms(request, () => keepingAway(state))
    return terms.length === 0 ? [] : (plugin.filter(request, view, domainsOf(state, terms)) ?? [])
  })
}

/** The terms of placed tasks that select the request, each once. */
function keepingAway({ tasks, request, views }: ScanState): readonly DomainTerm[] {
  const terms = new Map<string, DomainTerm>()
  for (const task of tasks)
    if (views.some(view => view.name === task.node))
      for (const term of keepsAway(task)) terms.set(termKey(term), term)
  return [...terms]
    .filter(([, term]) => compileTaskSet(term.tasks)(request))
    .map(([key, { attribute }]) => ({ attribute, tasks: { keepingAway: key } }))
}

function domainsOf(state: ScanState, terms: readonly DomainTerm[]): DomainView {
  const { views, tasks, request, profile } = state
  const statics = profile.filters
    .flatMap(plugin => (plugin.locality === 'static' || plugin.locality === 'node' ? [plugin] : []))
    .filter(({ locality }) => locality === 'static')
  const roomy = (): readonly NodeView[] =>
    views.filter(
      view =>
        view.unreadable === undefined &&
        profile.filters.every(
          plugin =>
            plugin.locality === 'domain' ||
            plugin.applies?.(request) === false ||
            (plugin.locality === 'global'
              ? plugin.filter(request, view, { nodes: () => views })
              : plugin.filter(request, view)) === undefined,
        ),
    )
  const allowed = (view: NodeView, isSelecting: boolean): boolean =>
    statics.every(
      plugin =>
        (plugin.selecting === true) !== isSelecting ||
        plugin.applies?.(request) === false ||
        plugin.filter(request, view) === undefined,
    )
  const meantNodes = (among: NodesMeant): readonly NodeView[] => {
    if (among === 'roomy') return roomy()
    return views.filter(
      view =>
        view.unreadable === undefined &&
        (among === 'all' || among === 'untainted' || allowed(view, true)) &&
        (among === 'all' || among === 'selected' || allowed(view, false)),
    )
  }
  const valueOn = (term: number, view: NodeView): string | undefined => {
    const { attribute, within = [], countsLacking } = terms[term] as DomainTerm
    const [own, ...others] = [attribute, ...within].map(name => attributeOf(view.attributes, name))
    if (own === undefined && countsLacking !== true) return undefined
    const texts = [own, ...others].map(value =>
      value === undefined ? 'lacks it' : `has ${attributeText(value)}`,
    )
    return within.length === 0 && own !== undefined ? attributeText(own) : texts.join(', ')
  }
  const meant = (term: number): readonly TaskPlacement[] => {
    const { tasks: set } = terms[term] as DomainTerm
    const belongs =
      'keepingAway' in set
        ? (task: TaskPlacement) => keepsAway(task).some(one => termKey(one) === set.keepingAway)
        : compileTaskSet(set)
    return tasks
      .filter(task => {
        const on = views.find(view => view.name === task.node)
        const selects = compileNodeSelector((terms[term] as DomainTerm).nodes)
        return on !== undefined && belongs(task) && (selects === undefined || selects(on))
      })
      .sort((a, b) => compareText(a.key, b.key))
  }
  const counts = (term: number) =>
    countSiblings(
      meant(term).map(task => valueOn(term, views.find(view => view.name === task.node) as NodeView)),
    )
  const countOn = (term: number, view: NodeView): number => {
    const value = valueOn(term, view)
    return value === undefined ? 0 : (counts(term).counts.get(value) ?? 0)
  }
  const fewest = (term: number, of: readonly NodeView[]): number =>
    Math.min(...of.filter(view => valueOn(term, view) !== undefined).map(view => countOn(term, view)))
  return {
    termCount: terms.length,
    attribute: term => terms[term]?.attribute ?? '',
    count: countOn,
    value: valueOn,
    counts,
    fewest: (term, among) => fewest(term, meantNodes(among)),
    values: (term, among) => new Set(meantNodes(among).flatMap(view => valueOn(term, view) ?? [])).size,
    roomy: () => roomy().length,
  }
}

function ranking(
  state: ScanState,
  view: NodeView,
  fitting: readonly NodeView[],
): Pick<ScanAnswer, 'scores'> & { readonly total: number; readonly rank: readonly number[] } {
  const { profile } = state
  const scores = profile.scores.flatMap(({ plugin, weight }) => {
    const score = scoreOf(state, plugin, view, fitting)
    return score === undefined ? [] : [{ plugin: plugin.name, score, weight }]
  })
  const units = (score: number, weight: number): number => Math.round(score * weight * 2 ** 20)
  const sum = scores.reduce((total, { score, weight }) => total + units(score, weight), 0)
  if (profile.combine === 'lexicographic') {
    const last = scores.length - 1
    const rank = scores.map(({ score, weight }, at) => (at === last ? units(score, weight) : score))
    return { scores, rank, total: scores[0]?.score ?? 0 }
  }
  const rank = [profile.combine === 'mean' ? (scores.length === 0 ? 0 : sum / scores.length) : sum]
  return { scores, rank, total: (rank[0] ?? 0) / 2 ** 20 }
}

function scoreOf(
  state: ScanState,
  plugin: ScorePlugin,
  view: NodeView,
  fitting: readonly NodeView[],
): number | undefined {
  const { request } = state
  if (plugin.applies?.(request) === false) return undefined
  const terms = plugin.locality === 'domain' ? plugin.terms(request, () => keepingAway(state)) : []
  if (plugin.locality === 'domain' && terms.length === 0) return undefined
  const raw = (one: NodeView): number | undefined =>
    plugin.locality === 'domain'
      ? plugin.score(request, one, domainsOf(state, terms))
      : plugin.score(request, one)
  const own = raw(view)
  if (own === undefined || plugin.normalize === undefined) return own
  const all = fitting.map(raw).filter(value => value !== undefined)
  const [max, min] = [Math.max(...all), Math.min(...all)]
  const percent = (part: number, whole: number): number => Math.floor((part * 100) / whole)
  switch (plugin.normalize) {
    case 'max':
      return max <= 0 ? 0 : percent(own, max)
    case 'reverseMax':
      return max <= 0 ? 100 : 100 - percent(own, max)
    case 'minMax':
      return max === min ? 0 : percent(own - min, max - min)
    case 'reverseSum':
      return max <= 0 ? 100 : percent(max + min - own, max)
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
