import { expect, test } from 'vitest'
import { planCells } from '../../../src/rollout/cells/index.js'
import type { RolloutTally } from '../../../src/rollout/index.js'
import { plan, resolveBudget } from '../../../src/rollout/index.js'
import { availableOf, everyCellStep, slotsOf } from './cells-world.js'
import { boundsOf, everyStep, everyWalk, total } from './counts-world.js'
import { countsPresets } from './presets.js'

/** With one plan, whatever there is. */
export function testOnePlan(runs: number): void {
  test('1. availability is not taken below the floor, nor further below it', () => {
    everyStep(runs, step => {
      const floor = Math.min(total(step.before, 'available'), boundsOf(step).floor)
      expect(total(step.after, 'available')).toBeGreaterThanOrEqual(floor)
    })
    everyCellStep(runs, ({ program, goal, before, after }) => {
      const floor = Math.max(before.length, goal.desired ?? 0) - slotsOf(program)
      expect(availableOf(after)).toBeGreaterThanOrEqual(Math.min(availableOf(before), floor))
    })
  })

  test('2. nothing grows above the ceiling, with what is stopping if that counts', () => {
    everyStep(runs, step => {
      const { ceil } = boundsOf(step)
      expect(total(step.after, 'size')).toBeLessThanOrEqual(Math.max(total(step.before, 'size'), ceil))
      if (step.program.budget.countStopping !== true) return
      const all = (sets: readonly RolloutTally[]): number => total(sets, 'size') + total(sets, 'stopping')
      expect(all(step.after)).toBeLessThanOrEqual(Math.max(all(step.before), ceil))
    })
    everyCellStep(runs, ({ program: { order, maxSurge = 1 }, plan: { moves }, before }) => {
      const beside = moves.filter(({ key }) => before.find(cell => cell.key === key)?.available).length
      if (order === 'start-first') expect(beside).toBeLessThanOrEqual(maxSurge)
    })
  })

  test('3. a template gets one size at most, and only the new one and the stable one grow', () => {
    everyStep(runs, ({ plan: { actions, state }, before, spec }) => {
      const sized = actions.filter(({ op }) => op === 'size')
      const names = sized.map(action => (action.op === 'size' ? action.template : ''))
      expect(new Set(names).size).toBe(names.length)
      for (const action of sized) {
        if (action.op !== 'size') continue
        const size = before.find(({ template }) => template === action.template)?.size ?? 0
        const mayGrow = [state.template, spec.stable, ...Object.keys(state.held?.sizes ?? {})]
        if (action.size > size) expect(mayGrow).toContain(action.template)
        // What grows does not grow beyond what is wanted in all.
        if (action.size > size && state.held === undefined)
          expect(action.size).toBeLessThanOrEqual(spec.desired)
      }
    })
    everyCellStep(runs, ({ plan: { moves }, before }) => {
      expect(new Set(moves.map(({ key }) => key)).size).toBe(moves.length)
      for (const { key, revision } of moves)
        expect(before.find(cell => cell.key === key)?.revision).not.toBe(revision)
    })
  })

  test('4. no more cells are in motion than the width, those aside that were before', () => {
    everyCellStep(runs, ({ program, goal, before, after }) => {
      const { width = Number.POSITIVE_INFINITY, strict, partition = 0 } = program
      const inMotion = (cells: typeof before): number =>
        cells.filter(
          ({ revision, running, available, ordinal = 0 }) =>
            ordinal >= partition && revision === goal.target && !(available && running === revision),
        ).length
      const most = Math.max(inMotion(before), strict === true ? 1 : width)
      expect(inMotion(after)).toBeLessThanOrEqual(most)
    })
  })

  test('5. a plan that is done twice is done once, and repeating it comes to rest', () => {
    everyWalk(runs, cluster => {
      const seen: string[] = []
      let shown = ''
      for (;;) {
        const actions = cluster.step().actions.filter(({ op }) => op === 'size')
        const sizes = cluster.sizes()
        // Sizes are absolute: the same ones again change nothing.
        for (const action of actions)
          if (action.op === 'size') expect(cluster.sets.get(action.template)?.size).toBe(action.size)
        const now = JSON.stringify([sizes, cluster.state])
        if (now === shown) break
        expect(seen).not.toContain(now)
        seen.push(now)
        shown = now
      }
      expect(cluster.step().actions).toEqual([])
    })
  })

  test('6. equal inputs give equal plans, in any order', () => {
    everyStep(runs, ({ spec, state, before, nowMs, plan: one }) => {
      const sets = before.toReversed()
      expect(plan(spec, state, { sets }, nowMs)).toEqual(plan(spec, state, { sets: before }, nowMs))
      expect(JSON.stringify(plan(spec, state, { sets }, nowMs))).toBe(JSON.stringify(one))
    })
    everyCellStep(runs, ({ before, goal, program, plan: one }) =>
      expect(planCells(before.toReversed(), goal, program)).toEqual(one),
    )
  })

  test('7. other names give the same plan, with those names', () => {
    // In the order of the names: ties are broken by it.
    const renamed = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value).replaceAll(/"([abcdz])"/g, '"template-$1"')) as unknown
    everyStep(runs, ({ spec, state, before, nowMs, plan: one }) => {
      const { program, ...rest } = spec
      const other = { ...(renamed(rest) as typeof rest), program }
      const record = state === undefined ? undefined : (renamed(state) as typeof state)
      const sets = renamed(before) as typeof before
      expect(renamed(plan(other, record, { sets }, nowMs))).toEqual(renamed(one))
    })
  })

  test('8. what a percentage comes to is within one instance of it', () => {
    for (const { budget } of Object.values(countsPresets))
      for (let desired = 1; desired <= 200; desired++) {
        const { surge, unavailable, gaveWay } = resolveBudget(budget, desired)
        const { maxSurge = '25%', maxUnavailable = '25%' } = budget
        for (const [count, bound] of [[surge, maxSurge] as const, [unavailable, maxUnavailable] as const])
          if (typeof bound === 'string' && !gaveWay)
            expect(Math.abs(count - (Number.parseFloat(bound) * desired) / 100)).toBeLessThan(1)
      }
  })
}
