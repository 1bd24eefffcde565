import type { ReasonSummary } from '../core/index.js'
import { rollUpReasons } from '../core/index.js'
import { compareText } from '../core/internal.js'
import type { PluginScore } from './evaluate.js'
import { refusalsOf, scoreNodes } from './evaluate.js'
import type { NodeTable } from './nodes/node-table.js'
import type { FilterReason, Profile } from './plugins/plugin.js'
import type { PreparedRequest } from './requests/placement-request.js'

/** What one filter says of one node. */
export interface FilterVerdict {
  readonly plugin: string
  /** Empty when the node passes. */
  readonly reasons: readonly FilterReason[]
}

/** What the scheduler thinks of one node. */
export interface NodeExplanation {
  readonly node: string
  readonly fits: boolean
  /** Every filter of the profile in its order, also after the first refusal. */
  readonly filters: readonly FilterVerdict[]
  /** Every score of the profile; empty when the node does not fit. */
  readonly scores: readonly PluginScore[]
  /** The sum of `score · weight`; undefined when the node does not fit. */
  readonly total: number | undefined
}

/** Why a request goes where it goes, or nowhere. Nothing is placed. */
export interface PlacementExplanation {
  /** Nodes that fit come first, best first; then the others, those with the fewest reasons first; then by name. */
  readonly nodes: readonly NodeExplanation[]
  /** Every reason of every node that does not fit, counted. */
  readonly summary: ReasonSummary
}

/** Asks every filter and every score about every node. */
export function explainPlacement(
  request: PreparedRequest,
  table: NodeTable,
  profile: Profile,
): PlacementExplanation {
  const scored = new Map(scoreNodes(request, table, profile).map(node => [node.row, node]))
  const nodes = table.rows
    .map((row): NodeExplanation => {
      const found = scored.get(row)
      return {
        node: row.name,
        fits: found !== undefined,
        filters: refusalsOf(request, row, profile),
        scores: found?.scores ?? [],
        total: found?.total,
      }
    })
    .sort(byRank)
  return { nodes, summary: summarizeRefusals(request, table, profile) }
}

/** Every reason of every node that refuses the request, counted by how many nodes give it. */
export function summarizeRefusals(
  request: PreparedRequest,
  table: NodeTable,
  profile: Profile,
): ReasonSummary {
  const rejections = []
  for (const row of table.rows) {
    const reasons = refusalsOf(request, row, profile).flatMap(verdict => verdict.reasons)
    if (reasons.length > 0) rejections.push({ node: row.name, reasons: reasons.map(withoutVerdict) })
  }
  return rollUpReasons(rejections, { total: table.size })
}

function withoutVerdict({ unresolvable: _, ...reason }: FilterReason): Omit<FilterReason, 'unresolvable'> {
  return reason
}

function byRank(a: NodeExplanation, b: NodeExplanation): number {
  if (a.total !== undefined && b.total !== undefined && a.total !== b.total) return b.total - a.total
  if (a.fits !== b.fits) return a.fits ? -1 : 1
  return countReasons(a) - countReasons(b) || compareText(a.node, b.node)
}

function countReasons(node: NodeExplanation): number {
  return node.filters.reduce((count, { reasons }) => count + reasons.length, 0)
}
