import { expect } from 'vitest'
import type { CellGoal, CellProgram, CellView } from '../../../src/rollout/cells/index.js'
import { planCells } from '../../../src/rollout/cells/index.js'

/** What a cell may be: of a revision, working or not; or asked to become `b` while something else still runs. */
const STATES = ['a', 'a!', 'b', 'b!', 'x', 'x!', 'ab'] as const

const goal: CellGoal = { target: 'b', stable: 'a' }
export const programs: readonly CellProgram[] = [
  { strict: true },
  { maxUnavailable: 1 },
  { maxUnavailable: 2 },
  { maxUnavailable: 3, width: 2 },
  { order: 'start-first', maxSurge: 1 },
  { order: 'start-first', maxSurge: 2 },
  { order: 'start-first', maxSurge: 3, strict: true },
]

function cellOf(state: string, ordinal: number): CellView {
  const [first = '', second = ''] = state
  const key = `${ordinal}`
  if (second === 'b') return { key, ordinal, revision: 'b', running: first, available: true }
  return { key, ordinal, revision: first, running: first, available: second === '' }
}

/** The executor obeys: with `start-first` what works is kept until the new one does. */
function obey(cells: readonly CellView[], program: CellProgram): CellView[] {
  const to = new Map(planCells(cells, goal, program).moves.map(({ key, revision }) => [key, revision]))
  return cells.map(cell => {
    const revision = to.get(cell.key)
    if (revision === undefined) return cell
    const stays = program.order === 'start-first' && cell.available
    return stays ? { ...cell, revision } : { ...cell, revision, running: revision, available: false }
  })
}

/** What was asked to run comes up, where `works` says so. */
function comeUp(cells: readonly CellView[], works: (revision: string) => boolean): CellView[] {
  return cells.map(cell =>
    works(cell.revision) ? { ...cell, running: cell.revision, available: true } : cell,
  )
}

/** All rows of `count` states; of more than three cells one of each kind of row, since the order matters little there. */
function* rows(count: number): Generator<string[]> {
  const walk = function* (row: string[], from: number): Generator<string[]> {
    if (row.length === count) return yield row
    for (let at = count > 3 ? from : 0; at < STATES.length; at++) yield* walk([...row, STATES[at] ?? ''], at)
  }
  yield* walk([], 0)
}

const availableOf = (cells: readonly CellView[]): number => cells.filter(cell => cell.available).length

/** Fails at the first state of so many cells that a law does not hold of. */
export function exploreCells(program: CellProgram, count: number): void {
  const slots = program.strict ? 1 : program.order === 'start-first' ? 0 : (program.maxUnavailable ?? 1)
  let states = 0
  for (const row of rows(count)) {
    states += 1
    const start = row.map(cellOf)
    // One step never takes what works below the floor.
    const floor = Math.min(availableOf(start), count - slots)
    if (availableOf(obey(start, program)) < floor) expect.fail(`${row.join(' ')} falls below its floor`)
    // A revision that works is rolled out, from every state.
    let good = start
    for (let step = 0; step < 2 * count + 2 && !planCells(good, goal, program).done; step++)
      good = comeUp(obey(good, program), () => true)
    if (!planCells(good, goal, program).done) expect.fail(`${row.join(' ')} does not get to its goal`)
    // One that never works takes no more than the budget of what works.
    let bad = start
    const works = (revision: string): boolean => revision === 'a'
    for (let step = 0; step < count + 2; step++) bad = comeUp(obey(bad, program), works)
    const lost = start.filter(cell => cell.available && cell.revision !== 'b').length - availableOf(bad)
    if (lost > Math.max(slots, 0))
      expect.fail(`${row.join(' ')} loses ${lost} to a revision that never works`)
  }
  expect(states).toBeGreaterThan(count > 3 ? 200 : STATES.length ** count - 1)
}
