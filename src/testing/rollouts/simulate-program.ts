import { createSeededRandom } from '../../core/index.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Program, RolloutPhase, RolloutState, RolloutTally } from '../../rollout/index.js'
import { plan } from '../../rollout/index.js'
import { Instances } from './program-instances.js'

/** What a rollout meets: `old` runs and serves, `new` is asked for at time 0. */
export interface ProgramWorld {
  readonly desired: number
  /** How long a new instance takes to become available, in ms: one number, or the least and the most. Default 1,000. */
  readonly startMs?: number | readonly [number, number]
  /** Share of the new instances that never become available, 0 to 1. Default 0. */
  readonly brokenShare?: number
  /** What is answered to each gate that asks, at once. Default `pass`; `none`: nothing. */
  readonly answer?: 'pass' | 'fail' | 'none'
  /** The simulation ends then, if the rollout has not. Default one day. */
  readonly untilMs?: number
}

/** Instances at one time. */
export interface CapacityPoint {
  readonly atMs: number
  readonly old: number
  readonly new: number
  /** Of both. */
  readonly available: number
}

/** How a rollout went. */
export interface ProgramRun {
  readonly phase: RolloutPhase
  readonly endMs: number
  /** A point for each change. */
  readonly curve: readonly CapacityPoint[]
  /** The curve as a table for people. */
  readonly text: string
}

const DAY_MS = 86_400_000
/** Steps of one simulation. */
const STEPS_MAX = 100_000
/** More instances are refused. */
const INSTANCES_MAX = 1_000_000
const ANSWERS: readonly string[] = ['pass', 'fail', 'none']
const WORLD = /* @__PURE__ */ knownOptions<ProgramWorld>('simulateProgram', {
  desired: true,
  startMs: true,
  brokenShare: true,
  answer: true,
  untilMs: true,
})

/**
 * Runs a program against a world of numbers, in virtual time: the capacity that there is, at each moment. Equal inputs give
 * equal runs.
 *
 * @throws InvalidError when something in the world is not acceptable; at most 1,000,000 instances are wanted
 */
export function simulateProgram(
  program: Program,
  world: ProgramWorld,
  seed: number | string = 0,
): ProgramRun {
  const { desired, untilMs = DAY_MS, brokenShare = 0, startMs = 1_000, answer = 'pass' } = world
  const [least, most] = typeof startMs === 'number' ? [startMs, startMs] : startMs
  assertKnown(world, WORLD)
  const isShare = brokenShare >= 0 && brokenShare <= 1
  assertValid('world', [
    ...wholeNumber('desired', desired, { min: 1, max: INSTANCES_MAX }),
    ...wholeNumber('startMs', least),
    ...wholeNumber('startMs', most, { min: Math.max(0, least) }),
    ...wholeNumber('untilMs', untilMs),
    ...(isShare ? [] : [{ field: 'brokenShare', value: brokenShare, message: 'must be from 0 to 1' }]),
    ...(ANSWERS.includes(answer)
      ? []
      : [{ field: 'answer', value: answer, message: `must be one of ${ANSWERS.join(', ')}` }]),
  ])
  const random = createSeededRandom(seed)
  const startTime = (template: string): number =>
    template === 'new' && random.next() < brokenShare
      ? Infinity
      : least + Math.floor(random.next() * (most - least + 1))
  const sets = new Map([['old', new Instances(desired)]])
  const answers =
    answer === 'none' ? [] : namesOf(program).map(gate => ({ gate, answer, by: 'world', atMs: 0 }))
  const curve: CapacityPoint[] = []
  let state: RolloutState | undefined
  let asked = { template: 'new', entry: 2, cause: 'update' as 'update' | 'revert' }
  let nowMs = 0
  for (let step = 0; step < STEPS_MAX && nowMs <= untilMs; step++) {
    const view: RolloutTally[] = [...sets].map(([template, instances]) => instances.tally(template, nowMs))
    note(curve, nowMs, view)
    const spec = { desired, stable: 'old', paused: false, program, answers, ...asked }
    const decided = plan(spec, state, { sets: view }, nowMs)
    state = decided.state
    for (const action of decided.actions) {
      if (action.op === 'revert') asked = { template: action.template, entry: action.entry, cause: 'revert' }
      if (action.op !== 'size') continue
      const instances = sets.get(action.template) ?? new Instances(0)
      instances.shrinkTo(action.size)
      while (instances.size < action.size) instances.start(nowMs + startTime(action.template))
      sets.set(action.template, instances)
    }
    if (decided.actions.length > 0) continue
    const next = [...sets.values()].map(({ nextMs }) => nextMs)
    const wakeMs = Math.min(...next, decided.wakeAtMs ?? Infinity)
    if (wakeMs === Infinity) break
    nowMs = wakeMs
  }
  const phase = state?.phase ?? 'progressing'
  return { phase, endMs: curve.at(-1)?.atMs ?? 0, curve, text: table(curve) }
}

function note(curve: CapacityPoint[], atMs: number, view: readonly RolloutTally[]): void {
  const of = (template: string): number => view.find(set => set.template === template)?.size ?? 0
  const point = {
    atMs,
    old: of('old'),
    new: of('new'),
    available: view.reduce((sum, set) => sum + set.available, 0),
  }
  const last = curve.at(-1)
  const isSame = last?.old === point.old && last.new === point.new && last.available === point.available
  if (!isSame) curve.push(point)
}

function namesOf(program: Program): readonly string[] {
  const names = [...JSON.stringify(program.waypoints).matchAll(/"name":"((?:[^"\\]|\\.)*)"/g)]
  return names.map(([, name = '']) => JSON.parse(`"${name}"`) as string)
}

function table(curve: readonly CapacityPoint[]): string {
  const lines = curve.map(({ atMs, old, new: next, available }) =>
    [`${atMs / 1000} s`, `${old} old`, `${next} new`, `${available} available`].join('\t'),
  )
  return lines.join('\n')
}
