import { compareText } from '../../core/internal.js'
import type { CellProgram, CellView } from './cell-view.js'

/** The order in which cells change: what goes last at the end, then as the program says, ties by key. Total. */
export function cellOrder({ compare = highestFirst }: CellProgram): (a: CellView, b: CellView) => number {
  return (a, b) =>
    Number(a.isLast === true) - Number(b.isLast === true) || compare(a, b) || compareText(a.key, b.key)
}

function highestFirst(a: CellView, b: CellView): number {
  return (b.ordinal ?? 0) - (a.ordinal ?? 0)
}
