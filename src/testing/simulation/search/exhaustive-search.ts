import { UsageError } from '../../../core/index.js'
import type { Action } from '../actions/action.js'
import type { ChoiceSource } from './choices.js'
import type { Coverage, Planned, Searcher } from './searcher.js'

/** What an exhaustive search is bounded by. */
export interface ExhaustiveBounds {
  readonly seed: number
  readonly executionsMax: number
  /** How many choices of one execution may differ from the undisturbed way. */
  readonly deviationsMax: number
}

/** A choice on the way to the present execution. */
interface Branch {
  choice: number
  readonly width: number
}

/**
 * Looks at every execution there is, depth first: each repeats the one before up to its last choice that has an
 * alternative left, takes that, and goes on undisturbed.
 */
export class ExhaustiveSearch implements Searcher {
  private readonly bounds: ExhaustiveBounds
  /** Choices of the present execution, which the next one repeats in part. */
  private branches: Branch[] = []
  private executions = 0
  private isOver = false

  constructor(bounds: ExhaustiveBounds) {
    this.bounds = bounds
  }

  get coverage(): Coverage {
    const { isOver: isComplete, executions } = this
    const text = `every order of events, depth first: ${executions} executions, ${isComplete ? 'complete' : 'not complete'}`
    return { isComplete, text }
  }

  next(): Planned | undefined {
    const { seed, executionsMax } = this.bounds
    if (this.isOver || this.executions >= executionsMax) return undefined
    this.executions++
    return { seed, source: this.source() }
  }

  learn(): void {
    const { branches } = this
    let deviations = branches.filter(({ choice }) => choice > 0).length
    for (let last = branches.pop(); last !== undefined; last = branches.pop()) {
      if (last.choice > 0) deviations--
      if (last.choice + 1 >= last.width || deviations >= this.bounds.deviationsMax) continue
      branches.push({ ...last, choice: last.choice + 1 })
      return
    }
    this.isOver = true
  }

  private source(): ChoiceSource {
    const known = this.branches.length
    let at = 0
    return {
      choose: actions => {
        const place = at++
        if (place < known) return this.repeat(place, actions)
        this.branches.push({ choice: 0, width: actions.length })
        return 0
      },
    }
  }

  /** @throws UsageError when the same choices have led elsewhere */
  private repeat(place: number, actions: readonly Action[]): number {
    const { choice, width } = this.branches[place] as Branch
    if (actions.length === width) return choice
    throw new UsageError(
      `the code under test is not deterministic: after the same ${place} choices there were ${width} ways on, now there are ${actions.length}. ` +
        'Take time, chance and ids from ctx.env, and keep no state outside of the function that makes the parts',
      { place, width, now: actions.length },
    )
  }
}
