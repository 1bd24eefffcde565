import type { Attributes, Constraint, PortRanges, Reason, ReasonSummary } from '../../core/index.js'
import { compileConstraints, countSiblings, rollUpReasons } from '../../core/index.js'
import type { SiblingView } from '../../core/internal.js'
import { assertKnown, attributeOf, formatConstraint, knownOptions } from '../../core/internal.js'
import type { AgentSpec } from '../allocator/allocator-event.js'
import { attributesOf } from '../allocator/allocator-event.js'
import { isAvailable } from '../pool/availability.js'
import type { Offer } from '../pool/offer.js'
import type { Quantities } from '../resources/quantities.js'
import { minusQuantities } from '../resources/quantities.js'
import { isSpans } from '../resources/resource.js'
import { ResourceSet } from '../resources/resource-set.js'
import { resources } from '../resources/resource-text.js'
import type { Fitness } from './fitness.js'
import { choosePorts } from './port-choice.js'

/** A task that waits to be launched. */
export interface Want {
  readonly id: string
  readonly need: Quantities
  /** Must hold. Those on siblings look at the group. */
  readonly constraints?: readonly Constraint[]
  /** Should hold: half of the score is the part of their weights that does. */
  readonly prefer?: readonly { readonly constraint: Constraint; readonly weight?: number }[]
  /** Ports: a number is that one, 0 any, `null` none. */
  readonly ports?: readonly (number | null)[]
  /** Tasks of one group are each other's siblings. Default: it has none. */
  readonly group?: string
  /** How many tasks the group is to have. Default: those placed and wanted. */
  readonly instances?: number
  /** Higher ones choose first. Default 0. */
  readonly priority?: number
  /** Roles whose offers it may use. Default: all. */
  readonly roles?: readonly string[]
  /** It runs only on what is reserved under these labels. */
  readonly reserved?: Readonly<Record<string, string>>
  /** Ids, hosts or places of agents, nearest level first; see `localityMax`. */
  readonly locality?: readonly (readonly string[])[]
  /** The most distant level that it takes. Default: any place. */
  readonly localityMax?: number
  /** It waits until then, in epoch ms. */
  readonly readyAtMs?: number
}

/** Code of a reason for which a want does not use an offer, in the order in which they are looked at. */
export type NoMatchReason =
  | 'backoff'
  | 'role'
  | 'constraint'
  | 'locality'
  | 'reservation'
  | 'maintenance'
  | 'resource'
  | 'ports'
  | 'scarce'
  | 'full'

/** A want with its place. */
export interface Assignment {
  readonly want: Want
  readonly offer: Offer
  readonly take: ResourceSet
  /** In the order asked. */
  readonly ports: readonly (number | null)[]
  readonly score: number
  /** Level of locality; the number of levels means anywhere else. */
  readonly level: number
}

/** A want without a place, and why, offer by offer. */
export interface Unmatched {
  readonly want: Want
  /** Counted by agent. */
  readonly reasons: ReasonSummary
  /** What would help. */
  readonly helps: readonly string[]
}

/** Which wants go where. */
export interface MatchPlan {
  readonly assign: readonly Assignment[]
  readonly unmatched: readonly Unmatched[]
  /** Offers that no want uses. */
  readonly unused: readonly Offer[]
}

/** Options of {@link matchOffers}. */
export interface MatchOptions {
  /** Tasks that run already, in the order in which they were placed. */
  readonly placed?: readonly { readonly group: string; readonly agent: AgentSpec }[]
  /** How well a task suits an agent. Default: every agent is as good as the next. */
  readonly fitness?: Fitness
  /** An offer that scores so much is taken without looking further. Default: all are looked at. */
  readonly goodEnough?: number
  /** Most tasks on one offer. Default: no bound. */
  readonly perOffer?: number
  /** Now, in epoch ms, for `readyAtMs` and planned absences. Default: neither counts. */
  readonly nowMs?: number
  /** How long before a planned absence nothing is launched. Default 0. */
  readonly drainingMs?: number
  /** Resources that agents are spared for: who does not need one does not use an agent that has it. Default none. */
  readonly scarce?: readonly string[]
  /** Index among the offered ports at which dynamic ones begin. Default 0. */
  readonly portStart?: number
  /** Agents whose values `groupBy` without a number spreads over. Default: those of the offers. */
  readonly agents?: readonly AgentSpec[]
}

const MATCH_OPTIONS = /* @__PURE__ */ knownOptions<MatchOptions>('matchOffers', {
  placed: true,
  fitness: true,
  goodEnough: true,
  perOffer: true,
  nowMs: true,
  drainingMs: true,
  scarce: true,
  portStart: true,
  agents: true,
})

/**
 * Finds places for wants in offers, several to an offer where they fit. Higher priorities choose first; each takes the
 * offer with the best score, or the first of equals. Pure: nothing is accepted.
 *
 * @throws InvalidError for constraints that are not acceptable
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { matchOffers, resources } from 'keelson/offers'
 *
 * const agent = { id: 'a1', resources: resources('cpus:2') }
 * const offers = [{ id: 'o1', agent, role: 'r', resources: agent.resources }]
 * const wants = ['w1', 'w2', 'w3'].map(id => ({ id, need: { cpus: 1 } }))
 * const plan = matchOffers(wants, offers)
 * assert.deepEqual(plan.assign.map(({ want }) => want.id), ['w1', 'w2'])
 * assert.equal(plan.unmatched[0]?.reasons.reasons[0]?.message, 'Insufficient cpus')
 * ```
 */
export function matchOffers(
  wants: readonly Want[],
  offers: readonly Offer[],
  options: MatchOptions = {},
): MatchPlan {
  assertKnown(options, MATCH_OPTIONS)
  return new Matcher(wants, offers, options).run()
}

interface OpenOffer {
  readonly offer: Offer
  readonly attributes: Attributes
  left: ResourceSet
  tasks: number
}

type Fit = Omit<Assignment, 'want' | 'offer'>

class Matcher {
  readonly #wants: readonly Want[]
  readonly #open: readonly OpenOffer[]
  readonly #options: MatchOptions
  readonly #placed: { group: string; attributes: Attributes }[]

  constructor(wants: readonly Want[], offers: readonly Offer[], options: MatchOptions) {
    this.#wants = wants
    this.#options = options
    this.#open = offers.map(offer => ({
      offer,
      attributes: attributesOf(offer.agent),
      left: offer.resources,
      tasks: 0,
    }))
    this.#placed = (options.placed ?? []).map(({ group, agent }) => ({
      group,
      attributes: attributesOf(agent),
    }))
  }

  run(): MatchPlan {
    const assign: Assignment[] = []
    const unmatched: Unmatched[] = []
    const inOrder = this.#wants.map((want, index) => ({ want, index }))
    inOrder.sort((a, b) => (b.want.priority ?? 0) - (a.want.priority ?? 0) || a.index - b.index)
    for (const { want } of inOrder) {
      const { best, rejections } = this.#bestFor(want)
      if (best === undefined) unmatched.push(unmatchedOf(want, rejections))
      else {
        best.open.left = best.open.left.minus(best.fit.take)
        best.open.tasks++
        if (want.group !== undefined)
          this.#placed.push({ group: want.group, attributes: best.open.attributes })
        assign.push({ want, offer: best.open.offer, ...best.fit })
      }
    }
    return {
      assign,
      unmatched,
      unused: this.#open.filter(({ tasks }) => tasks === 0).map(({ offer }) => offer),
    }
  }

  #bestFor(want: Want): {
    best: { open: OpenOffer; fit: Fit } | undefined
    rejections: { node: string; reasons: readonly MatchReason[] }[]
  } {
    const { goodEnough = Number.POSITIVE_INFINITY } = this.#options
    const rejections: { node: string; reasons: readonly MatchReason[] }[] = []
    let best: { open: OpenOffer; fit: Fit } | undefined
    for (const open of this.#open) {
      const fit = this.#fit(want, open)
      if ('code' in fit) rejections.push({ node: open.offer.agent.id, reasons: [fit] })
      else if (best === undefined || fit.score > best.fit.score) best = { open, fit }
      if (best !== undefined && best.fit.score >= goodEnough) break
    }
    return { best, rejections }
  }

  #fit(want: Want, open: OpenOffer): Fit | MatchReason {
    const standing = this.#standing(want, open)
    if (standing !== undefined) return standing
    const { left, offer } = open
    const { agent, role } = offer
    const usable = want.reserved === undefined ? left : reservedUnder(left, want.reserved)
    if (want.reserved !== undefined && usable.isEmpty)
      return { code: 'reservation', message: 'no reservation under its labels' }
    if (
      !isAvailable(
        this.#options.nowMs ?? Number.NEGATIVE_INFINITY,
        agent.unavailability,
        this.#options.drainingMs,
      )
    )
      return { code: 'maintenance', message: 'agent will be unavailable' }
    const taken = usable.take(want.need, role)
    if (taken === undefined) return lacking(usable, want.need)
    const ports = choosePorts(portsOf(usable), want.ports ?? [], this.#options.portStart)
    if (ports === undefined) return { code: 'ports', message: 'Insufficient ports' }
    const spared = (this.#options.scarce ?? []).find(
      name => (agent.resources.quantities()[name] ?? 0) > 0 && (want.need[name] ?? 0) === 0,
    )
    if (spared !== undefined)
      return {
        code: 'scarce',
        message: `agent is spared for who needs ${spared}`,
        params: { resource: spared },
      }
    const take = taken.plus(portSet(usable, ports))
    return { take, ports, score: this.#score(want, open), level: localityOf(want, agent) }
  }

  /** Reasons that do not depend on amounts. */
  #standing(want: Want, { offer, attributes, tasks }: OpenOffer): MatchReason | undefined {
    const { nowMs, perOffer = Number.POSITIVE_INFINITY } = this.#options
    const { readyAtMs, roles, constraints = [], localityMax = Number.POSITIVE_INFINITY } = want
    if (nowMs !== undefined && readyAtMs !== undefined && readyAtMs > nowMs)
      return { code: 'backoff', message: 'waits after a failure', params: { readyAtMs } }
    if (roles !== undefined && !roles.includes(offer.role))
      return { code: 'role', message: 'offered for another role' }
    const view = this.#siblings(want)
    for (const constraint of constraints) {
      const [refused] = compileConstraints([constraint]).evaluate(attributes, view)
      if (refused !== undefined)
        return {
          code: 'constraint',
          message: `did not satisfy ${formatConstraint(constraint)}`,
          params: { attribute: constraint.attribute, cause: refused.code },
        }
    }
    if (localityOf(want, offer.agent) > localityMax)
      return { code: 'locality', message: 'too far from its data' }
    return tasks >= perOffer ? { code: 'full', message: 'enough tasks on this offer' } : undefined
  }

  #siblings({ group, instances }: Want): SiblingView {
    const mine = this.#placed.filter(placed => group !== undefined && placed.group === group)
    const wanted = this.#wants.filter(want => group !== undefined && want.group === group).length
    const { agents = this.#open.map(({ offer }) => offer.agent) } = this.#options
    return {
      instances:
        instances ??
        Math.max(1, (this.#options.placed ?? []).filter(each => each.group === group).length + wanted),
      siblings: attribute => countSiblings(mine.map(({ attributes }) => attributeOf(attributes, attribute))),
      groups: attribute =>
        new Set(agents.flatMap(agent => JSON.stringify(attributeOf(attributesOf(agent), attribute)) ?? []))
          .size,
    }
  }

  #score(want: Want, { offer, attributes, left }: OpenOffer): number {
    const { fitness } = this.#options
    const free = left.quantities()
    const used = minusQuantities(offer.agent.resources.quantities(), free)
    const fit = fitness === undefined ? 0 : fitness({ need: want.need, free, used })
    const { prefer = [] } = want
    if (prefer.length === 0) return fit
    const view = this.#siblings(want)
    let held = 0
    let all = 0
    for (const { constraint, weight = 1 } of prefer) {
      all += weight
      if (compileConstraints([constraint]).evaluate(attributes, view).length === 0) held += weight
    }
    return (fit + held / all) / 2
  }
}

interface MatchReason extends Reason {
  readonly code: NoMatchReason
}

function unmatchedOf(
  want: Want,
  rejections: readonly { node: string; reasons: readonly MatchReason[] }[],
): Unmatched {
  const helps = new Set(rejections.flatMap(({ reasons }) => reasons.flatMap(helpsAgainst)))
  return {
    want,
    reasons: rollUpReasons(rejections),
    helps: rejections.length === 0 ? ['more offers'] : [...helps],
  }
}

function helpsAgainst({ code, params = {} }: MatchReason): readonly string[] {
  switch (code) {
    case 'constraint':
      return params['cause'] === 'SiblingLimit'
        ? [`another value of ${String(params['attribute'])}`, 'stop one first']
        : [`an agent with another ${String(params['attribute'])}`]
    case 'resource':
      return [`an agent with more ${String(params['resource'])}`]
    case 'backoff':
      return ['wait, or reset the backoff']
    case 'locality':
      return ['wait for a nearer offer, or take more distant ones']
    case 'ports':
      return ['other ports']
    default:
      return []
  }
}

function lacking(usable: ResourceSet, need: Quantities): MatchReason {
  const have = usable.quantities()
  const resource =
    Object.keys(need).find(name => (need[name] ?? 0) > (have[name] ?? 0)) ?? Object.keys(need)[0] ?? ''
  const params = { resource, asked: need[resource] ?? 0, offered: have[resource] ?? 0 }
  return { code: 'resource', message: `Insufficient ${resource}`, params }
}

/** The first level that names the agent, its host or a place of it. */
function localityOf({ locality = [] }: Want, { id, host, topology = [] }: AgentSpec): number {
  const at = locality.findIndex(names => [id, host ?? id, ...topology].some(name => names.includes(name)))
  return at < 0 ? locality.length : at
}

function reservedUnder(left: ResourceSet, labels: Readonly<Record<string, string>>): ResourceSet {
  return left.filter(({ reservations = [] }) => {
    const own = reservations.at(-1)?.labels ?? {}
    return reservations.length > 0 && Object.entries(labels).every(([name, value]) => own[name] === value)
  })
}

/** Offered ports: those of a reservation first. */
function portsOf(left: ResourceSet): readonly PortRanges[] {
  const reserved: PortRanges[] = []
  const others: PortRanges[] = []
  for (const { name, value, reservations = [] } of left)
    if (name === 'ports' && typeof value !== 'number' && isSpans(value))
      (reservations.length > 0 ? reserved : others).push(value)
  return [...reserved, ...others]
}

/** The chunks that hold the chosen ports. */
function portSet(left: ResourceSet, ports: readonly (number | null)[]): ResourceSet {
  let set = ResourceSet.empty
  for (const resource of left) {
    const { name, value } = resource
    if (name !== 'ports' || typeof value === 'number' || !isSpans(value)) continue
    const mine = ports.filter(
      port => port !== null && value.some(([first, last]) => port >= first && port <= last),
    )
    if (mine.length > 0)
      set = set.plus(
        resources([{ ...resource, value: mine.map(port => [port as number, port as number] as const) }]),
      )
  }
  return set
}
