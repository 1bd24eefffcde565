import type { JudgeRest, Rest } from '../setup/execution.js'
import type { Expectation } from './expected-state.js'

/**
 * What follows from a rest depends on its state, and hardly on what a process remembers, so one that was looked into is
 * not looked into again.
 */
export class RememberingJudge {
  readonly judge: JudgeRest
  readonly #known = new Set<string>()

  constructor({ judge }: Expectation) {
    this.judge = rest => {
      const violation = judge(rest)
      if (violation !== undefined) return violation
      return this.remember(restText(rest)) ? undefined : 'known'
    }
  }

  /** How many rests are known. */
  get count(): number {
    return this.#known.size
  }

  /** True when it was not known before. */
  remember(rest: string): boolean {
    const { size } = this.#known
    return this.#known.add(rest).size > size
  }
}

/** A rest as text, the same for two that are the same. */
export function restText({ ending, state }: Pick<Rest, 'ending' | 'state'>): string {
  return `${ending}\n${state.join('\n')}`
}
