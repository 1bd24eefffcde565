import type { Random } from '../../../core/index.js'
import { createSeededRandom } from '../../../core/index.js'
import type { FaultPlan } from '../actions/fault-settings.js'
import type { ChoiceSource } from '../choices/choice-source.js'
import { randomChoices } from '../choices/random-choices.js'
import { replayChoices } from '../choices/replay-choices.js'
import type { Execution } from '../setup/execution.js'
import type { Coverage, Planned, Searcher } from './searcher.js'

/** What a guided search is bounded by. */
export interface GuidedBounds {
  readonly seed: number
  readonly executions: number
}

/** An execution that showed something new. */
interface Lead {
  readonly seed: number
  readonly choices: readonly number[]
}

/** One in so many executions is drawn from scratch. */
const FRESH_EVERY = 4

/**
 * Looks where it has found something new, as coverage-guided fuzzers do: choices that led to a pair of steps, or a
 * rest, that was not seen before are kept, and later executions take them up to some place, or change one of them, and
 * go on by chance. Deterministic.
 */
export class GuidedSearch implements Searcher {
  readonly #faults: FaultPlan
  readonly #bounds: GuidedBounds
  readonly #random: Random
  readonly #leads: Lead[] = []
  readonly #seen = new Set<string>()
  #executions = 0

  constructor(faults: FaultPlan, bounds: GuidedBounds) {
    this.#faults = faults
    this.#bounds = bounds
    this.#random = createSeededRandom(bounds.seed).fork('guided')
  }

  get coverage(): Coverage {
    const executions = this.#executions
    const leads = this.#leads
    return {
      isComplete: false,
      text: `${executions} executions, ${leads.length} of which showed something new`,
    }
  }

  next(): Planned | undefined {
    const { seed, executions } = this.#bounds
    if (this.#executions >= executions) return undefined
    const own = seed + this.#executions++
    const chance = randomChoices(own, this.#faults)
    const lead = this.#executions % FRESH_EVERY === 0 ? undefined : this.#lead()
    if (lead === undefined) return { seed: own, source: chance }
    return { seed: lead.seed, source: this.#variant(lead, chance) }
  }

  learn(execution: Execution): void {
    const before = this.#seen.size
    for (const feature of featuresOf(execution)) this.#seen.add(feature)
    if (this.#seen.size > before) this.#leads.push({ seed: execution.seed, choices: execution.choices })
  }

  /** Later leads more often: they go further. */
  #lead(): Lead | undefined {
    const { length } = this.#leads
    return this.#leads[Math.floor(Math.sqrt(this.#random.next()) * length)]
  }

  #variant({ choices }: Lead, chance: ChoiceSource): ChoiceSource {
    const place = Math.floor(this.#random.next() * choices.length)
    const goesOn = this.#random.next() < 0.5
    const known = replayChoices(choices)
    let at = -1
    return {
      choose: actions => {
        at++
        const before = known.choose(actions)
        // Chance is asked each time, so that it does the same however much of it is used.
        const other = chance.choose(actions)
        return at < place || (goesOn && at > place) ? before : other
      },
    }
  }
}

/** Pairs of steps in a row, and the rest that was reached, without numbers. */
function featuresOf({ trace, ending, state }: Execution): readonly string[] {
  const names = trace.map(({ kind, actor, label }) => `${kind} ${actor} ${label}`.replaceAll(/\d+/g, '#'))
  const pairs = names.map((name, index) => `${names[index - 1] ?? ''} > ${name}`)
  return [...pairs, `${ending} ${state.join('\n')}`]
}
