import type { NodeRow, NodeTable } from '../nodes/node-table.js'
import type { DomainScorePlugin } from '../plugins/plugin.js'
import type { Bucket } from './bucket.js'
import type { ClassScore } from './class-score.js'
import type { Extremes } from './normalization.js'
import { normalized } from './normalization.js'
import type { RequestClass } from './request-class.js'
import { checkedRaw, checkedScore, SCORE_UNIT, scoreUnits } from './score-sum.js'
import { isBetter } from './slot-heap.js'

/** One part of a node's score. */
export interface PluginScore {
  readonly plugin: string
  /** From 0 to 100. */
  readonly score: number
  readonly weight: number
}

/** A node that fits, with its score. */
export interface ScoredNode {
  readonly row: NodeRow
  /** What the profile makes of the scores: their weighted sum, their mean, or the first of them. */
  readonly total: number
  readonly scores: readonly PluginScore[]
}

/** A bucket whose nodes with room all fit. */
interface OpenBucket {
  readonly bucket: Bucket
  readonly top: NodeRow
  /** Raw scores that its nodes share, by place in the class's scores; NaN for others. */
  readonly raws: readonly number[]
}

/**
 * The node with the highest total among all that fit; of equals the one with the lowest name (by UTF-16 code unit).
 * Costs as much as there are buckets, whatever the number of nodes.
 */
export function findBest(one: RequestClass, table: NodeTable): NodeRow | undefined {
  const found = one.search()
  if (found !== undefined) return found.best
  one.sync()
  const { plugins, buckets } = one
  if (plugins.partCount === 0) {
    const top = buckets[0]?.heap.top ?? -1
    return top < 0 ? undefined : table.at(top)
  }
  if (plugins.isLocal) return bestTop(one, table)
  const open = openBuckets(one, table)
  if (open.length === 1) return open[0]?.top
  const shared = sharedScores(plugins.scores, open)
  let best: NodeRow | undefined
  let bestRank: readonly number[] = []
  for (const [index, { top }] of open.entries()) {
    const rank = rankOf(one, top, shared[index] ?? [])
    const order = best === undefined ? 1 : compareRanks(rank, bestRank)
    if (order < 0) continue
    const ranks = one.order.ranks
    if (order === 0 && best !== undefined && (ranks[best.slot] as number) < (ranks[top.slot] as number))
      continue
    best = top
    bestRank = rank
  }
  return best
}

/** When no score is shared within a bucket, the better top is the better node. */
function bestTop(one: RequestClass, table: NodeTable): NodeRow | undefined {
  let best = -1
  for (const { heap } of one.buckets) {
    const { top } = heap
    if (top < 0 || (best >= 0 && !isBetter(top, best, one.order))) continue
    if (one.domainsPass(table.at(top) as NodeRow)) best = top
  }
  return best < 0 ? undefined : table.at(best)
}

/** The scores of a node that fits, in the profile's order. After `sync`. */
export function scoreNode(one: RequestClass, table: NodeTable, row: NodeRow): ScoredNode {
  const { scores, isLocal } = one.plugins
  return isLocal ? scoreAlone(one, row, scores) : (scoreNodes(one, table, [row])[0] as ScoredNode)
}

/** The same of several. */
export function scoreNodes(
  one: RequestClass,
  table: NodeTable,
  rows: readonly NodeRow[],
): readonly ScoredNode[] {
  const { scores: all, isLocal } = one.plugins
  if (isLocal) return rows.map(row => scoreAlone(one, row, all))
  const open = openBuckets(one, table)
  const shared = sharedScores(one.plugins.scores, open)
  const byBucket = new Map(open.map(({ bucket }, index) => [bucket, shared[index] ?? []]))
  return rows.map(row => {
    const own = byBucket.get(one.bucketOf(row.slot) as Bucket) ?? []
    const scores = one.plugins.scores.flatMap((score, index): PluginScore[] => {
      const plugin = pluginOf(score)
      const found = score.kind === 'local' ? score.plugin.score(one.request, row) : own[index]
      const isCounted = found !== undefined && found >= 0
      return isCounted ? [{ plugin: plugin.name, score: found, weight: score.weight }] : []
    })
    const [first = 0] = rankOf(one, row, own)
    const total = one.combine === 'lexicographic' ? (scores[0]?.score ?? 0) : first * SCORE_UNIT
    return { row, total, scores }
  })
}

/** When no score is shared, a node's scores are its own. */
function scoreAlone(
  { request, combine }: RequestClass,
  row: NodeRow,
  all: readonly ClassScore[],
): ScoredNode {
  const scores: PluginScore[] = []
  let units = 0
  for (const one of all)
    if (one.kind === 'local') {
      const { plugin, weight } = one
      const score = plugin.score(request, row) as number
      units += scoreUnits(score, weight)
      scores.push({ plugin: plugin.name, score, weight })
    }
  return { row, total: combine === 'lexicographic' ? (scores[0]?.score ?? 0) : units * SCORE_UNIT, scores }
}

/** Buckets that have a node with room, and whose nodes all domain filters let the request onto. */
function openBuckets(one: RequestClass, table: NodeTable): readonly OpenBucket[] {
  const open: OpenBucket[] = []
  for (const bucket of one.buckets) {
    if (bucket.heap.size === 0) continue
    const top = table.at(bucket.heap.top) as NodeRow
    if (one.domainsPass(top)) open.push({ bucket, top, raws: rawsOf(one, bucket, top) })
  }
  return open
}

function rawsOf(one: RequestClass, bucket: Bucket, top: NodeRow): readonly number[] {
  return one.plugins.scores.map(score => {
    if (score.kind === 'local') return Number.NaN
    if (score.kind === 'part') return bucket.parts[score.part] as number
    const { plugin, offset } = score.of
    const found = plugin.score(one.request, top, one.viewAt(offset))
    if (found === undefined && one.plugins.countsScores) return Number.NaN
    return plugin.normalize === undefined ? checkedScore(plugin, found) : checkedRaw(plugin, found)
  })
}

/** For each bucket, the scores from 0 to 100 that its nodes share, by place in the class's scores. */
function sharedScores(
  scores: readonly ClassScore[],
  open: readonly OpenBucket[],
): readonly (readonly number[])[] {
  const extremes = scores.map((score, index): Extremes | undefined => {
    if (score.kind === 'local' || pluginOf(score).normalize === undefined) return undefined
    let [max, min] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (const { raws } of open) {
      const raw = raws[index] as number
      if (raw > max) max = raw
      if (raw < min) min = raw
    }
    return { max, min }
  })
  return open.map(({ raws }) =>
    raws.map((raw, index) => {
      const how = pluginOf(scores[index] as ClassScore).normalize
      const extreme = extremes[index]
      return how === undefined || extreme === undefined ? raw : normalized(raw, extreme, how)
    }),
  )
}

function pluginOf(score: ClassScore): DomainScorePlugin | Extract<ClassScore, { plugin: unknown }>['plugin'] {
  return score.kind === 'domain' ? score.of.plugin : score.plugin
}

/** What nodes are compared by, the first number first. */
function rankOf(one: RequestClass, row: NodeRow, shared: readonly number[]): readonly number[] {
  const { scores, countsScores, partCount } = one.plugins
  const isTiered = one.combine === 'lexicographic'
  const own = one.totalOf(row.slot)
  if (isTiered) {
    const tiers = scores.flatMap((score, index) => (score.kind === 'local' ? [] : [shared[index] as number]))
    return scores.at(-1)?.kind === 'local' ? [...tiers, own] : tiers
  }
  let sum = own
  let counted = countsScores ? ((one.bucketOf(row.slot) as Bucket).parts[partCount - 1] as number) : 0
  for (const [index, score] of scores.entries()) {
    const value = shared[index] as number
    if (score.kind === 'local' || Number.isNaN(value) || value < 0) continue
    sum += scoreUnits(value, score.weight)
    counted++
  }
  return [countsScores ? (counted === 0 ? 0 : sum / counted) : sum]
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < a.length; index++) {
    const difference = (a[index] as number) - (b[index] as number)
    if (difference !== 0) return difference
  }
  return 0
}
