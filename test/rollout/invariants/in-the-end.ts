import { expect, test } from 'vitest'
import { resolveIntOrPercent } from '../../../src/core/internal.js'
import { planCells } from '../../../src/rollout/cells/index.js'
import type { Program } from '../../../src/rollout/index.js'
import type { InstantCluster } from '../fixtures/instant-cluster.js'
import type { CellWorld } from './cells-world.js'
import { availableOf, comeUp, everyCellWalk, slotsOf, stepCells } from './cells-world.js'
import { approvals, boundsOf, calm, everyWalk, floorOf, stepOf, total } from './counts-world.js'
import { REPLICAS } from './presets.js'

/** Steps, with all but the broken coming up, until nothing moves. */
function settleCells(world: CellWorld, broken: readonly string[] = []): void {
  for (let step = 0; step < 4 * world.cells.length + 4; step++) {
    stepCells(world)
    comeUp(world, broken)
  }
}

const good = (cluster: InstantCluster, desired: number): void => {
  cluster.roll('z', { answers: approvals, paused: false, desired })
}
const succeeded = ({ spec }: InstantCluster): string => `${spec.entry} succeeded`

/** A revision that is asked for on top of whatever has happened, and does not work. */
function goBad(cluster: InstantCluster, program: Program): void {
  cluster.spec = { ...cluster.spec, paused: false, desired: REPLICAS }
  cluster.roll('y', { answers: approvals, paused: false })
  calm(cluster)
  cluster.roll('bad', { answers: approvals })
  const floor = floorOf(program, REPLICAS)
  for (let minute = 0; minute < 20; minute++) {
    for (const [name, set] of cluster.sets)
      cluster.sets.set(name, { ...set, stopping: 0, available: name === 'bad' ? 0 : set.size })
    stepOf(cluster, 'none')
    if (program.barrier !== true)
      expect(total(cluster.sets.values(), 'available')).toBeGreaterThanOrEqual(floor)
    cluster.nowMs += 60_000
  }
}

function onlyAvailable(cluster: InstantCluster, works: string): void {
  for (const [name, set] of cluster.sets)
    cluster.sets.set(name, { ...set, stopping: 0, available: name === works ? set.size : 0 })
}

/** What must happen in the end, if what starts comes up and what stops is gone. */
export function testInTheEnd(runs: number): void {
  test('20. from whatever has happened a revision that works arrives', () => {
    everyWalk(runs, cluster => {
      good(cluster, 4)
      calm(cluster)
      expect([cluster.sizes(), cluster.outcomes.at(-1)]).toEqual([{ z: 4 }, succeeded(cluster)])
    })
    everyCellWalk(runs, world => {
      world.goal = { ...world.goal, target: 'z', desired: world.cells.length }
      settleCells(world)
      const { blockers, moves } = planCells(world.cells, world.goal, world.program)
      expect([moves, blockers.filter(({ kind }) => kind !== 'partition')]).toEqual([[], []])
    })
  })

  test('21. one that never works leaves the floor, and ends as the policy says once its deadline is over', () => {
    everyWalk(Math.ceil(runs / 2), (cluster, program) => {
      goBad(cluster, program)
      if (program.progressWithinMs === undefined) return
      const { action, deadline = action ?? 'pause' } = program.onFailure
      const ends = {
        pause: ['paused'],
        continue: ['progressing'],
        abort: ['aborted'],
        revert: ['reverted'],
      } as const
      expect(ends[deadline]).toContain(cluster.state?.phase)
      expect(cluster.outcomes.some(line => line.endsWith('failed deadline'))).toBe(true)
    })
    everyCellWalk(runs, world => {
      settleCells(world)
      const before = availableOf(world.cells)
      world.goal = { target: 'bad', stable: world.goal.target, desired: world.cells.length }
      for (let step = 0; step < 20; step++) {
        stepCells(world)
        comeUp(world, ['bad'])
        expect(availableOf(world.cells)).toBeGreaterThanOrEqual(before - Math.max(slotsOf(world.program), 1))
      }
    })
  })

  test('22. what does not work, of a revision that is not wanted, stands in nobody’s way', () => {
    everyWalk(runs, cluster => {
      good(cluster, 4)
      for (let wait = 0; wait < 4; wait++) {
        for (let step = 0; step < 12; step++) {
          onlyAvailable(cluster, 'z')
          cluster.step()
        }
        cluster.nowMs += 60_000
      }
      expect(cluster.sizes()).toEqual({ z: 4 })
    })
    everyCellWalk(runs, world => {
      const { partition = 0 } = world.program
      world.goal = { ...world.goal, target: 'z', desired: world.cells.length }
      for (let step = 0; step < 30; step++) {
        world.cells = world.cells.map(cell => (cell.revision === 'z' ? cell : { ...cell, available: false }))
        stepCells(world)
        comeUp(world, ['a', 'b', 'c', 'd'])
      }
      for (const { ordinal = 0, revision } of world.cells)
        if (ordinal >= partition) expect(revision).toBe('z')
    })
  })

  test('23. the way back from one that does not work arrives, if the old one works', () => {
    everyWalk(Math.ceil(runs / 2), (cluster, program) => {
      goBad(cluster, program)
      cluster.roll('y', { answers: approvals, cause: 'undo' })
      calm(cluster, ['bad'])
      expect([cluster.sizes(), cluster.outcomes.at(-1)]).toEqual([{ y: REPLICAS }, succeeded(cluster)])
    })
    everyCellWalk(runs, world => {
      settleCells(world)
      const { target } = world.goal
      world.goal = { target: 'bad', stable: target, desired: world.cells.length }
      settleCells(world, ['bad'])
      world.goal = { ...world.goal, target }
      settleCells(world, ['bad'])
      for (const cell of world.cells) expect([cell.revision, cell.available]).not.toContain('bad')
      expect(availableOf(world.cells)).toBe(world.cells.length)
    })
  })

  test('24. the total is back inside its ceiling within three steps', () => {
    everyWalk(runs, (cluster, program) => {
      cluster.spec = { ...cluster.spec, paused: false, desired: 4 }
      for (let step = 0; step < 3; step++) {
        stepOf(cluster, 'none')
        for (const [name, set] of cluster.sets) cluster.sets.set(name, { ...set, available: set.size })
      }
      const { plan } = stepOf(cluster, 'none')
      const { ceil } = boundsOf({ program, spec: cluster.spec, plan })
      expect(total(cluster.sets.values(), 'size')).toBeLessThanOrEqual(ceil)
    })
  })

  test('25. availability below the floor is restored by the only revision that works', () => {
    // Each in a cluster of its own: what has failed once is not asked again to save what breaks afterwards.
    for (const breaks of ['next', 'stable'])
      everyWalk(runs, (cluster, program) => {
        cluster.spec = { ...cluster.spec, paused: false, answers: approvals }
        const { template: next, stable = 'a' } = cluster.spec
        if (next === stable || program.barrier === true || cluster.state?.phase === 'succeeded') return
        const works = breaks === 'next' ? stable : next
        for (let step = 0; step < 30; step++) {
          onlyAvailable(cluster, works)
          stepOf(cluster, 'none')
        }
        onlyAvailable(cluster, works)
        const { desired } = cluster.spec
        // What was called off, or has failed, gets no more instances by itself: a person would have to take that back. And
        // what has not come to a waypoint has not been approved there, and keeps its share whatever breaks.
        const { phase = 'progressing' } = cluster.state ?? {}
        const isOut = ['aborted', 'paused', 'halted'].includes(phase) || cluster.spec.template !== next
        if (works === next && isOut) return
        const { next: share = '100%' } = program.waypoints[cluster.state?.waypoint ?? 0] ?? {}
        const approved = resolveIntOrPercent(share, desired, { rounding: 'up' })
        const most = works === stable ? desired : approved
        const floor = Math.min(floorOf(program, desired), most)
        expect(total(cluster.sets.values(), 'available')).toBeGreaterThanOrEqual(floor)
      })
  })
}
