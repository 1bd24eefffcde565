import type { ResourceVector } from '../../core/index.js'
import type { OptionNames } from '../../core/internal.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { RequestClass } from '../classes/request-class.js'
import type { ClusterState } from '../cluster-state.js'
import type { NodeRow } from '../nodes/node-table.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import { partsOf } from '../scheduler.js'
import type { TaskPlacement } from '../task-ledger.js'
import { beyondBudgets, exceededBudgets } from './exceeded-budgets.js'
import { compareVictims, costAt, leastVictims } from './least-victims.js'
import type { CandidateRules, PreemptionGround } from './node-candidates.js'
import { candidatesFor, fitTest, isHopeless, shortOn, whatIsLookedAt } from './node-candidates.js'
import { NodeHoldings } from './node-holdings.js'
import type { VictimBound } from './victim-bounds.js'
import { VictimBounds } from './victim-bounds.js'
import type { EvictionBudget, VictimCandidate } from './victim-candidate.js'

/** Who has to go from one node, or from others of its domain. */
export interface Victims {
  readonly victims: readonly VictimCandidate[]
}

/** How victims are chosen on one node, and which node is better. */
export interface PreemptionStrategy {
  /** Whether a task of lower priority may be a victim at all. */
  mayEvict(preemptor: PlacementRequest, victim: TaskPlacement): boolean
  /**
   * Those who have to go, or undefined when not even all candidates are enough.
   *
   * @param fitsWithout whether the preemptor fits when exactly these are gone
   * @param short what the node has too little of, and how much; `pods` when it has too many tasks
   */
  choose(
    preemptor: PlacementRequest,
    candidates: readonly VictimCandidate[],
    fitsWithout: (gone: readonly VictimCandidate[]) => boolean,
    short: ResourceVector,
  ): readonly VictimCandidate[] | undefined
  /** Below 0 when the first is the better node to preempt on; of equals it is the one with the lower name. */
  compare(a: Victims, b: Victims): number
  /**
   * Whether victims that come to so much at least could be better than the best so far, or as good and of a node whose
   * name comes first. Nodes are asked about in the order of highest priority, then those who fit nowhere else, then the
   * count: once the answer is no, all further nodes are left out. Default: always.
   */
  mayBeat?(best: Victims, bound: VictimBound, isNameFirst: boolean): boolean
  /** Whether tasks on other nodes of a domain may be victims, too. */
  readonly acrossNodes: boolean
}

/** Options of {@link planPreemption}. */
export interface PreemptionOptions {
  /** Default {@link nativePreemption}. */
  readonly strategy?: PreemptionStrategy
  /** The disruption budgets that a task counts in. Default: none. */
  readonly budgetsOf?: (task: TaskPlacement) => readonly EvictionBudget[]
  /** `hard`: no more tasks go than budgets allow. `soft`: those beyond go last. Default `hard`. */
  readonly budgets?: 'hard' | 'soft'
}

/** What to do so that a request fits. Nothing is done yet. */
export type PreemptionPlan =
  | {
      readonly kind: 'preempt'
      readonly node: string
      readonly victims: readonly TaskPlacement[]
      /** How many of them go beyond what a budget allows. */
      readonly violations: number
      /** Names of the budgets that are exceeded, in order. */
      readonly exceeded: readonly string[]
    }
  | { readonly kind: 'none'; readonly why: 'FitsAlready' | 'NoVictims' }
  /** Of those who might go, these budgets hold some back. */
  | { readonly kind: 'none'; readonly why: 'Budgets'; readonly exceeded: readonly string[] }

export const PREEMPTION_NAMES: OptionNames<PreemptionOptions> = {
  strategy: true,
  budgetsOf: true,
  budgets: true,
}

const OPTIONS = /* @__PURE__ */ knownOptions<PreemptionOptions>('planPreemption', PREEMPTION_NAMES)

/**
 * Finds the tasks of lower priority whose going makes room for the request, at the least cost. Decided on a copy with
 * the very filters that place requests, so whatever the plan says fits, fits. Of equal nodes, the one with the lower name.
 *
 * Nodes are looked at in the order of what their victims come to at least, so few of them are; what is known of a node
 * is kept, and made again when it changes.
 */
export function planPreemption(
  scheduler: Scheduler,
  request: PlacementRequest,
  options: PreemptionOptions = {},
): PreemptionPlan {
  assertKnown(options, OPTIONS)
  const { strategy = nativePreemption, budgets = 'hard', budgetsOf = () => [] } = options
  const copy = scheduler.fork()
  if (copy.fitsAnywhere(request)) return { kind: 'none', why: 'FitsAlready' }
  const ground = groundFor(copy, request)
  const rules: CandidateRules = {
    mayGo: victim => strategy.mayEvict(request, victim),
    budgetsOf,
    acrossNodes: strategy.acrossNodes,
  }
  const holding = new Set<string>()
  let best: Choice | undefined
  for (const bound of ground.bounds.below(request.priority ?? 0)) {
    const { row } = bound
    if (best !== undefined && strategy.mayBeat?.(best, bound, ground.isFirst(row, best.row)) === false) break
    const all = candidatesFor(ground, row, rules)
    const candidates = budgets === 'hard' ? all.filter(isAllowed) : all
    if (budgets === 'hard') for (const name of closedBudgets(all)) holding.add(name)
    if (candidates.length === 0 || isHopeless(ground, row)) continue
    const short = shortOn(ground, row)
    const fitsWithout = fitTest(ground, row, short)
    let victims = strategy.choose(request, candidates, fitsWithout, short)
    // A strategy that does not look at budgets may go beyond one although others would do.
    if (budgets === 'hard' && strategy !== nativePreemption && exceededBudgets(victims ?? []).length > 0)
      victims = leastVictims(candidates, fitsWithout, short)
    if (victims === undefined || victims.length === 0) continue
    const exceeded = budgets === 'hard' ? exceededBudgets(victims) : []
    for (const name of exceeded) holding.add(name)
    if (exceeded.length > 0) continue
    const order = best === undefined ? -1 : strategy.compare({ victims }, best)
    if (order < 0 || (order === 0 && best !== undefined && ground.isFirst(row, best.row)))
      best = { row, victims }
  }
  if (best !== undefined) return planOf(best)
  if (holding.size === 0) return { kind: 'none', why: 'NoVictims' }
  return { kind: 'none', why: 'Budgets', exceeded: [...holding].sort() }
}

/** The best node so far. */
interface Choice extends Victims {
  readonly row: NodeRow
}

function planOf({ row, victims }: Choice): PreemptionPlan {
  return {
    kind: 'preempt',
    node: row.name,
    victims: victims.map(({ task }) => task),
    violations: beyondBudgets(victims).size,
    exceeded: exceededBudgets(victims),
  }
}

/** The cheapest victims: see {@link leastVictims}; also on other nodes of a domain. */
export const nativePreemption: PreemptionStrategy = {
  mayEvict: () => true,
  choose: (_preemptor, candidates, fitsWithout, short) => leastVictims(candidates, fitsWithout, short),
  compare: (a, b) => compareVictims(a.victims, b.victims),
  mayBeat({ victims }, { highestPriority, withoutPlace, count }, isNameFirst) {
    if (costAt(0, victims) > 0) return true
    const difference =
      highestPriority - costAt(1, victims) || withoutPlace - costAt(2, victims) || count - costAt(3, victims)
    return difference < 0 || (difference === 0 && isNameFirst)
  },
  acrossNodes: true,
}

/** What is known of what tasks hold, as long as the tables live. */
const HOLDINGS = /* @__PURE__ */ new WeakMap<ClusterState, NodeHoldings>()
/** As long as the class is remembered. */
const BOUNDS = /* @__PURE__ */ new WeakMap<RequestClass, VictimBounds>()

/** The copy, with the room that is held for the request free, and what is known of it. */
function groundFor(copy: Scheduler, request: PlacementRequest): PreemptionGround {
  const { state, classes } = partsOf(copy)
  const { table, ledger } = state
  for (const { key } of ledger.reservedFor(request.key)) copy.removeTask(key)
  let holdings = HOLDINGS.get(state)
  if (holdings === undefined) HOLDINGS.set(state, (holdings = new NodeHoldings(table, ledger, copy.profile)))
  const one = classes.of(request)
  let bounds = BOUNDS.get(one)
  if (bounds === undefined) BOUNDS.set(one, (bounds = new VictimBounds(one, table, holdings)))
  const { ranks } = table.names
  const isFirst = (a: NodeRow, b: NodeRow): boolean => (ranks[a.slot] as number) < (ranks[b.slot] as number)
  const { demands } = one.request
  return { copy, request, demands, looksAt: whatIsLookedAt(one), holdings, bounds, isFirst }
}

/** Names of budgets that let none of their tasks go. */
function closedBudgets(candidates: readonly VictimCandidate[]): readonly string[] {
  return candidates.flatMap(({ budgets }) =>
    budgets.flatMap(({ name, allowed }) => (allowed > 0 ? [] : [name])),
  )
}

/** Whether every budget lets at least one of its tasks go. */
function isAllowed({ budgets }: VictimCandidate): boolean {
  return budgets.every(({ allowed }) => allowed > 0)
}
