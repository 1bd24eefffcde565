import { assertKnown, knownOptions } from '../../core/internal.js'
import type { NodeExplanation } from '../explanation.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import type { TaskPlacement } from '../task-ledger.js'
import { beyondBudgets, exceededBudgets } from './exceeded-budgets.js'
import { compareVictims, leastVictims } from './least-victims.js'
import { leastCount, mayCostLess } from './victim-bound.js'
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
   */
  choose(
    preemptor: PlacementRequest,
    candidates: readonly VictimCandidate[],
    fitsWithout: (gone: readonly VictimCandidate[]) => boolean,
  ): readonly VictimCandidate[] | undefined
  /** Below 0 when the first is the better node to preempt on. */
  compare(a: Victims, b: Victims): number
  /**
   * Whether some of the candidates of a node, at least so many of them, could be better than the best so far; nodes of which
   * it says no are left out. Default: always.
   */
  mayBeat?(best: Victims, candidates: readonly VictimCandidate[], victimsMin: number): boolean
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

const PREEMPTION_OPTIONS = /* @__PURE__ */ knownOptions<PreemptionOptions>('planPreemption', {
  strategy: true,
  budgetsOf: true,
  budgets: true,
})

/**
 * Finds the tasks of lower priority whose going makes room for the request, at the least cost. Decided on a copy with
 * the very filters that place requests, so whatever the plan says fits, fits.
 */
export function planPreemption(
  scheduler: Scheduler,
  request: PlacementRequest,
  options: PreemptionOptions = {},
): PreemptionPlan {
  assertKnown(options, PREEMPTION_OPTIONS)
  const { strategy = nativePreemption, budgets = 'hard' } = options
  const copy = scheduler.fork()
  if (copy.fitsAnywhere(request)) return { kind: 'none', why: 'FitsAlready' }
  const { nodes } = copy.explain(request)
  const room = copy.profile.filters.find(plugin => 'formula' in plugin && plugin.formula === 'room')?.name
  let best: { readonly node: string; readonly victims: readonly VictimCandidate[] } | undefined
  const holding = new Set<string>()
  for (const explained of nodes.filter(isResolvable)) {
    const { node } = explained
    const all = candidatesFor(copy, request, node, { ...options, strategy })
    const candidates = budgets === 'hard' ? all.filter(mayGo) : all
    if (budgets === 'hard') for (const name of closedBudgets(all)) holding.add(name)
    if (candidates.length === 0) continue
    const reasons = explained.filters.find(({ plugin }) => plugin === room)?.reasons ?? []
    if (best !== undefined && strategy.mayBeat?.(best, candidates, leastCount(candidates, reasons)) === false)
      continue
    const victims = strategy.choose(request, candidates, gone => fitsWithout(copy, request, node, gone))
    if (victims === undefined || victims.length === 0) continue
    const exceeded = budgets === 'hard' ? exceededBudgets(victims) : []
    for (const name of exceeded) holding.add(name)
    if (exceeded.length > 0) continue
    if (best === undefined || strategy.compare({ victims }, best) < 0) best = { node, victims }
  }
  if (best === undefined && holding.size > 0)
    return { kind: 'none', why: 'Budgets', exceeded: [...holding].sort() }
  if (best === undefined) return { kind: 'none', why: 'NoVictims' }
  return {
    kind: 'preempt',
    node: best.node,
    victims: best.victims.map(({ task }) => task),
    violations: beyondBudgets(best.victims).size,
    exceeded: exceededBudgets(best.victims),
  }
}

/** The cheapest victims: see {@link leastVictims}; also on other nodes of a domain. */
export const nativePreemption: PreemptionStrategy = {
  mayEvict: ({ priority = 0 }, victim) => (victim.priority ?? 0) < priority,
  choose: (_preemptor, candidates, fitsWithout) => leastVictims(candidates, fitsWithout),
  compare: (a, b) => compareVictims(a.victims, b.victims),
  mayBeat: ({ victims }, candidates, victimsMin) => mayCostLess(candidates, victimsMin, victims),
  acrossNodes: true,
}

function isResolvable({ filters }: NodeExplanation): boolean {
  return filters.every(({ reasons }) => reasons.every(({ unresolvable }) => !unresolvable))
}

function candidatesFor(
  copy: Scheduler,
  request: PlacementRequest,
  node: string,
  options: PreemptionOptions & { readonly strategy: PreemptionStrategy },
): readonly VictimCandidate[] {
  const { strategy, budgetsOf = () => [] } = options
  const others = strategy.acrossNodes ? inDomain(copy, request, node) : []
  const candidates = [...copy.tasksOn(node), ...others].flatMap(task =>
    task.reservedFor === undefined && strategy.mayEvict(request, task)
      ? [new Candidate(copy, task, budgetsOf(task))]
      : [],
  )
  if (candidates.some(({ budgets }) => budgets.length > 0))
    for (const one of beyondBudgets([...candidates].sort(byImportance))) one.violates = true
  return candidates
}

/** Finds out whether the task fits elsewhere when somebody asks, on the copy as it was. */
class Candidate implements VictimCandidate {
  readonly #copy: Scheduler
  readonly task: TaskPlacement
  readonly budgets: readonly EvictionBudget[]
  violates = false
  #fitsElsewhere: boolean | undefined

  constructor(copy: Scheduler, task: TaskPlacement, budgets: readonly EvictionBudget[]) {
    this.#copy = copy
    this.task = task
    this.budgets = budgets
  }

  get fitsElsewhere(): boolean {
    this.#fitsElsewhere ??= this.#copy.fitsElsewhere(this.task.key)
    return this.#fitsElsewhere
  }
}

/** Names of budgets that let none of their tasks go. */
function closedBudgets(candidates: readonly VictimCandidate[]): readonly string[] {
  return candidates.flatMap(({ budgets }) =>
    budgets.flatMap(({ name, allowed }) => (allowed > 0 ? [] : [name])),
  )
}

/** Whether every budget lets at least one of its tasks go. */
function mayGo({ budgets }: VictimCandidate): boolean {
  return budgets.every(({ allowed }) => allowed > 0)
}

/** Higher priority first, then who started earlier. */
function byImportance(a: { readonly task: TaskPlacement }, b: { readonly task: TaskPlacement }): number {
  const { priority: one = 0, startedAtMs: oneStart = Number.MAX_SAFE_INTEGER } = a.task
  const { priority: other = 0, startedAtMs: otherStart = Number.MAX_SAFE_INTEGER } = b.task
  return other - one || oneStart - otherStart
}

/** Tasks on other nodes that are in the way of the request on this node: those it must be apart from, or that say so. */
function inDomain(copy: Scheduler, request: PlacementRequest, node: string): readonly TaskPlacement[] {
  if (!copy.refusalsOn(request, node).some(({ code }) => APART.has(code))) return []
  return copy
    .nodes()
    .filter(({ name }) => name !== node)
    .flatMap(({ name }) => copy.tasksOn(name))
    .filter(task => isInTheWay(copy, request, node, task))
}

const APART: ReadonlySet<string> = new Set([
  'AntiAffinity',
  'ExistingAntiAffinity',
  'SiblingLimit',
  'TopologySpread',
])

/** Whether fewer reasons are left on the node, or smaller counts, when the task is gone. */
function isInTheWay(copy: Scheduler, request: PlacementRequest, node: string, task: TaskPlacement): boolean {
  const before = apartReasons(copy, request, node)
  copy.removeTask(task.key)
  const after = apartReasons(copy, request, node)
  copy.addTask(task)
  return before !== after
}

function apartReasons(copy: Scheduler, request: PlacementRequest, node: string): string {
  const explained = copy.explain(request).nodes.find(one => one.node === node)
  return JSON.stringify(
    explained?.filters.flatMap(({ reasons }) => reasons.filter(({ code }) => APART.has(code))),
  )
}

function fitsWithout(
  copy: Scheduler,
  request: PlacementRequest,
  node: string,
  gone: readonly VictimCandidate[],
): boolean {
  for (const { task } of gone) copy.removeTask(task.key)
  const fits = copy.fits(request, node)
  for (const { task } of gone) copy.addTask(task)
  return fits
}
