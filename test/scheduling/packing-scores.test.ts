import { describe, expect, test } from 'vitest'
import type { NodeScorePlugin, Scheduler } from '../../src/scheduling/index.js'
import {
  createScheduler,
  dotProduct,
  l2Residual,
  lowestPrice,
  nativeFilters,
} from '../../src/scheduling/index.js'

/** Used of 100 of each, by node. */
function cluster(
  plugin: NodeScorePlugin,
  used: Readonly<Record<string, readonly [number, number]>>,
): Scheduler {
  const profile = { name: 'test', filters: nativeFilters(), scores: [{ plugin, weight: 1 }] }
  const scheduler = createScheduler({ profile })
  for (const [name, [cpu, memory]] of Object.entries(used)) {
    scheduler.addNode({ name, allocatable: { cpu: 100, memory: 100 }, attributes: { price: `${cpu}` } })
    scheduler.addTask({ key: `on ${name}`, node: name, requests: { cpu, memory } })
  }
  return scheduler
}

describe('scores that pack', () => {
  test.each([
    // Left: 60 and 80 of 100; then 0 and 20.
    ['half empty', { n: [30, 10] }, (1 - Math.sqrt((0.6 ** 2 + 0.8 ** 2) / 2)) * 100],
    ['nearly full', { n: [90, 70] }, (1 - Math.sqrt(0.2 ** 2 / 2)) * 100],
  ] as const)('the L2 norm of what is left, %s', (_name, used, expected) => {
    const scheduler = cluster(l2Residual(), used)
    expect(scheduler.scoreOn({ key: 'a', requests: { cpu: 10, memory: 10 } }, 'n')).toBeCloseTo(expected, 4)
  })

  test('the L2 norm prefers what is left of both alike to the same left of one', () => {
    const scheduler = cluster(l2Residual(), { even: [50, 50], uneven: [20, 80] })
    const placed = scheduler.place({ key: 'a', requests: { cpu: 10, memory: 10 } })
    expect(placed.kind === 'placed' && placed.node).toBe('even')
  })

  test('the dot product goes by what the task asks most of', () => {
    const used = { 'much-cpu': [10, 70], 'much-memory': [70, 10] } as const
    const nodeFor = (cpu: number, memory: number): string | false => {
      const placed = cluster(dotProduct(), used).place({ key: 'a', requests: { cpu, memory } })
      return placed.kind === 'placed' && placed.node
    }
    expect([nodeFor(20, 5), nodeFor(5, 20)]).toEqual(['much-cpu', 'much-memory'])
  })

  test('the cheapest node of those that fit, by percent of the dearest', () => {
    const byAttribute = lowestPrice(({ attributes }) => Number(attributes['price']))
    const scheduler = cluster(byAttribute, { dear: [80, 0], cheap: [20, 0], full: [10, 100] })
    const request = { key: 'a', requests: { memory: 10 } }
    expect(['dear', 'cheap', 'full'].map(name => scheduler.scoreOn(request, name))).toEqual([
      0,
      75,
      undefined,
    ])
  })

  test('a price that is none is told by the node', () => {
    const scheduler = cluster(
      lowestPrice(() => Number.NaN),
      { n: [0, 0] },
    )
    expect(() => scheduler.place({ key: 'a' })).toThrow(/price of node n/)
  })
})
