import type { Ledger } from './allocation-ledger.js'
import type { AgentRecord, Client } from './allocation-records.js'
import type { AllocatorRules } from './allocator-options.js'
import type { Vector } from './columns.js'
import { containsVector, timesContained } from './columns.js'
import type { Holding } from './holding.js'
import { countVector } from './holding.js'
import { minimumOf, openDemand } from './subscription.js'

/** The conditions of a grant that look at one client and one agent. Passes and explanations ask the same ones. */
export class Gates {
  readonly #ledger: Ledger
  readonly #rules: AllocatorRules
  readonly #minimum: readonly Vector[]
  readonly #scarce: readonly { readonly name: string; readonly column: number }[]

  constructor(ledger: Ledger, rules: AllocatorRules) {
    this.#ledger = ledger
    this.#rules = rules
    this.#minimum = minimumOf(rules.minAllocatable, ledger.columns)
    this.#scarce = rules.scarce.map(name => ({ name, column: ledger.columns.indexOf(name) }))
  }

  /** Whether all constraints of one group hold. Remembered until the agent's attributes change. */
  satisfiesConstraints(client: Client, agent: AgentRecord): boolean {
    const { constraints, verdicts } = client
    if (constraints === undefined) return true
    const known = verdicts.get(agent)
    if (known !== undefined) return known
    const { attributes } = agent
    const verdict = constraints.some(group => group.evaluate(attributes).length === 0)
    verdicts.set(agent, verdict)
    return verdict
  }

  /** Notes what a framework must be capable of to be offered the agent. */
  classify(agent: AgentRecord): void {
    const { home } = this.#rules
    const counts = countVector(agent.total, this.#ledger.columns)
    const place = agent.spec.topology?.[0]
    agent.remote = home !== undefined && place !== undefined && place !== home
    agent.scarce = this.#scarce.flatMap(({ name, column }) => ((counts[column] ?? 0) > 0 ? [name] : []))
  }

  /** The capability that the framework lacks for this agent: `remote`, or the name of a scarce resource. */
  missingCapability({ framework }: Client, { remote, scarce }: AgentRecord): string | undefined {
    if (remote && !framework.capabilities.has('remote')) return 'remote'
    for (const name of scarce) if (!framework.uses.has(name)) return name
    return undefined
  }

  /** Whether it is worth an offer: all amounts of any alternative, and something that others cannot have too. */
  isAllocatable(client: Client, proposal: Holding): boolean {
    const alternatives = client.minAllocatable ?? this.#minimum
    const counts = countVector(proposal, this.#ledger.columns)
    if (alternatives.length === 0) return counts.some(amount => amount > 0)
    for (const alternative of alternatives) if (containsVector(counts, alternative)) return true
    return false
  }

  /**
   * How many tasks of each line of the demand the proposal could hold, one line after the other; undefined when it
   * holds none that is still open. A client without demand takes anything.
   */
  demandHeld(client: Client, proposal: Holding): readonly number[] | undefined {
    const { demand } = client
    if (demand === undefined) return []
    const left = [...countVector(proposal, this.#ledger.columns)]
    const open = openDemand(client)
    let some = false
    const held = demand.map(({ shape }, line) => {
      const count = Math.min(open[line] as number, timesContained(left, shape))
      if (count > 0) some = true
      for (let column = 0; column < shape.length; column++)
        left[column] = (left[column] ?? 0) - count * (shape[column] as number)
      return count
    })
    return some ? held : undefined
  }
}
