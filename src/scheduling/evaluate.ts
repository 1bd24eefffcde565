import { UsageError } from '../core/index.js'
import type { NodeRow, NodeTable } from './nodes/node-table.js'
import type { NodeView } from './nodes/node-view.js'
import type { FilterReason, Profile, ScorePlugin } from './plugins/plugin.js'
import type { PreparedRequest } from './requests/placement-request.js'

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
  if (node.unreadable !== undefined) return false
  for (const plugin of profile.filters) if (plugin.filter(request, node) !== undefined) return false
  return true
}

/** What every filter says, in the profile's order, also after the first refusal. */
export function refusalsOf(
  request: PreparedRequest,
  node: NodeView,
  profile: Profile,
): readonly { readonly plugin: string; readonly reasons: readonly FilterReason[] }[] {
  if (node.unreadable !== undefined) return [{ plugin: 'readable', reasons: [unreadable(node.unreadable)] }]
  return profile.filters.map(plugin => ({ plugin: plugin.name, reasons: plugin.filter(request, node) ?? [] }))
}

function unreadable(why: string): FilterReason {
  return { code: 'NodeUnreadable', message: 'node(s) unreadable', unresolvable: true, params: { why } }
}

/** Whether every filter that looks at the node alone lets the request onto the node. */
export function hasRoom(request: PreparedRequest, node: NodeView, profile: Profile): boolean {
  if (node.unreadable !== undefined) return false
  for (const plugin of profile.filters)
    if (plugin.locality === 'node' && plugin.filter(request, node) !== undefined) return false
  return true
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
  const grid = scoreGrid(request, table, profile)
  let winner = -1
  for (let index = 0; index < grid.rows.length; index++) {
    if (winner === -1 || totalAt(grid, index) > totalAt(grid, winner)) winner = index
  }
  return winner === -1 ? undefined : scoredNodeAt(grid, winner)
}

/** Every node that fits, with its score, in the order of their names. */
export function scoreNodes(
  request: PreparedRequest,
  table: NodeTable,
  profile: Profile,
): readonly ScoredNode[] {
  const grid = scoreGrid(request, table, profile)
  return grid.rows.map((_, index) => scoredNodeAt(grid, index))
}

/** The nodes that fit, in the order of their names, and for each plugin their scores in the same order. */
interface ScoreGrid {
  readonly rows: readonly NodeRow[]
  readonly columns: readonly {
    readonly plugin: string
    readonly weight: number
    readonly scores: readonly number[]
  }[]
}

function scoreGrid(request: PreparedRequest, table: NodeTable, profile: Profile): ScoreGrid {
  const rows = table.rows.filter(row => fitsOn(request, row, profile))
  const columns = profile.scores.map(({ plugin, weight }) => {
    const raw = rows.map(row => plugin.score(request, row))
    return { plugin: plugin.name, weight, scores: finalScores(plugin, raw) }
  })
  return { rows, columns }
}

function totalAt({ columns }: ScoreGrid, index: number): number {
  let total = 0
  for (const { scores, weight } of columns) total += (scores[index] ?? 0) * weight
  return total
}

function scoredNodeAt(grid: ScoreGrid, index: number): ScoredNode {
  const scores = grid.columns.map(({ plugin, weight, scores }) => ({
    plugin,
    score: scores[index] ?? 0,
    weight,
  }))
  return { row: grid.rows[index] as NodeRow, total: totalAt(grid, index), scores }
}

/** One pass, nothing kept but the best so far. */
function findBestByNode(
  request: PreparedRequest,
  table: NodeTable,
  profile: Profile,
): ScoredNode | undefined {
  let winner: NodeRow | undefined
  let highest = Number.NEGATIVE_INFINITY
  for (const row of table.rows) {
    if (!fitsOn(request, row, profile)) continue
    let total = 0
    for (const { plugin, weight } of profile.scores) {
      total += checkedScore(plugin, plugin.score(request, row)) * weight
    }
    if (total <= highest) continue
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

function finalScores(plugin: ScorePlugin, raw: readonly number[]): readonly number[] {
  const scores = plugin.locality === 'normalised' ? plugin.normalize(raw) : raw
  for (const score of scores) checkedScore(plugin, score)
  return scores
}

/** An invalid score, such as NaN, would silently lose or win every comparison. */
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
