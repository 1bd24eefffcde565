import type { Action } from '../actions/action.js'
import { isFault } from '../actions/action.js'
import type { ChoiceSource } from '../choices/choice-source.js'
import { choicesWithout } from '../choices/choices-without.js'
import { replayChoices } from '../choices/replay-choices.js'
import type { Execution } from '../setup/execution.js'

/** Runs it as a source chooses. */
export type Rerun = (source: ChoiceSource) => Promise<Execution>

/** When shrinking ends although it could go on. */
export interface ShrinkLimits {
  readonly runsMax: number
  /** True when it is too late. */
  readonly isOver: () => boolean
}

/** What shrinking came to. */
export interface Shrunk {
  readonly execution: Execution
  readonly runs: number
}

/**
 * Makes a failing execution simpler, as long as the same invariant breaks: first without faults, one after the other
 * and all at once, then with ever fewer deviations from the undisturbed way, then with choices left out, in spans of
 * half the length, a quarter, and so on; last, it looks for another way with fewer faults. Stops when nothing helps any more, or at its limits.
 */
export async function shrink(failing: Execution, rerun: Rerun, limits: ShrinkLimits): Promise<Shrunk> {
  const shrinker = new Shrinker(failing, rerun, limits)
  return await shrinker.run()
}

class Shrinker {
  #best: Execution
  readonly #rerun: Rerun
  readonly #limits: ShrinkLimits
  /** All that was tried: an execution follows from its choices, and what is no simpler than one is no simpler than a simpler one. */
  readonly #tried: Set<string> = new Set()
  #runs = 0

  constructor(failing: Execution, rerun: Rerun, limits: ShrinkLimits) {
    this.#best = failing
    this.#rerun = rerun
    this.#limits = limits
    this.#tried.add(keyOf(failing.choices))
  }

  get #isOver(): boolean {
    return this.#runs >= this.#limits.runsMax || this.#limits.isOver()
  }

  async run(): Promise<Shrunk> {
    let size: string
    do {
      do {
        size = sizeOf(this.#best).join()
        await this.#without(faultsOf, places => this.#leftOut(places))
        await this.#without(deviationsOf, async () => false)
        await this.#leaveOut()
        await this.#lower()
      } while (sizeOf(this.#best).join() !== size && !this.#isOver)
    } while (await this.#fromScratch())
    return { execution: this.#best, runs: this.#runs }
  }

  /**
   * Sets choices back to the first action: spans of those that `pick` finds, halved down to single ones. Where that
   * does not help, `otherwise` may try.
   */
  async #without(
    pick: (execution: Execution) => readonly number[],
    otherwise: (places: ReadonlySet<number>) => Promise<boolean>,
  ): Promise<void> {
    for (let span = pick(this.#best).length; span >= 1; span = Math.floor(span / 2)) {
      for (let start = 0; start < pick(this.#best).length; ) {
        const places = new Set(pick(this.#best).slice(start, start + span))
        const kept = await this.#attempt(
          this.#best.choices.map((choice, at) => (places.has(at) ? 0 : choice)),
        )
        if (!kept && !(await otherwise(places))) start += span
      }
    }
  }

  async #leftOut(places: ReadonlySet<number>): Promise<boolean> {
    for (const when of ['then', 'soon'] as const) {
      const key = `${when} without ${[...places].join()} of ${keyOf(this.#best.choices)}`
      if (await this.#attemptWith(choicesWithout(this.#best, places, when), key)) return true
    }
    return false
  }

  /**
   * What is left may need all of its faults, and another way to the same violation fewer: so everything that can be done
   * otherwise in an undisturbed execution is tried once, first what is no fault, then faults of the kinds that are left.
   */
  async #fromScratch(): Promise<boolean> {
    const kinds = new Set(this.#best.trace.flatMap(({ kind, isFault: is }) => (is ? [kind] : [])))
    const count = faultsOf(this.#best).length
    if (count === 0 || this.#isOver) return false
    const ending = this.#best.choices[0] ?? 0
    const offers: Pick<Action, 'kind'>[][] = []
    this.#runs++
    await this.#rerun(recording(ending, offers))
    for (const tried of count === 1 ? ['turns'] : ['turns', 'faults'])
      for (const [at, actions] of offers.entries())
        for (const [index, action] of actions.entries()) {
          const isTried = tried === 'turns' ? !isFault(action) : kinds.has(action.kind)
          if (at === 0 || index === 0 || !isTried) continue
          const before = Array.from({ length: at }, (_, place) => (place === 0 ? ending : 0))
          if (await this.#attempt([...before, index])) return true
        }
    return false
  }

  async #leaveOut(): Promise<void> {
    for (let span = deviatingLength(this.#best); span >= 1; span >>= 1) {
      for (let start = 0; start < deviatingLength(this.#best); ) {
        const { choices } = this.#best
        const kept = await this.#attempt([...choices.slice(0, start), ...choices.slice(start + span)])
        if (!kept) start += span
      }
    }
  }

  async #lower(): Promise<void> {
    for (const at of deviationsOf(this.#best)) {
      for (let value = 1; value < (this.#best.choices[at] ?? 0); value++) {
        if (await this.#attempt(this.#best.choices.map((choice, index) => (index === at ? value : choice))))
          break
      }
    }
  }

  #attempt(choices: readonly number[]): Promise<boolean> {
    return this.#attemptWith(replayChoices(choices), keyOf(choices))
  }

  async #attemptWith(source: ChoiceSource, key: string): Promise<boolean> {
    if (this.#isOver || this.#tried.has(key)) return false
    this.#runs++
    const execution = await this.#rerun(source)
    this.#tried.add(key).add(keyOf(execution.choices))
    const isSame = execution.violation?.invariant === this.#best.violation?.invariant
    if (!isSame || !isSmaller(execution, this.#best)) return false
    this.#best = execution
    return true
  }
}

/** The same for choices that come to the same: after the last that is not a first one, only first ones are made. */
function keyOf(choices: readonly number[]): string {
  return choices.slice(0, choices.findLastIndex(choice => choice !== 0) + 1).join()
}

/** Goes the undisturbed way to this ending, and notes what else could have been done. */
function recording(ending: number, offers: Pick<Action, 'kind'>[][]): ChoiceSource {
  return {
    choose: actions => {
      offers.push(actions.all().map(({ kind }) => ({ kind })))
      return offers.length === 1 ? ending : 0
    },
  }
}

function faultsOf({ choices, chosenSteps, trace }: Execution): readonly number[] {
  return indexesOf(choices, at => trace[chosenSteps[at] ?? -1]?.isFault === true)
}

function deviationsOf({ choices }: Execution): readonly number[] {
  return indexesOf(choices, at => choices[at] !== 0)
}

/** Choices up to the last that is not a first one. */
function deviatingLength(execution: Execution): number {
  return (deviationsOf(execution).at(-1) ?? -1) + 1
}

function indexesOf(choices: readonly number[], holds: (at: number) => boolean): readonly number[] {
  return choices.flatMap((_choice, at) => (holds(at) ? [at] : []))
}

/** Fewer faults count most, then fewer steps, then fewer deviations, then lower ones. */
function sizeOf(execution: Execution): readonly number[] {
  const { trace, choices } = execution
  return [
    trace.filter(({ isFault }) => isFault).length,
    trace.length,
    deviationsOf(execution).length,
    choices.reduce((sum, choice) => sum + choice, 0),
  ]
}

function isSmaller(execution: Execution, than: Execution): boolean {
  const sizes = sizeOf(execution)
  const others = sizeOf(than)
  const at = sizes.findIndex((size, index) => size !== others[index])
  return at !== -1 && (sizes[at] as number) < (others[at] as number)
}
