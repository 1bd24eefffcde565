import type { AgentRecord } from './allocation-records.js'
import type { Vector } from './columns.js'
import { containsVector } from './columns.js'

/** Most vectors that are remembered; the oldest gives way. */
const VECTORS_MAX = 16

/**
 * What nobody could be given during one stage of a pass. Whatever a grant changes leaves less room for the rest of
 * the stage, so an agent that has no more free than one that gave nothing will give nothing either.
 *
 * Only for agents without special resources, and remembered only of those without filters, so that nothing but the
 * amounts decided; the pass does not ask when some client has constraints.
 */
export class BarrenAgents {
  readonly #vectors = new Map<string, Vector[]>()

  add(agent: AgentRecord): void {
    if (agent.filters.size > 0 || !agent.freeSpecial.isEmpty) return
    const key = classOf(agent)
    const vectors = this.#vectors.get(key) ?? []
    this.#vectors.set(key, [[...agent.free], ...vectors].slice(0, VECTORS_MAX))
  }

  has(agent: AgentRecord): boolean {
    if (this.#vectors.size === 0 || !agent.freeSpecial.isEmpty) return false
    return this.#vectors.get(classOf(agent))?.some(vector => containsVector(vector, agent.free)) === true
  }
}

/** Agents of one class ask the same capabilities of a framework. */
function classOf({ remote, scarce }: AgentRecord): string {
  return remote || scarce.length > 0 ? `${remote} ${scarce.join(' ')}` : ''
}
