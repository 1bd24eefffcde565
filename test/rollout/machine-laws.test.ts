import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FailureAction } from '../../src/rollout/index.js'
import { plan, rolling } from '../../src/rollout/index.js'
import type { InstantCluster } from './fixtures/instant-cluster.js'
import { createInstantCluster } from './fixtures/instant-cluster.js'
import { successors } from './fixtures/phase-successors.js'

/** What may happen between two steps. */
type Happening =
  | { readonly kind: 'roll'; readonly template: string }
  | { readonly kind: 'scale'; readonly desired: number }
  | { readonly kind: 'pause'; readonly paused: boolean }
  | { readonly kind: 'wait'; readonly minutes: number }
  | { readonly kind: 'available'; readonly template: string; readonly count: number }
  | { readonly kind: 'failed'; readonly template: string }

const template = fc.constantFrom('a', 'b', 'c')
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('roll' as const), template }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('scale' as const), desired: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const), paused: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.nat(12) }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('available' as const), template, count: fc.nat(8) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('failed' as const), template }) },
)

function happen(cluster: InstantCluster, event: Happening): void {
  switch (event.kind) {
    case 'roll':
      if (event.template !== cluster.spec.template) cluster.roll(event.template)
      return
    case 'scale':
      cluster.spec = { ...cluster.spec, desired: event.desired }
      return
    case 'pause':
      cluster.spec = { ...cluster.spec, paused: event.paused }
      return
    case 'wait':
      cluster.nowMs += event.minutes * 60_000
      return
    case 'available':
    case 'failed': {
      const set = cluster.sets.get(event.template)
      if (!set) return
      const available =
        event.kind === 'available' ? Math.min(set.size, event.count) : Math.max(0, set.available - 1)
      const failed = (set.failed ?? 0) + (event.kind === 'failed' ? 1 : 0)
      cluster.sets.set(event.template, { ...set, available, failed })
    }
  }
}

const story = fc.record({
  desired: fc.integer({ min: 1, max: 6 }),
  action: fc.constantFrom('continue' as const, 'pause' as const, 'abort' as const, 'revert' as const),
  events: fc.array(happening, { maxLength: 40 }),
})

function tell(
  { desired, action, events }: { desired: number; action: FailureAction; events: readonly Happening[] },
  look: (cluster: InstantCluster) => void,
): InstantCluster {
  const cluster = createInstantCluster(
    desired,
    rolling({ maxSurge: 1, maxUnavailable: 1, onFailure: action, maxFailures: 4 }),
  )
  look(cluster)
  for (const event of events) {
    happen(cluster, event)
    look(cluster)
  }
  return cluster
}

describe('whatever happens', () => {
  test('phases follow one another only as they may', () => {
    fc.assert(
      fc.property(story, s => {
        tell(s, cluster => {
          const before = cluster.state
          cluster.step()
          const after = cluster.state
          if (!before || !after || before.entry !== after.entry || before.phase === after.phase) return
          expect(successors[before.phase]).toContain(after.phase)
        })
      }),
      { numRuns: 500 },
    )
  })

  test('success means that nothing but the wanted template is requested, and all of it available', () => {
    fc.assert(
      fc.property(story, s => {
        tell(s, cluster => {
          const before = [...cluster.sets.values()]
          const { actions } = cluster.step()
          if (!actions.some(action => action.op === 'outcome' && action.outcome === 'succeeded')) return
          for (const set of before)
            expect(set.size).toBe(set.template === cluster.state?.template ? cluster.spec.desired : 0)
          const current = before.find(set => set.template === cluster.state?.template)
          expect(current?.available).toBe(cluster.spec.desired)
        })
      }),
      { numRuns: 500 },
    )
  })

  test('there is at most one automatic revert in a row, and never to the template that failed', () => {
    fc.assert(
      fc.property(story, s => {
        tell(s, cluster => {
          const { cause, template: failing } = cluster.spec
          const { actions } = cluster.step()
          const revert = actions.find(action => action.op === 'revert')
          if (!revert) return
          expect(cause).not.toBe('revert')
          expect(revert).not.toMatchObject({ template: failing })
        })
      }),
      { numRuns: 500 },
    )
  })

  test('equal inputs give equal plans, in any order of the sets', () => {
    fc.assert(
      fc.property(story, s => {
        tell(s, cluster => {
          const sets = [...cluster.sets.values()]
          const one = plan(cluster.spec, cluster.state, { sets }, cluster.nowMs)
          const two = plan(cluster.spec, cluster.state, { sets: sets.toReversed() }, cluster.nowMs)
          expect(two).toEqual(one)
          cluster.step()
        })
      }),
    )
  })

  test('with nothing more happening it comes to rest, and a step at rest changes nothing', () => {
    fc.assert(
      fc.property(story, s => {
        tell(s, cluster => {
          let before = ''
          let steps = 0
          while (JSON.stringify([cluster.state, cluster.sizes()]) !== before) {
            before = JSON.stringify([cluster.state, cluster.sizes()])
            cluster.step()
            expect(steps++).toBeLessThan(20)
          }
          expect(cluster.step().actions).toEqual([])
        })
      }),
    )
  })

  test('when it calms down, a good template ends up alone and available', () => {
    fc.assert(
      fc.property(story, s => {
        const cluster = tell(s, w => w.step())
        cluster.roll('d', { paused: false, desired: 3 })
        cluster.settle()
        expect(cluster.sizes()).toEqual({ d: 3 })
        expect(cluster.outcomes.at(-1)).toBe(`${cluster.spec.entry} succeeded`)
      }),
    )
  })
})
