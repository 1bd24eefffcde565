import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Program, RolloutFields } from '../../src/rollout/index.js'
import {
  kubernetesProgram,
  marathonRollout,
  nomadRollout,
  plan,
  recreate,
  resolveBudget,
  swarmRollout,
} from '../../src/rollout/index.js'
import { proveProgram } from '../../src/testing/index.js'
import type { InstantCluster } from './fixtures/instant-cluster.js'
import { runningCluster } from './fixtures/instant-cluster.js'

const REPLICAS = 6
const approve = [{ kind: 'approve', name: 'lead' }] as const

const programOf = (fields: RolloutFields): Program => {
  const { onFailure = {} } = fields
  return kubernetesProgram(fields, typeof onFailure === 'string' ? { action: onFailure } : onFailure)
}
const presets: Readonly<Record<string, Program>> = {
  RollingUpdate: kubernetesProgram({}),
  Recreate: recreate(),
  'canary with an approval': kubernetesProgram({
    strategy: { type: 'RollingUpdate', steps: [{ next: '20%', gates: approve }, '50%'] },
  }),
  'blue/green': kubernetesProgram({ strategy: { type: 'RollingUpdate', blueGreen: { gates: approve } } }),
  'Swarm stop-first': programOf(swarmRollout({ parallelism: 2 }, REPLICAS)),
  'Swarm start-first': programOf(
    swarmRollout({ order: 'start-first', failure_action: 'rollback' }, REPLICAS),
  ),
  Marathon: programOf(marathonRollout({}, REPLICAS)),
  'Marathon resident': programOf(marathonRollout({ resident: true }, REPLICAS)),
  Nomad: programOf(nomadRollout({ max_parallel: 2, auto_revert: true })),
  'Nomad with canaries': programOf(nomadRollout({ max_parallel: 2, canary: 2 })),
}

type Happening = readonly [
  what: 'up' | 'down' | 'scale' | 'roll' | 'pause' | 'approve' | 'wait',
  which: number,
]
const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(
  fc.tuple(
    fc.constantFrom('up', 'down', 'down', 'up', 'scale', 'roll', 'pause', 'approve', 'wait'),
    fc.nat(8),
  ),
  { maxLength: 30 },
)

function happen(cluster: InstantCluster, [what, which]: Happening): void {
  const { spec } = cluster
  const template = [...cluster.sets.keys()].sort()[which % cluster.sets.size] ?? 'a'
  const set = cluster.sets.get(template)
  if (what === 'up' && set)
    cluster.sets.set(template, { ...set, available: Math.min(set.size, set.available + 1) })
  if (what === 'down' && set)
    cluster.sets.set(template, { ...set, available: Math.max(0, set.available - 1) })
  if (what === 'scale') cluster.spec = { ...spec, desired: which }
  if (what === 'pause') cluster.spec = { ...spec, paused: !spec.paused }
  if (what === 'wait') cluster.nowMs += which * 30_000
  if (what === 'approve') cluster.spec = { ...spec, answers: yes }
  if (what === 'roll' && spec.template !== 'bcd'[which % 3])
    cluster.roll('bcd'[which % 3] ?? 'b', { answers: [] })
}
const yes = ['lead', 'promote'].map(gate => ({ gate, answer: 'pass' as const, by: 'ann', atMs: 0 }))

const total = (cluster: InstantCluster, field: 'size' | 'available'): number =>
  [...cluster.sets.values()].reduce((sum, set) => sum + set[field], 0)

/** The bounds where the rollout stands; a waypoint that asks for more than its budget gets it. */
function boundsOf({ spec, state }: InstantCluster): { readonly floor: number; readonly ceil: number } {
  const { waypoints, budget } = spec.program
  const isOver = state?.phase === 'succeeded' || state?.phase === 'reverted'
  const waypoint =
    state?.phase === 'aborted' ? undefined : waypoints[isOver ? waypoints.length - 1 : (state?.waypoint ?? 0)]
  const { floor, ceil } = resolveBudget(waypoint?.budget ?? budget, spec.desired)
  return { floor, ceil: waypoint?.stable === undefined ? ceil : 2 * spec.desired }
}

describe.each(Object.entries(presets))('%s, whatever happens', (_name, program) => {
  test('keeps its bounds, repeats nothing, and depends on no order', () => {
    fc.assert(
      fc.property(happenings, events => {
        const cluster = runningCluster(REPLICAS, program)
        cluster.roll('b')
        for (const event of events) {
          happen(cluster, event)
          const [live, available] = [total(cluster, 'size'), total(cluster, 'available')]
          const sets = [...cluster.sets.values()]
          const reversed = plan(cluster.spec, cluster.state, { sets: sets.toReversed() }, cluster.nowMs)
          const wasPaused = cluster.state?.pausedAtMs !== undefined && cluster.spec.paused
          const isScaled = cluster.state?.desired !== cluster.spec.desired
          const decided = cluster.step()
          expect(reversed).toEqual(decided)
          const { floor, ceil } = boundsOf(cluster)
          expect(total(cluster, 'available')).toBeGreaterThanOrEqual(Math.min(available, floor))
          expect(total(cluster, 'size')).toBeLessThanOrEqual(Math.max(live, ceil))
          const sized = decided.actions.filter(({ op }) => op === 'size')
          expect(new Set(sized.map(action => (action.op === 'size' ? action.template : ''))).size).toBe(
            sized.length,
          )
          // Paused, a count that changed is all that changes a size; above the ceiling what is lost may go.
          if (wasPaused && !isScaled && live <= ceil) expect(total(cluster, 'size')).toBe(live)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('comes back inside its ceiling within three steps, and a revision that works arrives', () => {
    fc.assert(
      fc.property(happenings, events => {
        const cluster = runningCluster(REPLICAS, program)
        cluster.roll('b')
        for (const event of events) {
          happen(cluster, event)
          cluster.step()
        }
        cluster.spec = { ...cluster.spec, paused: false, desired: 4 }
        for (let step = 0; step < 3; step++) {
          cluster.step()
          for (const [template, set] of cluster.sets)
            cluster.sets.set(template, { ...set, available: set.size })
        }
        cluster.step()
        expect(total(cluster, 'size')).toBeLessThanOrEqual(boundsOf(cluster).ceil)
        cluster.roll('z', { answers: yes })
        for (let wait = 0; wait < 3; wait++) {
          cluster.settle()
          cluster.nowMs += 60_000
        }
        expect([cluster.sizes(), cluster.outcomes.at(-1)]).toEqual([
          { z: 4 },
          `${cluster.spec.entry} succeeded`,
        ])
      }),
      { numRuns: 30 },
    )
  })

  test('proves to have a way there and a way back', () => {
    const { problems } = proveProgram(program, { upTo: 3 })
    expect(problems.filter(({ kind }) => kind !== 'outage')).toEqual([])
  })
})
