import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WaterQueue } from '../../../src/core/fairness/index.js'
import { createFairSorter, progressiveFill, waterFill } from '../../../src/core/fairness/index.js'

const PATHS = ['a', 'b', 'a/x', 'a/y', 'c/z'] as const

/** The order from scratch: dominant shares as cross products of big integers. */
class NaiveSorter {
  readonly used = new Map<string, { cpus: number; mem: number; count: number; active: boolean }>()
  readonly weights = new Map<string, number>()
  total = { cpus: 1, mem: 1 }

  order(): readonly string[] {
    const ways = [...this.used]
      .filter(([, { active }]) => active)
      .map(([path]) => ({ path, way: [...path.split('/'), '.'] }))
    return ways.sort((a, b) => this.#compare(a.way, b.way)).map(({ path }) => path)
  }

  #compare(a: readonly string[], b: readonly string[]): number {
    const at = a.findIndex((name, index) => name !== b[index])
    const [x, y] = [this.#group(a.slice(0, at + 1)), this.#group(b.slice(0, at + 1))]
    const difference = x.share[0] * y.share[1] - y.share[0] * x.share[1]
    if (difference !== 0n) return difference < 0n ? -1 : 1
    return x.count - y.count || (a[at]! < b[at]! ? -1 : 1)
  }

  #group(way: readonly string[]): { share: readonly [bigint, bigint]; count: number } {
    const sum = { cpus: 0, mem: 0, count: 0 }
    for (const [path, { cpus, mem, count }] of this.used) {
      const other = [...path.split('/'), '.']
      if (!way.every((name, index) => name === other[index])) continue
      sum.cpus += cpus
      sum.mem += mem
      sum.count += count
    }
    const weight = BigInt(Math.round((this.weights.get(way.join('/')) ?? 1) * 1000))
    const shares = (['cpus', 'mem'] as const).map(
      name => [BigInt(sum[name]), BigInt(this.total[name]) * weight] as const,
    )
    const [first, second] = shares as [readonly [bigint, bigint], readonly [bigint, bigint]]
    return { share: first[0] * second[1] > second[0] * first[1] ? first : second, count: sum.count }
  }
}

describe('a fair sorter', () => {
  test('keeps the order that sorting everything anew gives', () => {
    const path = fc.constantFrom(...PATHS)
    const small = fc.integer({ min: 0, max: 6 })
    const step = fc.oneof(
      fc.record({ do: fc.constant('allocate' as const), path, cpus: small, mem: small }),
      fc.record({ do: fc.constant('release' as const), path, cpus: small, mem: small }),
      fc.record({
        do: fc.constant('weight' as const),
        path: fc.constantFrom('a', 'b', 'c', 'a/x'),
        weight: fc.constantFrom(0.5, 1, 1.5, 3),
      }),
      fc.record({ do: fc.constant('active' as const), path, on: fc.boolean() }),
      fc.record({
        do: fc.constant('total' as const),
        cpus: fc.integer({ min: 1, max: 2 ** 40 }),
        mem: fc.integer({ min: 1, max: 9 }),
      }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const [sorter, naive] = [createFairSorter(), new NaiveSorter()]
        sorter.setTotal(naive.total)
        for (const each of PATHS) {
          sorter.add(each)
          naive.used.set(each, { cpus: 0, mem: 0, count: 0, active: true })
        }
        for (const each of steps) {
          if (each.do === 'allocate') {
            const used = naive.used.get(each.path)!
            sorter.allocate(each.path, { cpus: each.cpus, mem: each.mem })
            naive.used.set(each.path, {
              ...used,
              cpus: used.cpus + each.cpus,
              mem: used.mem + each.mem,
              count: used.count + 1,
            })
          } else if (each.do === 'release') {
            const used = naive.used.get(each.path)!
            const [cpus, mem] = [Math.min(used.cpus, each.cpus), Math.min(used.mem, each.mem)]
            sorter.release(each.path, { cpus, mem })
            naive.used.set(each.path, { ...used, cpus: used.cpus - cpus, mem: used.mem - mem })
          } else if (each.do === 'weight') {
            sorter.setWeight(each.path, each.weight)
            naive.weights.set(each.path, each.weight)
          } else if (each.do === 'active') {
            sorter.setActive(each.path, each.on)
            naive.used.set(each.path, { ...naive.used.get(each.path)!, active: each.on })
          } else {
            naive.total = { cpus: each.cpus, mem: each.mem }
            sorter.setTotal(naive.total)
          }
          expect(sorter.order()).toEqual(naive.order())
        }
      }),
    )
  })

  test('tells thirds from sixths exactly', () => {
    const sorter = createFairSorter()
    sorter.setTotal({ cpus: 3, mem: 6 })
    for (const path of ['b', 'a']) sorter.add(path)
    sorter.allocate('b', { cpus: 1 })
    sorter.allocate('a', { mem: 2 })
    expect(sorter.order()).toEqual(['a', 'b'])
  })

  test('takes a comparator of one’s own, one resource only, and forgets who was removed', () => {
    const sorter = createFairSorter({ compare: (a, b) => b.share - a.share, resource: 'cpus' })
    sorter.setTotal({ cpus: 10, mem: 10 })
    for (const path of ['a', 'b/c', 'd']) sorter.add(path)
    sorter.allocate('a', { mem: 9 })
    sorter.allocate('b/c', { cpus: 2 })
    expect(sorter.order()).toEqual(['b/c', 'a', 'd'])
    sorter.remove('b/c')
    expect(sorter.order()).toEqual(['a', 'd'])
    expect(() => sorter.share('b')).toThrow('neither')
    expect(() => sorter.release('a', { mem: 10 })).toThrow('at most')
  })
})

describe('progressive filling', () => {
  test('a resource may be called as what every object inherits', () => {
    const total = { cpus: 2 }
    const asks = [{ name: 'a', demand: { constructor: 1 }, weights: {} }]
    expect(progressiveFill(total, asks).users.get('a')?.tasks).toBe(0)
    expect(progressiveFill({ ...total, constructor: 2 }, asks).users.get('a')?.tasks).toBe(2)
  })

  const user = fc.record({ cpus: fc.integer({ min: 1, max: 5 }), mem: fc.integer({ min: 1, max: 5 }) })

  test('makes nobody envious by more than one task, and leaves nothing that somebody could use', () => {
    fc.assert(
      fc.property(fc.array(user, { minLength: 2, maxLength: 4 }), demands => {
        const total = { cpus: 40, mem: 40 }
        const { users, free } = progressiveFill(
          total,
          demands.map((demand, n) => ({ name: `u${n}`, demand })),
        )
        for (const [n, mine] of demands.entries()) {
          const own = users.get(`u${n}`)!
          expect((free['cpus'] ?? 0) >= mine.cpus && (free['mem'] ?? 0) >= mine.mem).toBe(false)
          for (const [m] of demands.entries()) {
            const { allocated } = users.get(`u${m}`)!
            const wouldRun = Math.min(
              Math.floor((allocated['cpus'] ?? 0) / mine.cpus),
              Math.floor((allocated['mem'] ?? 0) / mine.mem),
            )
            const oneMore = Math.ceil(Math.max(demands[m]!.cpus / mine.cpus, demands[m]!.mem / mine.mem))
            expect(wouldRun).toBeLessThanOrEqual(own.tasks + Math.max(1, oneMore))
          }
        }
      }),
    )
  })
})

describe('water filling', () => {
  test('hands out the total, within floors and ceilings, at one level', () => {
    const queue = fc.record({
      weight: fc.integer({ min: 1, max: 5 }),
      min: fc.integer({ min: 0, max: 10 }),
      more: fc.integer({ min: 0, max: 20 }),
    })
    fc.assert(
      fc.property(
        fc.array(queue, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: 80 }),
        (list, total) => {
          const queues = list.map(
            ({ weight, min, more }, n): WaterQueue => ({ name: `q${n}`, weight, min, max: min + more }),
          )
          const shares = waterFill(total, queues)
          const sum = [...shares.values()].reduce((a, b) => a + b, 0)
          const [floors, ceilings] = [
            queues.reduce((a, q) => a + q.min!, 0),
            queues.reduce((a, q) => a + q.max!, 0),
          ]
          expect(sum).toBeCloseTo(Math.min(Math.max(total, floors), ceilings), 6)
          const levels = queues
            .filter(
              ({ name, min, max }) => shares.get(name)! > min! + 1e-9 && shares.get(name)! < max! - 1e-9,
            )
            .map(({ name, weight }) => shares.get(name)! / weight!)
          for (const level of levels) expect(level).toBeCloseTo(levels[0]!, 6)
        },
      ),
    )
  })
})
