import { assertKnown, compareText, knownOptions } from '../../core/internal.js'
import { beyondBudgets, exceededBudgets } from '../preemption/exceeded-budgets.js'
import type { PreemptionOptions, PreemptionPlan } from '../preemption/preempt.js'
import { nativePreemption, PREEMPTION_NAMES, planPreemption } from '../preemption/preempt.js'
import type { EvictionBudget } from '../preemption/victim-candidate.js'
import type { GivenOnNode } from '../requests/given-parts.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import type { TaskPlacement } from '../task-ledger.js'
import type { Gang } from './place-gang.js'
import { checkGang } from './place-gang.js'

/** A member, where it goes, and what it gets there. */
export interface PlannedMember extends GivenOnNode {
  readonly request: PlacementRequest
  readonly node: string
}

/** What to do so that enough of a gang fits. Nothing is done yet. */
export type GangPreemptionPlan =
  | {
      readonly kind: 'preempt'
      /** Where members go when the victims are gone; those that fit beyond the minimum, too. */
      readonly placements: readonly PlannedMember[]
      /** In the order of their keys. */
      readonly victims: readonly TaskPlacement[]
      /** How many of them go beyond what a budget allows. */
      readonly violations: number
      /** Names of the budgets that are exceeded, in order. */
      readonly exceeded: readonly string[]
    }
  | Extract<PreemptionPlan, { readonly kind: 'none' }>

const OPTIONS = /* @__PURE__ */ knownOptions<PreemptionOptions>('planGangPreemption', PREEMPTION_NAMES)

/** So many tasks are looked at when all that may go would have to. */
const VICTIMS_MAX = 1_000
/** So often a member is placed to find victims that can stay; then the others go. */
const PLACEMENTS_MAX = 100_000

/**
 * Finds the tasks of lower priority whose going makes room for as many members of a gang as must be placed together: all
 * in one plan, on a copy. Members that fit take no victims; each of the others takes the cheapest, as by
 * {@link planPreemption}; where that leads to no end, all that may go are taken. Then each victim that can stay stays, the
 * dearest first. A plan is found if there is one for up to 1,000 tasks that may go; whether it is the cheapest is not said.
 *
 * @throws as `placeGang`, for a gang without groups; as `planPreemption`
 */
export function planGangPreemption(
  scheduler: Scheduler,
  gang: Omit<Gang, 'groups' | 'minGroups'>,
  options: PreemptionOptions = {},
): GangPreemptionPlan {
  assertKnown(options, OPTIONS)
  checkGang(gang)
  const { members = [], min = members.length } = gang
  const attempt = new GangAttempt(scheduler, members, options)
  if (attempt.placed.length >= min) return { kind: 'none', why: 'FitsAlready' }
  attempt.makeRoom(min)
  if (attempt.placed.length >= min) return attempt.plan()
  if (members.length > 1) {
    const whole = new GangAttempt(scheduler, members, options, attempt.evictable())
    if (whole.placed.length >= min) return whole.plan()
  }
  const holding = [...attempt.holding].sort()
  return holding.length === 0
    ? { kind: 'none', why: 'NoVictims' }
    : { kind: 'none', why: 'Budgets', exceeded: holding }
}

/** Members that are placed on a copy, and victims that are gone from it. */
class GangAttempt {
  placed: PlannedMember[] = []
  gone: readonly TaskPlacement[]
  /** Budgets that held somebody back. */
  readonly holding = new Set<string>()
  readonly #scheduler: Scheduler
  readonly #copy: Scheduler
  readonly #options: PreemptionOptions
  readonly #members: ReadonlySet<string>
  #left: PlacementRequest[] = []
  /** How often members took victims; those of one were chosen as well as can be. */
  #choices = 0

  constructor(
    scheduler: Scheduler,
    members: readonly PlacementRequest[],
    options: PreemptionOptions,
    gone: readonly TaskPlacement[] = [],
  ) {
    this.#scheduler = scheduler
    this.#copy = scheduler.fork()
    this.#options = options
    this.#members = new Set(members.map(({ key }) => key))
    this.gone = gone
    this.#choices = gone.length
    for (const { key } of gone) this.#copy.removeTask(key)
    for (const request of members) if (!this.#place(request)) this.#left.push(request)
  }

  #place(request: PlacementRequest): boolean {
    const result = this.#copy.place(request)
    if (result.kind === 'placed') this.placed.push({ request, ...withoutScores(result) })
    return result.kind === 'placed'
  }

  /** Takes victims until so many members are placed, or no further one can be. */
  makeRoom(min: number): void {
    const left = this.#left
    this.#left = []
    for (const request of left) {
      if (this.placed.length >= min || this.#place(request) || this.#takeVictimsFor(request)) continue
      this.#left.push(request)
    }
  }

  #takeVictimsFor(request: PlacementRequest): boolean {
    const { strategy = nativePreemption } = this.#options
    const plan = planPreemption(this.#copy, request, {
      ...this.#options,
      strategy: {
        ...strategy,
        mayEvict: (preemptor, victim) =>
          !this.#members.has(victim.key) && strategy.mayEvict(preemptor, victim),
      },
      budgetsOf: task => this.#budgetsLeft(task),
    })
    if (plan.kind === 'none') {
      if (plan.why === 'Budgets') for (const name of plan.exceeded) this.holding.add(name)
      return false
    }
    for (const { key } of plan.victims) this.#copy.removeTask(key)
    const result = this.#copy.placeOn(request, plan.node)
    if (result.kind === 'refused') {
      for (const victim of plan.victims) this.#copy.addTask(victim)
      return false
    }
    this.#choices++
    this.gone = [...this.gone, ...plan.victims]
    const { kind: _, ...given } = result
    this.placed.push({ request, node: plan.node, ...given })
    return true
  }

  /** The budgets of a task, less those that go already. */
  #budgetsLeft(task: TaskPlacement): readonly EvictionBudget[] {
    const taken = (name: string): number =>
      this.gone.filter(gone => this.#budgetsOf(gone).some(budget => budget.name === name)).length
    return this.#budgetsOf(task).map(({ name, allowed }) => ({ name, allowed: allowed - taken(name) }))
  }

  #budgetsOf(task: TaskPlacement): readonly EvictionBudget[] {
    return this.#options.budgetsOf?.(task) ?? []
  }

  /** All that may go for every member; none when they are too many, or more than budgets allow. */
  evictable(): readonly TaskPlacement[] {
    const { strategy = nativePreemption, budgets = 'hard' } = this.#options
    const requests = [...this.placed.map(({ request }) => request), ...this.#left]
    const lowest = Math.min(...requests.map(({ priority = 0 }) => priority))
    const all = this.#scheduler
      .nodes()
      .flatMap(({ name }) => this.#scheduler.tasksOn(name))
      .filter(
        task =>
          task.reservedFor === undefined &&
          (task.priority ?? 0) < lowest &&
          !this.#members.has(task.key) &&
          requests.every(request => strategy.mayEvict(request, task)),
      )
    if (all.length > VICTIMS_MAX) return []
    if (budgets === 'soft') return all
    const beyond = beyondBudgets(all.sort(byCost).map(task => ({ task, budgets: this.#budgetsOf(task) })))
    const kept = new Set([...beyond].map(({ task }) => task))
    for (const { budgets: of } of beyond) for (const { name } of of) this.holding.add(name)
    return all.filter(task => !kept.has(task))
  }

  /** The plan, without victims that can stay. */
  plan(): GangPreemptionPlan {
    if (this.#choices > 1) this.#spare()
    const victims = [...this.gone].sort((a, b) => compareText(a.key, b.key))
    const budgeted = [...this.gone].sort(byCost).map(task => ({ budgets: this.#budgetsOf(task) }))
    return {
      kind: 'preempt',
      placements: this.placed,
      victims,
      violations: beyondBudgets(budgeted).size,
      exceeded: exceededBudgets(budgeted),
    }
  }

  /** Lets victims stay beside which all members fit where they are, the dearest first. */
  #spare(): void {
    const attempts = Math.floor(PLACEMENTS_MAX / Math.max(1, this.placed.length))
    for (const victim of [...this.gone].sort(byCost).reverse().slice(0, attempts)) {
      const rest = this.gone.filter(one => one !== victim)
      const placed = this.#placedWithout(rest)
      if (placed === undefined) continue
      this.gone = rest
      this.placed = placed
    }
  }

  #placedWithout(gone: readonly TaskPlacement[]): PlannedMember[] | undefined {
    const copy = this.#scheduler.fork()
    for (const { key } of gone) copy.removeTask(key)
    const placed: PlannedMember[] = []
    for (const { request, node } of this.placed) {
      const result = copy.placeOn(request, node)
      if (result.kind === 'refused') return undefined
      const { kind: _, ...given } = result
      placed.push({ request, node, ...given })
    }
    return placed
  }
}

function withoutScores({
  node,
  hostPorts,
  held,
}: GivenOnNode & { readonly node: string }): GivenOnNode & { readonly node: string } {
  return {
    node,
    ...(hostPorts === undefined ? {} : { hostPorts }),
    ...(held === undefined ? {} : { held }),
  }
}

/** Who goes rather than another: lower priority, then who started later. */
function byCost(a: TaskPlacement, b: TaskPlacement): number {
  const { priority: one = 0, startedAtMs: oneStart = Number.MAX_SAFE_INTEGER } = a
  const { priority: other = 0, startedAtMs: otherStart = Number.MAX_SAFE_INTEGER } = b
  return one - other || otherStart - oneStart || compareText(a.key, b.key)
}
