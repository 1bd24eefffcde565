import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Node } from '../../src/api/index.js'
import type { NodeDescription, ScorePlugin } from '../../src/scheduling/index.js'
import { createScheduler, loadVariation, nativeFilters, targetLoad } from '../../src/scheduling/index.js'
import { createCluster, run } from './shell/scheduling-world.js'

const only = (plugin: ScorePlugin) => ({
  name: 'only',
  filters: nativeFilters(),
  scores: [{ plugin, weight: 1 }],
})

function scoreOn(
  plugin: ScorePlugin,
  node: Omit<NodeDescription, 'name' | 'allocatable'>,
  cpu: number,
  there = 100,
) {
  const scheduler = createScheduler({ profile: only(plugin) })
  scheduler.addNode({ name: 'n', allocatable: { cpu: there, memory: 100 }, ...node })
  return scheduler.scoreOn({ key: 'a', requests: { cpu } }, 'n')
}

describe('a target of what is used', () => {
  // By hand from the two straight lines, which meet 100 at the target of 40.
  test.each([
    [0, 0, 40],
    [10, 10, 70],
    [40, 0, 100],
    [41, 0, 39],
    [60, 10, 20],
    [100, 0, 0],
    [90, 20, 0],
  ])('%d used and %d more: %d', (used, cpu, score) => {
    expect(scoreOn(targetLoad({ useOfRequest: 1 }), { usage: { mean: { cpu: used } } }, cpu)).toBe(score)
  })

  test('half as much again as is asked for counts as used, also of those who came since it was measured', () => {
    const scheduler = createScheduler({ profile: only(targetLoad()) })
    const usage = { mean: { cpu: 10 }, requested: { cpu: 30 } }
    scheduler.addNode({ name: 'n', allocatable: { cpu: 100 }, usage })
    scheduler.addTask({ key: 'old', node: 'n', requests: { cpu: 30 } })
    const score = () => scheduler.scoreOn({ key: 'a', requests: { cpu: 8 } }, 'n')
    expect(score()).toBe(40 + (60 * 22) / 40) // 10 and 1.5 · 8
    scheduler.addTask({ key: 'new', node: 'n', requests: { cpu: 12 } })
    expect(score()).toBe(100) // 18 more
  })

  test('where nobody measures, what is asked for is used', () => {
    const scheduler = createScheduler({ profile: only(targetLoad({ useOfRequest: 1 })) })
    scheduler.addNode({ name: 'n', allocatable: { cpu: 100 } })
    scheduler.addTask({ key: 'old', node: 'n', requests: { cpu: 20 } })
    expect(scheduler.scoreOn({ key: 'a', requests: { cpu: 20 } }, 'n')).toBe(100)
    expect(scoreOn(targetLoad(), {}, 0, 0)).toBe(0)
  })
})

describe('variation of what is used', () => {
  test('the score is that of the worse of cpu and memory, by the formula', () => {
    const share = fc.integer({ min: 0, max: 120 })
    fc.assert(
      fc.property(share, share, share, share, fc.constantFrom(0.5, 1, 2), (cpu, memory, dc, dm, factor) => {
        const usage = { mean: { cpu, memory }, deviation: { cpu: dc, memory: dm } }
        const one = (mean: number, deviation: number): number => {
          const sigma = Math.min(deviation, 100) / 100
          const risk = Math.min(1, factor * (factor === 2 ? Math.sqrt(sigma) : sigma))
          return (1 - (Math.min(mean, 100) / 100 + risk) / 2) * 100
        }
        const plugin = loadVariation({ margin: factor, sensitivity: factor === 2 ? 2 : 1 })
        expect(scoreOn(plugin, { usage }, 0)).toBeCloseTo(Math.min(one(cpu, dc), one(memory, dm)), 4)
      }),
      { numRuns: 60, seed: 37 },
    )
  })
})

test('a scheduler reads what Node objects say of their use, and goes where least is used, not asked for', async () => {
  const world = createCluster()
  for (const name of ['n1', 'n2']) await world.addNode(name, { cpu: 10, memory: '1Gi' })
  await run(world, { profile: only(loadVariation()) })
  const measure = (name: string, cpu: string) =>
    world.env.run(() =>
      world.store.modifyStatus(Node, { name }, draft => {
        draft.status = { ...draft.status, usage: { mean: { cpu } } }
      }),
    )
  await measure('n1', '8')
  await measure('n2', '500m')
  await world.addTask('a', { resources: { requests: { cpu: '1' } } })
  expect(world.nodeOf('a')).toBe('n2')
  await measure('n1', 'much')
  await measure('n2', '9')
  await world.addTask('b', { resources: { requests: { cpu: '1' } } })
  // What cannot be read makes its node one that cannot be read.
  expect(world.nodeOf('b')).toBe('n2')
})

test.each([
  [() => targetLoad({ target: 100 }), /target: must be below 100/],
  [() => targetLoad({ target: 0 }), /target: must be a finite number above 0/],
  [() => loadVariation({ sensitivity: Number.NaN }), /sensitivity/],
  [
    () => createScheduler().addNode({ name: 'n', allocatable: {}, usage: { mean: { cpu: -1 } } }),
    /usage.mean.cpu/,
  ],
])('what is not acceptable is refused by name: %s', (make, expected) => {
  expect(make).toThrow(expected)
})
