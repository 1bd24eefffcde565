import type { Lookahead } from './lookahead.js'
import { stateAhead } from './lookahead.js'
import type { Budget, StateGraph } from './state-graph.js'
import { afterSpending, isWithin, spending } from './state-graph.js'

const DEVIATION = /* @__PURE__ */ spending(undefined)
const CRASH = /* @__PURE__ */ spending('crash')

/** A choice, and of how many. */
export interface Taken {
  readonly choice: number
  readonly width: number
}

/** A place from which not everything was tried. */
export interface Visit extends Omit<Taken, 'choice'> {
  /** Of its state, where states are known. */
  readonly key: string | undefined
  /** What may go wrong from there on. */
  readonly budget: Budget
  /** What led to it from the beginning. */
  readonly path: readonly Taken[]
  /** Choices on that path that differ from the undisturbed way. */
  readonly deviations: number
  /** Of the actions, where states are known. */
  readonly labels: readonly string[]
  readonly lookahead: ReadonlyMap<number, Lookahead>
  /** The first choice that was not tried. */
  next: number
}

/** What an exhaustive search has seen the possibility of, and not tried. */
export class Frontier {
  readonly #graph: StateGraph
  readonly #bounds: { readonly deviationsMax: number; readonly states: 'told apart' | 'not told apart' }
  /** As they were found. */
  #visits: Visit[] = []
  readonly #byKey = new Map<string, Visit[]>()
  /** States from which nothing was found that was not tried, with the budget there. */
  readonly #deadEnds = new Map<string, Budget>()

  constructor(
    graph: StateGraph,
    bounds: { readonly deviationsMax: number; readonly states: 'told apart' | 'not told apart' },
  ) {
    this.#graph = graph
    this.#bounds = bounds
  }

  open(visit: Visit): void {
    const { key, budget } = visit
    this.#visits.push(visit)
    if (key === undefined) return
    // Known with less budget only: there is something ahead again, of this one and of those before it.
    if (this.#deadEnds.has(key)) this.#deadEnds.clear()
    const others = this.#byKey.get(key)?.filter(other => !isWithin(other.budget, budget)) ?? []
    // What could be tried with less is tried from here.
    for (const other of this.#byKey.get(key) ?? [])
      if (isWithin(other.budget, budget)) other.next = other.width
    this.#byKey.set(key, [...others, visit])
  }

  /** The label of an action that was not tried in this state with this budget, or less. It counts as tried. */
  takeAt(key: string, budget: Budget): string | undefined {
    const visit = this.#byKey.get(key)?.find(open => isWithin(open.budget, budget) && this.#isOpen(open))
    return visit?.labels[visit.next++]
  }

  /** How to get to such a state, as labels of actions. */
  routeFrom(key: string, budget: Budget, stepsMax: number): readonly string[] | undefined {
    if (this.#isDeadEnd(key, budget)) return undefined
    const passed = new Map([[key, budget]])
    const judge = (to: string, left: Budget): 'wanted' | 'passed' | 'dead end' => {
      if (this.#isDeadEnd(to, left)) return 'dead end'
      if (this.#byKey.get(to)?.some(open => isWithin(open.budget, left) && this.#isOpen(open)) === true)
        return 'wanted'
      passed.set(to, left)
      return 'passed'
    }
    const route = this.#graph.routeFrom(key, budget, judge, stepsMax)
    if (route === undefined) for (const [end, left] of passed) this.#deadEnds.set(end, left)
    return route
  }

  #isDeadEnd(key: string, budget: Budget): boolean {
    const known = this.#deadEnds.get(key)
    return known !== undefined && isWithin(budget, known)
  }

  /** What is tried next, from the beginning. It counts as tried. Undefined when there is nothing left. */
  takeAny(): { readonly visit: Visit; readonly choice: number } | undefined {
    const isTree = this.#bounds.states === 'not told apart'
    for (;;) {
      const visit = isTree ? this.#visits.at(-1) : this.#visits[0]
      if (visit === undefined) return undefined
      if (this.#isOpen(visit)) return { visit, choice: visit.next++ }
      if (isTree) this.#visits.pop()
      else this.#visits.shift()
    }
  }

  /** True when something was not tried, and is not known without. */
  #isOpen(visit: Visit): boolean {
    if (visit.next > 0 && visit.deviations >= this.#bounds.deviationsMax) return false
    while (visit.next < visit.width && this.#isKnownAhead(visit, visit.next)) visit.next++
    const isOpen = visit.next < visit.width
    if (!isOpen && visit.key !== undefined) {
      const others = this.#byKey.get(visit.key)?.filter(other => other !== visit) ?? []
      if (others.length === 0) this.#byKey.delete(visit.key)
      else this.#byKey.set(visit.key, others)
    }
    return isOpen
  }

  /** True when it is known, without trying, that this leads to where everything is looked at. */
  #isKnownAhead({ key, budget, lookahead }: Visit, choice: number): boolean {
    const ahead = lookahead.get(choice)
    if (key === undefined || ahead === undefined) return false
    const to = stateAhead(this.#graph, key, ahead)
    if (to === undefined) return false
    const left = afterSpending(budget, ahead.kind === 'swap' ? DEVIATION : CRASH)
    const isKnown = left === undefined || this.#graph.covers(to, left)
    // Whoever walks over it sees whether it is so.
    if (isKnown && ahead.kind === 'swap') this.#graph.link(key, ahead.label, { to, spends: DEVIATION })
    return isKnown
  }
}
