import { DisruptionBudget, Reservation } from '../../api/index.js'
import type { ResourceVector } from '../../core/index.js'
import { addResources } from '../../core/index.js'
import type { ReconcileContext } from '../../reconcile/index.js'
import type { Client } from '../../store/index.js'
import { knowsKind } from '../../store/internal.js'
import type { PlannedMember } from '../gangs/preempt-for-gang.js'
import { planGangPreemption } from '../gangs/preempt-for-gang.js'
import type { PreemptionPlan, PreemptionStrategy } from '../preemption/preempt.js'
import { nativePreemption } from '../preemption/preempt.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { TaskPlacement } from '../task-ledger.js'
import type { BindingContext, OpenTask, Placement } from './bind-tasks.js'
import { nodeStateOf } from './bind-tasks.js'
import type { ClusterMirror } from './cluster-mirror.js'
import type { Eviction } from './evict-victims.js'
import { budgetsOf, evictVictims, refusalsIn } from './evict-victims.js'
import type { PreemptionPolicy } from './scheduling-controller-options.js'

/** So often one task evicts others of one group; then that does not help it. */
const REPEATS_MAX = 2

/** What came of making room for a task. */
export type RoomMade =
  /** It has its node. */
  | { readonly kind: 'bound'; readonly note: string }
  /** Its room is held while victims leave. */
  | { readonly kind: 'held'; readonly note: string }
  /** The plan was made from a state that is no more; the mirror has the present one. */
  | { readonly kind: 'stale' }
  /** No room can be made. */
  | { readonly kind: 'none'; readonly why?: string; readonly isHeldBack: boolean }

const NONE: RoomMade = Object.freeze({ kind: 'none', isHeldBack: false })

/** For whom room is wanted. */
export interface RoomWanted {
  /** A task, or a gang. */
  readonly by: string
  readonly open: readonly OpenTask[]
  /** How many of them must be placed together. */
  readonly need: number
}

/** Evicts tasks of lower priority for tasks that fit nowhere. */
export class RoomMaker {
  readonly #policy: PreemptionPolicy
  /** By task and its version: how often it evicted tasks of each group. */
  readonly #evicted = new Map<string, { readonly version: string; readonly groups: Map<string, number> }>()
  #hasBudgets = false

  constructor(policy: PreemptionPolicy) {
    this.#policy = policy
  }

  /** @throws UsageError when the store does not know the kind `Reservation` */
  start(client: Pick<Client, 'get' | 'list'>): void {
    client.get(Reservation, { name: 'any' })
    this.#hasBudgets = knowsKind(client, DisruptionBudget)
    this.#evicted.clear()
  }

  forget(key: string): void {
    this.#evicted.delete(key)
  }

  /** Makes room for so many of the tasks: one, or those of a gang. */
  async make(
    { by, open, need }: RoomWanted,
    requests: readonly PlacementRequest[],
    ctx: ReconcileContext,
    context: Omit<BindingContext, 'nowMs'>,
  ): Promise<RoomMade> {
    const { mirror } = context
    const lowest = mirror.lowestPriority
    if (open.some(({ task }) => task.spec.preemptionPolicy === 'Never'))
      return { kind: 'none', why: 'its preemptionPolicy is Never', isHeldBack: false }
    const isNominated = open.some(({ key }) => mirror.held.forTask(key).length > 0)
    const highest = Math.max(...open.map(({ task }) => task.spec.priority ?? 0))
    if (isNominated || lowest === undefined || lowest >= highest) return NONE
    const { strategy = nativePreemption, budgets = 'hard' } = this.#policy
    const mayEvict: PreemptionStrategy['mayEvict'] = (preemptor, victim) =>
      !mirror.isAssumed(victim.key) && strategy.mayEvict(preemptor, victim)
    const plan = planGangPreemption(
      mirror.scheduler,
      { name: by, members: requests, min: need },
      {
        strategy: { ...strategy, mayEvict },
        budgets,
        budgetsOf: this.#hasBudgets ? budgetsOf(ctx.client) : () => [],
      },
    )
    if (plan.kind === 'none') return refusalOf(plan)
    const placements = plan.placements.map(({ request, node, hostPorts, held }): Placement => {
      const one = open.find(({ key }) => key === request.key) as OpenTask
      return { one, node, given: { hostPorts, held }, epoch: 0 }
    })
    if (isOverQuota(mirror, placements, plan.placements)) return NONE
    return this.#evict({ by, placements, victims: plan.victims }, plan.exceeded, ctx, context)
  }

  async #evict(
    eviction: Eviction,
    exceeded: readonly string[],
    ctx: ReconcileContext,
    context: Omit<BindingContext, 'nowMs'>,
  ): Promise<RoomMade> {
    const repeated = this.#repeated(eviction)
    if (repeated !== undefined)
      return {
        kind: 'none',
        why: `evicting tasks like ${repeated} was tried and did not help`,
        isHeldBack: false,
      }
    const { mirror, hasReservations } = context
    const { by, placements, victims } = eviction
    const nodes = [...new Set([...placements, ...victims].map(({ node }) => node))]
    const epochs = new Map(nodes.map(node => [node, mirror.epochOf(node)]))
    const { budgets = 'hard' } = this.#policy
    const nowMs = ctx.env.clock.now()
    try {
      const result = await ctx.client.transact(tx =>
        evictVictims(tx, eviction, { ...context, nowMs, budgets, epochs }),
      )
      if (result.kind === 'stale') {
        for (const node of nodes) mirror.setNodeState(node, nodeStateOf(ctx.client, node, hasReservations))
        return { kind: 'stale' }
      }
      for (const victim of result.evicted) {
        const note = `preempted by ${by} on node ${victim.spec.nodeName ?? ''}`
        ctx.record({ type: 'Warning', reason: 'Preempted', note, regarding: victim })
      }
      this.#count(eviction)
      return { kind: result.kind, note: noteOf(eviction, exceeded) }
    } catch (error) {
      const refusals = refusalsIn(error)
      if (refusals === undefined) throw error
      const names = refusals.map(({ budget }) => `${budget.namespace ?? ''}/${budget.name}`)
      return refusalOf({ kind: 'none', why: 'Budgets', exceeded: [...new Set(names)].sort() })
    }
  }

  #count({ placements, victims }: Eviction): void {
    for (const { one } of placements) {
      const { key, version } = one
      const known = this.#evicted.get(key)
      const groups = known?.version === version ? known.groups : new Map<string, number>()
      for (const group of new Set(victims.map(groupOf))) groups.set(group, (groups.get(group) ?? 0) + 1)
      this.#evicted.set(key, { version, groups })
    }
  }

  /** The first of the victims whose like one of the tasks has evicted too often. */
  #repeated({ placements, victims }: Eviction): string | undefined {
    const groups = placements.flatMap(({ one }) => {
      const known = this.#evicted.get(one.key)
      return known?.version === one.version ? [known.groups] : []
    })
    return victims.find(victim => groups.some(counts => (counts.get(groupOf(victim)) ?? 0) >= REPEATS_MAX))
      ?.key
  }
}

/** Whether the members of a queue come to more than it may use, though each may be placed by itself. */
function isOverQuota(
  { use }: ClusterMirror,
  placements: readonly Placement[],
  members: readonly PlannedMember[],
): boolean {
  const sums = new Map<string | undefined, ResourceVector>()
  return placements.some(({ one }, index) => {
    const queue = use.queueOf(one.task)
    const sum = addResources(sums.get(queue) ?? {}, members[index]?.request.requests ?? {})
    sums.set(queue, sum)
    return use.refusalOf(one.task, sum) !== undefined
  })
}

function groupOf({ group, key }: TaskPlacement): string {
  return group ?? key
}

function refusalOf(plan: Extract<PreemptionPlan, { readonly kind: 'none' }>): RoomMade {
  if (plan.why !== 'Budgets') return NONE
  const why = `disruption budgets hold back whom it could evict: ${plan.exceeded.join(', ')}`
  return { kind: 'none', why, isHeldBack: true }
}

function noteOf({ placements, victims }: Eviction, exceeded: readonly string[]): string {
  const beyond = exceeded.length === 0 ? '' : `, beyond disruption budgets ${exceeded.join(', ')}`
  const nodes = [...new Set(placements.map(({ node }) => node))]
  const from = nodes.length === 1 ? `node ${nodes[0]}` : `nodes ${nodes.join(', ')}`
  return `evicts ${victims.map(({ key }) => key).join(', ')} from ${from}${beyond}`
}
