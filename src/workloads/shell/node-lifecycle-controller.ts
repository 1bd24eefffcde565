import { Event, findCondition, isConditionTrue, isTaskFinished, Lease, Node, Task } from '../../api/index.js'
import { formatTime, setCondition } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { Controller, EventDestination, ReconcileContext } from '../../reconcile/index.js'
import { createController, requeueAfter } from '../../reconcile/index.js'
import type { Reader, Transaction } from '../../store/index.js'
import { HeardNodes } from '../heard-nodes.js'
import { NODE_AGENT_FINALIZER, NODE_LEASE_NAMESPACE } from '../node-agent-names.js'
import type { NodeLifecycleLimits, NodeLifecyclePlan } from '../node-lifecycle-plan.js'
import { planNodeLifecycle } from '../node-lifecycle-plan.js'
import type { Pause } from '../silences.js'
import { Silences } from '../silences.js'
import { dueEvictions, firstEvictionMs, mayReplace } from '../silent-node-eviction.js'
import type { EvictionRates } from '../zone-disruption.js'
import { defaultEvictionRates, evictionRate, ZoneEvictions, zoneState } from '../zone-disruption.js'

/** How the node lifecycle behaves. */
export interface NodeLifecycleOptions {
  /**
   * From `Ready=Unknown` to the replacement of a task that does not say how long it tolerates
   * `keelson.dev/unreachable:NoExecute`. Default 300,000 ms.
   */
  readonly evictAfterMs?: number
  /** Silence beyond a lease's duration that is still forgiven. Default 0 ms. */
  readonly leaseSlackMs?: number
  /** Lease duration of a node that never wrote a lease. Default 40,000 ms. */
  readonly defaultLeaseDurationMs?: number
  /** How fast nodes are given up, zone by zone; missing fields take `defaultEvictionRates`. */
  readonly evictionRates?: Partial<EvictionRates>
  /** Where it tells of silent nodes and their tasks. Default: `Event`, if the store knows that kind. */
  readonly events?: EventDestination
}

const NODE_LIFECYCLE_OPTIONS = /* @__PURE__ */ knownOptions<NodeLifecycleOptions>(
  'createNodeLifecycleController',
  { evictAfterMs: true, leaseSlackMs: true, defaultLeaseDurationMs: true, evictionRates: true, events: true },
)

/**
 * Watches heartbeats. A node whose lease lapses becomes `Ready=Unknown` and so do its tasks, which takes them out
 * of their services; after `evictAfterMs` its tasks are deleted for good, so that their owners replace them.
 *
 * Guarantees: silence is measured by the controller's own monotonic clock from the moment it saw the lease change, so
 * neither a skewed node clock nor a jump of its own kills or saves a node; a restarted controller grants every node a
 * full lease again; a sign of life that comes before the commit calls it off.
 *
 * While no node is heard of, only the nodes become `Ready=Unknown`: tasks and endpoints stay as they were, because it is
 * the controller that is cut off, as far as it can tell; when one is heard, leases and waits of all begin again. In one
 * zone (label `topology.kubernetes.io/zone`) nodes are given up one after the other, as `evictionRates` say; while most of
 * a small zone is silent, none is. The condition `EvictionPaused` of a node says so. What a removed Node leaves, its tasks
 * and its lease, is deleted when that lease lapses.
 */
export function createNodeLifecycleController(options: NodeLifecycleOptions = {}): Controller {
  assertKnown(options, NODE_LIFECYCLE_OPTIONS)
  const limits: NodeLifecycleLimits = {
    leaseSlackMs: options.leaseSlackMs ?? 0,
    evictAfterMs: options.evictAfterMs ?? 300_000,
  }
  const { defaultLeaseDurationMs = 40_000 } = options
  const heard = new HeardNodes()
  const silences = new Silences(limits.evictAfterMs)
  const rates = { ...defaultEvictionRates, ...options.evictionRates }
  const zones = new ZoneEvictions()
  return createController({
    name: 'node-lifecycle',
    for: Node,
    events: options.events ?? { whenKnown: Event },
    watches: [
      {
        kind: Lease,
        map: lease =>
          lease.metadata.namespace === NODE_LEASE_NAMESPACE ? [{ name: lease.metadata.name }] : [],
      },
      { kind: Task, map: task => (task.spec.nodeName === undefined ? [] : [{ name: task.spec.nodeName }]) },
    ],
    async reconcile({ name }, node, ctx) {
      const { client, env } = ctx
      if (node === undefined) silences.forget(name)
      if (node === undefined) zones.end(name)
      if (node === undefined && !hasTraces(client, name)) return heard.forget(name)
      const nowMs = env.clock.monotonic()
      const lease = client.get(Lease, { namespace: NODE_LEASE_NAMESPACE, name })
      const seconds = lease?.spec.leaseDurationSeconds
      const leaseDurationMs = seconds === undefined ? defaultLeaseDurationMs : seconds * 1000
      const resourceVersion = lease?.metadata.resourceVersion
      const known = heard.look(name, { resourceVersion, leaseDurationMs }, nowMs)
      const unknownSinceMs = silences.look(name, node, { nowMs, wallMs: env.clock.now() })
      if (known.isRenewed && known.lastSeenMs === nowMs) silences.heard(nowMs)
      const heartbeat = {
        leaseDurationMs,
        lastSeenMs: known.lastSeenMs,
        resumedAtMs: silences.resumedAtMs,
        ...(unknownSinceMs === undefined ? {} : { unknownSinceMs }),
      }
      const tasks = tasksOn(client, name)
      const evictAfterMs = firstEvictionMs(tasks, node, limits.evictAfterMs)
      let plan: NodeLifecyclePlan | Pause | Turn = planNodeLifecycle(
        node,
        heartbeat,
        { ...limits, evictAfterMs },
        nowMs,
      )
      // Its lease has lapsed, and begins again: nothing is known of it yet.
      if (plan.kind === 'alive' && nowMs >= known.lastSeenMs + leaseDurationMs + limits.leaseSlackMs)
        return requeueAfter(plan.wakeAtMs - nowMs)
      if (plan.kind !== 'alive' && node !== undefined) {
        const nodes = client.list(Node).items
        const others = nodes.map(({ metadata }) => metadata.name)
        if (!heard.hasWitness(known, others, nowMs)) plan = silences.pause(nowMs + leaseDurationMs)
        else if (plan.kind === 'evict' && dueEvictions(tasks, node, { ...limits, ...plan }).due.length > 0)
          plan = inTurn(zones, heard, { node, nodes, rates, nowMs, retryMs: leaseDurationMs }) ?? plan
      }
      if (plan.kind === 'alive') zones.end(name)
      return actOn(plan, { ctx, name, node, leaseVersion: resourceVersion, tasks, limits, nowMs })
    },
  })
}

/** What a look at a node has found. */
interface NodeLook extends Pick<Decision, 'name' | 'leaseVersion'> {
  readonly ctx: ReconcileContext
  readonly node: Node | undefined
  readonly tasks: readonly Task[]
  readonly limits: NodeLifecycleLimits
  /** Of the monotonic clock. */
  readonly nowMs: number
}

/** Carries a plan out, and says when to look again. */
async function actOn(
  plan: NodeLifecyclePlan | Pause | Turn,
  look: NodeLook,
): Promise<ReturnType<typeof requeueAfter> | void> {
  const { ctx, name, node, leaseVersion, tasks, limits, nowMs } = look
  const { kind } = plan
  const reason = plan.kind === 'pause' ? plan.reason : undefined
  const silence = { ...limits, silentForMs: plan.kind === 'evict' ? plan.silentForMs : -1 }
  const decision: Decision = { name, leaseVersion, kind, reason, silence, nowMs: ctx.env.clock.now() }
  const wasPaused = isConditionTrue(node?.status?.conditions, 'EvictionPaused')
  if (kind !== 'alive' || wasPaused) tell(ctx, node, await ctx.client.transact(tx => carryOut(tx, decision)))
  if (kind === 'pause' && !wasPaused)
    ctx.record({ type: 'Warning', reason: 'EvictionPaused', note: PAUSED[reason ?? 'NoNodeHeard'] })
  if (plan.kind !== 'evict') return requeueAfter(plan.wakeAtMs - nowMs)
  const { nextMs } = dueEvictions(tasks, node, silence)
  if (Number.isFinite(nextMs)) return requeueAfter(nextMs - plan.silentForMs)
}

function tell(ctx: ReconcileContext, node: Node | undefined, { silenced, evicted }: Outcome): void {
  if (silenced !== undefined) {
    const note = 'the node stopped renewing its lease'
    ctx.record({ type: 'Warning', reason: 'NodeNotReady', note, regarding: silenced })
  }
  for (const task of evicted) {
    const mayGo = mayReplace(task, node)
    const note = `evicted from node ${task.spec.nodeName}, which is silent${mayGo ? '' : WAITS}`
    ctx.record({ type: 'Warning', reason: 'Evicted', note, regarding: task })
  }
}

const WAITS =
  '; its object stays until the node answers, is removed or has the taint keelson.dev/out-of-service:NoExecute'

const PAUSED: Readonly<Record<Pause['reason'], string>> = {
  NoNodeHeard: 'No node is heard of: its tasks stay as they are until one is',
  PartialDisruption: 'Most nodes of its zone are silent: its tasks are not evicted until fewer are',
}

const ZONE_LABEL = 'topology.kubernetes.io/zone'

/** Others of its zone lose their tasks before. */
interface Turn {
  readonly kind: 'turn'
  readonly wakeAtMs: number
}

/** Undefined when the tasks of the node may be evicted now; else when to look again. */
function inTurn(
  zones: ZoneEvictions,
  heard: HeardNodes,
  {
    node,
    nodes,
    rates,
    nowMs,
    retryMs,
  }: {
    readonly node: Node
    readonly nodes: readonly Node[]
    readonly rates: EvictionRates
    readonly nowMs: number
    readonly retryMs: number
  },
): Pause | Turn | undefined {
  const zone = node.metadata.labels[ZONE_LABEL] ?? ''
  const there = nodes.filter(({ metadata }) => (metadata.labels[ZONE_LABEL] ?? '') === zone)
  // A loop that takes over grants each a lease: until that is renewed, who was silent is.
  const ready = there.filter(
    ({ metadata, status }) =>
      heard.isHeard(metadata.name, nowMs) && findCondition(status?.conditions, 'Ready')?.status !== 'Unknown',
  ).length
  const rate = evictionRate(zoneState(ready, there.length - ready), there.length, rates)
  if (rate <= 0) return { kind: 'pause', reason: 'PartialDisruption', wakeAtMs: nowMs + retryMs }
  return zones.take(node.metadata.name, zone, rate, nowMs)
    ? undefined
    : { kind: 'turn', wakeAtMs: zones.nextMs(zone) }
}

/** Whether a node that does not exist has left something. */
function hasTraces(reader: Reader, name: string): boolean {
  return (
    reader.get(Lease, { namespace: NODE_LEASE_NAMESPACE, name }) !== undefined ||
    tasksOn(reader, name).length > 0
  )
}

function tasksOn(reader: Reader, name: string): readonly Task[] {
  return reader.list(Task, { index: { name: 'node', value: name } }).items
}

/** What came of a decision. */
interface Outcome {
  /** The node, if it was marked now. */
  readonly silenced: Node | undefined
  readonly evicted: readonly Task[]
}

/** What was decided about a node, and the lease that it was decided by. */
interface Decision {
  readonly name: string
  readonly leaseVersion: string | undefined
  readonly kind: NodeLifecyclePlan['kind'] | Pause['kind'] | Turn['kind']
  readonly reason: Pause['reason'] | undefined
  readonly silence: { readonly evictAfterMs: number; readonly silentForMs: number }
  /** Of the wall clock, for conditions. */
  readonly nowMs: number
}

/**
 * Marks a node that has just fallen silent, and its tasks, unknown; to `evict` deletes the tasks. Tasks are
 * marked once only, after a pause again: a node that is alive and says otherwise is not overruled before the eviction.
 */
function carryOut(tx: Transaction, decision: Decision): Outcome {
  const { name, leaseVersion, kind, reason, silence, nowMs } = decision
  const lease = tx.get(Lease, { namespace: NODE_LEASE_NAMESPACE, name })
  if (lease?.metadata.resourceVersion !== leaseVersion) return { silenced: undefined, evicted: [] }
  const node = tx.get(Node, { name })
  const isUnknown = findCondition(node?.status?.conditions, 'Ready')?.status === 'Unknown'
  const told = findCondition(node?.status?.conditions, 'EvictionPaused')
  const staysPaused = isPauseKept(decision, told?.reason, isUnknown)
  if (node !== undefined && !staysPaused) tellPause(tx, node, reason, nowMs)
  if (kind === 'alive') return { silenced: undefined, evicted: [] }
  if (node === undefined && lease !== undefined) tx.delete(Lease, lease.metadata)
  if (node !== undefined && !isUnknown) markNodeUnknown(tx, name, nowMs)
  const silenced = isUnknown ? undefined : node
  if (kind === 'pause') return { silenced, evicted: [] }
  const tasks = tasksOn(tx, name)
  if (!isUnknown || (told !== undefined && !staysPaused))
    for (const task of tasks) if (!isTaskFinished(task)) markTaskUnknown(tx, task, nowMs)
  if (kind !== 'evict') return { silenced, evicted: [] }
  const { due } = dueEvictions(tasks, node, silence)
  for (const task of due) evict(tx, task, mayReplace(task, node))
  return { silenced, evicted: due }
}

/**
 * Whether what another loop may have said still stands: a lease that was granted is no sign of life, and neither who waits
 * nor who hears of none has looked at the zone. Without it two loops that know different things would write in turns.
 */
function isPauseKept({ kind, reason }: Decision, told: string | undefined, isUnknown: boolean): boolean {
  if (kind === 'alive') return isUnknown
  return told === 'PartialDisruption' && (kind === 'silent' || reason === 'NoNodeHeard')
}

/** The condition is there only while it is true, so that a node does not tell for ever what is over. */
function tellPause(tx: Transaction, node: Node, reason: Pause['reason'] | undefined, nowMs: number): void {
  const { conditions = [] } = node.status ?? {}
  const told = findCondition(conditions, 'EvictionPaused')
  if (reason === told?.reason) return
  const type = 'EvictionPaused'
  const now =
    reason === undefined
      ? conditions.filter(condition => condition.type !== type)
      : setCondition(conditions, { type, status: 'True', reason, message: PAUSED[reason] }, formatTime(nowMs))
  tx.modifyStatus(Node, node.metadata, draft => {
    draft.status = { ...draft.status, conditions: [...now] }
  })
}

function markNodeUnknown(tx: Transaction, name: string, nowMs: number): void {
  tx.modifyStatus(Node, { name }, draft => {
    const conditions = setCondition(
      draft.status?.conditions,
      unknown('Node stopped renewing its lease'),
      formatTime(nowMs),
    )
    draft.status = { ...draft.status, conditions: [...conditions] }
  })
}

function markTaskUnknown(tx: Transaction, task: Task, nowMs: number): void {
  tx.modifyStatus(Task, task.metadata, draft => {
    const conditions = setCondition(
      draft.status?.conditions,
      unknown('Node of the task is silent'),
      formatTime(nowMs),
    )
    draft.status = { ...draft.status, conditions: [...conditions] }
  })
}

/** Deletes the task, and removes the finalizer that its silent node would have removed, if another may take its place. */
function evict(tx: Transaction, task: Task, mayGo: boolean): void {
  const left = tx.delete(Task, task.metadata)
  if (!mayGo || !left.metadata.finalizers.includes(NODE_AGENT_FINALIZER)) return
  tx.modify(Task, task.metadata, draft => {
    draft.metadata.finalizers = draft.metadata.finalizers.filter(name => name !== NODE_AGENT_FINALIZER)
  })
}

function unknown(message: string) {
  return { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message } as const
}
