import fc from 'fast-check'
import type { Plan, Program, RolloutSpec, RolloutState, RolloutTally } from '../../../src/rollout/index.js'
import { resolveBudget } from '../../../src/rollout/index.js'
import type { InstantCluster } from '../fixtures/instant-cluster.js'
import { runningCluster } from '../fixtures/instant-cluster.js'
import { countsPresets, REPLICAS } from './presets.js'

type Happening = readonly [
  what: 'up' | 'down' | 'gone' | 'scale' | 'roll' | 'pause' | 'approve' | 'reject' | 'wait' | 'none',
  which: number,
]
/** Flapping most of all; scaling and rollover midway; what people say; time. */
export const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(
  fc.tuple(
    fc.constantFrom<Happening[0][]>(
      ...([
        'up',
        'down',
        'up',
        'down',
        'none',
        'gone',
        'scale',
        'roll',
        'pause',
        'approve',
        'reject',
        'wait',
      ] as const),
    ),
    fc.nat(8),
  ),
  { maxLength: 30, size: 'max' },
)

const answers = (answer: 'pass' | 'fail'): NonNullable<RolloutSpec['answers']> =>
  ['lead', 'promote'].map(gate => ({ gate, answer, by: 'ann', atMs: 0 }))
export const approvals: NonNullable<RolloutSpec['answers']> = answers('pass')

function happen(cluster: InstantCluster, [what, which]: Happening): void {
  const { spec } = cluster
  const template = [...cluster.sets.keys()].sort()[which % cluster.sets.size] ?? 'a'
  const set = cluster.sets.get(template)
  const available = set === undefined ? 0 : set.available + (what === 'up' ? 1 : -1)
  if ((what === 'up' || what === 'down') && set)
    cluster.sets.set(template, { ...set, available: Math.max(0, Math.min(set.size, available)) })
  if (what === 'gone') for (const [name, one] of cluster.sets) cluster.sets.set(name, { ...one, stopping: 0 })
  if (what === 'scale') cluster.spec = { ...spec, desired: which }
  if (what === 'pause') cluster.spec = { ...spec, paused: !spec.paused }
  if (what === 'wait') cluster.nowMs += which * 30_000
  if (what === 'approve' || what === 'reject')
    cluster.spec = { ...spec, answers: answers(what === 'approve' ? 'pass' : 'fail') }
  if (what === 'roll' && spec.template !== 'bcd'[which % 3])
    cluster.roll('bcd'[which % 3] ?? 'b', { answers: [] })
}

/** One step with all that it was decided by, and what came of it. */
export interface Step {
  readonly program: Program
  readonly what: Happening[0]
  readonly spec: RolloutSpec
  readonly before: readonly RolloutTally[]
  readonly state: RolloutState | undefined
  readonly nowMs: number
  readonly plan: Plan
  readonly after: readonly RolloutTally[]
}

/** Steps once; what is taken away stops, and is gone when that happens. */
export function stepOf(cluster: InstantCluster, what: Happening[0]): Step {
  const { spec, state, nowMs } = cluster
  const before = [...cluster.sets.values()]
  const plan = cluster.step()
  for (const { template, size, stopping = 0 } of before) {
    const set = cluster.sets.get(template)
    const stopped = stopping + Math.max(0, size - (set?.size ?? 0))
    if (set !== undefined && stopped > 0) cluster.sets.set(template, { ...set, stopping: stopped })
  }
  return { program: spec.program, what, spec, before, state, nowMs, plan, after: [...cluster.sets.values()] }
}

/** From `a`, which works, to `b`, with all that happens on the way. */
export function walk(
  program: Program,
  events: readonly Happening[],
  look: (step: Step, cluster: InstantCluster) => void = () => {},
): InstantCluster {
  const cluster = runningCluster(REPLICAS, program)
  cluster.roll('b')
  for (const event of events) {
    happen(cluster, event)
    look(stepOf(cluster, event[0]), cluster)
  }
  return cluster
}

/** A few walks are the same in every run; many are others each time, to find what no run has found yet. */
function drawn(runs: number): { readonly numRuns: number; readonly seed?: number } {
  return runs < 100 ? { numRuns: runs, seed: 1 } : { numRuns: runs }
}

/** A law of every step of every preset. */
export function everyStep(runs: number, look: (step: Step, cluster: InstantCluster) => void): void {
  for (const program of Object.values(countsPresets))
    fc.assert(
      fc.property(happenings, events => void walk(program, events, look)),
      drawn(runs),
    )
}

/** A law of what every walk of every preset leads to. */
export function everyWalk(runs: number, look: (cluster: InstantCluster, program: Program) => void): void {
  for (const program of Object.values(countsPresets))
    fc.assert(
      fc.property(happenings, events => look(walk(program, events), program)),
      drawn(runs),
    )
}

export const total = (sets: Iterable<RolloutTally>, field: 'size' | 'available' | 'stopping'): number =>
  [...sets].reduce((sum, set) => sum + (set[field] ?? 0), 0)

/** The bounds where the rollout stands; a waypoint that asks for more than its budget gets it. */
export function boundsOf({ program, spec, plan: { state } }: Pick<Step, 'program' | 'spec' | 'plan'>): {
  readonly floor: number
  readonly ceil: number
} {
  const { waypoints, budget, rollback } = program
  const isBack =
    state.phase === 'aborted' || state.reverts > 0 || (spec.entry === state.entry && spec.cause !== 'update')
  const back = isBack ? rollback?.budget : undefined
  const isOver = state.phase === 'succeeded' || state.phase === 'reverted'
  const waypoint =
    state.phase === 'aborted' ? undefined : waypoints[isOver ? waypoints.length - 1 : state.waypoint]
  const { floor, ceil } = resolveBudget(back ?? waypoint?.budget ?? budget, spec.desired)
  return { floor, ceil: waypoint?.stable === undefined ? ceil : 2 * spec.desired }
}

/** What must be available at least, there and back. */
export function floorOf({ budget, rollback }: Program, desired: number): number {
  const floors = [budget, rollback?.budget ?? budget].map(each => resolveBudget(each, desired).floor)
  return Math.min(...floors)
}

/** Everything that is there works from now on but `broken`; time passes, and nobody has anything against it. */
export function calm(cluster: InstantCluster, broken: readonly string[] = []): void {
  for (let wait = 0; wait < 4; wait++) {
    for (const [name, set] of cluster.sets) cluster.sets.set(name, { ...set, stopping: 0 })
    cluster.settle(broken)
    cluster.nowMs += 60_000
  }
}
