import type { Offers } from '../world/action-of.js'
import type { Action, ActionKind } from './action.js'

/** Faults of one kind that may happen. */
export interface FaultOffers {
  readonly kind: ActionKind
  readonly offers: Offers<ActionKind>
}

const NO_FAULTS: readonly FaultOffers[] = []

/** What can happen next, faults last. Of most of it nobody asks for more than its kind, and how much there is. */
export class ActionList {
  readonly length: number
  /** Those that are no faults. The first is the undisturbed way on. */
  readonly ordinary: readonly Action[]
  readonly faults: readonly FaultOffers[]
  #all: readonly Action[] | undefined

  constructor(ordinary: readonly Action[], faults: readonly FaultOffers[] = NO_FAULTS) {
    this.ordinary = ordinary
    this.faults = faults
    let length = ordinary.length
    for (const { offers } of faults) length += offers.length
    this.length = length
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
