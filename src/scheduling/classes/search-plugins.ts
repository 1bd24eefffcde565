import type { ResourceColumn } from '../nodes/resource-columns.js'
import type { NodeRange } from '../plugins/node-range.js'
import type { NodeFilterPlugin, NodeScorePlugin, ShareScore } from '../plugins/plugin.js'
import type { PreparedRequest } from '../requests/placement-request.js'
import type { ClassScore } from './class-score.js'
import { scoreUnits } from './score-sum.js'

interface WeightedNodeScore {
  readonly plugin: NodeScorePlugin
  readonly weight: number
}

type MayPass = NonNullable<NodeFilterPlugin['mayPass']>

interface WeightedMost {
  readonly most: NonNullable<NodeScorePlugin['most']>
  readonly weight: number
}

/** Nodes of which a search wants to know how good one of them could be. */
export interface SearchRange extends NodeRange {
  /** What static scores come to at most, in units. */
  readonly mostStatics: number
  /** Whether they are equal, as one node is. */
  readonly areEqual: boolean
}

/** What a search for the best node asks. */
export interface SearchPlugins {
  readonly statics: {
    readonly filters: readonly NodeFilterPlugin[]
    readonly scores: readonly WeightedNodeScore[]
  }
  /** What filters say of many nodes at once. */
  readonly filters: readonly MayPass[]
  /** What scores say of many nodes at once. */
  readonly scores: readonly WeightedMost[]
  /** Scores that together are best on the emptiest node, and the others; undefined when there are none. */
  readonly emptiest:
    | {
        readonly byShare: readonly { readonly shares: ShareScore; readonly weight: number }[]
        readonly others: readonly WeightedMost[]
      }
    | undefined
}

/** Undefined when some plugin cannot speak of many nodes at once, or of many requests. */
export function searchPlugins(
  request: PreparedRequest,
  statics: readonly NodeFilterPlugin[],
  nodes: readonly NodeFilterPlugin[],
  all: readonly ClassScore[],
): SearchPlugins | undefined {
  const scores = all.filter(isLocal)
  const ofStatics = scores.filter(({ plugin }) => plugin.locality === 'static')
  const ofNodes = scores.filter(({ plugin }) => plugin.locality === 'node')
  const isShared =
    scores.length === all.length &&
    statics.every(({ reads }) => reads !== undefined) &&
    ofStatics.every(({ plugin }) => plugin.reads !== undefined) &&
    ofNodes.every(({ plugin }) => plugin.most !== undefined)
  if (!isShared) return undefined
  return {
    statics: { filters: statics, scores: ofStatics },
    filters: nodes.flatMap(plugin =>
      plugin.mayPass === undefined ? [] : [(of, range) => plugin.mayPass?.(of, range) ?? true],
    ),
    scores: mostOf(ofNodes),
    emptiest: emptiestOf(request, ofNodes),
  }
}

function mostOf(scores: readonly WeightedNodeScore[]): readonly WeightedMost[] {
  return scores.map(({ plugin, weight }) => ({
    most: (request, range) => plugin.most?.(request, range) ?? 0,
    weight,
  }))
}

function emptiestOf(
  request: PreparedRequest,
  scores: readonly WeightedNodeScore[],
): SearchPlugins['emptiest'] {
  const byShare = scores.flatMap(({ plugin: { shares }, weight }) =>
    shares === undefined ? [] : [{ shares, weight }],
  )
  const isFalling = (column: ResourceColumn): boolean =>
    byShare.reduce((sum, { shares, weight }) => sum + shares.slope(request, column) * weight, 0) <= 0
  const resources = new Set(['cpu', 'memory', ...request.demands.map(({ resource }) => resource)])
  if (byShare.length < 2 || ![...resources].every(resource => isFalling(request.column(resource))))
    return undefined
  return { byShare, others: mostOf(scores.filter(({ plugin }) => plugin.shares === undefined)) }
}

/**
 * A total that is at least that of each of these nodes, in units; -1 when the request fits on none of them. When they
 * are equal, as one node is, it is the total itself.
 */
export function mostTotal(
  { filters, scores, emptiest }: SearchPlugins,
  request: PreparedRequest,
  range: SearchRange,
): number {
  for (let index = 0; index < filters.length; index++)
    if (!(filters[index] as MayPass)(request, range)) return -1
  const { mostStatics: statics, areEqual } = range
  if (areEqual || emptiest === undefined) return statics + sumOf(scores, request, range)
  let most = statics + sumOf(emptiest.others, request, range)
  for (let index = 0; index < emptiest.byShare.length; index++) {
    const { shares, weight } = emptiest.byShare[index] as (typeof emptiest.byShare)[number]
    // Each score is rounded by itself, so that the emptiest node may have a unit less from each.
    most += scoreUnits(shares.emptiest(request, range), weight) + 1
  }
  return most + 1
}

function sumOf(scores: readonly WeightedMost[], request: PreparedRequest, range: NodeRange): number {
  let sum = 0
  for (let index = 0; index < scores.length; index++) {
    const { most, weight } = scores[index] as WeightedMost
    sum += scoreUnits(most(request, range), weight)
  }
  return sum
}

function isLocal(score: ClassScore): score is Extract<ClassScore, { kind: 'local' }> {
  return score.kind === 'local'
}
