import { describe, expect, test } from 'vitest'
import type { Scheduler } from '../../src/scheduling/index.js'
import { createScheduler, spreadProfile } from '../../src/scheduling/index.js'
import {
  findViolations,
  planConsolidation,
  planRebalance,
  planRepack,
} from '../../src/scheduling/planning/index.js'

/** A task and room that is held for another, alone on nodes that all fit into one. */
function cluster(): Scheduler {
  const scheduler = createScheduler({ profile: spreadProfile() })
  for (const name of ['n1', 'n2', 'n3']) scheduler.addNode({ name, allocatable: { cpu: 8 } })
  scheduler.addTask({ key: 'a', node: 'n1', requests: { cpu: 2 } })
  scheduler.addTask({ key: 'b', node: 'n2', requests: { cpu: 2 } })
  scheduler.reserve({ name: 'hold', node: 'n3', forKey: 'late', requests: { cpu: 2 } })
  return scheduler
}

describe('room that is held for somebody is no task to plan with', () => {
  test('repacking moves others to it, not it to others', () => {
    const { moves, nodesAfter } = planRepack(cluster())
    expect(moves.map(({ key, to }) => [key, to])).toEqual(
      expect.arrayContaining([
        ['a', 'n3'],
        ['b', 'n3'],
      ]),
    )
    expect(nodesAfter).toBe(1)
  })

  test('consolidation keeps its node', () => {
    const { removed, moves } = planConsolidation(cluster(), { priceOf: () => 1 })
    expect(removed).toEqual(['n1', 'n2'])
    expect(moves.map(({ key, to }) => [key, to])).toEqual([
      ['a', 'n3'],
      ['b', 'n3'],
    ])
  })

  test('rebalancing leaves it where it is', () => {
    const scheduler = cluster()
    for (const [key, cpu] of Object.entries({ c: 2, d: 2 }))
      scheduler.addTask({ key, node: 'n3', requests: { cpu } })
    for (const name of ['n4', 'n5']) scheduler.addNode({ name, allocatable: { cpu: 8 } })
    const { moves } = planRebalance(scheduler, { maxMoves: 9, minGain: 1 })
    expect(moves.map(({ key }) => key).sort()).toEqual(['c', 'd'])
  })

  test('it breaks no rule where its node has less than it was made for', () => {
    const scheduler = cluster()
    scheduler.updateNode({ name: 'n3', allocatable: { cpu: 1 } })
    expect(findViolations(scheduler)).toEqual([])
  })
})
