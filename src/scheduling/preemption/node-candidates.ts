import type { RequestClass } from '../classes/request-class.js'
import type { NodeRow } from '../nodes/node-table.js'
import type { FilterReason } from '../plugins/plugin.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import type { TaskPlacement } from '../task-ledger.js'
import { beyondBudgets } from './exceeded-budgets.js'
import type { NodeHoldings } from './node-holdings.js'
import type { VictimBounds } from './victim-bounds.js'
import type { EvictionBudget, VictimCandidate } from './victim-candidate.js'

/** Which tasks may be victims, and what of them counts. */
export interface CandidateRules {
  /** Asked about tasks of lower priority. */
  mayGo(victim: TaskPlacement): boolean
  budgetsOf(task: TaskPlacement): readonly EvictionBudget[]
  readonly acrossNodes: boolean
}

/** What a plan is made on: a copy of the scheduler, which has the room that is held for the request free. */
export interface PreemptionGround {
  readonly copy: Scheduler
  readonly request: PlacementRequest
  readonly one: RequestClass
  readonly holdings: NodeHoldings
  readonly bounds: VictimBounds
  /** Whether the name of the first node comes before that of the second. */
  isFirst(one: NodeRow, other: NodeRow): boolean
}

/** The tasks that may make way on a node, or on others of its domain. */
export function candidatesFor(
  ground: PreemptionGround,
  row: NodeRow,
  rules: CandidateRules,
): readonly VictimCandidate[] {
  const { copy, request, one, holdings } = ground
  const { priority: own = 0 } = request
  const mayGo = (task: TaskPlacement): boolean =>
    task.reservedFor === undefined && (task.priority ?? 0) < own && rules.mayGo(task)
  const others = rules.acrossNodes && one.plugins.domains.length > 0 ? inDomain(ground, row.name, mayGo) : []
  const candidates = [...copy.tasksOn(row.name).filter(mayGo), ...others].map(
    task => new Candidate(copy, task, rules.budgetsOf(task), holdings.mayFit(task)),
  )
  if (candidates.some(({ budgets }) => budgets.length > 0))
    for (const candidate of beyondBudgets([...candidates].sort(byImportance))) candidate.violates = true
  return candidates
}

/** Finds out whether the task fits elsewhere when somebody asks, on the copy as it was. */
class Candidate implements VictimCandidate {
  readonly #copy: Scheduler
  readonly task: TaskPlacement
  readonly budgets: readonly EvictionBudget[]
  violates = false
  #fitsElsewhere: boolean | undefined

  constructor(copy: Scheduler, task: TaskPlacement, budgets: readonly EvictionBudget[], mayFit: boolean) {
    this.#copy = copy
    this.task = task
    this.budgets = budgets
    this.#fitsElsewhere = mayFit ? undefined : false
  }

  get fitsElsewhere(): boolean {
    this.#fitsElsewhere ??= this.#copy.fitsElsewhere(this.task.key)
    return this.#fitsElsewhere
  }
}

/** Higher priority first, then who started earlier. */
function byImportance(a: { readonly task: TaskPlacement }, b: { readonly task: TaskPlacement }): number {
  const { priority: one = 0, startedAtMs: oneStart = Number.MAX_SAFE_INTEGER } = a.task
  const { priority: other = 0, startedAtMs: otherStart = Number.MAX_SAFE_INTEGER } = b.task
  return other - one || oneStart - otherStart
}

/** Tasks on other nodes that are in the way of the request on this node: those it must be apart from, or that say so. */
function inDomain(
  { copy, request }: PreemptionGround,
  node: string,
  mayGo: (task: TaskPlacement) => boolean,
): readonly TaskPlacement[] {
  const before = apartReasons(copy, request, node)
  if (before.length === 0) return []
  const isInTheWay = (task: TaskPlacement): boolean => {
    copy.removeTask(task.key)
    const after = apartReasons(copy, request, node)
    copy.addTask(task)
    return JSON.stringify(before) !== JSON.stringify(after)
  }
  return copy
    .nodes()
    .filter(({ name }) => name !== node)
    .flatMap(({ name }) => copy.tasksOn(name))
    .filter(task => mayGo(task) && isInTheWay(task))
}

const APART: ReadonlySet<string> = new Set([
  'AntiAffinity',
  'ExistingAntiAffinity',
  'SiblingLimit',
  'TopologySpread',
])

function apartReasons(copy: Scheduler, request: PlacementRequest, node: string): readonly FilterReason[] {
  return copy.refusalsOn(request, node).filter(({ code }) => APART.has(code))
}

/** Whether some filter says that the node would not do if all its tasks were gone. */
export function isHopeless({ copy, request, one }: PreemptionGround, { name }: NodeRow): boolean {
  return !looksAtRoomOnly(one) && copy.refusalsOn(request, name).some(({ unresolvable }) => unresolvable)
}

/** Of such requests, what tasks hold of a node says everything. */
function looksAtRoomOnly({ plugins: { nodes, domains, globals } }: RequestClass): boolean {
  const isAlone = domains.length + globals.length === 0
  return isAlone && nodes.length > 0 && nodes.every(({ formula }) => formula === 'room')
}

/** Whether the preemptor fits on the node when exactly these are gone. */
export function fitTest(
  { copy, request, one }: PreemptionGround,
  row: NodeRow,
): (gone: readonly VictimCandidate[]) => boolean {
  if (looksAtRoomOnly(one)) return roomTest(one, row)
  return gone => {
    for (const { task } of gone) copy.removeTask(task.key)
    const fits = copy.fits(request, row.name)
    for (const { task } of gone) copy.addTask(task)
    return fits
  }
}

/** The same where only room is looked at: nothing has to be taken away to see it. */
function roomTest({ request }: RequestClass, row: NodeRow): (gone: readonly VictimCandidate[]) => boolean {
  const short = request.demands.map(({ resource, column, amount }) => ({
    resource,
    amount: amount - (row.allocatable(column) - row.requested(column)),
  }))
  const tasksShort = row.taskCount + 1 - row.taskLimit
  return gone =>
    gone.length >= tasksShort &&
    short.every(({ resource, amount }) => {
      let left = amount
      for (const { task } of gone) left -= task.requests?.[resource] ?? 0
      return left <= 0
    })
}
