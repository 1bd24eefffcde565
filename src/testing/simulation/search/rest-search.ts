import type { Action, ActionKind } from '../actions/action.js'
import type { ActionList } from '../actions/action-list.js'
import type { ChoiceSource } from '../choices/choice-source.js'
import type { Execution } from '../setup/execution.js'
import type { Coverage, Job, Planned, Searcher } from './searcher.js'
import { shapeOf } from './shape.js'

/** What a search is bounded by that looks at worlds at rest first. */
export interface RestBounds {
  readonly seed: number
  /** Of all executions. */
  readonly executions: number
}

/** What is done to a world at rest, in this order. */
const DISTURBANCES: readonly ActionKind[] = ['remove', 'crash', 'outage', 'edit', 'incident']
/** At most this part of the executions is planned so. */
const SHARE = 1 / 2
/** So many disturbances are tried that differ in numbers only. */
const PER_SHAPE = 3
/** So many timers are waited for before the user takes back what was done. */
const WAITS_MAX = 8

type Offer = Pick<Action, 'kind' | 'label'>

/**
 * Looks first at what comes of a world that has come to rest: of each owned object deleted, each given one deleted and
 * made again, each spec edited and changed back, each process restarted, or away for a day, each in an execution of its
 * own; and of a deletion that nobody hears of. Then another search looks at the rest of the executions.
 */
export class RestSearch implements Searcher {
  readonly #bounds: RestBounds
  readonly #then: (executions: number) => Searcher
  /** Undefined before the undisturbed execution has shown what there is. */
  #plans: ChoiceSource[] | undefined
  #offers: readonly Offer[] = []
  #planned = 0
  #other: Searcher | undefined

  /** @param then makes the search for what is left, given how many executions that are */
  constructor(bounds: RestBounds, then: (executions: number) => Searcher) {
    this.#bounds = bounds
    this.#then = then
  }

  get coverage(): Coverage {
    const { executions } = this.#bounds
    const { text, ...others } = (this.#other ?? this.#then(executions - this.#planned)).coverage
    return { ...others, text: `${this.#planned} planned at rest; ${text}` }
  }

  next(): Planned | undefined {
    const { seed, executions } = this.#bounds
    if (this.#other === undefined && this.#planned < Math.floor(executions * SHARE)) {
      if (this.#plans === undefined) {
        this.#planned++
        return { seed, source: this.#reference() }
      }
      const plan = this.#plans.shift()
      if (plan !== undefined) {
        this.#planned++
        return { seed, source: plan }
      }
    }
    this.#other ??= this.#then(executions - this.#planned)
    return this.#other.next()
  }

  ahead(most: number): readonly Job[] {
    return this.#other?.ahead?.(most) ?? []
  }

  learn(execution: Execution): void {
    if (this.#other !== undefined) this.#other.learn(execution)
    else this.#plans ??= plansFor(this.#offers)
  }

  /** Goes the undisturbed way, and notes what could be done at its end. */
  #reference(): ChoiceSource {
    return {
      choose: actions => {
        if (actions.first.kind === 'rest')
          this.#offers = actions.all().map(({ kind, label }) => ({ kind, label }))
        return 0
      },
    }
  }
}

function plansFor(offers: readonly Offer[]): ChoiceSource[] {
  const shapes = new Map<string, number>()
  const chosen = DISTURBANCES.flatMap(wanted =>
    offers.filter(({ kind, label }) => {
      if (kind !== wanted) return false
      const shape = shapeOf(`${kind} ${label}`)
      const known = shapes.get(shape) ?? 0
      shapes.set(shape, known + 1)
      return known < PER_SHAPE
    }),
  )
  return [...chosen.map(disturbing), ...(offers.some(({ kind }) => kind === 'crash') ? [missing()] : [])]
}

/** All is deleted, and the process that would hear of the first deletion dies before it does. */
function missing(): ChoiceSource {
  let isFirst = true
  let isDeleted = false
  return {
    choose: actions => {
      // The first choice of all is the ending.
      if (isFirst) {
        isFirst = false
        return 1
      }
      if (isDeleted) return indexOf(actions, ({ kind, label }) => kind === 'crash' && label === 'crash')
      const { first } = actions
      isDeleted = first.kind === 'user' && first.label.startsWith('delete ')
      return 0
    },
  }
}

/**
 * To the rest, then the disturbance; what follows from it, some timers too, comes before the user takes it back. What
 * was deleted and made again is a trap for a process that starts at what it was before: that comes last.
 */
function disturbing(plan: Offer): ChoiceSource {
  let rests = 0
  let waits = 0
  return {
    choose: actions => {
      const { first } = actions
      // What was broken may go on for ever as long as it is.
      if (first.kind === 'user' && rests > 0 && waits++ < WAITS_MAX)
        return indexOf(actions, ({ kind }) => kind === 'wait')
      if (first.kind !== 'rest') return 0
      rests++
      if (rests === 1)
        return indexOf(actions, other => other.kind === plan.kind && other.label === plan.label)
      if (rests === 2 && plan.kind === 'remove')
        return indexOf(actions, ({ kind, label }) => kind === 'stale' && label.includes('being deleted'))
      return 0
    },
  }
}

function indexOf(actions: ActionList, holds: (action: Action) => boolean): number {
  return Math.max(0, actions.all().findIndex(holds))
}
