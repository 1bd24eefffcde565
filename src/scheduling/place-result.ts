import type { ReasonSummary } from '../core/index.js'
import type { PluginScore } from './classes/best-node.js'
import type { RejectionCause } from './explanation.js'
import type { FilterReason } from './plugins/plugin.js'
import type { GivenOnNode } from './requests/given-parts.js'

/** What became of a request. */
export type PlaceResult =
  | ({
      readonly kind: 'placed'
      readonly node: string
      /** What the profile makes of the scores; by default the sum of `score · weight`. */
      readonly score: number
      readonly scores: readonly PluginScore[]
    } & GivenOnNode)
  | {
      readonly kind: 'unschedulable'
      /** Every reason of every node, counted; `renderReasons` of `keelson/core` puts it in a sentence. */
      readonly reasons: ReasonSummary
      /** What filters said, each cause once, of one of the nodes of which it was said. */
      readonly causes: readonly RejectionCause[]
    }

/** What became of a request that was to go to one node. */
export type PlaceOnResult =
  | ({ readonly kind: 'placed' } & GivenOnNode)
  | {
      readonly kind: 'refused'
      /** What its filters say, or that it is gone. */
      readonly reasons: readonly FilterReason[]
    }

/** Why it is not placed on a node that is not known. */
export const NODE_GONE: FilterReason = Object.freeze({
  code: 'NodeGone',
  message: 'node is gone',
  unresolvable: true,
})
