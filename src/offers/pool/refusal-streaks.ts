import type { Backoff } from '../../core/internal.js'
import { backoffMs } from '../../core/internal.js'
import { REFUSE_MS_DEFAULT } from './refusal.js'

/** How long refusals that follow one another hold. */
const STREAK: Backoff = { baseMs: REFUSE_MS_DEFAULT, maxMs: 600_000 }

/** What a framework was offered, and did not want. */
export interface RefusedOffer {
  readonly agent: string
  readonly role: string
}

interface Streak {
  refusals: number
  atMs: number
}

/** How often in a row a framework has refused what it was offered, by agent and role. */
export class RefusalStreaks {
  readonly #byAgent = new Map<string, Map<string, Streak>>()

  /** One more refusal; for how long it holds, in ms. Offers that are refused at one moment are refused once. */
  refused({ agent, role }: RefusedOffer, nowMs: number): number {
    const ofAgent = this.#byAgent.get(agent) ?? new Map<string, Streak>()
    this.#byAgent.set(agent, ofAgent)
    const { refusals, atMs } = ofAgent.get(role) ?? { refusals: 0, atMs: Number.NEGATIVE_INFINITY }
    const streak = { refusals: atMs === nowMs ? refusals : refusals + 1, atMs: nowMs }
    ofAgent.set(role, streak)
    return backoffMs(STREAK, streak.refusals)
  }

  /** The framework uses the agent, or the agent is gone: the next refusal of it is the first again. */
  forgetAgent(agent: string): void {
    this.#byAgent.delete(agent)
  }

  /** Refusals of these roles are taken back; of all roles where none is named. */
  forgetRoles(roles: readonly string[]): void {
    if (roles.length === 0) return this.#byAgent.clear()
    for (const ofAgent of this.#byAgent.values()) for (const role of roles) ofAgent.delete(role)
  }
}
