import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CellGoal, CellProgram, CellView } from '../../../src/rollout/cells/index.js'
import { CellTable, describeCellBlocker, planCells } from '../../../src/rollout/cells/index.js'
import { planBySorting } from './plan-by-sorting.js'

/** One word per cell, by ordinal: `a` runs a, `a!` should and does not, `ab` is to become b and still runs a. */
function cellsOf(text: string): CellView[] {
  return text.split(' ').map((word, ordinal) => {
    const [first = '', second = ''] = word
    if (second === '') return { key: `${ordinal}`, ordinal, revision: first, running: first, available: true }
    if (second === '!')
      return { key: `${ordinal}`, ordinal, revision: first, running: first, available: false }
    return { key: `${ordinal}`, ordinal, revision: second, running: first, available: true }
  })
}

function movesOf(
  text: string,
  program: CellProgram = {},
  goal: CellGoal = { target: 'b', stable: 'a' },
): string {
  return planCells(cellsOf(text), goal, program)
    .moves.map(({ key, revision }) => `${key}${revision}`)
    .join(' ')
}

describe('a plan for cells', () => {
  test.each<[string, string, CellProgram, string]>([
    ['the highest ordinal first', 'a a a', {}, '2b'],
    ['as many as may be unavailable', 'a a a a a', { maxUnavailable: 2 }, '4b 3b'],
    ['no more while they are on their way', 'a a b!', {}, ''],
    ['the next when it is there', 'a a b', {}, '1b'],
    ['nothing below the partition', 'a a b', { partition: 2 }, ''],
    ['nothing at all when it is above all', 'a a a', { partition: 5 }, ''],
    ['the wounded before those that work', 'a! a a', {}, '0b'],
    ['no more of the wounded than may be down', 'a! a! a!', { maxUnavailable: 2 }, '2b 1b'],
    ['what is neither wanted nor works at once (kubernetes#67250)', 'a a x!', { strict: true }, '2b'],
    ['all of them, whatever may be down', 'x! x! x!', {}, '2b 1b 0b'],
    ['no more than the width, though', 'x! x! x!', { width: 2 }, '2b 1b'],
    ['what works of a stale revision like what is stable', 'x x a', {}, '2b'],
    ['one after the other when strict', 'a a a', { strict: true, maxUnavailable: 3 }, '2b'],
    ['nothing when strict and one is down', 'a b! a', { strict: true }, ''],
    ['one more beside', 'a a a', { order: 'start-first' }, '2b'],
    ['the next one when it is there', 'a a ab', { order: 'start-first', maxSurge: 2 }, '1b'],
    ['not one more than that', 'a a ab', { order: 'start-first' }, ''],
    ['one more beside what has lost its old one', 'x! a a', { order: 'start-first' }, '0b 2b'],
    ['below the partition back to what is stable', 'x! a b', { partition: 1 }, '0a'],
    ['not one more while an old one is still to go', 'a a ab', {}, ''],
    ['nothing at the goal', 'b b b', {}, ''],
  ])('%s: %s', (_, cells, program, moves) => {
    expect(movesOf(cells, program)).toBe(moves)
  })

  test('a primary goes last', () => {
    const cells = cellsOf('a a a').map(cell => (cell.key === '2' ? { ...cell, isLast: true } : cell))
    const { moves } = planCells(cells, { target: 'b' }, { maxUnavailable: 3 })
    expect(moves.map(({ key }) => key)).toEqual(['1', '0', '2'])
  })

  test('without a number a cell goes as one of number 0, by key', () => {
    const numbers: Readonly<Record<string, number>> = { b: 0, d: 1 }
    const cells = ['a', 'b', 'c', 'd', 'e'].map((key): CellView => {
      const ordinal = numbers[key]
      return {
        key,
        revision: 'a',
        running: 'a',
        available: true,
        ...(ordinal === undefined ? {} : { ordinal }),
      }
    })
    for (const order of [cells, cells.toReversed()]) {
      const { moves } = planCells(order, { target: 'b' }, { maxUnavailable: 5 })
      expect(moves.map(({ key }) => key)).toEqual(['d', 'a', 'b', 'c', 'e'])
    }
  })

  test('no more go than those that are not there leave', () => {
    const cells = cellsOf('a a a a')
    const { moves, blockers } = planCells(cells, { target: 'b', desired: 6 }, { maxUnavailable: 3 })
    expect([moves.length, blockers.map(describeCellBlocker)]).toEqual([
      1,
      ['3 must stay: 3 available, at least 3 needed'],
    ])
  })

  test('cells that are not there yet count as unavailable', () => {
    expect(movesOf('a a', {}, { target: 'b', stable: 'a', desired: 3 })).toBe('')
  })

  test('two replicas of a bad image, then a good one: what is bad is replaced (kubernetes#60164)', () => {
    expect(movesOf('x!', { strict: true }, { target: 'b', desired: 2 })).toBe('0b')
  })

  test.each<[string, CellProgram, string[]]>([
    ['a a b!', {}, ['1 of the new revision not available yet', '2 wait: at most 1 change at once']],
    ['a b a!', { partition: 3 }, ['2 below the partition keep what they run']],
    [
      'b! a a',
      { partition: 1 },
      ['2 must stay: 2 available, at least 2 needed', '1 below the partition keep what they run'],
    ],
    [
      'a b! a',
      { strict: true, width: 2 },
      ['1 of the new revision not available yet', '2 wait: at most 1 change at once'],
    ],
  ])('%s waits, and says why', (cells, program, blockers) => {
    const plan = planCells(cellsOf(cells), { target: 'b', stable: 'a' }, program)
    expect(plan.blockers.map(describeCellBlocker)).toEqual(blockers)
  })

  test.each([
    [{ width: 0 }, 'width'],
    [{ maxUnavailable: 0 }, 'maxUnavailable'],
    [{ maxSurge: 1.5 }, 'maxSurge'],
    [{ maxSurge: 0 }, 'maxSurge'],
    [{ partition: -1 }, 'partition'],
    [{ order: 'both' }, 'order'],
  ])('refuses %o', (program, field) => {
    expect(() => planCells([], { target: 'b' }, program as CellProgram)).toThrow(field)
  })

  test('refuses two cells of one key, and a set beyond its limit', () => {
    expect(() => planCells([...cellsOf('a'), ...cellsOf('a')], { target: 'b' })).toThrow('two cells')
    const many = Array.from(
      { length: 100_001 },
      (_, ordinal): CellView => ({
        key: `${ordinal}`,
        revision: 'a',
        available: true,
      }),
    )
    expect(() => planCells(many, { target: 'b' })).toThrow('at most 100000; split the set (got 100001)')
    expect(planCells(many.slice(1), { target: 'b' }).moves).toHaveLength(1)
  })
})

/** All that the place of a cell goes by: a number or none, and whether it goes last. */
const PLACES: readonly Pick<CellView, 'ordinal' | 'isLast'>[] = [undefined, 0, 1, 2].flatMap(ordinal =>
  [undefined, false, true].map(isLast => ({
    ...(ordinal === undefined ? {} : { ordinal }),
    ...(isLast === undefined ? {} : { isLast }),
  })),
)

describe('a table whose cells change', () => {
  const stale = (key: string, place: (typeof PLACES)[number]): CellView => ({
    key,
    revision: 'a',
    running: 'a',
    available: true,
    ...place,
  })
  const lowestFirst = (a: CellView, b: CellView): number => (a.ordinal ?? 0) - (b.ordinal ?? 0)

  test.each<[string, CellProgram]>([
    ['in the usual order', {}],
    ['in an order of its own', { compare: lowestFirst }],
  ])('knows each cell at its new place, %s', (_, program) => {
    const wrong = PLACES.flatMap((before, at) =>
      PLACES.flatMap((after, to) =>
        PLACES.filter(place => {
          const other = stale('1', place)
          const table = new CellTable(program, { target: 'b' })
          for (const cell of [stale('0', before), other]) table.set(cell)
          table.step()
          const moved = stale('0', after)
          table.set(moved)
          const [first] = table.step().moves
          return first?.key !== planCells([moved, other], { target: 'b' }, program).moves[0]?.key
        }).map(place => `${at} to ${to} beside ${JSON.stringify(place)}`),
      ),
    )
    expect(wrong).toEqual([])
  })

  test('sorts nothing while each keeps its place, and all of them when one does not', () => {
    let compared = 0
    const compare = (a: CellView, b: CellView): number => {
      compared += 1
      return lowestFirst(a, b)
    }
    const table = new CellTable({ compare, maxUnavailable: 50 }, { target: 'b' })
    for (let ordinal = 0; ordinal < 100; ordinal++) table.set(stale(`${ordinal}`, { ordinal }))
    table.step()
    compared = 0
    for (let ordinal = 0; ordinal < 50; ordinal++)
      table.set({ ...stale(`${ordinal}`, { ordinal }), revision: 'b' })
    table.step()
    expect(compared).toBe(50)
    table.set(stale('99', { ordinal: 0 }))
    table.step()
    expect(compared).toBeGreaterThanOrEqual(150)
  })

  test.each<[CellProgram['order'], number]>([
    ['stop-first', 0],
    ['start-first', 1],
  ])('%s: however often one comes and goes, the next plan counts it once', (order, isUp) => {
    const table = new CellTable({ ...(order && { order }), maxUnavailable: 2, maxSurge: 2 }, { target: 'b' })
    for (let ordinal = 0; ordinal < 6; ordinal++) table.set(stale(`${ordinal}`, { ordinal }))
    const onItsWay = { ...stale('5', { ordinal: 5 }), revision: 'b', available: isUp === 1 }
    for (let round = 0; round < 4; round++) {
      table.set(onItsWay)
      expect(table.step().moves).toHaveLength(1)
      table.set(stale('5', { ordinal: 5 }))
      expect(table.step().moves).toHaveLength(2)
    }
  })
})

const revision = fc.constantFrom('a', 'b', 'x')
const cell = fc.record({
  revision,
  running: fc.option(revision, { nil: undefined }),
  available: fc.boolean(),
  isLast: fc.boolean(),
  // Nodes have no ordinals.
  isNumbered: fc.nat(3).map(number => number > 0),
})
type Told = typeof cell extends fc.Arbitrary<infer T> ? T : never
const cellAt = ({ running, isNumbered, ...rest }: Told, at: number): CellView => ({
  key: `${at}`,
  ...(isNumbered ? { ordinal: at } : {}),
  ...rest,
  ...(running === undefined ? { available: false } : { running }),
})
const arbitraryCells = fc.array(cell, { maxLength: 12, size: 'max' }).map(cells => cells.map(cellAt))
const size = fc.integer({ min: 1, max: 4 })
const arbitraryProgram: fc.Arbitrary<CellProgram> = fc.record(
  {
    order: fc.constantFrom('stop-first', 'start-first'),
    width: size,
    maxUnavailable: size,
    maxSurge: size,
    strict: fc.boolean(),
    partition: fc.integer({ min: 0, max: 6 }),
    compare: fc.constant((a: CellView, b: CellView) => Number(b.available) - Number(a.available)),
  },
  { requiredKeys: [] },
)
const arbitraryGoal: fc.Arbitrary<CellGoal> = fc.record(
  { target: fc.constant('b'), stable: fc.constantFrom('a', 'b'), desired: fc.integer({ min: 0, max: 14 }) },
  { requiredKeys: ['target'] },
)

describe('whatever the cells', () => {
  test('the plan is that of sorting all of them, in any order, and with any names', () => {
    fc.assert(
      fc.property(
        arbitraryCells,
        arbitraryGoal,
        arbitraryProgram,
        fc.func(fc.integer()),
        (cells, goal, program, weight) => {
          const plan = planCells(cells, goal, program)
          expect(plan).toEqual(planBySorting(cells, goal, program))
          const shuffled = cells.toSorted((a, b) => weight(a.key) - weight(b.key))
          expect(planCells(shuffled, goal, program)).toEqual(plan)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('floor, width and direction hold', () => {
    fc.assert(
      fc.property(arbitraryCells, arbitraryGoal, arbitraryProgram, (cells, goal, program) => {
        const { moves } = planCells(cells, goal, program)
        const byKey = new Map(cells.map(one => [one.key, one]))
        const available = cells.filter(one => one.available).length
        const lost =
          program.order === 'start-first' ? 0 : moves.filter(({ key }) => byKey.get(key)?.available).length
        const floor =
          Math.max(cells.length, goal.desired ?? 0) - (program.strict ? 1 : (program.maxUnavailable ?? 1))
        expect(available - lost).toBeGreaterThanOrEqual(Math.min(available, floor))
        if (moves.length > 0)
          expect(moves.length).toBeLessThanOrEqual(program.strict ? 1 : (program.width ?? 99))
        for (const { key, revision: to } of moves) {
          expect(to).not.toBe(byKey.get(key)?.revision)
          expect([goal.target, goal.stable]).toContain(to)
        }
        expect(new Set(moves.map(({ key }) => key)).size).toBe(moves.length)
      }),
      { numRuns: 500 },
    )
  })

  test('a table that is kept up to date plans as sorting all of them does', () => {
    const change = fc.record({
      // Most of what happens is that something comes up or falls over.
      what: fc.constantFrom(
        'up',
        'down',
        'up',
        'down',
        'up',
        'down',
        'up',
        'down',
        'all',
        'all',
        'all',
        'last',
        'last',
        'other',
        'gone',
        'goal',
      ),
      at: fc.nat(11),
      to: cell,
      stable: fc.constantFrom('a', 'x'),
    })
    fc.assert(
      fc.property(
        arbitraryCells,
        arbitraryProgram,
        fc.array(change, { minLength: 10, maxLength: 20 }),
        fc.constantFrom({}, { desired: 13 }),
        (cells, program, changes, wanted) => {
          let goal: CellGoal = { target: 'b', stable: 'a', ...wanted }
          const now = new Map(cells.map(one => [one.key, one]))
          const table = new CellTable(program, goal)
          const put = (next: CellView): void => {
            table.set(next)
            now.set(next.key, next)
          }
          for (const one of cells) put(one)
          for (const { what, at, to, stable } of changes) {
            const key = `${at}`
            const one = now.get(key)
            if (what === 'all') {
              for (const each of now.values()) put({ ...each, running: each.revision, available: true })
            } else if (what === 'gone') {
              table.delete(key)
              now.delete(key)
            } else if (what === 'goal') {
              goal = { ...wanted, target: stable === goal.stable && goal.target === 'b' ? 'a' : 'b', stable }
              table.retarget(goal)
            } else if (one !== undefined && what === 'last') {
              put({ ...one, isLast: one.isLast !== true })
            } else if (one === undefined || what === 'other') put(cellAt(to, at))
            else put({ ...one, available: what === 'up', running: what === 'up' ? one.revision : 'a' })
            const plan = table.step()
            expect(plan).toEqual(planBySorting([...now.values()], goal, program))
            for (const { key: moved, revision: next } of plan.moves) {
              const before = now.get(moved)
              if (before !== undefined) put({ ...before, revision: next })
            }
          }
          expect(table.size).toBe(now.size)
        },
      ),
    )
  })

  test('a set of none is at its goal', () => {
    expect(planCells([], { target: 'b' })).toEqual({ moves: [], blockers: [], done: true })
  })
})
