import { findForbiddingTaint, formatTaint } from '../../core/internal.js'
import type { FilterPlugin } from '../plugins/plugin.js'

/** Keeps tasks off nodes with a `NoSchedule` or `NoExecute` taint that they do not tolerate. */
export function taints(): FilterPlugin {
  return {
    name: 'taints',
    locality: 'static',
    reads: ['tolerations'],
    filter(request, node) {
      if (node.taints.length === 0) return undefined
      const taint = findForbiddingTaint(node.taints, request.tolerations)
      if (taint === undefined) return undefined
      return [
        {
          code: 'UntoleratedTaint',
          message: `node(s) with untolerated taint ${formatTaint(taint)}`,
          unresolvable: true,
          params: { key: taint.key, value: taint.value ?? '', effect: taint.effect },
        },
      ]
    },
  }
}
