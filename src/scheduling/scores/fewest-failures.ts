import { InvalidError } from '../../core/index.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { NodeScorePlugin } from '../plugins/plugin.js'

/** Options of {@link fewestFailures}. */
export interface FewestFailuresOptions {
  /** So many recent failures make a node the worse choice; a number above 0. Default 5. */
  readonly min?: number
}

const FEWEST_FAILURES_OPTIONS = /* @__PURE__ */ knownOptions<FewestFailuresOptions>('fewestFailures', {
  min: true,
})

/**
 * Prefers nodes where tasks like it have not failed lately: 100 for fewer than `min` failures, else
 * `100 / (1 + failures)`. With 5 failures within 5 minutes, the default of the controller, it is SwarmKit's rule.
 *
 * @throws InvalidError when `min` is not a finite number above 0
 */
export function fewestFailures(options: FewestFailuresOptions = {}): NodeScorePlugin {
  assertKnown(options, FEWEST_FAILURES_OPTIONS)
  const { min = 5 } = options
  if (!Number.isFinite(min) || min <= 0) {
    const message = 'must be a finite number above 0'
    throw new InvalidError('options of fewestFailures', [{ field: 'min', value: min, message }])
  }
  return {
    name: 'fewest-failures',
    locality: 'static',
    reads: ['failuresOf'],
    applies: ({ failuresOf }) => failuresOf !== undefined,
    score({ failuresOf = '' }, node) {
      const failures = node.failures(failuresOf)
      return failures < min ? 100 : 100 / (1 + failures)
    },
  }
}
