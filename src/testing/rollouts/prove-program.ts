import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Gate, Program } from '../../rollout/index.js'
import { describeBlocker, resolveBudget } from '../../rollout/index.js'
import type { ProgramState } from './program-walk.js'
import { startOf, stepOf } from './program-walk.js'

/** How far a proof goes. */
export interface ProveOptions {
  /** Desired counts from 1 to this one, at most 12. Default 6. */
  readonly upTo?: number
}

/** What is wrong with a program, with the shortest way there. */
export interface ProgramProblem {
  /**
   * `outage`: its budget lets all instances be unavailable at once. `floor`, `ceiling`: a step went beyond its budget.
   * `stuck`: with everything available and every gate answered it does not arrive. `no-way-back`: called off, with the old
   * instances available, it does not get back to them.
   */
  readonly kind: 'outage' | 'floor' | 'ceiling' | 'stuck' | 'no-way-back'
  readonly desired: number
  readonly message: string
  /** What happened, one line each, from the start. */
  readonly trace: readonly string[]
}

/** What came of a proof. */
export interface ProgramProof {
  /** Different states that were looked at, over all counts. */
  readonly states: number
  /** The first problem of each kind; empty when all is well. */
  readonly problems: readonly ProgramProblem[]
}

const UP_TO_MAX = 12
/** A walk of so many steps arrives, or never does. */
const STEPS_MAX = 400

const PROVE_OPTIONS = /* @__PURE__ */ knownOptions<ProveOptions>('proveProgram', { upTo: true })

/**
 * Looks at every state of a rollout by the program that failures and recoveries of single instances, old and new, in any
 * order, and gates that open at any time, can lead to. From each of them the rollout must arrive once all is well, and get
 * back once it is called off; no step may go beyond its budget.
 *
 * Time is abstract: deadlines do not run, and what waits for time gets it. Milliseconds for most programs.
 *
 * @throws InvalidError when `upTo` is not from 1 to 12
 */
export function proveProgram(program: Program, options: ProveOptions = {}): ProgramProof {
  assertKnown(options, PROVE_OPTIONS)
  const { upTo = 6 } = options
  assertValid('proof', wholeNumber('upTo', upTo, { min: 1, max: UP_TO_MAX }))
  const problems = new Map<ProgramProblem['kind'], ProgramProblem>()
  let states = 0
  for (let desired = 1; desired <= upTo; desired++) states += explore(timeless(program), desired, problems)
  return { states, problems: [...problems.values()] }
}

/** Deadlines would end a walk that only takes its time. */
function timeless(program: Program): Program {
  const { progressWithinMs: _progress, finishWithinMs: _finish, readyWithinMs: _ready, ...rest } = program
  return rest
}

interface Visit {
  readonly state: ProgramState
  readonly what: string
  readonly from?: Visit
}

function explore(
  program: Program,
  desired: number,
  problems: Map<ProgramProblem['kind'], ProgramProblem>,
): number {
  const first: Visit = { state: startOf(desired), what: `${desired} old instances serve` }
  const seen = new Set([keyOf(first.state)])
  const queue = [first]
  const tell = (kind: ProgramProblem['kind'], visit: Visit, message: string): void => {
    if (!problems.has(kind)) problems.set(kind, { kind, desired, message, trace: traceOf(visit) })
  }
  for (const visit of queue) {
    judge(program, desired, visit, tell)
    for (const next of successors(program, desired, visit)) {
      const key = keyOf(next.state)
      if (seen.has(key)) continue
      seen.add(key)
      queue.push(next)
    }
  }
  return seen.size
}

/** The state itself, the step from it, the way on and the way back. */
function judge(
  program: Program,
  desired: number,
  visit: Visit,
  tell: (kind: ProgramProblem['kind'], visit: Visit, message: string) => void,
): void {
  const { state } = visit
  const { floor, ceil } = boundsAt(program, desired, state)
  if (floor === 0 && program.barrier !== true)
    tell('outage', visit, `of ${desired} instances all may be unavailable at once: lower maxUnavailable`)
  const after = stepOf(program, desired, state).state
  const [availableBefore, available] = [sumOf(state, 'available'), sumOf(after, 'available')]
  if (available < Math.min(availableBefore, floor))
    tell('floor', visit, `a step took availability from ${availableBefore} to ${available}, below ${floor}`)
  const [live, liveAfter] = [sumOf(state, 'size'), sumOf(after, 'size')]
  if (liveAfter > Math.max(live, ceil))
    tell('ceiling', visit, `a step grew from ${live} to ${liveAfter}, above ${ceil}`)
  const ahead = walk(program, desired, state, false)
  if (ahead !== undefined) tell('stuck', visit, `it does not arrive: ${ahead}`)
  const back = walk(program, desired, state, true)
  if (back !== undefined) tell('no-way-back', visit, `it does not get back: ${back}`)
}

function boundsAt(program: Program, desired: number, { rollout }: ProgramState) {
  const waypoint = program.waypoints[rollout?.waypoint ?? 0]
  const { floor, ceil } = resolveBudget(waypoint?.budget ?? program.budget, desired)
  // A step that asks for more than its budget gets it.
  const asks = waypoint?.stable === undefined ? ceil : 2 * desired
  return { floor, ceil: Math.max(ceil, asks) }
}

/** From here on all goes well. Why it does not end; undefined when it does. */
function walk(program: Program, desired: number, from: ProgramState, isBack: boolean): string | undefined {
  let state = from
  let nowMs = 0
  const said = new Set(program.waypoints.flatMap(({ gates = [] }) => namesIn(gates)))
  for (let step = 0; step < STEPS_MAX; step++) {
    // A rollout that is over has nothing to be called off.
    const isOver = state.rollout?.phase === 'succeeded'
    const answers = [...said].map(gate => ({ gate, answer: 'pass' as const, by: 'proof', atMs: nowMs }))
    const input = isBack && !isOver ? { nowMs, aborted: true } : { nowMs, answers }
    const { state: after, decided } = stepOf(program, desired, state, input)
    const wanted = isBack && !isOver ? after.old : after.new
    const other = isBack && !isOver ? after.new : after.old
    const isThere = wanted.size === desired && wanted.available === desired && other.size === 0
    if (isThere && (isBack || after.rollout?.phase === 'succeeded')) return undefined
    const healed = { ...after, old: healthy(after.old), new: healthy(after.new) }
    const isSame = keyOf(healed) === keyOf(state)
    if (isSame && decided.wakeAtMs === undefined)
      return decided.blockers.map(describeBlocker).join('; ') || `it rests at ${describeState(after)}`
    if (isSame) nowMs = Math.max(nowMs + 1, decided.wakeAtMs ?? 0)
    state = healed
  }
  return `not within ${STEPS_MAX} steps: ${describeState(state)}`
}

function healthy({ size }: { readonly size: number }) {
  return { size, available: size }
}

function* successors(program: Program, desired: number, visit: Visit): Iterable<Visit> {
  const { state } = visit
  const { state: after } = stepOf(program, desired, state)
  yield { state: after, what: `a step: ${describeState(after)}`, from: visit }
  const { rollout } = state
  if (rollout?.atWaypoint !== undefined) {
    const opened = stepOf(program, desired, state, { promotedTo: rollout.waypoint + 1 }).state
    yield { state: opened, what: `the gates of waypoint ${rollout.waypoint + 1} open`, from: visit }
  }
  for (const side of ['old', 'new'] as const) {
    const { size, available } = state[side]
    if (available > 0)
      yield {
        state: { ...state, [side]: { size, available: available - 1 } },
        what: `one ${side} instance fails`,
        from: visit,
      }
    if (available < size)
      yield {
        state: { ...state, [side]: { size, available: available + 1 } },
        what: `one ${side} instance is available`,
        from: visit,
      }
  }
}

function namesIn(gates: readonly Gate[]): readonly string[] {
  return gates.flatMap((gate): readonly string[] => {
    if ('gates' in gate) return namesIn(gate.gates)
    if ('gate' in gate) return namesIn([gate.gate])
    return 'name' in gate ? [gate.name] : []
  })
}

function sumOf(state: ProgramState, field: 'size' | 'available'): number {
  return state.old[field] + state.new[field]
}

/** What the future depends on: clocks and marks of progress do not matter where no deadline runs. */
function keyOf({ rollout, old, new: next }: ProgramState): string {
  const { phase, waypoint, atWaypoint } = rollout ?? {}
  return `${phase} ${waypoint} ${atWaypoint?.isLost} ${old.size} ${old.available} ${next.size} ${next.available}`
}

function describeState({ old, new: next }: ProgramState): string {
  return `${old.available} of ${old.size} old, ${next.available} of ${next.size} new available`
}

function traceOf(visit: Visit): readonly string[] {
  const lines: string[] = []
  for (let at: Visit | undefined = visit; at !== undefined; at = at.from) lines.unshift(at.what)
  return lines
}
