import type { ChoiceSource } from '../choices/choice-source.js'
import { choicesWithout } from '../choices/choices-without.js'
import { replayChoices } from '../choices/replay-choices.js'
import type { Execution } from '../setup/execution.js'

/** Runs it as a source chooses. */
export type Rerun = (source: ChoiceSource) => Promise<Execution>

/** What shrinking came to. */
export interface Shrunk {
  readonly execution: Execution
  readonly runs: number
}

/**
 * Makes a failing execution simpler, as long as the same invariant breaks: first without faults, one after the other
 * and all at once, then with ever fewer deviations from the undisturbed way, then with choices left out, in spans of
 * half the length, a quarter, and so on. Stops when nothing helps any more, or after `runsMax` runs.
 */
export async function shrink(failing: Execution, rerun: Rerun, runsMax: number): Promise<Shrunk> {
  const shrinker = new Shrinker(failing, rerun, runsMax)
  return await shrinker.run()
}

class Shrinker {
  #best: Execution
  readonly #rerun: Rerun
  readonly #runsMax: number
  #runs = 0

  constructor(failing: Execution, rerun: Rerun, runsMax: number) {
    this.#best = failing
    this.#rerun = rerun
    this.#runsMax = runsMax
  }

  async run(): Promise<Shrunk> {
    let size: string
    do {
      size = sizeOf(this.#best).join()
      await this.#without(faultsOf, places => this.#leftOut(places))
      await this.#without(deviationsOf, async () => false)
      await this.#leaveOut()
      await this.#lower()
    } while (sizeOf(this.#best).join() !== size && this.#runs < this.#runsMax)
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
    if (await this.#attemptWith(choicesWithout(this.#best, places, 'then'))) return true
    return await this.#attemptWith(choicesWithout(this.#best, places, 'soon'))
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
    return this.#attemptWith(replayChoices(choices))
  }

  async #attemptWith(source: ChoiceSource): Promise<boolean> {
    if (this.#runs >= this.#runsMax) return false
    this.#runs++
    const execution = await this.#rerun(source)
    const isSame = execution.violation?.invariant === this.#best.violation?.invariant
    if (!isSame || !isSmaller(execution, this.#best)) return false
    this.#best = execution
    return true
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
