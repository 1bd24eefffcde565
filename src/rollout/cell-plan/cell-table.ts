import { InvalidError } from '../../core/index.js'
import { assertValid, Bitset, wholeNumber } from '../../core/internal.js'
import { CellColumns } from './cell-columns.js'
import { cellOrder } from './cell-order.js'
import type { CellBlocker, CellGoal, CellPlan, CellProgram, CellView } from './cell-view.js'

/** More cells are refused. */
const CELLS_MAX = 100_000

/**
 * How a cell stands to the goal: `done` runs the target and is available; `busy` is asked to and is not there yet;
 * `waits` is of another revision and available; `wounded` is of the stable one and not available; `broken` is of one
 * that is neither wanted nor stable, and not available; `held` is not to change.
 */
export type CellStanding = 'done' | 'busy' | 'waits' | 'wounded' | 'broken' | 'held'

const STANDINGS: readonly CellStanding[] = ['done', 'busy', 'waits', 'wounded', 'broken', 'held']

/** A program with its defaults, checked. */
interface Rules {
  readonly order: 'stop-first' | 'start-first'
  readonly width: number
  readonly slots: number
  readonly strict: boolean
  readonly partition: number
}

/** What a walk over the cells has come to. */
interface Walk {
  readonly moves: { readonly key: string; readonly revision: string }[]
  inFlight: number
  /** With `start-first`: cells that have two instances. */
  surging: number
  available: number
}

/**
 * The cells of one set, kept up to date one by one, so that a step costs what changes and not what exists: O(moves ·
 * log cells). Cells that come out of order are sorted in at the next step, at the cost of all.
 *
 * @throws InvalidError for a program or goal that is not acceptable, and beyond 100,000 cells
 */
export class CellTable {
  readonly #compare: (a: CellView, b: CellView) => number
  readonly #rules: Rules
  #goal: CellGoal
  #cells: CellColumns = new CellColumns(0)
  /** By rank: as which of `STANDINGS` it is counted. */
  #standings: Uint8Array = new Uint8Array()
  readonly #isUsualOrder: boolean
  readonly #ranks = new Map<string, number>()
  readonly #late = new Map<string, CellView>()
  readonly #members: Readonly<Record<CellStanding, Bitset>>
  #available = 0
  /** Cells on their way whose old instance still serves. */
  #serving = 0

  constructor(program: CellProgram, goal: CellGoal) {
    this.#rules = rulesOf(program)
    this.#compare = cellOrder(program)
    this.#isUsualOrder = program.compare === undefined
    this.#goal = checkedGoal(goal)
    this.#members = {
      done: new Bitset(CELLS_MAX),
      busy: new Bitset(CELLS_MAX),
      waits: new Bitset(CELLS_MAX),
      wounded: new Bitset(CELLS_MAX),
      broken: new Bitset(CELLS_MAX),
      held: new Bitset(CELLS_MAX),
    }
  }

  /** How many cells there are. */
  get size(): number {
    return this.#ranks.size + this.#late.size
  }

  /** Adds a cell, or says how it is now. */
  set(cell: CellView): void {
    const rank = this.#ranks.get(cell.key)
    if (rank === undefined) {
      if (this.size >= CELLS_MAX && !this.#late.has(cell.key)) throw tooMany()
      this.#late.set(cell.key, cell)
    } else if (this.#isPlaced(rank, cell)) {
      this.#leave(rank)
      this.#enter(rank, cell)
    } else {
      this.delete(cell.key)
      this.#late.set(cell.key, cell)
    }
  }

  /** Forgets a cell. */
  delete(key: string): void {
    this.#late.delete(key)
    const rank = this.#ranks.get(key)
    if (rank === undefined) return
    this.#leave(rank)
    this.#cells.delete(rank)
    this.#ranks.delete(key)
  }

  /** Another goal: every cell is looked at again, unless only the number of wanted ones is another. */
  retarget(goal: CellGoal): void {
    const { target, stable } = this.#goal
    this.#goal = checkedGoal(goal)
    if (goal.target !== target || goal.stable !== stable) this.#rebuild()
  }

  /** What to do now. Changes nothing: the moves are seen when the cells are `set` as they became. */
  step(): CellPlan {
    if (this.#late.size !== 0) this.#rebuild()
    const { done, busy, waits, wounded, broken } = this.#members
    const { order, width, slots, strict } = this.#rules
    const desired = Math.max(this.size, this.#goal.desired ?? this.size)
    const floor = desired - slots
    const walk: Walk = { moves: [], inFlight: busy.count, surging: this.#serving, available: this.#available }
    // What is neither wanted nor works is replaced at once: nothing is lost by it.
    this.#take(walk, broken, () => walk.inFlight < width)
    const atOnce = Math.min(width, slots)
    // Of the stable revision, what is down for a moment may come back: no more than could be down on purpose.
    this.#take(walk, wounded, () => walk.inFlight < atOnce)
    const mayTake = (): boolean => {
      if (walk.inFlight >= width || (strict && walk.available < desired)) return false
      if (order === 'start-first') {
        // What has lost its old instance takes no room beside the others.
        if (walk.surging >= slots) return false
        walk.surging += 1
        return true
      }
      if (walk.inFlight >= slots || walk.available <= floor) return false
      walk.available -= 1
      return true
    }
    this.#take(walk, waits, mayTake)
    return {
      moves: walk.moves,
      blockers: this.#blockers(walk, { desired, floor, atOnce }),
      done: done.count === desired,
    }
  }

  #take(walk: Walk, members: Bitset, may: () => boolean): void {
    for (let rank = members.firstSet(); rank !== undefined && may(); rank = members.firstSet(rank + 1)) {
      const key = this.#cells.keyAt(rank)
      if (key === undefined) continue
      walk.moves.push({ key, revision: this.#goalOf(this.#cells.ordinalAt(rank)) })
      walk.inFlight += 1
    }
  }

  #blockers(
    { moves, inFlight, available }: Walk,
    { desired, floor, atOnce }: { readonly desired: number; readonly floor: number; readonly atOnce: number },
  ): CellBlocker[] {
    const { busy, waits, wounded, broken, held } = this.#members
    const { strict, order } = this.#rules
    const blockers: CellBlocker[] = []
    if (busy.count > 0) blockers.push({ kind: 'unready', count: busy.count })
    const waiting = waits.count + wounded.count + broken.count - moves.length
    if (waiting > 0) {
      if (inFlight >= atOnce) blockers.push({ kind: 'width', waiting, width: atOnce })
      else if (strict && available < desired)
        blockers.push({ kind: 'strict', waiting, unavailable: desired - available })
      else if (order === 'start-first') blockers.push({ kind: 'width', waiting, width: atOnce })
      else blockers.push({ kind: 'floor', waiting, available, floor })
    }
    if (held.count > 0) blockers.push({ kind: 'partition', count: held.count })
    return blockers
  }

  /** Below the partition stale cells go back to what is stable; the others to the target. */
  #goalOf(ordinal: number | undefined): string {
    const { target, stable = target } = this.#goal
    return this.#isBelow(ordinal) ? stable : target
  }

  /** Whether it keeps its place in the order. */
  #isPlaced(rank: number, cell: CellView): boolean {
    if (this.#isUsualOrder) return this.#cells.isPlaced(rank, cell)
    const before = this.#cells.get(rank)
    return before !== undefined && this.#compare(before, cell) === 0
  }

  #isBelow(ordinal: number | undefined): boolean {
    return ordinal !== undefined && ordinal < this.#rules.partition
  }

  #standingOf(cell: CellView): CellStanding {
    const { target, stable } = this.#goal
    const { revision, running, available } = cell
    const isArrived = available && running === revision
    if (this.#isBelow(cell.ordinal)) {
      if (revision === target) return isArrived ? 'done' : 'held'
      if (revision === stable || (available && stable === undefined)) return 'held'
    }
    if (revision === target) return isArrived ? 'done' : 'busy'
    if (available) return 'waits'
    return revision === stable ? 'wounded' : 'broken'
  }

  #enter(rank: number, cell: CellView): void {
    this.#cells.set(rank, cell)
    const standing = this.#standingOf(cell)
    this.#standings[rank] = STANDINGS.indexOf(standing)
    this.#members[standing].add(rank)
    if (!cell.available) return
    this.#available += 1
    if (standing === 'busy') this.#serving += 1
  }

  #leave(rank: number): void {
    const standing = STANDINGS[this.#standings[rank] as number] as CellStanding
    this.#members[standing].delete(rank)
    if (!this.#cells.isAvailable(rank)) return
    this.#available -= 1
    if (standing === 'busy') this.#serving -= 1
  }

  #rebuild(): void {
    const cells = [...this.#cells, ...this.#late.values()]
    cells.sort(this.#compare)
    this.#late.clear()
    this.#ranks.clear()
    for (const standing of STANDINGS) this.#members[standing].clear()
    this.#available = 0
    this.#serving = 0
    this.#cells = new CellColumns(cells.length)
    this.#standings = new Uint8Array(cells.length)
    for (const [rank, cell] of cells.entries()) {
      this.#ranks.set(cell.key, rank)
      this.#enter(rank, cell)
    }
  }
}

function rulesOf({
  order = 'stop-first',
  width = Number.POSITIVE_INFINITY,
  maxUnavailable = 1,
  maxSurge = 1,
  strict = false,
  partition = 0,
}: CellProgram): Rules {
  assertValid('cell program', [
    ...(order === 'stop-first' || order === 'start-first'
      ? []
      : [{ field: 'order', value: order, message: 'must be "stop-first" or "start-first"' }]),
    ...wholeNumber('width', width, { min: 1, orInfinity: true }),
    ...wholeNumber('maxUnavailable', maxUnavailable, { min: 1 }),
    ...wholeNumber('maxSurge', maxSurge, { min: 1 }),
    ...wholeNumber('partition', partition),
  ])
  const slots = order === 'stop-first' ? maxUnavailable : maxSurge
  return { order, width: strict ? 1 : width, slots: strict ? 1 : slots, strict, partition }
}

function checkedGoal(goal: CellGoal): CellGoal {
  assertValid('cell goal', [
    ...(goal.target === '' ? [{ field: 'target', value: '', message: 'must name a revision' }] : []),
    ...(goal.desired === undefined ? [] : wholeNumber('desired', goal.desired, { max: CELLS_MAX })),
  ])
  return goal
}

function tooMany(): InvalidError {
  const message = `must be at most ${CELLS_MAX}; split the set`
  return new InvalidError('cells', [{ field: 'size', value: CELLS_MAX + 1, message }])
}
