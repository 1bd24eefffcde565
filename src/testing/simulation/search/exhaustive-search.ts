import type { Random } from '../../../core/index.js'
import { createSeededRandom, UsageError } from '../../../core/index.js'
import type { Action, ActionKind } from '../actions/action.js'
import { FAULT_KINDS } from '../actions/faults/faults.js'
import type { ChoiceSource, CurrentState, Recall } from '../choices/choice-source.js'
import type { Execution } from '../setup/execution.js'
import type { Lookahead } from './lookahead.js'
import { lookAhead, stateAhead } from './lookahead.js'
import type { Coverage, Planned, Searcher } from './searcher.js'
import type { Budget } from './state-graph.js'
import { StateGraph } from './state-graph.js'

/** What an exhaustive search is bounded by. */
export interface ExhaustiveBounds {
  readonly seed: number
  readonly executionsMax: number
  /** How many choices of one execution may differ from the undisturbed way. */
  readonly deviationsMax: number
  /** Whether a state that was seen is explored again. */
  readonly states: 'told apart' | 'not told apart'
  /** Faults that others plan; they are offered last. */
  readonly plannedOnly: ReadonlySet<ActionKind>
}

/** A choice on the way to the present execution. */
interface Branch {
  choice: number
  readonly width: number
  /** Of the state, where states are known. */
  readonly key: string | undefined
  /** Of the states on the way to it, itself included. */
  readonly trail: readonly string[]
  /** What may go wrong from there on. */
  readonly budget: Budget
  readonly lookahead: ReadonlyMap<number, Lookahead>
}

/** Where an execution is. */
interface Progress {
  /** Choices so far. */
  place: number
  /** How many of them repeat those of another execution. */
  readonly repeats: number
  /**
   * `new`: what it does is noted. `verify`: it must be as it was. `on`: to the rest, looking neither left nor right.
   */
  way: 'new' | 'verify' | 'on'
  /** The state before, and what was done there. */
  from: { readonly key: string; readonly label: string } | undefined
  /** In which state it must be next. */
  expected: string | undefined
  /** States since the last choice. */
  trail: string[]
}

function begin(repeats: number): Progress {
  return { place: 0, repeats, way: 'new', from: undefined, expected: undefined, trail: [] }
}

const BY_HISTORY =
  'told apart by the history of each process, as the code remembers more than site.memory shows'
interface State {
  readonly where: CurrentState
  readonly key: string
  readonly budget: Budget
}

/** The state in which an execution ends. */
const END = 'end'
/** These many states that come up again are looked into, then one of so many. */
const VERIFIED_FIRST = 64
const VERIFIED_SHARE = 16

/**
 * Looks at every execution there is, depth first: each repeats the one before up to its last choice that has an
 * alternative left, takes that, and goes on undisturbed, until it comes to a state that was seen.
 *
 * A state is what can be seen of it; code may remember more. So a sample of the executions that come to a state that
 * was seen goes on, along ways that were taken from there before, and must come by the same states. If not, the search
 * begins again, and tells states apart by the history of their processes.
 */
export class ExhaustiveSearch implements Searcher {
  readonly #bounds: ExhaustiveBounds
  readonly #random: Random
  #recall: Recall = 'visible'
  #graph = new StateGraph()
  /** Choices of the present execution, which the next one repeats in part. */
  #branches: Branch[] = []
  #progress: Progress = begin(0)
  #executions = 0
  #hits = 0
  #isOver = false
  #isWrong = false

  constructor(bounds: ExhaustiveBounds) {
    this.#bounds = bounds
    this.#random = createSeededRandom(bounds.seed).fork('verified')
  }

  get coverage(): Coverage {
    const isComplete = this.#isOver
    const executions = this.#executions
    const graph = this.#graph
    const recall = this.#recall
    const states = this.#tellsApart ? graph.size : undefined
    const parts = [
      `every order of events, depth first: ${executions} executions`,
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
    this.#progress = begin(this.#branches.length)
    const { plannedOnly } = this.#bounds
    const choose: ChoiceSource['choose'] = (list, where) => {
      const actions = list.all()
      const last = actions.findLastIndex(({ kind }) => !plannedOnly.has(kind))
      return this.#choose(last === actions.length - 1 ? actions : actions.slice(0, last + 1), where)
    }
    return { seed, source: this.#tellsApart ? { recall: this.#recall, choose } : { choose } }
  }

  learn({ isStopped, violation }: Pick<Execution, 'isStopped' | 'violation'>): void {
    if (!isStopped && violation === undefined) this.#arrive(END)
    if (this.#isWrong) return this.#beginAgain()
    const branches = this.#branches
    let deviations = branches.filter(({ choice }) => choice > 0).length
    for (let last = branches.pop(); last !== undefined; last = branches.pop()) {
      if (last.choice > 0) deviations--
      if (deviations >= this.#bounds.deviationsMax) continue
      let choice = last.choice + 1
      while (choice < last.width && this.#isKnownAhead(last, choice)) choice++
      if (choice >= last.width) continue
      branches.push({ ...last, choice })
      return
    }
    this.#isOver = true
  }

  /** True when it is known, without trying, that this leads to where everything is looked at. */
  #isKnownAhead({ key, budget, lookahead }: Branch, choice: number): boolean {
    const crash = lookahead.get(choice)
    if (key === undefined || crash === undefined) return false
    const to = stateAhead(this.#graph, key, crash)
    return to !== undefined && this.#graph.covers(to, afterCrash(budget))
  }

  get #tellsApart(): boolean {
    return this.#bounds.states === 'told apart'
  }

  #beginAgain(): void {
    this.#recall = 'history'
    this.#graph = new StateGraph()
    this.#branches = []
    this.#isWrong = false
  }

  #choose(actions: readonly Action[], where: CurrentState | undefined): number | 'stop' {
    const progress = this.#progress
    const isChoice = actions.length > 1
    if (progress.place < progress.repeats) return isChoice ? this.#repeat(actions, where) : 0
    if (progress.way === 'on') return 0
    const key = where?.key()
    if (key !== undefined) this.#arrive(key)
    if (this.#isWrong) return 'stop'
    if (key === undefined || where === undefined) return this.#branch(actions)
    if (progress.way === 'verify') return this.#verify(actions, where, key)
    const budget = this.#budget(where)
    if (!this.#graph.covers(key, budget)) {
      this.#graph.add(key, budget)
      const choice = this.#branch(actions, { where, key, budget })
      this.#leave(actions, where, { key, choice })
      return choice
    }
    // A circle: what can happen besides is looked at where it began. Whether it ends is seen by going on.
    if (this.#isOnTheWay(key)) {
      progress.way = 'on'
      return 0
    }
    if (!this.#isVerified()) return 'stop'
    progress.way = 'verify'
    return this.#verify(actions, where, key)
  }

  /** @throws UsageError when the same choices have led elsewhere */
  #repeat(actions: readonly Action[], where: CurrentState | undefined): number {
    const progress = this.#progress
    const place = progress.place++
    const { choice, width, key } = this.#branches[place] as Branch
    if (actions.length !== width)
      throw new UsageError(
        `the code under test is not deterministic: after the same ${place} choices there were ${width} ways on, now there are ${actions.length}. ` +
          'Take time, chance and ids from ctx.env, and keep no state outside of the function that makes the parts',
        { place, width, now: actions.length },
      )
    if (key !== undefined && where !== undefined) this.#leave(actions, where, { key, choice })
    return choice
  }

  /** Goes on undisturbed; the other ways are for later. */
  #branch(actions: readonly Action[], state?: State): number {
    const progress = this.#progress
    const branches = this.#branches
    const graph = this.#graph
    if (state !== undefined) progress.trail.push(state.key)
    if (actions.length === 1) return 0
    const lookahead =
      state === undefined
        ? new Map()
        : lookAhead(
            actions,
            state.where,
            choice => labelOf(actions, state.where, choice),
            (process, key) => graph.linkCrash(state.key, process, key),
          )
    const { key, budget = [] } = state ?? { key: undefined }
    branches.push({ choice: 0, width: actions.length, key, trail: progress.trail, budget, lookahead })
    progress.trail = []
    return 0
  }

  /** Takes a way that was taken from this state before. */
  #verify(actions: readonly Action[], where: CurrentState, key: string): number | 'stop' {
    const ways = actions.flatMap((_action, choice) => {
      const to = this.#graph.next(key, labelOf(actions, where, choice))
      return to === undefined ? [] : [{ choice, to }]
    })
    const way = ways[Math.floor(this.#random.next() * ways.length)]
    if (way === undefined) return 'stop'
    this.#progress.expected = way.to
    this.#leave(actions, where, { key, choice: way.choice })
    return way.choice
  }

  #leave(
    actions: readonly Action[],
    where: CurrentState,
    { key, choice }: { readonly key: string; readonly choice: number },
  ): void {
    this.#progress.from = { key, label: labelOf(actions, where, choice) }
  }

  #arrive(key: string): void {
    const { from, way, expected } = this.#progress
    if (from === undefined || way === 'on') return
    if (way === 'new') this.#graph.link(from.key, from.label, key)
    else if (expected !== key) this.#isWrong = true
  }

  #isOnTheWay(key: string): boolean {
    return this.#progress.trail.includes(key) || this.#branches.some(({ trail }) => trail.includes(key))
  }

  #isVerified(): boolean {
    if (this.#recall === 'history') return false
    this.#hits++
    return this.#hits <= VERIFIED_FIRST || this.#hits % VERIFIED_SHARE === 0
  }

  #budget({ left }: CurrentState): Budget {
    const deviations = this.#branches.filter(({ choice }) => choice > 0).length
    return [...FAULT_KINDS.map(kind => left[kind]), this.#bounds.deviationsMax - deviations]
  }
}

/** The budget after a crash: see `budget`. */
function afterCrash(budget: Budget): Budget {
  const crash = FAULT_KINDS.indexOf('crash')
  return budget.map((left, at) => (at === crash || at === FAULT_KINDS.length ? left - 1 : left))
}

/** Of several actions with one label, their number is part of it. */
function labelOf(actions: readonly Action[], where: CurrentState, choice: number): string {
  const label = where.labelOf(actions[choice] as Action)
  const before = actions.slice(0, choice).filter(action => where.labelOf(action) === label).length
  return before === 0 ? label : `${label} (${before})`
}
