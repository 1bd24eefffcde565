import type { Cancel } from '../../core/index.js'
import type { OwnedOffer } from './offer.js'

/** An offer that is out, and how to call off its expiry. */
export interface OpenOffer {
  readonly offer: OwnedOffer
  readonly sinceMs: number
  readonly callOff: Cancel
}

/** Offers that are out, found by id, framework and agent. */
export class OfferBook {
  readonly offers: Map<string, OwnedOffer> = new Map()
  readonly #open = new Map<string, OpenOffer>()
  readonly #byFramework = new Map<string, Set<string>>()
  readonly #byAgent = new Map<string, Set<string>>()

  add(open: OpenOffer): void {
    const { offer } = open
    this.offers.set(offer.id, offer)
    this.#open.set(offer.id, open)
    idsOf(this.#byFramework, offer.framework).add(offer.id)
    idsOf(this.#byAgent, offer.agent.id).add(offer.id)
  }

  /** Takes an offer out of the book; undefined when it is not in it. */
  remove(id: string): OpenOffer | undefined {
    const open = this.#open.get(id)
    if (open === undefined) return undefined
    open.callOff()
    this.offers.delete(id)
    this.#open.delete(id)
    drop(this.#byFramework, open.offer.framework, id)
    drop(this.#byAgent, open.offer.agent.id, id)
    return open
  }

  get(id: string): OpenOffer | undefined {
    return this.#open.get(id)
  }

  ofFramework(framework: string): readonly OwnedOffer[] {
    return this.#list(this.#byFramework.get(framework))
  }

  ofAgent(agent: string): readonly OwnedOffer[] {
    return this.#list(this.#byAgent.get(agent))
  }

  countOf(framework: string): number {
    return this.#byFramework.get(framework)?.size ?? 0
  }

  #list(ids: ReadonlySet<string> = new Set()): readonly OwnedOffer[] {
    return [...ids].flatMap(id => this.offers.get(id) ?? [])
  }
}

function idsOf(table: Map<string, Set<string>>, key: string): Set<string> {
  const known = table.get(key)
  if (known !== undefined) return known
  const made = new Set<string>()
  table.set(key, made)
  return made
}

function drop(table: Map<string, Set<string>>, key: string, id: string): void {
  const ids = table.get(key)
  ids?.delete(id)
  if (ids?.size === 0) table.delete(key)
}
