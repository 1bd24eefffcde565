import type { ReasonSummary } from '../core/index.js'
import { rollUpReasons } from '../core/index.js'
import { compareText } from '../core/internal.js'
import type { PluginScore } from './classes/best-node.js'
import { scoreNodes } from './classes/best-node.js'
import type { RequestClass } from './classes/request-class.js'
import type { NodeRow, NodeTable } from './nodes/node-table.js'
import type { FilterReason } from './plugins/plugin.js'

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
  /** Every filter of the profile in its order, also after the first refusal; of an unreadable node only that. */
  readonly filters: readonly FilterVerdict[]
  /** Every score that concerns the request; empty when the node does not fit. */
  readonly scores: readonly PluginScore[]
  /** What the profile makes of the scores; undefined when the node does not fit. */
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
export function explainPlacement(one: RequestClass, table: NodeTable): PlacementExplanation {
  one.sync()
  const rows = [...table.rows()]
  const fitting = rows.filter(row => fitsOn(one, row))
  const scored = new Map(scoreNodes(one, table, fitting).map(node => [node.row, node]))
  const nodes = rows
    .map((row): NodeExplanation => {
      const found = scored.get(row)
      return {
        node: row.name,
        fits: found !== undefined,
        filters: refusalsOf(one, row),
        scores: found?.scores ?? [],
        total: found?.total,
      }
    })
    .sort(byRank)
  return { nodes, summary: summarizeRefusals(one, table) }
}

/** Whether every filter lets the class onto the node. After `sync`. */
function fitsOn(one: RequestClass, row: NodeRow): boolean {
  return one.hasRoom(row.slot) && one.domainsPass(row)
}

/** What every filter says, in the profile's order, also after the first refusal. After `sync`. */
export function refusalsOf(one: RequestClass, row: NodeRow): readonly FilterVerdict[] {
  if (row.unreadable === undefined) return [...one.refusals(row)]
  const params = { why: row.unreadable }
  const reason = { code: 'NodeUnreadable', message: 'node(s) unreadable', unresolvable: true, params }
  return [{ plugin: 'readable', reasons: [reason] }]
}

/** Something that keeps a request off nodes, as a filter said it of one of them. */
export interface RejectionCause {
  readonly plugin: string
  readonly reason: FilterReason
}

/** Every reason of every node that refuses the class, counted by how many nodes give it. After `sync`. */
function summarizeRefusals(one: RequestClass, table: NodeTable): ReasonSummary {
  return rejectionOf(one, table).reasons
}

/** The reasons counted, and each that a filter gives, once. After `sync`. */
export function rejectionOf(
  one: RequestClass,
  table: NodeTable,
): { readonly reasons: ReasonSummary; readonly causes: readonly RejectionCause[] } {
  const rejections = []
  const causes = new Map<string, RejectionCause>()
  for (const row of table.rows()) {
    const verdicts = refusalsOf(one, row)
    for (const { plugin, reasons } of verdicts)
      for (const reason of reasons) {
        const key = `${plugin} ${reason.code} ${reason.message}`
        if (!causes.has(key)) causes.set(key, { plugin, reason })
      }
    const reasons = verdicts.flatMap(verdict => verdict.reasons)
    if (reasons.length > 0) rejections.push({ node: row.name, reasons: reasons.map(withoutVerdict) })
  }
  return { reasons: rollUpReasons(rejections, { total: table.size }), causes: [...causes.values()] }
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
