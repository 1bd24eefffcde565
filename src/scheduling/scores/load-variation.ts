import { assertKnown, assertValid, knownOptions } from '../../core/internal.js'
import type { NodeScorePlugin } from '../plugins/plugin.js'
import { CPU_AND_MEMORY } from './allocation.js'
import { aboveZero, predictedShare } from './predicted-use.js'

/** Options of {@link loadVariation}. */
export interface LoadVariationOptions {
  /** How much the deviation counts. Default 1. */
  readonly margin?: number
  /** The deviation counts by its root of this degree. Default 1. */
  readonly sensitivity?: number
  /** How much of what it asks for a task is expected to use, as a factor. Default 1. */
  readonly useOfRequest?: number
}

const LOAD_VARIATION_OPTIONS = /* @__PURE__ */ knownOptions<LoadVariationOptions>('loadVariation', {
  margin: true,
  sensitivity: true,
  useOfRequest: true,
})

/**
 * Avoids nodes of which much is used, or whose use varies much: `100 · (1 − (μ + margin · σ^(1/sensitivity)) / 2)` of cpu
 * and of memory, the lower of the two, with the mean `μ` and the deviation `σ` as shares of what the node has, each from 0 to 1
 * (LoadVariationRiskBalancing of Trimaran). Uses `usage` of nodes; what is asked for counts where nobody measures.
 *
 * @throws InvalidError for an option that is not acceptable
 */
export function loadVariation(options: LoadVariationOptions = {}): NodeScorePlugin {
  assertKnown(options, LOAD_VARIATION_OPTIONS)
  const { margin = 1, sensitivity = 1, useOfRequest = 1 } = options
  assertValid('options of loadVariation', aboveZero({ margin, sensitivity, useOfRequest }))
  return {
    name: 'load-variation',
    locality: 'node',
    score(request, node) {
      let least = 100
      for (const { name: resource } of CPU_AND_MEMORY) {
        const there = node.allocatable(request.column(resource))
        const mean = Math.min(1, predictedShare(request, node, resource, useOfRequest))
        const deviation = there === 0 ? 0 : Math.min(1, (node.usage?.deviation?.[resource] ?? 0) / there)
        const risk = Math.min(1, margin * deviation ** (1 / sensitivity))
        least = Math.min(least, 100 * (1 - (mean + risk) / 2))
      }
      return least
    },
  }
}
