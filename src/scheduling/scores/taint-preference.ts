import { countAvoidedTaints } from '../../core/internal.js'
import type { NodeScorePlugin } from '../plugins/plugin.js'

/** Prefers nodes with few `PreferNoSchedule` taints that the task does not tolerate: `100 / (1 + count)`. */
export function taintPreference(): NodeScorePlugin {
  return {
    name: 'taint-preference',
    locality: 'static',
    reads: ['tolerations'],
    score: (request, node) =>
      node.taints.length === 0 ? 100 : 100 / (1 + countAvoidedTaints(node.taints, request.tolerations)),
  }
}
