import type { Random } from '../../../core/index.js'
import { createSeededRandom, UsageError } from '../../../core/index.js'
import type { Action, ActionKind } from '../actions/action.js'
import type { ActionList } from '../actions/action-list.js'
import { FAULT_KINDS } from '../actions/faults/faults.js'
import type { ChoiceSource, CurrentState, Recall } from '../choices/choice-source.js'
import { StateLines } from '../objects/state-lines.js'
import type { Execution } from '../setup/execution.js'
import type { Taken, Visit } from './frontier.js'
import { Frontier } from './frontier.js'
import type { Step } from './lookahead.js'
import { lookAhead } from './lookahead.js'
import type { Coverage, Planned, Searcher } from './searcher.js'
import type { Budget } from './state-graph.js'
import { StateGraph, spending } from './state-graph.js'

/** What an exhaustive search is bounded by. */
export interface ExhaustiveBounds {
  readonly seed: number
  readonly executionsMax: number
  /** How many choices of one execution may differ from the undisturbed way. */
  readonly deviationsMax: number
  /** Whether a state that was seen is explored again. */
  readonly states: 'told apart' | 'not told apart'
  /** Whether writes that do not depend on each other are tried in every order. */
  readonly independent: 'in one order' | 'in every order'
  /** Faults that others plan; they are offered last. */
  readonly plannedOnly: ReadonlySet<ActionKind>
}

/** Where an execution is. */
interface Progress {
  /** What repeats another execution, and then what was not tried there. */
  readonly plan: readonly Taken[]
  /** Choices so far. */
  readonly taken: Taken[]
  deviations: number
  /** How often it was asked what to do. */
  steps: number
  /**
   * `new`: what it does is noted. `verify`: it must be as it was. `on`: to the rest, looking neither left nor right.
   */
  way: 'new' | 'verify' | 'on'
  /** The state before, and what was done there. */
  from: (Step & { readonly spends: readonly number[] }) | undefined
  /** In which state it must be next. */
  expected: string | undefined
  /** Labels of actions on the way to something that was not tried. */
  route: readonly string[]
  /** States on the way. */
  readonly trail: Set<string>
}

const BY_HISTORY =
  'told apart by the history of each process, as the code remembers more than site.memory shows'

interface State {
  readonly where: CurrentState
  readonly key: string
  readonly budget: Budget
  readonly actions: readonly Action[]
  readonly labels: readonly string[]
}

/** The state in which an execution ends. */
const END = 'end'
/** These many states that come up again are looked into, then one of so many. */
const VERIFIED_FIRST = 64
const VERIFIED_SHARE = 16
/** An execution that is as long begins nothing new; and so far it walks to what was not tried. */
const WALKS_UNTIL = 400
const WALK_MAX = 24
const NOTHING: readonly number[] = []

/**
 * Looks at everything that can happen: each execution goes the undisturbed way, until it comes to a state that was
 * seen; from there it walks on to the nearest state with an action that was not tried, over actions that were. Where
 * there is none within reach, another execution begins, and repeats the choices that lead to one.
 *
 * A state is what can be seen of it; code may remember more. So all that is walked over must lead to the same states as
 * before, and a sample of the executions that come to a known state goes on only to see that. If something else comes
 * of it, the search begins again, and tells states apart by the history of their processes.
 */
export class ExhaustiveSearch implements Searcher {
  readonly #bounds: ExhaustiveBounds
  readonly #random: Random
  #recall: Recall = 'visible'
  readonly #lines = new StateLines()
  #graph = new StateGraph()
  #frontier: Frontier
  #progress: Progress = begin([])
  #plan: { readonly visit: Visit; readonly choice: number } | undefined
  /** Circles of which it is known where they lead to, undisturbed. */
  #circles = new Set<string>()
  #executions = 0
  #hits = 0
  #isOver = false
  #isWrong = false

  constructor(bounds: ExhaustiveBounds) {
    this.#bounds = bounds
    this.#random = createSeededRandom(bounds.seed).fork('verified')
    this.#frontier = new Frontier(this.#graph, bounds)
  }

  get coverage(): Coverage {
    const isComplete = this.#isOver
    const executions = this.#executions
    const graph = this.#graph
    const recall = this.#recall
    const states = this.#tellsApart ? graph.size : undefined
    const parts = [
      `every order of events: ${executions} executions`,
      ...(states === undefined ? [] : [`${states} states`]),
      ...(recall === 'history' ? [BY_HISTORY] : []),
      isComplete ? 'complete' : 'not complete',
    ]
    return { isComplete, ...(states === undefined ? {} : { states }), text: parts.join(', ') }
  }

  next(): Planned | undefined {
    const { seed, executionsMax } = this.#bounds
    if (this.#isOver || this.#executions >= executionsMax) return undefined
    this.#executions++
    const plan = this.#plan
    this.#progress = begin(
      plan === undefined ? [] : [...plan.visit.path, { choice: plan.choice, width: plan.visit.width }],
    )
    const recall = this.#recall
    const lines = this.#lines
    const choose: ChoiceSource['choose'] = (list, where) => this.#choose(list, where)
    return { seed, source: this.#tellsApart ? { states: { recall, lines }, choose } : { choose } }
  }

  learn({ isStopped, violation }: Pick<Execution, 'isStopped' | 'violation'>): void {
    if (!isStopped && violation === undefined) this.#arrive(END)
    if (this.#isWrong) return this.#beginAgain()
    this.#plan = this.#frontier.takeAny()
    this.#isOver = this.#plan === undefined
  }

  get #tellsApart(): boolean {
    return this.#bounds.states === 'told apart'
  }

  #beginAgain(): void {
    this.#recall = 'history'
    this.#graph = new StateGraph()
    this.#frontier = new Frontier(this.#graph, this.#bounds)
    this.#circles = new Set()
    this.#plan = undefined
    this.#isWrong = false
  }

  #choose(list: ActionList, where: CurrentState | undefined): number | 'stop' {
    const progress = this.#progress
    progress.steps++
    const width = this.#widthOf(list)
    if (progress.taken.length < progress.plan.length) return width > 1 ? this.#repeat(list, width) : 0
    if (progress.way === 'on') return 0
    const actions = list.all().slice(0, width)
    const key = where?.key()
    if (key === undefined || where === undefined) return this.#branch(actions)
    this.#arrive(key)
    if (this.#isWrong) return 'stop'
    const state = { where, key, budget: this.#budget(where), actions, labels: labelsOf(actions, where) }
    const choice = this.#choiceIn(state)
    progress.trail.add(key)
    if (choice !== 'stop') this.#leave(state, choice)
    return choice
  }

  /** How many of the actions are not left to others: those come last. */
  #widthOf({ length, faults }: ActionList): number {
    const { plannedOnly } = this.#bounds
    return faults.reduce(
      (width, { kind, offers }) => (plannedOnly.has(kind) ? width - offers.length : width),
      length,
    )
  }

  #choiceIn(state: State): number | 'stop' {
    const progress = this.#progress
    const { key, budget } = state
    if (progress.way === 'verify') return this.#verify(state)
    if (!this.#graph.covers(key, budget)) {
      this.#graph.add(key, budget)
      return this.#branch(state.actions, state)
    }
    const choice = this.#walk(state)
    if (choice !== undefined) return choice
    // A circle. Whether it ends is seen by going on.
    if (progress.trail.has(key) && !this.#circles.has(key)) {
      this.#circles.add(key)
      progress.way = 'on'
      return 0
    }
    if (!this.#isVerified()) return 'stop'
    progress.way = 'verify'
    return this.#verify(state)
  }

  /** @throws UsageError when the same choices have led elsewhere */
  #repeat(list: ActionList, now: number): number {
    const progress = this.#progress
    const place = progress.taken.length
    const { choice, width } = progress.plan[place] as Taken
    if (now !== width)
      throw new UsageError(
        `the code under test is not deterministic: after the same ${place} choices there were ${width} ways on, now there are ${now}. ` +
          'Take time, chance and ids from ctx.env, and keep no state outside of the function that makes the parts',
        { place, width, now },
      )
    this.#take({ choice, width })
    const { visit } = this.#plan ?? {}
    if (place === progress.plan.length - 1 && visit?.key !== undefined)
      progress.from = {
        key: visit.key,
        label: visit.labels[choice] as string,
        kind: list.at(choice).kind,
        spends: spendsOf(list.at(choice).kind, choice),
      }
    return choice
  }

  #take(taken: Taken): void {
    const progress = this.#progress
    progress.taken.push(taken)
    if (taken.choice > 0) progress.deviations++
  }

  /** Goes on undisturbed; the other ways are for later. */
  #branch(actions: readonly Action[], state?: State): number {
    const { taken, deviations } = this.#progress
    const width = actions.length
    if (width > 1) {
      const place = { path: taken.slice(), deviations, width, next: 1 }
      if (state === undefined) {
        this.#frontier.open({ ...place, key: undefined, budget: [], labels: [], lookahead: new Map() })
        this.#take({ choice: 0, width })
      } else {
        const { key, budget, labels } = state
        const note = (process: string, to: string): void => this.#graph.linkCrash(key, process, to)
        const isReduced = this.#bounds.independent === 'in one order'
        const lookahead = lookAhead({ ...state, from: isReduced ? this.#progress.from : undefined }, note)
        this.#frontier.open({ ...place, key, budget, labels, lookahead })
      }
    }
    return 0
  }

  /** What was not tried here, or the next step to where something was not. */
  #walk({ key, budget, labels }: State): number | undefined {
    const progress = this.#progress
    if (!this.#tellsApart || progress.steps > WALKS_UNTIL) return undefined
    let wanted = this.#frontier.takeAt(key, budget)
    if (wanted === undefined) {
      if (progress.route.length === 0) progress.route = this.#frontier.routeFrom(key, budget, WALK_MAX) ?? []
      const [first, ...others] = progress.route
      progress.route = others
      wanted = first
      progress.expected = first === undefined ? undefined : this.#graph.next(key, first)
    } else progress.route = []
    if (wanted === undefined) return undefined
    const choice = labels.indexOf(wanted)
    // What depends on more than the state, as when the world comes to rest.
    return choice === -1 ? undefined : choice
  }

  /** Takes a way that was taken from this state before. */
  #verify({ key, labels }: State): number | 'stop' {
    const ways = labels.flatMap((label, choice) => {
      const to = this.#graph.next(key, label)
      return to === undefined ? [] : [{ choice, to }]
    })
    const way = ways[Math.floor(this.#random.next() * ways.length)]
    if (way === undefined) return 'stop'
    this.#progress.expected = way.to
    return way.choice
  }

  #leave({ key, labels, actions }: State, choice: number): void {
    const width = actions.length
    if (width > 1) this.#take({ choice, width })
    const { kind } = actions[choice] as Action
    this.#progress.from = { key, label: labels[choice] as string, kind, spends: spendsOf(kind, choice) }
  }

  #arrive(key: string): void {
    const progress = this.#progress
    const { from, way, expected } = progress
    progress.expected = undefined
    if (from === undefined || way === 'on') return
    if (expected !== undefined && expected !== key) this.#isWrong = true
    else if (way === 'new') this.#graph.link(from.key, from.label, { to: key, spends: from.spends })
  }

  #isVerified(): boolean {
    if (this.#recall === 'history') return false
    this.#hits++
    return this.#hits <= VERIFIED_FIRST || this.#hits % VERIFIED_SHARE === 0
  }

  #budget({ left }: CurrentState): Budget {
    return [...FAULT_KINDS.map(kind => left[kind]), this.#bounds.deviationsMax - this.#progress.deviations]
  }
}

function begin(plan: readonly Taken[]): Progress {
  return {
    plan,
    taken: [],
    deviations: 0,
    steps: 0,
    way: 'new',
    from: undefined,
    expected: undefined,
    route: [],
    trail: new Set(),
  }
}

function spendsOf(kind: ActionKind, choice: number): readonly number[] {
  return choice === 0 ? NOTHING : spending(kind)
}

/** Of several actions with one label, their number is part of it. */
function labelsOf(actions: readonly Action[], where: CurrentState): readonly string[] {
  const counts = new Map<string, number>()
  return actions.map(action => {
    const label = where.labelOf(action)
    const before = counts.get(label) ?? 0
    counts.set(label, before + 1)
    return before === 0 ? label : `${label} (${before})`
  })
}
