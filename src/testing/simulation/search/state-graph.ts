import type { ActionKind } from '../actions/action.js'
import { FAULT_KINDS } from '../actions/faults/faults.js'

/** How much more may go wrong from a state on: faults by kind, then deviations. */
export type Budget = readonly number[]

/** Where an action leads to, and what it takes of the budget, by place. */
export interface Edge {
  readonly to: string
  readonly spends: readonly number[]
}

interface KnownState {
  /** The budgets with which it was reached, without those that are covered by others. */
  budgets: Budget[]
  /** By label of an action: the state in which there was the next choice, or where it ended. */
  readonly next: Map<string, Edge>
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
    const state = this.#known.get(key)
    if (state === undefined) return false
    for (const other of state.budgets) if (isWithin(budget, other)) return true
    return false
  }

  add(key: string, budget: Budget): void {
    const state = this.#known.get(key)
    if (state === undefined) this.#known.set(key, { budgets: [budget], next: new Map(), crashed: new Map() })
    else state.budgets = [...state.budgets.filter(other => !isWithin(other, budget)), budget]
  }

  link(from: string, label: string, edge: Edge): void {
    this.#known.get(from)?.next.set(label, edge)
  }

  linkCrash(from: string, process: string, to: string): void {
    this.#known.get(from)?.crashed.set(process, to)
  }

  crashed(from: string, process: string): string | undefined {
    return this.#known.get(from)?.crashed.get(process)
  }

  next(from: string, label: string): string | undefined {
    return this.#known.get(from)?.next.get(label)?.to
  }

  /**
   * The shortest way from a state, over actions that were taken before, to one that is `wanted` with what is left of the
   * budget there: the labels of the actions.
   */
  routeFrom(
    from: string,
    budget: Budget,
    judge: (key: string, budget: Budget) => 'wanted' | 'passed' | 'dead end',
    stepsMax: number,
  ): readonly string[] | undefined {
    const seen = new Set([from])
    let level: readonly Place[] = [{ key: from, budget, label: '', before: undefined }]
    for (let steps = 0; steps < stepsMax && level.length > 0; steps++) {
      const further: Place[] = []
      for (const place of level) {
        for (const [label, { to, spends }] of this.#known.get(place.key)?.next ?? []) {
          if (seen.has(to)) continue
          const left = spends.length === 0 ? place.budget : afterSpending(place.budget, spends)
          if (left === undefined) continue
          const next: Place = { key: to, budget: left, label, before: place }
          const found = judge(to, left)
          if (found === 'wanted') return labelsOf(next)
          seen.add(to)
          if (found === 'passed') further.push(next)
        }
      }
      level = further
    }
    return undefined
  }
}

/** A state on the way, and how it is reached. */
interface Place {
  readonly key: string
  readonly budget: Budget
  readonly label: string
  readonly before: Place | undefined
}

function labelsOf(place: Place): readonly string[] {
  const labels: string[] = []
  for (let at = place; at.before !== undefined; at = at.before) labels.unshift(at.label)
  return labels
}

/** Places of a budget that an action takes from that is not the undisturbed way. */
export function spending(kind: ActionKind | undefined): readonly number[] {
  const fault = FAULT_KINDS.findIndex(known => known === kind)
  return fault === -1 ? [FAULT_KINDS.length] : [fault, FAULT_KINDS.length]
}

/** Undefined when there is not so much. */
export function afterSpending(budget: Budget, spends: readonly number[]): Budget | undefined {
  for (const place of spends) if ((budget[place] ?? 0) < 1) return undefined
  const left = budget.slice()
  for (const place of spends) left[place] = (left[place] as number) - 1
  return left
}

export function isWithin(budget: Budget, other: Budget): boolean {
  for (let place = 0; place < budget.length; place++)
    if ((budget[place] as number) > (other[place] as number)) return false
  return true
}
