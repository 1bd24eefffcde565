import type { Offers } from '../world/action-of.js'
import type { Action, ActionKind } from './action.js'

/** Faults of one kind that may happen. */
export interface FaultOffers {
  readonly kind: ActionKind
  readonly offers: Offers<ActionKind>
}

const NO_FAULTS: readonly FaultOffers[] = []

/**
 * What can happen next, faults last. Of most of it nobody asks for more than its kind, and how much there is; and who
 * goes a way that is known does not ask for faults.
 */
export class ActionList {
  /** Those that are no faults. The first is the undisturbed way on. */
  readonly ordinary: readonly Action[]
  readonly #findFaults: () => readonly FaultOffers[]
  #faults: readonly FaultOffers[] | undefined
  #all: readonly Action[] | undefined

  /** @param findFaults called before anything else happens, if at all */
  constructor(ordinary: readonly Action[], findFaults: () => readonly FaultOffers[] = () => NO_FAULTS) {
    this.ordinary = ordinary
    this.#findFaults = findFaults
  }

  get faults(): readonly FaultOffers[] {
    this.#faults ??= this.#findFaults()
    return this.#faults
  }

  get length(): number {
    let length = this.ordinary.length
    for (const { offers } of this.faults) length += offers.length
    return length
  }

  /** True where there is a choice. */
  get isOpen(): boolean {
    return this.ordinary.length > 1 || this.length > 1
  }

  /** The undisturbed way on. */
  get first(): Action {
    return this.ordinary[0] as Action
  }

  /** @param index below `length` */
  at(index: number): Action {
    let at = index - this.ordinary.length
    if (at < 0) return this.ordinary[index] as Action
    for (const { offers } of this.faults) {
      if (at < offers.length) return offers.at(at) as Action
      at -= offers.length
    }
    throw new RangeError(`there are ${this.length} actions, and none at ${index}`)
  }

  all(): readonly Action[] {
    this.#all ??= Array.from({ length: this.length }, (_, index) => this.at(index))
    return this.#all
  }
}
