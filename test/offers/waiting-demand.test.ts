import { describe, expect, test } from 'vitest'
import type { Allocator, Demand } from '../../src/offers/index.js'
import { createAllocator, resources, restoreAllocator } from '../../src/offers/index.js'

const GUARANTEES = { cpus: 6, mem: 600 }

/** One agent, a role with a guarantee whose framework is connected, suppressed or waiting, and another role. */
function cluster(demand: readonly Demand[] | undefined): Allocator {
  const allocator = createAllocator({ minAllocatable: [] })
  allocator.apply(
    { type: 'agent', agent: { id: 'a1', resources: resources('cpus:8;mem:800') } },
    { type: 'quota', role: 'eng', quota: { guarantees: GUARANTEES } },
    {
      type: 'framework',
      id: 'web',
      roles: [
        {
          role: 'eng/web',
          constraints: [[{ attribute: 'gpu', operator: 'exists' }]],
          ...(demand === undefined ? {} : { demand }),
        },
      ],
    },
    { type: 'framework', id: 'other', roles: [{ role: 'ops' }] },
  )
  return allocator
}

function othersGet(allocator: Allocator): Readonly<Record<string, number>> {
  const grants = allocator.run(0, 'all').filter(({ framework }) => framework === 'other')
  return grants[0]?.resources.quantities() ?? {}
}

describe('of a guarantee that is not met, there is held back', () => {
  test.each<readonly [string, readonly Demand[] | undefined, object]>([
    ['all, while its framework does not say what it waits for', undefined, { cpus: 2, mem: 200 }],
    ['nothing, while nothing waits', [], { cpus: 8, mem: 800 }],
    ['no more than waits', [{ shape: { cpus: 1 }, count: 3 }], { cpus: 5, mem: 800 }],
    ['no more than was promised', [{ shape: { cpus: 1, mem: 500 }, count: 9 }], { cpus: 2, mem: 200 }],
  ])('%s', (_what, demand, expected) => {
    expect(othersGet(cluster(demand))).toEqual(expected)
  })

  test('what waits now, after demand changes, and as much in a copy', () => {
    const allocator = cluster([])
    allocator.apply({
      type: 'demand',
      framework: 'web',
      role: 'eng/web',
      demand: [{ shape: { cpus: 2 }, count: 2 }],
    })
    const copy = restoreAllocator(allocator.snapshot(), { minAllocatable: [] })
    expect(othersGet(copy)).toEqual({ cpus: 4, mem: 800 })
    expect(othersGet(allocator)).toEqual({ cpus: 4, mem: 800 })
  })

  test('nothing as soon as nothing waits any more, which the next pass looks at everywhere', () => {
    const allocator = cluster([{ shape: { cpus: 1 }, count: 3 }])
    expect(othersGet(allocator)).toEqual({ cpus: 5, mem: 800 })
    allocator.apply({ type: 'demand', framework: 'web', role: 'eng/web', demand: [] })
    expect(allocator.run(0).map(grant => grant.resources.quantities())).toEqual([{ cpus: 3 }])
  })
})
