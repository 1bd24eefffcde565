import type { Action, ActionKind } from '../actions/action.js'
import { isFault } from '../actions/action.js'
import { FAULTS } from '../actions/faults/faults.js'
import type { TraceStep } from '../actions/trace-step.js'
import type { ChoiceSource } from '../choices/choice-source.js'
import { replayChoices } from '../choices/replay-choices.js'
import type { Execution } from '../setup/execution.js'
import { isOfProcess } from '../world/action-of.js'
import type { Coverage, Job, Planned, Searcher } from './searcher.js'
import { shapeOf } from './shape.js'

/** What a planned search is bounded by. */
export interface SieveBounds {
  readonly seed: number
  readonly executionsMax: number
}

/** Which way of the user a reference execution goes. */
type Workload = 'kept' | 'changed' | 'deleted'

const WORKLOADS: readonly Workload[] = ['kept', 'changed', 'deleted']
/** Faults of the workload itself; they are in the reference executions, not in the plans. */
const DETOURS: readonly ActionKind[] = ['edit', 'remove', 'incident']
/**
 * How many plans of one shape are carried out: a fault before the first, second … of writes that differ in names only.
 */
const PER_SHAPE = 3

/** Of these, one: they are more of a crash. */
const SELDOM: ReadonlySet<ActionKind> = new Set(
  FAULTS.flatMap(({ kind, isLeftOut }) => (isLeftOut === undefined ? [] : [kind])),
)

/** One fault at one place of a reference execution. */
interface Plan {
  readonly fault: ActionKind
  readonly choices: readonly number[]
}

/** What was offered at each choice of the present reference execution. */
type Offers = readonly (readonly Pick<Action, 'kind' | 'label'>[])[]

/**
 * Learns from undisturbed executions, then disturbs them once each, where it can matter: right before and after each
 * write that changed something, and right after one of the user, with every fault that is possible there. Where Sieve (Sun et al.,
 * OSDI 2022) needs three patterns and a proxy for them, a place before a write is all: to restart after a write is its
 * intermediate state, to be told late of it the unobserved state, to start from before it the stale state.
 */
export class SieveSearch implements Searcher {
  readonly #bounds: SieveBounds
  readonly #workloads: Workload[] = [...WORKLOADS]
  #learning: { readonly workload: Workload; readonly offers: Offers } | undefined
  readonly #plans: Plan[] = []
  /** Choices of what was planned: references are alike until the user changes something. */
  readonly #known = new Set<string>()
  readonly #shapes = new Map<string, number>()
  readonly #counts = new Map<ActionKind, number>()
  #executions = 0
  #planned = 0

  constructor(bounds: SieveBounds) {
    this.#bounds = bounds
  }

  get coverage(): Coverage {
    const kinds = [...this.#counts].map(([kind, count]) => `${kind} ${count}`).join(', ')
    const text = `${this.#executions} executions: ${WORKLOADS.length} workloads, then one fault before a write in each (${kinds})`
    return { isComplete: false, text }
  }

  next(): Planned | undefined {
    const { seed, executionsMax } = this.#bounds
    if (this.#executions >= executionsMax) return undefined
    const workload = this.#workloads.shift()
    const plan = workload === undefined ? this.#plans[this.#planned++] : undefined
    if (workload === undefined && plan === undefined) return undefined
    this.#executions++
    if (workload !== undefined) return { seed, source: this.#reference(workload) }
    this.#learning = undefined
    if (plan !== undefined) this.#counts.set(plan.fault, (this.#counts.get(plan.fault) ?? 0) + 1)
    return { seed, source: replayChoices(plan?.choices ?? []) }
  }

  ahead(most: number): readonly Job[] {
    if (this.#workloads.length > 0) return []
    const { seed, executionsMax } = this.#bounds
    const end = this.#planned + Math.min(most, executionsMax - this.#executions)
    return this.#plans.slice(this.#planned, end).map(({ choices }) => ({ seed, choices }))
  }

  learn({ choices, chosenSteps, trace }: Execution): void {
    if (this.#learning === undefined) return
    const { workload, offers } = this.#learning
    choices.forEach((_choice, place) => {
      const write = writeAt(trace, chosenSteps[place])
      const told = writeAt(trace, chosenSteps[place - 1])
      // What nobody of the code under test wrote can be missed by who is away right after it.
      const isAfter = told !== undefined && !isOfProcess(told)
      const next = write ?? (isAfter ? told : undefined)
      if (next === undefined) return
      const where = `${write === undefined ? 'after' : 'before'} ${next.actor} ${next.label}`
      offers[place]?.forEach(({ kind, label }, index) => {
        if (!isFault({ kind }) || DETOURS.includes(kind)) return
        const shape = shapeOf(`${workload}: ${kind} ${label} ${where}`)
        const known = this.#shapes.get(shape) ?? 0
        this.#shapes.set(shape, known + 1)
        if (known < (SELDOM.has(kind) ? 1 : PER_SHAPE)) this.#plan(kind, [...choices.slice(0, place), index])
      })
    })
  }

  #plan(fault: ActionKind, choices: readonly number[]): void {
    const text = choices.join(' ')
    if (this.#known.has(text)) return
    this.#known.add(text)
    this.#plans.push({ fault, choices })
  }

  /** Goes the undisturbed way; where the user changes things, each change when the one before has been dealt with. */
  #reference(workload: Workload): ChoiceSource {
    const offers: Pick<Action, 'kind' | 'label'>[][] = []
    this.#learning = { workload, offers }
    const done = new Set<string>()
    return {
      choose: actions => {
        offers.push(actions.all().map(({ kind, label }) => ({ kind, label })))
        // The first choice of all is the ending.
        if (offers.length === 1) return workload === 'deleted' ? 1 : 0
        const { first } = actions
        if (workload !== 'changed' || (first.kind !== 'rest' && first.kind !== 'wait')) return 0
        const all = actions.all()
        const detour = all.findIndex(({ kind, label }) => DETOURS.includes(kind) && !done.has(label))
        done.add(all[detour]?.label ?? '')
        return Math.max(0, detour)
      },
    }
  }
}

/** The step of a choice, if it wrote and is no fault. */
function writeAt(trace: readonly TraceStep[], at: number | undefined): TraceStep | undefined {
  const step = trace[at ?? -1]
  return step?.revision === undefined || isFault(step) ? undefined : step
}
