import type { ReasonSummary } from '../../core/index.js'
import { rollUpRefused } from '../../core/internal.js'
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
import type { Stage } from './proposal.js'
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
  const explainers = clients.map(client => new ClientExplainer(parts, client, wanted))
  const [only] = explainers.length === 1 ? explainers : []
  const perAgent = new Map<string, AgentVerdict>()
  for (const agent of ledger.agents.values()) {
    if (only !== undefined) {
      const verdict = only.verdict(agent)
      if (verdict !== undefined) perAgent.set(agent.spec.id, verdict)
      continue
    }
    const verdicts = explainers.map(explainer => explainer.verdict(agent))
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
  const summary = rollUpRefused(refusedBy(perAgent), { total: ledger.agents.size })
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

/** Agents by the first reason, which most of them share. */
function refusedBy(perAgent: ReadonlyMap<string, AgentVerdict>): ReadonlyMap<NoGrant, readonly string[]> {
  const refused = new Map<NoGrant, string[]>()
  let last: NoGrant | undefined
  let agents: string[] = []
  for (const [agent, { reason }] of perAgent) {
    if (reason !== last) {
      last = reason
      agents = refused.get(reason) ?? []
      refused.set(reason, agents)
    }
    agents.push(agent)
  }
  return refused
}

/** Looks at agents for one client. Verdicts that say the same are the same object. */
class ClientExplainer {
  readonly #parts: ExplainParts
  readonly #client: Client
  readonly #need: Vector | undefined
  /** What is in the way at every agent. */
  readonly #everywhere: readonly NoGrant[]
  readonly #outranked = new Map<Client, AgentVerdict>()
  readonly #filtered = new Map<number, NoGrant>()
  readonly #single = new Map<NoGrant, AgentVerdict>()
  /** Of the agent that is looked at. */
  readonly #reasons: NoGrant[] = []
  #stage: Stage | undefined

  constructor(parts: ExplainParts, client: Client, need: Vector | undefined) {
    this.#parts = parts
    this.#client = client
    this.#need = need
    this.#everywhere = standingOf(client)
  }

  /** Undefined: it would be offered. */
  verdict(agent: AgentRecord): AgentVerdict | undefined {
    const reasons = this.#reasons
    // Not always: setting a length is slow, and most agents have none.
    if (reasons.length > 0) reasons.length = 0
    for (const reason of this.#everywhere) reasons.push(reason)
    this.#addPlace(agent, reasons)
    this.#addAmounts(agent, reasons)
    if (reasons.length === 0) return this.#outrankedAt(agent)
    const [only, second] = reasons
    const known = second === undefined && only !== undefined ? this.#single.get(only) : undefined
    if (known !== undefined) return known
    const { first, also } = firstReason(reasons)
    const reason = first as NoGrant
    const untilMs = reason.params?.['untilMs']
    const verdict = { reason, also, ...(typeof untilMs === 'number' && { untilMs }) }
    if (second === undefined) this.#single.set(reason, verdict)
    return verdict
  }

  #addPlace(agent: AgentRecord, reasons: NoGrant[]): void {
    const { gates } = this.#parts
    if (!agent.active) reasons.push(INACTIVE)
    if (!gates.satisfiesConstraints(this.#client, agent)) reasons.push(CONSTRAINTS)
    const missing = gates.missingCapability(this.#client, agent)
    if (missing !== undefined)
      reasons.push({ code: 'capability', message: `framework lacks ${missing}`, params: { missing } })
  }

  /** Reasons in what is free, and in what of it the client may have. */
  #addAmounts(agent: AgentRecord, reasons: NoGrant[]): void {
    const { ledger, gates, filters } = this.#parts
    const client = this.#client
    if (agent.isExhausted) return void reasons.push(NOTHING_FREE)
    const proposed = proposalOf(ledger, client, agent)
    this.#stage = proposed?.stage
    const proposal = proposed?.holding
    if (proposal === undefined) {
      const bounds = this.#boundsOf(agent)
      return void reasons.push(...(bounds.length > 0 ? bounds : [RESERVED]))
    }
    if (!gates.isAllocatable(client, proposal)) reasons.push(...this.#boundsOf(agent), TOO_SMALL)
    if (this.#need !== undefined) {
      const counts = countVector(proposal, ledger.columns)
      if (!containsVector(counts, this.#need))
        reasons.push(...this.#boundsOf(agent), lacking(ledger, counts, this.#need))
    }
    if (
      client.demand !== undefined &&
      client.demand.length > 0 &&
      gates.demandHeld(client, proposal) === undefined
    )
      reasons.push(NO_DEMAND_FITS)
    if (!agent.filters.has(client)) return
    const filter = filters.refusalOf(agent, client, proposal)
    if (filter !== undefined) reasons.push(this.#filteredUntil(filter.untilMs))
  }

  /** In the stage in which the client would be served, and in those before it. */
  #aheadAt(agent: AgentRecord): Client | undefined {
    const { ledger } = this.#parts
    const own = this.#stage
    for (const stage of STAGES) {
      let ahead: Client | undefined
      if (stage === 'share' || ledger.quota.hasUnmet)
        ledger.tree.walk(leaf => {
          const other = leaf.payload as Client
          if (other === this.#client) return stage === own ? 'stop' : 'next'
          if (!passes(this.#parts, { client: other, stage }, agent)) return 'next'
          ahead = other
          return 'stop'
        })
      if (ahead !== undefined || stage === own) return ahead
    }
    return undefined
  }

  #filteredUntil(untilMs: number): NoGrant {
    const known = this.#filtered.get(untilMs) ?? filteredBy(untilMs)
    this.#filtered.set(untilMs, known)
    return known
  }

  /** Limits and headroom that leave less than what is free. */
  #boundsOf(agent: AgentRecord): NoGrant[] {
    const { ledger } = this.#parts
    const { quota, columns } = ledger
    const reasons: NoGrant[] = []
    for (const [column, amount] of agent.free.entries()) {
      if (amount <= 0) continue
      const resource = columns.names[column] as string
      const at = quota.exhaustedAt(this.#client.role.quota, column)
      if (at !== undefined)
        reasons.push({
          code: 'limit',
          message: `limit of ${at.path} on ${resource} is reached`,
          params: { role: at.path, resource },
        })
      if (spareOf(ledger, column) <= 0)
        reasons.push({
          code: 'headroom',
          message: `${resource} is held for guarantees`,
          params: { resource },
        })
    }
    return reasons
  }

  /** Whether somebody more entitled passes the gates at the agent, so that the next pass gives it to them. */
  #outrankedAt(agent: AgentRecord): AgentVerdict | undefined {
    const ahead = this.#aheadAt(agent)
    if (ahead === undefined) return undefined
    const known = this.#outranked.get(ahead)
    if (known !== undefined) return known
    const params = { framework: ahead.framework.id }
    const reason: NoGrant = { code: 'outranked', message: 'others are more entitled', params }
    const verdict = { reason, also: [] }
    this.#outranked.set(ahead, verdict)
    return verdict
  }
}

/** What a client may have as a guarantee, which comes first, or else as its share. Valid until the next call. */
function proposalOf(
  ledger: Ledger,
  client: Client,
  agent: AgentRecord,
): { readonly holding: Holding; readonly stage: Stage } | undefined {
  for (const stage of STAGES) {
    if (stage === 'guarantee' && !ledger.quota.hasUnmet) continue
    const holding = propose(ledger, client, agent, stage)
    if (holding !== undefined) return { holding, stage }
  }
  return undefined
}

const STAGES: readonly Stage[] = ['guarantee', 'share']
const INACTIVE: NoGrant = { code: 'agentInactive', message: 'agent is deactivated' }
const CONSTRAINTS: NoGrant = { code: 'constraints', message: 'agent does not satisfy the constraints' }
const NOTHING_FREE: NoGrant = { code: 'nothingFree', message: 'nothing is free' }
const RESERVED: NoGrant = { code: 'reservedForOthers', message: 'what is free is reserved for others' }
const TOO_SMALL: NoGrant = { code: 'tooSmall', message: 'what is left is smaller than the minimum' }
const NO_DEMAND_FITS: NoGrant = { code: 'doesNotFitDemand', message: 'no task that is asked for fits' }

/** Reasons that have nothing to do with agents. */
function standingOf({ framework, subscribed, suppressed, demand }: Client): readonly NoGrant[] {
  const reasons: NoGrant[] = []
  if (!framework.active || !subscribed)
    reasons.push({ code: 'inactive', message: 'framework is not connected' })
  if (suppressed) reasons.push({ code: 'suppressed', message: 'role is suppressed' })
  else if (demand?.length === 0) reasons.push({ code: 'suppressed', message: 'framework asks for nothing' })
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

function passes(
  { ledger, gates, filters }: ExplainParts,
  { client, stage }: { readonly client: Client; readonly stage: Stage },
  agent: AgentRecord,
): boolean {
  if (!isWanting(client) || agent.isBlocked(client) || !gates.satisfiesConstraints(client, agent))
    return false
  if (gates.missingCapability(client, agent) !== undefined) return false
  const proposal = propose(ledger, client, agent, stage)
  if (proposal === undefined || !gates.isAllocatable(client, proposal)) return false
  if (gates.demandHeld(client, proposal) === undefined) return false
  return !agent.filters.has(client) || !filters.refuses(agent, client, proposal)
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
