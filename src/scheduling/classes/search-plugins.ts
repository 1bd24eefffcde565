import type { NodeFilterPlugin, NodeScorePlugin } from '../plugins/plugin.js'
import type { PreparedRequest } from '../requests/placement-request.js'
import type { ClassScore } from './class-score.js'
import { TotalBound } from './total-bound.js'

/** What a search for the best node asks. */
export interface SearchPlugins {
  readonly statics: {
    readonly filters: readonly NodeFilterPlugin[]
    readonly scores: readonly { readonly plugin: NodeScorePlugin; readonly weight: number }[]
  }
  readonly bound: TotalBound
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
    ofNodes.every(({ plugin }) => plugin.most !== undefined || plugin.formula !== undefined)
  if (!isShared) return undefined
  return {
    statics: { filters: statics, scores: ofStatics },
    bound: new TotalBound(request, nodes, ofNodes),
  }
}

function isLocal(score: ClassScore): score is Extract<ClassScore, { kind: 'local' }> {
  return score.kind === 'local'
}
