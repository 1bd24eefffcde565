import type { ReasonSummary } from '../../core/index.js'
import { rollUpReasons } from '../../core/index.js'
import type { Quantities } from '../resources/quantities.js'
import type { Ledger } from './allocation-ledger.js'
import type { AgentRecord, Client } from './allocation-records.js'
import type { Vector } from './columns.js'
import { containsVector } from './columns.js'
import type { FilterTable } from './filter-table.js'
import type { Gates } from './grant-gates.js'
import type { Holding } from './holding.js'
import { countVector } from './holding.js'
import type { NoGrant, NoGrantReason } from './no-grant-reason.js'
import { firstReason, helpAgainst } from './no-grant-reason.js'
import { propose, spareOf } from './proposal.js'
import { isWanting } from './subscription.js'

/** Who asks why it gets nothing. */
export interface ExplainQuery {
  readonly framework: string
  /** Default: all its roles; the best verdict of each agent counts. */
  readonly role?: string
  /** Something particular that it needs on one agent. Default: anything that would be offered. */
  readonly need?: Quantities
}

/** Why one agent is not offered. */
export interface AgentVerdict {
  readonly reason: NoGrant
  /** What stands in the way besides. */
  readonly also: readonly NoGrant[]
  /** When a filter is over by itself. */
  readonly untilMs?: number
}

/** Why a framework gets nothing, or that it would get something. Plain data. */
export interface Explanation {
  /** `wouldGrant`, or the most frequent reason. */
  readonly verdict: 'wouldGrant' | NoGrantReason
  /** Agents that are not offered, by id. */
  readonly perAgent: ReadonlyMap<string, AgentVerdict>
  /** First reasons, counted; `renderReasons` makes a sentence of it. */
  readonly summary: ReasonSummary
  /** Who is more entitled at the moment, most entitled first, at most 10. */
  readonly ahead: readonly {
    readonly path: string
    readonly share: number
    readonly dominant: string | undefined
  }[]
  /** What would change the verdict, most frequent reason first. */
  readonly helps: readonly string[]
}

interface ExplainParts {
  readonly ledger: Ledger
  readonly gates: Gates
  readonly filters: FilterTable
}

interface Looked {
  readonly parts: ExplainParts
  readonly client: Client
  readonly need: Vector | undefined
}

const AHEAD_MAX = 10

/** Evaluates the gates of a pass for one framework, on every agent. Changes nothing. */
export function explainGrants(parts: ExplainParts, query: ExplainQuery): Explanation {
  const { ledger } = parts
  const { framework, role, need } = query
  const clients =
    role === undefined
      ? [...ledger.frameworkOf(framework).clients.values()]
      : [ledger.clientOf(framework, role)]
  ledger.tree.settle()
  const wanted = need === undefined ? undefined : ledger.columns.vectorOfQuantities(need)
  const perAgent = new Map<string, AgentVerdict>()
  for (const agent of ledger.agents.values()) {
    const verdicts = clients.map(client => verdictOf({ parts, client, need: wanted }, agent))
    if (verdicts.length > 0 && verdicts.includes(undefined)) continue
    perAgent.set(agent.spec.id, bestOf(verdicts))
  }
  return explanationOf(ledger, clients, perAgent)
}

function explanationOf(
  ledger: Ledger,
  clients: readonly Client[],
  perAgent: ReadonlyMap<string, AgentVerdict>,
): Explanation {
  const rejections = [...perAgent].map(([node, { reason }]) => ({ node, reasons: [reason] }))
  const summary = rollUpReasons(rejections, { total: ledger.agents.size })
  const reasons = summary.reasons as readonly (NoGrant & { count: number })[]
  const would = perAgent.size < ledger.agents.size
  const helps = reasons.flatMap(reason => helpAgainst(reason) ?? [])
  return {
    verdict: would ? 'wouldGrant' : (reasons[0]?.code ?? 'noAgents'),
    perAgent,
    summary,
    ahead: aheadOf(ledger, clients),
    helps: ledger.agents.size === 0 ? ['add agents'] : [...new Set(helps)],
  }
}

/** Undefined: it would be offered. */
function verdictOf(looked: Looked, agent: AgentRecord): AgentVerdict | undefined {
  const { client, parts } = looked
  const reasons = [...standing(client, agent, parts.gates), ...amounts(looked, agent)]
  const { first, also } = firstReason(reasons)
  if (first === undefined) return outranked(looked, agent)
  const untilMs = first.params?.['untilMs']
  return { reason: first, also, ...(typeof untilMs === 'number' && { untilMs }) }
}

/** Reasons that have nothing to do with amounts. */
function standing(client: Client, agent: AgentRecord, gates: Gates): NoGrant[] {
  const reasons: NoGrant[] = []
  const { framework, subscribed, suppressed, demand } = client
  if (!framework.active || !subscribed)
    reasons.push({ code: 'inactive', message: 'framework is not connected' })
  if (suppressed) reasons.push({ code: 'suppressed', message: 'role is suppressed' })
  else if (demand?.length === 0) reasons.push({ code: 'suppressed', message: 'framework asks for nothing' })
  if (!agent.active) reasons.push({ code: 'agentInactive', message: 'agent is deactivated' })
  if (!gates.satisfiesConstraints(client, agent))
    reasons.push({ code: 'constraints', message: 'agent does not satisfy the constraints' })
  const missing = gates.missingCapability(client, agent)
  if (missing !== undefined)
    reasons.push({ code: 'capability', message: `framework lacks ${missing}`, params: { missing } })
  return reasons
}

/** Reasons in what is free, and in what of it the client may have. */
function amounts(looked: Looked, agent: AgentRecord): NoGrant[] {
  const { client, parts, need } = looked
  const { ledger, gates, filters } = parts
  if (agent.isExhausted) return [{ code: 'nothingFree', message: 'nothing is free' }]
  const proposal = propose(ledger, client, agent, 'share')
  const bounds = boundsOf(looked, agent)
  if (proposal === undefined)
    return bounds.length > 0
      ? bounds
      : [{ code: 'reservedForOthers', message: 'what is free is reserved for others' }]
  const reasons: NoGrant[] = []
  const counts = countVector(proposal, ledger.columns)
  if (!gates.isAllocatable(client, proposal))
    reasons.push(...bounds, { code: 'tooSmall', message: 'what is left is smaller than the minimum' })
  if (need !== undefined && !containsVector(counts, need))
    reasons.push(...bounds, lacking(ledger, counts, need))
  if (gates.demandHeld(client, proposal) === undefined && (client.demand?.length ?? 0) > 0)
    reasons.push({ code: 'doesNotFitDemand', message: 'no task that is asked for fits' })
  const filter = filters.refusalOf(agent, client, copyOf(proposal))
  if (filter !== undefined) reasons.push(filteredBy(filter.untilMs))
  return reasons
}

/** Limits and headroom that leave less than what is free. */
function boundsOf({ client, parts }: Looked, agent: AgentRecord): NoGrant[] {
  const { ledger } = parts
  const { quota, columns } = ledger
  const reasons: NoGrant[] = []
  for (const [column, amount] of agent.free.entries()) {
    if (amount <= 0) continue
    const resource = columns.names[column] as string
    const at = quota.exhaustedAt(client.role.quota, column)
    if (at !== undefined)
      reasons.push({
        code: 'limit',
        message: `limit of ${at.path} on ${resource} is reached`,
        params: { role: at.path, resource },
      })
    if (spareOf(ledger, column) <= 0)
      reasons.push({ code: 'headroom', message: `${resource} is held for guarantees`, params: { resource } })
  }
  return reasons
}

function lacking({ columns }: Ledger, counts: Vector, need: Vector): NoGrant {
  const column = need.findIndex((amount, index) => amount > (counts[index] ?? 0))
  const resource = columns.names[column] as string
  const params = { resource, asked: (need[column] as number) / 1000, offered: (counts[column] ?? 0) / 1000 }
  return { code: 'doesNotFit', message: `Insufficient ${resource}`, params }
}

function filteredBy(untilMs: number): NoGrant {
  const message = 'declined before'
  return untilMs === Number.POSITIVE_INFINITY
    ? { code: 'filtered', message, params: { until: 'changed' } }
    : { code: 'filtered', message, params: { untilMs } }
}

/** Whether somebody more entitled passes the gates at the agent, so that the next pass gives it to them. */
function outranked({ parts, client }: Looked, agent: AgentRecord): AgentVerdict | undefined {
  let ahead: Client | undefined
  parts.ledger.tree.walk(leaf => {
    const other = leaf.payload as Client
    if (other === client) return 'stop'
    if (!passes(parts, other, agent)) return 'next'
    ahead = other
    return 'stop'
  })
  if (ahead === undefined) return undefined
  const framework = ahead.framework.id
  const reason: NoGrant = { code: 'outranked', message: 'others are more entitled', params: { framework } }
  return { reason, also: [] }
}

function passes({ ledger, gates, filters }: ExplainParts, client: Client, agent: AgentRecord): boolean {
  if (!isWanting(client) || agent.isBlocked(client) || !gates.satisfiesConstraints(client, agent))
    return false
  if (gates.missingCapability(client, agent) !== undefined) return false
  const proposal = propose(ledger, client, agent, 'share')
  if (proposal === undefined || !gates.isAllocatable(client, proposal)) return false
  return gates.demandHeld(client, proposal) !== undefined && !filters.refuses(agent, client, proposal)
}

/** Of several roles the verdict that is nearest to a grant. */
function bestOf(verdicts: readonly (AgentVerdict | undefined)[]): AgentVerdict {
  const known = verdicts.filter(verdict => verdict !== undefined)
  const reasons = known.map(({ reason, also, untilMs }) => ({ ...reason, code: reason.code, also, untilMs }))
  const { first, also } = firstReason(reasons)
  const best = also.at(-1) ?? first
  return known.find(({ reason }) => reason.code === best?.code) ?? { reason: NO_ROLE, also: [] }
}

const NO_ROLE: NoGrant = { code: 'inactive', message: 'framework has no role' }

function aheadOf(ledger: Ledger, clients: readonly Client[]): Explanation['ahead'] {
  const ahead: Explanation['ahead'][number][] = []
  ledger.tree.walk(leaf => {
    const client = leaf.payload as Client
    if (clients.includes(client) || ahead.length === AHEAD_MAX) return 'stop'
    const path = `${client.role.path}/${client.framework.id}`
    ahead.push({ path, share: leaf.share, dominant: ledger.columns.names[leaf.dominant] })
    return 'next'
  })
  return ahead
}

function copyOf({ plain, special }: Holding): Holding {
  return { plain: [...plain], special }
}
