import { UsageError } from '../../../core/index.js'
import type { FaultKind } from '../actions/faults/faults.js'
import type { Execution } from '../setup/execution.js'
import { isOfProcess } from '../world/action-of.js'

/** What has happened, over all executions that were looked at. */
export interface Counts {
  readonly executions: number
  readonly steps: number
  /** How often a key was reconciled. */
  readonly reconciles: number
  /** Writes of the code under test that changed something. */
  readonly writes: number
  /** Faults that came about, by kind; those that did not are missing. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>
}

/** Counts what happens. */
export class Tally {
  #executions = 0
  #steps = 0
  #reconciles = 0
  #writes = 0
  readonly #faults: Partial<Record<FaultKind, number>> = {}

  note({ trace }: Pick<Execution, 'trace'>): void {
    this.#executions++
    this.#steps += trace.length
    for (const step of trace) {
      const { kind, isFault, revision } = step
      if (kind === 'reconcile') this.#reconciles++
      if (revision !== undefined && isOfProcess(step)) this.#writes++
      if (isFault) this.#faults[kind as FaultKind] = (this.#faults[kind as FaultKind] ?? 0) + 1
    }
  }

  add({ executions, steps, reconciles, writes, faults }: Counts): void {
    this.#executions += executions
    this.#steps += steps
    this.#reconciles += reconciles
    this.#writes += writes
    for (const [kind, count] of Object.entries(faults))
      this.#faults[kind as FaultKind] = (this.#faults[kind as FaultKind] ?? 0) + count
  }

  get counts(): Counts {
    const executions = this.#executions
    const steps = this.#steps
    const reconciles = this.#reconciles
    const writes = this.#writes
    return { executions, steps, reconciles, writes, faults: { ...this.#faults } }
  }
}

/**
 * What is undisturbed must show the code under test at work: where a controller has not reconciled a single key, all
 * that follows would pass without having looked at anything.
 *
 * @param objects how many were given
 * @throws UsageError which names the remedy
 */
export function assertAtWork(undisturbed: readonly Execution[], objects: number): void {
  const [first] = undisturbed
  if (first === undefined) return
  const { controllers, unstarted } = first
  if (unstarted !== undefined)
    throw new UsageError(
      `nothing was looked at: ${unstarted}; name every kind of for, owns and watches in kinds`,
      { unstarted },
    )
  const isIdle = undisturbed.every(({ trace }) => trace.every(({ kind }) => kind !== 'reconcile'))
  if (!isIdle || controllers.length === 0) return
  const remedy =
    objects === 0
      ? 'objects is empty: give what a user would create'
      : 'none of the objects is of a kind that a controller is for, or that leads it to a key'
  throw new UsageError(`nothing was looked at: ${controllers.join(', ')} reconciled no key; ${remedy}`, {
    controllers,
  })
}
