import { UsageError } from '../core/index.js'
import { type NodeRow, type NodeTable } from './node-table.js'
import { type NodeView } from './node-view.js'
import { type PreparedRequest } from './placement-request.js'
import { type FilterReason, type Profile, type ScorePlugin } from './plugin.js'

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
  /** The sum of `score · weight`. */
  readonly total: number
  readonly scores: readonly PluginScore[]
}

/** Whether every filter lets the request onto the node. */
export function fitsOn(request: PreparedRequest, node: NodeView, profile: Profile): boolean {
  for (const plugin of profile.filters) if (plugin.filter(request, node) !== undefined) return false
  return true
}

/** What every filter says, in the profile's order, also after the first refusal. */
export function refusalsOf(
  request: PreparedRequest,
  node: NodeView,
  profile: Profile,
): readonly { readonly plugin: string; readonly reasons: readonly FilterReason[] }[] {
  return profile.filters.map(plugin => ({ plugin: plugin.name, reasons: plugin.filter(request, node) ?? [] }))
}

/**
 * The node with the highest total among all that fit; of equals the one with the lowest name (by UTF-16 code
 * unit). Looks at every node: the answer is exact and does not depend on the order in which nodes were added.
 */
export function findBestNode(
  request: PreparedRequest,
  table: NodeTable,
  profile: Profile,
): ScoredNode | undefined {
  if (profile.scores.every(({ plugin }) => plugin.locality === 'node'))
    return findBestByNode(request, table, profile)
  return best(scoreNodes(request, table, profile))
}

/** Every node that fits, with its score, in no meaningful order. */
export function scoreNodes(
  request: PreparedRequest,
  table: NodeTable,
  profile: Profile,
): readonly ScoredNode[] {
  const rows = table.slots.filter(row => row !== undefined).filter(row => fitsOn(request, row, profile))
  const columns = profile.scores.map(({ plugin, weight }) => ({
    plugin,
    weight,
    scores: finalScores(
      plugin,
      rows.map(row => plugin.score(request, row)),
    ),
  }))
  return rows.map((row, index) => {
    const scores = columns.map(({ plugin, weight, scores }) => ({
      plugin: plugin.name,
      score: scores[index] ?? 0,
      weight,
    }))
    return { row, total: scores.reduce((sum, { score, weight }) => sum + score * weight, 0), scores }
  })
}

/** One pass, nothing kept but the best so far. */
function findBestByNode(
  request: PreparedRequest,
  table: NodeTable,
  profile: Profile,
): ScoredNode | undefined {
  let winner: NodeRow | undefined
  let highest = Number.NEGATIVE_INFINITY
  for (const row of table.slots) {
    if (row === undefined || !fitsOn(request, row, profile)) continue
    let total = 0
    for (const { plugin, weight } of profile.scores) {
      total += checkedScore(plugin, plugin.score(request, row)) * weight
    }
    if (winner !== undefined && (total < highest || (total === highest && row.name > winner.name))) continue
    winner = row
    highest = total
  }
  if (winner === undefined) return undefined
  const row = winner
  const scores = profile.scores.map(({ plugin, weight }) => ({
    plugin: plugin.name,
    score: plugin.score(request, row),
    weight,
  }))
  return { row, total: highest, scores }
}

function best(candidates: readonly ScoredNode[]): ScoredNode | undefined {
  let winner: ScoredNode | undefined
  for (const candidate of candidates) {
    if (winner === undefined || isBetter(candidate, winner)) winner = candidate
  }
  return winner
}

function isBetter(a: ScoredNode, b: ScoredNode): boolean {
  return a.total > b.total || (a.total === b.total && a.row.name < b.row.name)
}

function finalScores(plugin: ScorePlugin, raw: readonly number[]): readonly number[] {
  const scores = plugin.locality === 'normalised' ? plugin.normalize(raw) : raw
  for (const score of scores) checkedScore(plugin, score)
  return scores
}

/** A score that is no number would silently lose or win every comparison. */
function checkedScore(plugin: ScorePlugin, score: number): number {
  if (score >= 0 && score <= 100) return score
  throw new UsageError(
    `score plugin ${plugin.name} returned ${score}; it must return a number from 0 to 100`,
    {
      plugin: plugin.name,
      score: String(score),
    },
  )
}
