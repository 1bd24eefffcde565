import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Cell } from '../../../src/api/index.js'
import type { CellProgram } from '../../../src/rollout/cells/index.js'
import { planCells } from '../../../src/rollout/cells/index.js'
import { viewOfCell } from '../../../src/rollout/shell/cell-sets.js'
import { CellTables } from '../../../src/rollout/shell/cell-tables.js'

const CELLS = 8

const cellOf = (ordinal: number, revision: string, available: boolean): Cell =>
  ({
    kind: Cell.kind,
    metadata: { name: `db-${ordinal}` },
    spec: { set: 'db', key: `db-${ordinal}`, ordinal, revision },
    status: { ready: available, available, revision, failures: 0 },
  }) as unknown as Cell

test('a plan from a table that is kept is that of all cells at once, whatever has changed since', () => {
  const change = fc.record({
    what: fc.constantFrom('cell', 'cell', 'gone', 'target', 'width', 'other set'),
    at: fc.nat(CELLS + 5),
    revision: fc.constantFrom('a', 'b', 'x'),
    available: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), changes => {
      const tables = new CellTables()
      const sets = ['one', 'two'].map(uid => ({
        uid,
        cells: new Map(Array.from({ length: CELLS }, (_, ordinal) => [ordinal, cellOf(ordinal, 'a', true)])),
      }))
      let [target, program]: [string, CellProgram] = ['b', { maxUnavailable: 2 }]
      let [now, other] = sets
      for (const { what, at, revision, available } of changes) {
        if (what === 'other set') [now, other] = [other, now]
        if (what === 'cell') now?.cells.set(at, cellOf(at, revision, available))
        if (what === 'gone') now?.cells.delete(at)
        if (what === 'target') target = target === 'b' ? 'a' : 'b'
        if (what === 'width') program = { maxUnavailable: 1 + (at % 3) }
        if (now === undefined) continue
        const cells = [...now.cells.values()]
        const goal = { target, stable: 'a', desired: cells.length }
        const plan = tables.plan(now.uid, cells, goal, program)
        expect(plan).toEqual(planCells(cells.map(viewOfCell), goal, program))
      }
    }),
    { numRuns: 50 },
  )
})

test('two cells of one key are refused, with a table as without', () => {
  const tables = new CellTables()
  const cells = Array.from({ length: CELLS }, (_, ordinal) => cellOf(ordinal, 'a', true))
  const goal = { target: 'b', desired: CELLS }
  tables.plan('one', cells, goal, {})
  for (const many of [
    [...cells, cellOf(1, 'a', true)],
    [cellOf(1, 'b', true), ...cells],
  ])
    expect(() => tables.plan('one', many, goal, {})).toThrow('two cells')
  expect(tables.plan('one', cells, goal, {}).moves).toHaveLength(1)
})
