import { assertKnown, assertValid, knownOptions } from '../../core/internal.js'
import type { NodeScorePlugin } from '../plugins/plugin.js'
import { aboveZero, predictedShare } from './predicted-use.js'

/** Options of {@link targetLoad}. */
export interface TargetLoadOptions {
  /** What nodes are to be filled up to, in percent, below 100. Default 40. */
  readonly target?: number
  /** Default `cpu`. */
  readonly resource?: string
  /** How much of what it asks for a task is expected to use, as a factor. Default 1.5. */
  readonly useOfRequest?: number
}

const TARGET_LOAD_OPTIONS = /* @__PURE__ */ knownOptions<TargetLoadOptions>('targetLoad', {
  target: true,
  resource: true,
  useOfRequest: true,
})

/**
 * Fills nodes up to a target of what is used, not of what is asked for, and avoids those beyond it: with `x` percent used
 * and a target `t`, `t + (100 − t) · x / t` up to the target, `t · (100 − x) / (100 − t)` up to 100, then 0, in whole numbers
 * (TargetLoadPacking of Trimaran). Uses `usage` of nodes; what is asked for counts where nobody measures.
 *
 * @throws InvalidError for an option that is not acceptable
 */
export function targetLoad(options: TargetLoadOptions = {}): NodeScorePlugin {
  assertKnown(options, TARGET_LOAD_OPTIONS)
  const { target = 40, resource = 'cpu', useOfRequest = 1.5 } = options
  const below = { field: 'target', value: target, message: 'must be below 100' }
  assertValid('options of targetLoad', [
    ...aboveZero({ target, useOfRequest }),
    ...(target >= 100 ? [below] : []),
  ])
  return {
    name: 'target-load',
    locality: 'node',
    score(request, node) {
      const percent = 100 * predictedShare(request, node, resource, useOfRequest)
      if (percent <= target) return Math.round(target + ((100 - target) * percent) / target)
      return percent <= 100 ? Math.round((target * (100 - percent)) / (100 - target)) : 0
    },
  }
}
