import type { NoGrantReason } from '../../src/offers/allocator/no-grant-reason.js'
import { firstReason } from '../../src/offers/allocator/no-grant-reason.js'
import type { Quantities, Session, TaskState } from '../../src/offers/index.js'
import { createAllocator, resources } from '../../src/offers/index.js'
import { isAvailable, mayOffer } from '../../src/offers/pool/availability.js'
import type { AgentStanding } from '../../src/offers/pool/reconciliation.js'
import { reconciledState } from '../../src/offers/pool/reconciliation.js'
import { taskStateAfter } from '../../src/offers/pool/task-state.js'
import { retryAfterMs, UpdateStream } from '../../src/offers/pool/update-stream.js'
import { heard, PoolWorld } from '../offers/pool-world.js'
import { constantCase } from './offers-resources.js'

interface UpdateEvent {
  readonly at: number
  readonly update?: string
  readonly state?: string
  readonly ack?: string
}

interface FailoverRow {
  readonly failoverTimeout: number
  readonly disconnect: number
  readonly resubscribe?: number | null
  readonly disconnect2?: number
}

interface RecoveryRow {
  readonly registered: number
  readonly factor: number
  readonly timeout: number
  readonly quota: boolean
  readonly rejoin: readonly number[]
}

export const poolAnswers: Readonly<Record<string, (input: never) => unknown>> = {
  taskStates: ({ sequences }: { sequences: string[][] }) => sequences.map(traceOf),
  retrySchedule: ({ count }: { count: number }) => {
    const times = [0]
    while (times.length < count) times.push(times.at(-1)! + retryAfterMs(times.length) / 1000)
    return times
  },
  updateStream: ({ events }: { events: UpdateEvent[] }) => streamTrace(events),
  reconcile: ({ rows }: { rows: ReconcileRow[] }) => {
    const answers = rows.map(reconcileRow)
    return { partitionAware: answers.map(theirState), legacy: answers.map(legacyState) }
  },
  failover: ({ rows }: { rows: FailoverRow[] }) => Promise.all(rows.map(failoverRow)),
  recovery: ({ rows }: { rows: RecoveryRow[] }) => rows.map(recoveryRow),
  availability: ({ rows }: { rows: AvailabilityRow[] }) =>
    rows.map(({ now, unavailability, draining }) => {
      const { start = 0, duration } = unavailability ?? {}
      const window =
        unavailability === null ? undefined : { startMs: start, ...(duration && { durationMs: duration }) }
      return isAvailable(now, window, draining)
    }),
  explainOrder: ({ order, holds }: { order: string[]; holds: string[][] }) => explainOrder(order, holds),
  claims: (input: ClaimsInput | FieldClaims) => ('modes' in input ? claimModes(input) : fieldClaims(input)),
  scenario: (input: Scenario) => scenarioAnswer(input),
  reservation: (input: ReservationInput) => reservationAnswer(input),
  quota: ({ total, quota }: { total: Quantities; quota: Record<string, { guarantee: Quantities }> }) =>
    quotaAnswer(total, quota),
  filter: (input: FilterInput) => filterAnswer(input),
}

function ourState(theirs: string): TaskState {
  const name = theirs.replace('TASK_', '').toLowerCase()
  return (name === 'gone_by_operator' ? 'goneByOperator' : name) as TaskState
}

function theirState(state: TaskState | undefined): string | null {
  return state === undefined ? null : `TASK_${constantCase(state)}`
}

/** What a framework hears that does not know about partitions. */
function legacyState(state: TaskState | undefined): string | null {
  const hidden: readonly (TaskState | undefined)[] = [
    'gone',
    'unreachable',
    'goneByOperator',
    'unknown',
    'dropped',
  ]
  return hidden.includes(state) ? 'TASK_LOST' : theirState(state)
}

function traceOf(sequence: readonly string[]): unknown {
  let state = ourState(sequence[0]!)
  let freedAt: number | undefined
  const trace = sequence.map((theirs, step) => {
    const { state: next, resources: change } = taskStateAfter(state, ourState(theirs))
    if (change === 'freed') freedAt ??= step
    state = next
    return theirState(state)
  })
  return { trace, resourcesFreedAtStep: freedAt }
}

function streamTrace(events: readonly UpdateEvent[]): readonly unknown[] {
  const stream = new UpdateStream()
  const trace: Record<string, unknown>[] = []
  const resendUntil = (at: number): void => {
    while (stream.resendAtMs !== undefined && stream.resendAtMs / 1000 < at) {
      const due = stream.resendAtMs
      trace.push({ at: due / 1000, send: stream.resend(due)!.uuid })
    }
  }
  for (const { at, update, state, ack } of events) {
    resendUntil(at)
    const nowMs = at * 1000
    const step =
      update === undefined
        ? stream.acknowledge(ack!, nowMs)
        : stream.push({ task: 't', state: ourState(state!), uuid: update, atMs: nowMs }, nowMs)
    if (step.kind === 'send') trace.push({ at, send: step.update.uuid })
    if (step.kind === 'duplicate') trace.push({ at, duplicate: update })
    if (step.kind === 'unexpectedAck') trace.push({ at, unexpectedAck: ack })
    if (step.kind === 'closed') trace.push({ at, streamClosed: true })
  }
  return trace
}

interface ReconcileRow {
  readonly task: string
  readonly latest?: string
  readonly agent?: AgentStanding | 'never-seen' | null
  readonly anyRecovered?: boolean
}

function reconcileRow({ latest, agent, anyRecovered = false }: ReconcileRow): TaskState | undefined {
  return reconciledState({
    latest: latest === undefined ? undefined : ourState(latest),
    agent: agent === 'never-seen' ? 'unknown' : (agent ?? undefined),
    anyRecovered,
  })
}

/** The second at which the pool forgets the framework. */
async function failoverRow({
  failoverTimeout,
  disconnect,
  resubscribe,
  disconnect2,
}: FailoverRow): Promise<unknown> {
  const world = new PoolWorld()
  const subscribe = (): Session =>
    world.pool.subscribe({ name: 'f', id: 'f', roles: ['r'], failoverMs: failoverTimeout * 1000 })
  let session = subscribe()
  const isKnown = (): boolean => world.pool.audit().some(({ framework }) => framework === 'f')
  for (let second = 1; second <= 120; second++) {
    await world.stepAt(second * 1000)
    if (second === disconnect || second === disconnect2) session.disconnect()
    if (!isKnown()) return { removedAt: second }
    if (second === resubscribe) session = subscribe()
  }
  return { removedAt: null }
}

function recoveryRow({ registered, factor, timeout, quota, rejoin }: RecoveryRow): number {
  for (let second = 0; ; second++) {
    const returned = rejoin.filter(at => at <= second).length
    const state = { known: registered, returned, hasQuota: quota, elapsedMs: second * 1000 }
    if (mayOffer(state, { factor, timeoutMs: timeout * 1000 })) return second
  }
}

interface AvailabilityRow {
  readonly now: number
  readonly unavailability: { readonly start?: number; readonly duration?: number } | null
  readonly draining: number
}

const THEIR_REASONS: Readonly<Record<string, NoGrantReason>> = {
  FRAMEWORK_INACTIVE: 'inactive',
  ROLE_SUPPRESSED: 'suppressed',
  AGENT_DEACTIVATED: 'agentInactive',
  OFFER_CONSTRAINT: 'constraints',
  MISSING_CAPABILITY: 'capability',
  NOTHING_AVAILABLE: 'nothingFree',
  RESERVED_FOR_OTHERS: 'reservedForOthers',
  QUOTA_LIMIT: 'limit',
  HELD_FOR_GUARANTEES: 'headroom',
  BELOW_MINIMUM: 'tooSmall',
  FILTERED: 'filtered',
  OFFERED_TO_OTHER: 'outranked',
}

function explainOrder(order: readonly string[], holds: readonly (readonly string[])[]): unknown {
  const codes = order.map(theirs => THEIR_REASONS[theirs]!)
  const { first, also } = firstReason(codes.toReversed().map(code => ({ code })))
  const sorted = [first, ...also].map(each => each?.code)
  if (new Set(codes).size < codes.length || sorted.join() !== codes.join()) throw new Error('another order')
  const theirs = (code: NoGrantReason): string =>
    Object.keys(THEIR_REASONS).find(key => THEIR_REASONS[key] === code)!
  return holds.map(reasons => {
    const { first, also } = firstReason(reasons.map(reason => ({ code: THEIR_REASONS[reason]! })))
    return {
      reason: first === undefined ? null : theirs(first.code),
      also: also.map(({ code }) => theirs(code)),
    }
  })
}

interface ClaimsInput {
  readonly agents: Readonly<Record<string, number>>
  readonly transactions: readonly {
    readonly id: string
    readonly claims: readonly { readonly agent: string; readonly seen: number; readonly cpus: number }[]
  }[]
  readonly modes: readonly { readonly conflict: 'fit' | 'version'; readonly grain: string }[]
}

function claimModes({ agents, transactions, modes }: ClaimsInput): unknown {
  return modes.map(({ conflict, grain }) => {
    const world = new PoolWorld()
    for (const [id, cpus] of Object.entries(agents)) world.agent(id, `cpus:${cpus}`)
    const session = world.pool.subscribe({ name: 'f', roles: [{ role: 'r', suppressed: true }] })
    const view = session.view()
    /** Ours for each of theirs, which count from 1 at every commit. */
    const versions = new Map(Object.keys(agents).map(id => [id, [0, view.agent(id)!.version]]))
    const results = transactions.map(({ id: tx, claims }) => {
      const items = claims.map(({ agent, seen, cpus }) => ({
        agent,
        seenVersion: versions.get(agent)![seen] ?? -1,
        tasks: [{ id: `${tx}-${agent}`, need: { cpus } }],
      }))
      const { committed } = session.claim(items, {
        conflict,
        mode: grain === 'incremental' ? 'incremental' : 'atomic',
      })
      const agentsOf = (taken: boolean): readonly string[] =>
        claims.map(({ agent }) => agent).filter(agent => committed.includes(`${tx}-${agent}`) === taken)
      for (const agent of agentsOf(true)) versions.get(agent)!.push(view.agent(agent)!.version)
      const conflicts = committed.length > 0 ? agentsOf(false) : conflictsOf(world, session, items, conflict)
      return { tx, committed: agentsOf(true), conflicts }
    })
    const free = Object.fromEntries(
      Object.keys(agents).map(id => [id, view.agent(id)!.free.quantities()['cpus'] ?? 0]),
    )
    return { results, free }
  })
}

/** The agents of a claim of which nothing was committed that would be refused by themselves. */
function conflictsOf(
  _world: PoolWorld,
  session: Session,
  items: Parameters<Session['claim']>[0],
  conflict: 'fit' | 'version',
): readonly string[] {
  const { rejected } = session.claim(items, { conflict, mode: 'atomic' })
  const refused = rejected.filter(({ problem }) => problem.code === 'conflict').map(({ task }) => task)
  return items.filter(({ tasks }) => refused.includes(tasks[0]!.id)).map(({ agent }) => agent)
}

interface FieldClaims {
  readonly agent: Quantities
  readonly claims: readonly { readonly by: string; readonly cpus: number }[]
  readonly mode: 'fit'
}

function fieldClaims({ agent, claims, mode }: FieldClaims): unknown {
  const world = new PoolWorld()
  world.pool.agent({ id: 'a', resources: resources(agent) })
  const committed: string[] = []
  const rejected: Record<string, unknown> = {}
  for (const { by, cpus } of claims) {
    const session = world.pool.subscribe({ name: by, roles: [{ role: by, suppressed: true }] })
    const result = session.claim([{ agent: 'a', tasks: [{ id: by, need: { cpus } }] }], { conflict: mode })
    committed.push(...result.committed)
    for (const { task, problem } of result.rejected) {
      const { resource, free, asked } = problem.params!
      rejected[task] = {
        code: problem.code,
        free: { [String(resource)]: free },
        asked: { [String(resource)]: asked },
      }
    }
  }
  return { committed, rejected }
}

interface Scenario {
  readonly agents: number | Readonly<Record<string, Quantities>>
  readonly frameworks?: readonly (string | { readonly id: string; readonly role: string })[]
  readonly roles?: Readonly<Record<string, { readonly limit: Quantities }>>
  readonly offerTimeoutMs?: number
  readonly offersHeldBy?: Readonly<Record<string, string>>
  readonly weight?: Readonly<Record<string, number>>
}

function scenarioAnswer(input: Scenario): unknown {
  if (input.offersHeldBy !== undefined) return weightScenario(input.offersHeldBy, input.weight!)
  if (typeof input.agents === 'number') return silentScenario(input.agents, input.offerTimeoutMs!)
  return input.roles === undefined ? demandScenario(input as DemandScenario) : limitScenario(input)
}

interface DemandScenario {
  readonly agents: Readonly<Record<string, Quantities>>
  readonly frameworks: readonly {
    readonly id: string
    readonly role: string
    readonly used?: Quantities
    readonly demand: readonly { readonly shape: Quantities; readonly count: number }[]
  }[]
}

function demandScenario({ agents, frameworks }: DemandScenario): unknown {
  const allocator = createAllocator()
  for (const [id, amounts] of Object.entries(agents))
    allocator.apply({ type: 'agent', agent: { id, resources: resources(amounts) } })
  for (const { id, role, demand, used } of frameworks) {
    allocator.apply({ type: 'framework', id, roles: [{ role, demand }] })
    if (used === undefined) continue
    allocator.apply({ type: 'agent', agent: { id: `of ${id}`, resources: resources(used) } })
    allocator.apply({ type: 'take', framework: id, role, agent: `of ${id}`, resources: resources(used) })
  }
  return { grants: allocator.run(0).map(({ framework, agent }) => ({ framework, agent })) }
}

function limitScenario({ agents, roles = {}, frameworks = [] }: Scenario): unknown {
  const allocator = createAllocator()
  for (const [role, { limit }] of Object.entries(roles))
    allocator.apply({ type: 'quota', role, quota: { limits: limit } })
  for (const [id, amounts] of Object.entries(agents as Record<string, Quantities>))
    allocator.apply({ type: 'agent', agent: { id, resources: resources(amounts) } })
  for (const framework of frameworks as { id: string; role: string }[])
    allocator.apply({ type: 'framework', id: framework.id, roles: [{ role: framework.role }] })
  allocator.run(0)
  const [top] = Object.keys(roles)
  return { granted: { [top!]: allocator.audit().find(({ path }) => path === top)!.used } }
}

async function silentScenario(agents: number, offerTimeoutMs: number): Promise<unknown> {
  const world = new PoolWorld({ offerTimeoutMs })
  for (let n = 0; n < agents; n++) world.agent(`a${n}`)
  const silent = world.pool.subscribe({ name: 'silent', id: 'silent', roles: ['r'] })
  world.pool.step()
  silent.take()
  const other = world.pool.subscribe({ name: 'other', id: 'other', roles: ['r'] })
  await world.stepAt(30_000)
  const { rescinds } = heard(silent)
  const audit = world.pool.audit().find(({ framework }) => framework === 'silent')!
  return {
    atMs30000: { rescinded: rescinds.length, reason: rescinds[0]?.reason },
    thenOffered: heard(other).offers.length > 0 ? 'other' : undefined,
    audit: { silent: { heldMsMax: audit.heldMsMax } },
  }
}

function weightScenario(
  holders: Readonly<Record<string, string>>,
  weight: Readonly<Record<string, number>>,
): unknown {
  const world = new PoolWorld()
  for (const id of Object.keys(holders)) world.agent(`of ${id}`)
  const sessions = Object.entries(holders).map(([id, role]) =>
    world.pool.subscribe({ name: id, id, roles: [role] }),
  )
  world.pool.step()
  for (const session of sessions) session.take()
  for (const [role, value] of Object.entries(weight)) world.pool.roles.weight(role, value)
  world.pool.step()
  return { rescinded: sessions.flatMap(session => heard(session).rescinds) }
}

interface ReservationInput {
  readonly reserve: {
    readonly role: string
    readonly cpus: number
    readonly principal?: string
    readonly expiresAtMs?: number
  }
  readonly unreserveBy?: string
}

async function reservationAnswer({ reserve, unreserveBy }: ReservationInput): Promise<unknown> {
  const world = new PoolWorld()
  world.agent('a', `cpus:${reserve.cpus}`)
  const { role, principal, cpus, expiresAtMs } = reserve
  const subscribe = (name: string, by?: string): Session =>
    world.pool.subscribe({ name, id: name, roles: [role], ...(by !== undefined && { principal: by }) })
  const owner = subscribe('owner', principal)
  world.pool.step()
  const layer = {
    role,
    ...(principal !== undefined && { principal }),
    ...(expiresAtMs !== undefined && { expiresAtMs: world.env.clock.now() + expiresAtMs }),
  }
  const reserved = resources([{ name: 'cpus', value: cpus, reservations: [layer] }])
  await owner.accept(heard(owner).offers, [{ op: 'reserve', resources: reserved }])
  const view = owner.view()
  const count = (): { reserved: number; free: number } => {
    const { free } = view.agent('a')!
    const all = free.quantities()['cpus'] ?? 0
    const kept = free.reserved().quantities()['cpus'] ?? 0
    return { reserved: kept, free: all - kept }
  }
  if (unreserveBy !== undefined) {
    owner.suppress()
    const other = subscribe('other', unreserveBy)
    world.pool.step()
    const [outcome] = await other.accept(heard(other).offers, [{ op: 'unreserve', resources: reserved }])
    return { error: outcome.problem?.code, reserved: count().reserved }
  }
  await world.env.advance(1_000)
  owner.disconnect()
  await world.stepAt(59_999)
  const before = count()
  await world.stepAt(60_000)
  return { at59999: { reserved: before.reserved }, at60000: count() }
}

function quotaAnswer(total: Quantities, quota: Readonly<Record<string, { guarantee: Quantities }>>): unknown {
  const world = new PoolWorld()
  world.pool.agent({ id: 'a', resources: resources(total) })
  const quotas = Object.fromEntries(
    Object.entries(quota).map(([role, { guarantee }]) => [role, { guarantees: guarantee }]),
  )
  let error: unknown
  try {
    world.pool.roles.quota(quotas)
  } catch (refused) {
    error = (refused as { code?: unknown }).code
  }
  const [warning] = world.pool.roles.quota(quotas, { force: true })
  return { error, force: { accepted: true, warning: warning?.code } }
}

interface FilterInput {
  readonly decline: { readonly refuseMs: number; readonly atMs: number }
  readonly disconnectAtMs: number
  readonly reconnectAtMs: number
  readonly failoverMs: number
}

/** The ms at which the framework is offered again. */
async function filterAnswer({
  decline,
  disconnectAtMs,
  reconnectAtMs,
  failoverMs,
}: FilterInput): Promise<unknown> {
  const world = new PoolWorld()
  world.agent('a')
  const subscribe = (): Session => world.pool.subscribe({ name: 'f', id: 'f', roles: ['r'], failoverMs })
  const first = subscribe()
  world.pool.step()
  first.decline(heard(first).offers, { refuseMs: decline.refuseMs })
  await world.stepAt(disconnectAtMs)
  first.disconnect()
  await world.stepAt(reconnectAtMs)
  const second = subscribe()
  for (const ms of [reconnectAtMs, decline.refuseMs - 1, decline.refuseMs, decline.refuseMs + 1]) {
    await world.stepAt(ms)
    if (heard(second).offers.length > 0) return { offeredAgainAtMs: ms }
  }
  return {}
}
