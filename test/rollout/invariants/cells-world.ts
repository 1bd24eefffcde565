import fc from 'fast-check'
import type { CellGoal, CellPlan, CellProgram, CellView } from '../../../src/rollout/cells/index.js'
import { planCells } from '../../../src/rollout/cells/index.js'
import { cellPresets } from './presets.js'

const CELLS = 6

type Happening = readonly [what: 'up' | 'down' | 'scale' | 'roll' | 'undo', which: number]
const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(
  fc.tuple(
    fc.constantFrom<Happening[0][]>('up', 'down', 'up', 'down', 'up', 'down', 'scale', 'roll', 'undo'),
    fc.nat(7),
  ),
  { maxLength: 20, size: 'max' },
)

/** A set of cells, obeyed at once; what was asked for comes up when that happens. */
export interface CellWorld {
  readonly program: CellProgram
  goal: CellGoal
  cells: readonly CellView[]
}

export interface CellStep {
  readonly program: CellProgram
  readonly goal: CellGoal
  readonly before: readonly CellView[]
  readonly plan: CellPlan
  readonly after: readonly CellView[]
}

const cellAt = (ordinal: number, revision: string): CellView => ({
  key: `cell-${ordinal}`,
  ordinal,
  revision,
  available: false,
})

/** With `start-first` what works is kept until the new one does. */
export function obey(world: Pick<CellWorld, 'program' | 'cells'>, { moves }: CellPlan): readonly CellView[] {
  const to = new Map(moves.map(({ key, revision }) => [key, revision]))
  return world.cells.map(cell => {
    const revision = to.get(cell.key)
    if (revision === undefined) return cell
    const stays = world.program.order === 'start-first' && cell.available
    return stays ? { ...cell, revision } : { ...cell, revision, running: revision, available: false }
  })
}

export function stepCells(world: CellWorld): CellStep {
  const { program, goal, cells: before } = world
  const plan = planCells(before, goal, program)
  world.cells = obey(world, plan)
  return { program, goal, before, plan, after: world.cells }
}

/** Everything comes up but what is broken. */
export function comeUp(world: CellWorld, broken: readonly string[] = []): void {
  world.cells = world.cells.map(cell =>
    broken.includes(cell.revision) ? cell : { ...cell, running: cell.revision, available: true },
  )
}

function happen(world: CellWorld, [what, which]: Happening): void {
  const at = which % Math.max(1, world.cells.length)
  if (what === 'up')
    world.cells = world.cells.map((cell, index) =>
      index === at ? { ...cell, running: cell.revision, available: true } : cell,
    )
  if (what === 'down')
    world.cells = world.cells.map((cell, index) => (index === at ? { ...cell, available: false } : cell))
  if (what === 'scale') {
    const { target, stable = target } = world.goal
    const { partition = 0 } = world.program
    world.cells = Array.from(
      { length: which },
      (_, ordinal) => world.cells[ordinal] ?? cellAt(ordinal, ordinal < partition ? stable : target),
    )
    world.goal = { ...world.goal, desired: which }
  }
  if (what === 'roll') world.goal = { ...world.goal, target: 'bcd'[which % 3] ?? 'b' }
  if (what === 'undo') world.goal = { ...world.goal, target: 'a' }
}

function walk(program: CellProgram, events: readonly Happening[], look: (step: CellStep) => void): CellWorld {
  const cells = Array.from({ length: CELLS }, (_, ordinal) => cellAt(ordinal, 'a'))
  const world: CellWorld = { program, goal: { target: 'b', stable: 'a', desired: CELLS }, cells }
  comeUp(world)
  for (const event of events) {
    happen(world, event)
    look(stepCells(world))
  }
  return world
}

/** A law of every step of every preset. */
export function everyCellStep(runs: number, look: (step: CellStep) => void): void {
  for (const program of Object.values(cellPresets))
    fc.assert(
      fc.property(happenings, events => void walk(program, events, look)),
      { numRuns: runs },
    )
}

/** A law of what every walk of every preset leads to. */
export function everyCellWalk(runs: number, look: (world: CellWorld) => void): void {
  for (const program of Object.values(cellPresets))
    fc.assert(
      fc.property(happenings, events => look(walk(program, events, () => {}))),
      { numRuns: runs },
    )
}

export const availableOf = (cells: readonly CellView[]): number => cells.filter(cell => cell.available).length
export const slotsOf = ({ strict, order, maxUnavailable = 1 }: CellProgram): number =>
  order === 'start-first' ? 0 : strict === true ? 1 : maxUnavailable
