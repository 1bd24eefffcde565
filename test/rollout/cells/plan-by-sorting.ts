import { compareText } from '../../../src/core/internal.js'
import type {
  CellBlocker,
  CellGoal,
  CellPlan,
  CellProgram,
  CellView,
} from '../../../src/rollout/cells/index.js'

/** The slow obvious way: sorts all cells at every step, and counts again before every move. */
export function planBySorting(
  cells: readonly CellView[],
  { target, stable, desired: wanted = 0 }: CellGoal,
  program: CellProgram,
): CellPlan {
  const { order = 'stop-first', maxUnavailable = 1, maxSurge = 1, strict = false, partition = 0 } = program
  const width = strict ? 1 : (program.width ?? Number.POSITIVE_INFINITY)
  const slots = strict ? 1 : order === 'stop-first' ? maxUnavailable : maxSurge
  const desired = Math.max(wanted, cells.length)
  const now = new Map(cells.map(cell => [cell.key, cell]))
  const isBelow = ({ ordinal = Number.POSITIVE_INFINITY }: CellView): boolean => ordinal < partition
  const goalOf = (cell: CellView): string | undefined => {
    if (!isBelow(cell)) return target
    if (cell.revision === target || cell.revision === stable) return undefined
    return stable ?? (cell.available ? undefined : target)
  }
  const urgency = (cell: CellView): number => (cell.available ? 2 : cell.revision === stable ? 1 : 0)
  const todo = cells
    .filter(cell => (goalOf(cell) ?? cell.revision) !== cell.revision)
    .sort(
      (a, b) =>
        urgency(a) - urgency(b) ||
        Number(a.isLast ?? false) - Number(b.isLast ?? false) ||
        (program.compare ?? highestFirst)(a, b) ||
        compareText(a.key, b.key),
    )
  const moves: { key: string; revision: string }[] = []
  let isOver = [false, false, false]
  for (const cell of todo) {
    const moved = new Set(moves.map(({ key }) => key))
    const inFlight = [...now.values()].filter(
      one =>
        moved.has(one.key) ||
        (!isBelow(one) && one.revision === target && !(one.available && one.running === one.revision)),
    ).length
    const available = [...now.values()].filter(one => one.available).length
    const surging = [...now.values()].filter(
      one =>
        one.available &&
        (moved.has(one.key) || (!isBelow(one) && one.revision === target && one.running !== target)),
    ).length
    const may = [
      inFlight < width,
      inFlight < Math.min(width, slots),
      inFlight < width &&
        (!strict || available === desired) &&
        (order === 'start-first' ? surging < slots : inFlight < slots && available - 1 >= desired - slots),
    ]
    const kind = urgency(cell)
    if (isOver[kind] === true || may[kind] !== true) {
      isOver = isOver.with(kind, true)
      continue
    }
    moves.push({ key: cell.key, revision: goalOf(cell) ?? cell.revision })
    now.set(cell.key, { ...cell, available: order === 'start-first' && cell.available })
  }
  const isArrived = (cell: CellView): boolean =>
    cell.revision === target && cell.running === target && cell.available
  const onTheirWay = cells.filter(
    cell => goalOf(cell) === target && cell.revision === target && !isArrived(cell),
  ).length
  const held = cells.filter(cell => isBelow(cell) && goalOf(cell) === undefined && !isArrived(cell)).length
  const blockers: CellBlocker[] = []
  if (onTheirWay > 0) blockers.push({ kind: 'unready', count: onTheirWay })
  const waiting = todo.length - moves.length
  const available = [...now.values()].filter(one => one.available).length
  const atOnce = Math.min(width, slots)
  if (waiting > 0 && (onTheirWay + moves.length >= atOnce || order === 'start-first'))
    blockers.push(
      onTheirWay + moves.length < atOnce && strict && available < desired
        ? { kind: 'strict', waiting, unavailable: desired - available }
        : { kind: 'width', waiting, width: atOnce },
    )
  else if (waiting > 0 && strict && available < desired)
    blockers.push({ kind: 'strict', waiting, unavailable: desired - available })
  else if (waiting > 0) blockers.push({ kind: 'floor', waiting, available, floor: desired - slots })
  if (held > 0) blockers.push({ kind: 'partition', count: held })
  return { moves, blockers, done: desired === cells.filter(isArrived).length }
}

function highestFirst(a: CellView, b: CellView): number {
  return (b.ordinal ?? 0) - (a.ordinal ?? 0)
}
