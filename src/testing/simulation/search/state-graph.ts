/** How much more may go wrong from a state on: faults by kind, then deviations. */
export type Budget = readonly number[]

interface KnownState {
  /** The budgets with which it was reached, without those that are covered by others. */
  budgets: Budget[]
  /** By label of an action: the key of the state in which there was the next choice, or where it ended. */
  readonly next: Map<string, string>
  /** By process, as labels call it: the state if it were gone, where that is known. */
  readonly crashed: Map<string, string>
}

/** States that an exhaustive search has seen, and what led from one to the other. */
export class StateGraph {
  readonly #known = new Map<string, KnownState>()

  get size(): number {
    return this.#known.size
  }

  /** True when everything that can happen from there with this budget is looked at anyway. */
  covers(key: string, budget: Budget): boolean {
    return this.#known.get(key)?.budgets.some(other => isWithin(budget, other)) === true
  }

  add(key: string, budget: Budget): void {
    const state = this.#known.get(key)
    if (state === undefined) this.#known.set(key, { budgets: [budget], next: new Map(), crashed: new Map() })
    else state.budgets = [...state.budgets.filter(other => !isWithin(other, budget)), budget]
  }

  link(from: string, label: string, to: string): void {
    this.#known.get(from)?.next.set(label, to)
  }

  linkCrash(from: string, process: string, to: string): void {
    this.#known.get(from)?.crashed.set(process, to)
  }

  crashed(from: string, process: string): string | undefined {
    return this.#known.get(from)?.crashed.get(process)
  }

  next(from: string, label: string): string | undefined {
    return this.#known.get(from)?.next.get(label)
  }
}

function isWithin(budget: Budget, other: Budget): boolean {
  return budget.every((left, index) => left <= (other[index] as number))
}
