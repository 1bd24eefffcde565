import type { Program } from '../../rollout/index.js'
import type { ProveOptions } from './prove-program.js'
import { proveProgram } from './prove-program.js'

/** What a matcher of vitest or jest says. */
export interface MatcherVerdict {
  readonly pass: boolean
  message(): string
}

/**
 * Matchers for `expect.extend(programMatchers)`: `expect(program).toBeProven({ upTo: 6 })`, as `proveProgram` says. The
 * message has each problem with the shortest way there.
 */
export const programMatchers: {
  toBeProven(program: Program, options?: ProveOptions): MatcherVerdict
} = {
  toBeProven(program, options = {}) {
    const { problems, states } = proveProgram(program, options)
    return {
      pass: problems.length === 0,
      message: () =>
        problems.length === 0
          ? `the program is proven over ${states} states`
          : problems
              .map(({ kind, desired, message, trace }) =>
                [`${kind} with ${desired} desired: ${message}`, ...trace.map(line => `  ${line}`)].join('\n'),
              )
              .join('\n'),
    }
  },
}
