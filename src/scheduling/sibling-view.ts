import { countSiblings } from '../core/index.js'
import type { SiblingView } from '../core/internal.js'
import { attributeOf, attributeText } from '../core/internal.js'
import type { NodeRow, NodeTable } from './nodes/node-table.js'
import type { PlacementRequest } from './requests/placement-request.js'
import type { TaskLedger } from './task-ledger.js'

/** Where the siblings of a request are; those on nodes that are not known count nowhere. First is the lowest key. */
export function siblingsOf(
  { key, group, instances }: PlacementRequest,
  table: NodeTable,
  ledger: TaskLedger,
): SiblingView {
  const placed = group === undefined ? [] : ledger.inGroup(group).filter(task => task.key !== key)
  return {
    instances: Math.max(instances ?? 0, placed.length + 1),
    siblings(attribute) {
      const rows = placed.map(({ node }) => table.find(node)).filter(row => row !== undefined)
      return countSiblings(rows.map(row => attributeOf(row.attributes, attribute)))
    },
  }
}

/** The least number of siblings that one of the values has which these nodes have. */
export function fewest(attribute: string, view: SiblingView, rows: readonly NodeRow[]): number {
  const { counts } = view.siblings(attribute)
  let least = Number.POSITIVE_INFINITY
  for (const row of rows) {
    const value = attributeOf(row.attributes, attribute)
    if (value !== undefined) least = Math.min(least, counts.get(attributeText(value)) ?? 0)
  }
  return least
}
