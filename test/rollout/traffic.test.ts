import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TrafficWeight } from '../../src/rollout/index.js'
import { recreate, resolveBudget, rolling } from '../../src/rollout/index.js'
import type { InstantCluster } from './fixtures/instant-cluster.js'
import { runningCluster } from './fixtures/instant-cluster.js'

const share = (weights: readonly TrafficWeight[] = [], template: string): number => {
  const sum = weights.reduce((total, { weight }) => total + weight, 0)
  return sum === 0
    ? 0
    : weights.reduce((own, one) => own + (one.template === template ? one.weight : 0), 0) / sum
}
const shown = (cluster: InstantCluster): string =>
  (cluster.traffic?.weights ?? []).map(({ template, weight }) => `${template}:${weight}`).join(' ')

/** A cluster of ten that has all of its traffic at `a`. */
function routed(program = rolling({ maxSurge: '25%', maxUnavailable: 0 }), desired = 10): InstantCluster {
  const cluster = runningCluster(desired, program)
  cluster.traffic = { acknowledged: true }
  cluster.settle()
  return cluster
}

describe('traffic', () => {
  test('goes nowhere but to the first template before there is another', () => {
    expect(shown(routed())).toBe('a:100')
  })

  test('is divided before the first new instance, when nothing has divided it', () => {
    const cluster = runningCluster(4)
    cluster.roll('b')
    cluster.traffic = { acknowledged: true }
    expect(cluster.step().actions).toEqual([
      { op: 'route', weights: [{ template: 'a', weight: 100 }] },
      { op: 'size', template: 'b', size: 0 },
    ])
  })

  test('moves once what gets it is available, and what lost it leaves after that', () => {
    const cluster = routed(
      rolling({
        maxSurge: 5,
        maxUnavailable: 0,
        steps: [{ next: 2, gates: [{ kind: 'approve', name: 'x' }] }, '50%'],
      }),
    )
    cluster.roll('b')
    const trace = new Set<string>()
    cluster.settle(['b'])
    expect([cluster.sizes(), shown(cluster)]).toEqual([{ a: 10, b: 2 }, 'a:100'])
    for (let round = 0; round < 20; round++) {
      for (const [template, set] of cluster.sets) cluster.sets.set(template, { ...set, available: set.size })
      cluster.step()
      trace.add(`${cluster.sizes()['a']} ${cluster.sizes()['b']} ${shown(cluster)}`)
    }
    expect([...trace]).toEqual(['10 2 a:80 b:20', '8 2 a:80 b:20'])
  })

  test.each([
    ['10%', 'a:90 b:10'],
    ['2.5%', 'a:97.5 b:2.5'],
    ['0%', 'a:100'],
    ['50%', 'a:50 b:50'],
  ])('gets what a step routes, with as many instances as that needs: %s', (route, weights) => {
    const gates = [{ kind: 'approve', name: 'lead' }] as const
    const cluster = routed(
      rolling({ maxSurge: 5, maxUnavailable: 0, steps: [{ next: '10%', route, gates }] }),
    )
    cluster.roll('b')
    cluster.settle()
    expect(shown(cluster)).toBe(weights)
    expect(cluster.sizes()['b']).toBe(route === '50%' ? 5 : 1)
    cluster.spec = { ...cluster.spec, answers: [{ gate: 'lead', answer: 'pass', by: 'ann', atMs: 0 }] }
    cluster.settle()
    expect([cluster.sizes(), shown(cluster)]).toEqual([{ b: 10 }, 'b:100'])
  })

  test('that is not acknowledged keeps everything where it is, and says so', () => {
    const cluster = routed()
    cluster.roll('b')
    cluster.settle(['b'])
    for (const [template, set] of cluster.sets) cluster.sets.set(template, { ...set, available: set.size })
    cluster.step()
    const { weights = [] } = cluster.traffic ?? {}
    const sizes = cluster.sizes()
    cluster.traffic = { acknowledged: false, weights }
    const { actions, blockers } = cluster.step()
    expect([actions, blockers[0], cluster.sizes()]).toEqual([
      [],
      { kind: 'traffic', acknowledged: false },
      sizes,
    ])
    cluster.traffic = { acknowledged: true, weights }
    cluster.settle()
    expect([cluster.sizes(), shown(cluster)]).toEqual([{ b: 10 }, 'b:100'])
  })

  test('is shared by what there is when less than all of it is available, and a superseded template has no part', () => {
    const cluster = routed(rolling({ maxSurge: '100%', maxUnavailable: 0 }), 3)
    const set = (template: string, available: number): void => {
      cluster.sets.set(template, { template, size: 3, available })
    }
    cluster.roll('b')
    cluster.step()
    cluster.roll('c')
    cluster.step()
    for (const template of ['a', 'b', 'c']) set(template, 1)
    cluster.step()
    expect(shown(cluster)).toBe('c:1 a:1')
  })

  test('goes back before what it went to leaves', () => {
    const cluster = routed(
      rolling({
        maxSurge: 2,
        maxUnavailable: 0,
        steps: [{ next: '50%', gates: [{ kind: 'approve', name: 'x' }] }],
      }),
    )
    cluster.roll('b')
    cluster.settle()
    expect([cluster.sizes(), shown(cluster)]).toEqual([{ a: 5, b: 5 }, 'a:50 b:50'])
    cluster.spec = { ...cluster.spec, aborted: true }
    cluster.step()
    expect([cluster.sizes(), shown(cluster)]).toEqual([{ a: 7, b: 5 }, 'a:50 b:50'])
    cluster.settle()
    expect([cluster.sizes(), shown(cluster)]).toEqual([{ a: 10 }, 'a:100'])
  })

  test('leaves a template that is called off at once, although not all follow, and nothing leaves before they do', () => {
    const cluster = routed(rolling({ steps: [{ next: '50%', gates: [{ kind: 'approve', name: 'x' }] }] }))
    cluster.roll('b')
    cluster.settle()
    expect([cluster.sizes(), shown(cluster)]).toEqual([{ a: 5, b: 5 }, 'a:50 b:50'])
    cluster.spec = { ...cluster.spec, aborted: true }
    for (let round = 0; round < 5; round++) {
      if (cluster.traffic) cluster.traffic = { ...cluster.traffic, acknowledged: false }
      cluster.step()
      for (const [template, set] of cluster.sets) cluster.sets.set(template, { ...set, available: set.size })
    }
    expect([cluster.sizes(), shown(cluster)]).toEqual([{ a: 8, b: 5 }, 'a:8 b:2'])
    if (cluster.traffic) cluster.traffic = { ...cluster.traffic, acknowledged: true }
    cluster.settle()
    expect([cluster.sizes(), shown(cluster)]).toEqual([{ a: 10 }, 'a:100'])
  })

  test('of a recreation follows what is there', () => {
    const cluster = routed(recreate(), 3)
    cluster.roll('b')
    cluster.settle()
    expect([cluster.sizes(), shown(cluster)]).toEqual([{ b: 3 }, 'b:100'])
  })

  const scenario = fc.record({
    desired: fc.integer({ min: 1, max: 12 }),
    maxSurge: fc.constantFrom(0, 1, 3, '25%', '100%'),
    maxUnavailable: fc.constantFrom(0, 1, '25%'),
    steps: fc.constantFrom(
      [],
      ['10%', '50%'],
      [1, { next: '20%', route: '5%' }, { next: '50%', route: '80%' }],
    ),
    events: fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('up' as const), template: fc.constantFrom('a', 'b', 'c') }),
        fc.record({ kind: fc.constant('down' as const), template: fc.constantFrom('a', 'b', 'c') }),
        fc.record({ kind: fc.constantFrom('roll' as const, 'abort' as const) }),
        fc.record({ kind: fc.constant('acknowledged' as const), is: fc.boolean() }),
      ),
      { maxLength: 40 },
    ),
  })

  test('never goes where too few are available, is never left with too few, and arrives', () => {
    let routes = 0
    fc.assert(
      fc.property(scenario, ({ desired, maxSurge, maxUnavailable, steps, events }) => {
        const budget = {
          maxSurge,
          maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable,
        }
        const cluster = routed(rolling({ ...budget, steps }), desired)
        const { floor, surge, ceil } = resolveBudget(budget, desired)
        const base = surge > 0 ? desired : floor
        cluster.roll('b')
        const look = (): void => {
          const before = new Map([...cluster.sets].map(([template, set]) => [template, { ...set }]))
          const { weights = [] } = cluster.traffic ?? {}
          const live = [...before.values()].reduce((sum, { size }) => sum + size, 0)
          // A template that was superseded before it got any traffic gets none, whatever it has.
          const takers = new Set([cluster.spec.template, cluster.spec.stable])
          for (const { template } of weights) takers.add(template)
          const available = [...before.values()].reduce(
            (sum, set) => sum + (takers.has(set.template) ? set.available : 0),
            0,
          )
          const { actions } = cluster.step()
          for (const action of actions) {
            if (action.op === 'route') {
              routes += 1
              for (const { template } of action.weights) {
                const gains = share(action.weights, template) > share(weights, template) + 1e-9
                if (!gains || available < base) continue
                const needed = Math.ceil(share(action.weights, template) * base - 1e-6)
                expect(before.get(template)?.available ?? 0).toBeGreaterThanOrEqual(needed)
              }
            }
            if (action.op !== 'size' || live > ceil) continue
            const size = before.get(action.template)?.size ?? 0
            const part = Math.ceil(share(weights, action.template) * base - 1e-6)
            // Below the floor the others make room with what does not work.
            const mayCede = action.template !== cluster.spec.stable
            const works = before.get(action.template)?.available ?? 0
            const total = [...before.values()].reduce((sum, set) => sum + set.available, 0)
            const needed = mayCede && total < floor ? Math.min(part, works) : part
            if (action.size < size) expect(action.size).toBeGreaterThanOrEqual(Math.min(size, needed))
          }
        }
        let templates = 0
        for (const event of events) {
          if (event.kind === 'up' || event.kind === 'down') {
            const set = cluster.sets.get(event.template)
            const change = event.kind === 'up' ? 1 : -1
            if (set)
              cluster.sets.set(event.template, {
                ...set,
                available: Math.min(set.size, Math.max(0, set.available + change)),
              })
          } else if (event.kind === 'roll' && templates++ < 1) cluster.roll('c', { aborted: false })
          else if (event.kind === 'abort') cluster.spec = { ...cluster.spec, aborted: true }
          else if (event.kind === 'acknowledged' && cluster.traffic)
            cluster.traffic = { ...cluster.traffic, acknowledged: event.is }
          look()
        }
        if (cluster.traffic) cluster.traffic = { ...cluster.traffic, acknowledged: true }
        for (let round = 0; round < 20; round++) {
          for (const [template, set] of cluster.sets)
            cluster.sets.set(template, { ...set, available: Math.min(set.size, set.available + 1) })
          look()
        }
        cluster.settle()
        const { stable = 'a', template } = cluster.spec
        const wanted = cluster.state?.phase === 'aborted' ? stable : template
        expect(cluster.sizes()).toEqual({ [wanted]: desired })
        expect(share(cluster.traffic?.weights, wanted)).toBe(1)
      }),
      { numRuns: 500 },
    )
    expect(routes).toBeGreaterThan(500)
  })
})
