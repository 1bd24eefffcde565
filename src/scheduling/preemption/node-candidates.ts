import type { ResourceVector } from '../../core/index.js'
import type { RequestClass } from '../classes/request-class.js'
import type { NodeRow } from '../nodes/node-table.js'
import type { FilterReason } from '../plugins/plugin.js'
import type { Demand, PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import type { TaskPlacement } from '../task-ledger.js'
import { beyondBudgets } from './exceeded-budgets.js'
import type { NodeHoldings } from './node-holdings.js'
import type { VictimBounds } from './victim-bounds.js'
import type { EvictionBudget, VictimCandidate } from './victim-candidate.js'
import { amountOf } from './victim-candidate.js'

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
  readonly demands: readonly Demand[]
  /** As of the copy, while nothing is gone: without a victim that keeps others away its class looks at fewer things. */
  readonly looksAt: 'room' | 'node' | 'domains'
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
  const { copy, request, holdings } = ground
  const { priority: own = 0 } = request
  const mayGo = (task: TaskPlacement): boolean =>
    task.reservedFor === undefined && (task.priority ?? 0) < own && rules.mayGo(task)
  const others = rules.acrossNodes && ground.looksAt === 'domains' ? inDomain(ground, row.name, mayGo) : []
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
export function isHopeless({ copy, request, looksAt }: PreemptionGround, { name }: NodeRow): boolean {
  return looksAt !== 'room' && copy.refusalsOn(request, name).some(({ unresolvable }) => unresolvable)
}

/** Of requests that look at room alone, what tasks hold of a node says everything. */
export function whatIsLookedAt({
  plugins: { nodes, domains, globals },
}: RequestClass): PreemptionGround['looksAt'] {
  if (domains.length > 0) return 'domains'
  const isRoom = globals.length === 0 && nodes.length > 0 && nodes.every(({ formula }) => formula === 'room')
  return isRoom ? 'room' : 'node'
}

/** What the node has too little of for the preemptor; one more task is one of its `pods`. */
export function shortOn({ demands }: PreemptionGround, row: NodeRow): ResourceVector {
  const short: Record<string, number> = {}
  for (const { resource, column, amount } of demands) {
    const missing = amount - (row.allocatable(column) - row.requested(column))
    if (missing > 0) short[resource] = missing
  }
  const tasks = row.taskCount + 1 - row.taskLimit
  if (tasks > 0) short['pods'] = tasks
  return short
}

/** Whether the preemptor fits on the node when exactly these are gone. */
export function fitTest(
  { copy, request, looksAt }: PreemptionGround,
  row: NodeRow,
  short: ResourceVector,
): (gone: readonly VictimCandidate[]) => boolean {
  // Nothing has to be taken away to see how much room there would be.
  if (looksAt === 'room')
    return gone =>
      Object.keys(short).every(resource => freedBy(gone, resource) >= (short[resource] as number))
  return gone => {
    for (const { task } of gone) copy.removeTask(task.key)
    const fits = copy.fits(request, row.name)
    for (const { task } of gone) copy.addTask(task)
    return fits
  }
}

function freedBy(gone: readonly VictimCandidate[], resource: string): number {
  let freed = 0
  for (const one of gone) freed += amountOf(one, resource)
  return freed
}
