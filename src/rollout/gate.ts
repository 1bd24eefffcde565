import type { FieldProblem } from '../core/index.js'
import { wholeNumber } from '../core/internal.js'

/** When something may happen, in UTC, on each of the named days. */
export interface CalendarWindow {
  /** 0 is Sunday. Default: every day. */
  readonly days?: readonly number[]
  /** Minutes after midnight; 540 is 09:00. Default 0. */
  readonly fromMinute?: number
  /** Up to, and not including; at most 1440. Default 1440. */
  readonly toMinute?: number
}

/** What must hold before a rollout leaves a waypoint that it has reached. Data: it is stored, compared and shown. */
export type Gate =
  /** The waypoint was reached so long ago. Time in a pause does not count. */
  | { readonly kind: 'soak'; readonly ms: number }
  /** A person, or a program in their place, has approved; a rejection fails the rollout. */
  | { readonly kind: 'approve'; readonly name: string }
  /** An analysis of that name has passed; one that failed fails the rollout. The latest answer counts. */
  | { readonly kind: 'analysis'; readonly name: string }
  /** It is inside one of the windows. */
  | { readonly kind: 'calendar'; readonly windows: readonly CalendarWindow[] }
  | { readonly kind: 'all' | 'any'; readonly gates: readonly Gate[] }
  /** Passes while the other one waits. */
  | { readonly kind: 'not'; readonly gate: Gate }
  /** Fails when the other one has not passed so long after the waypoint was reached. */
  | { readonly kind: 'within'; readonly ms: number; readonly gate: Gate }

/** What was said of a gate of the entry that is rolled out, as its ledger keeps it. */
export interface GateAnswer {
  /** Name of the gate. */
  readonly gate: string
  readonly answer: 'pass' | 'fail'
  readonly by: string
  readonly reason?: string
  /** Epoch milliseconds. */
  readonly atMs: number
}

/** Why a gate has failed. */
export type GateFailure = 'rejected' | 'analysis' | 'hook' | 'gate-deadline'

/** A gate that waits, and until when at the latest it is worth no second look. */
export interface GateWait {
  /** As a short English phrase. */
  readonly gate: string
  readonly untilMs?: number
}

/** What a gate says. Where several do: fail before wait before pass. */
export type GateVerdict =
  | { readonly kind: 'pass'; readonly untilMs?: number }
  | { readonly kind: 'wait'; readonly waits: readonly GateWait[] }
  | { readonly kind: 'fail'; readonly cause: GateFailure; readonly gate: string }

/** What a gate is judged by. */
export interface GateView {
  /** When the waypoint was reached, epoch milliseconds. */
  readonly sinceMs: number
  readonly nowMs: number
  /** Oldest first. */
  readonly answers: readonly GateAnswer[]
}

const MINUTE_MS = 60_000
const DAY_MS = 1_440 * MINUTE_MS
/** 1970-01-01 was a Thursday. */
const EPOCH_WEEKDAY = 4
/** Gates of one waypoint, at all depths. */
const GATES_MAX = 32

/**
 * Judges a gate. Pure.
 *
 * @internal
 */
export function judgeGate(gate: Gate, view: GateView): GateVerdict {
  switch (gate.kind) {
    case 'soak': {
      const untilMs = view.sinceMs + gate.ms
      return view.nowMs >= untilMs ? { kind: 'pass' } : waiting(gate, untilMs)
    }
    case 'approve':
    case 'analysis': {
      const said = view.answers.findLast(answer => answer.gate === gate.name)
      if (said === undefined) return waiting(gate)
      if (said.answer === 'pass') return { kind: 'pass' }
      const cause = gate.kind === 'approve' ? 'rejected' : 'analysis'
      return { kind: 'fail', cause, gate: describeGate(gate) }
    }
    case 'calendar':
      return judgeCalendar(gate, view.nowMs)
    case 'all':
      return judgeGates(gate.gates, view)
    case 'any':
      return judgeAny(gate.gates, view)
    case 'not': {
      const verdict = judgeGate(gate.gate, view)
      if (verdict.kind === 'pass') return waiting(gate, verdict.untilMs)
      return { kind: 'pass' }
    }
    case 'within':
      return judgeWithin(gate, view)
  }
}

/** Once the time is over the answer is that of the last moment: what comes too late changes nothing. */
function judgeWithin(gate: Extract<Gate, { readonly kind: 'within' }>, view: GateView): GateVerdict {
  const untilMs = view.sinceMs + gate.ms
  if (view.nowMs < untilMs) {
    const verdict = judgeGate(gate.gate, view)
    if (verdict.kind !== 'wait') return verdict
    const waits = verdict.waits.map(wait => ({ ...wait, untilMs: earliest(wait.untilMs, untilMs) }))
    return { kind: 'wait', waits }
  }
  const answers = view.answers.filter(({ atMs }) => atMs <= untilMs)
  const verdict = judgeGate(gate.gate, { ...view, nowMs: untilMs, answers })
  return verdict.kind === 'wait'
    ? { kind: 'fail', cause: 'gate-deadline', gate: describeGate(gate) }
    : verdict
}

/** All of them: the first that fails, else all that wait. */
export function judgeGates(gates: readonly Gate[], view: GateView): GateVerdict {
  const verdicts = gates.map(gate => judgeGate(gate, view))
  const failed = verdicts.find(({ kind }) => kind === 'fail')
  if (failed !== undefined) return failed
  const waits = verdicts.flatMap(verdict => (verdict.kind === 'wait' ? verdict.waits : []))
  if (waits.length > 0) return { kind: 'wait', waits }
  const ends = verdicts.flatMap(verdict =>
    verdict.kind === 'pass' && verdict.untilMs !== undefined ? [verdict.untilMs] : [],
  )
  return ends.length === 0 ? { kind: 'pass' } : { kind: 'pass', untilMs: Math.min(...ends) }
}

function judgeAny(gates: readonly Gate[], view: GateView): GateVerdict {
  const verdicts = gates.map(gate => judgeGate(gate, view))
  const waits = verdicts.flatMap(verdict => (verdict.kind === 'wait' ? verdict.waits : []))
  return (
    verdicts.find(({ kind }) => kind === 'pass') ??
    (waits.length > 0 ? { kind: 'wait', waits } : (verdicts[0] ?? { kind: 'pass' }))
  )
}

function judgeCalendar(gate: Extract<Gate, { readonly kind: 'calendar' }>, nowMs: number): GateVerdict {
  let opensMs = Number.POSITIVE_INFINITY
  // A week ahead every window has come.
  for (let day = 0; day <= 7; day++) {
    const midnightMs = Math.floor(nowMs / DAY_MS) * DAY_MS + day * DAY_MS
    const weekday = (midnightMs / DAY_MS + EPOCH_WEEKDAY) % 7
    for (const { days, fromMinute = 0, toMinute = 1_440 } of gate.windows) {
      if (days !== undefined && !days.includes(weekday)) continue
      const fromMs = midnightMs + fromMinute * MINUTE_MS
      const toMs = midnightMs + toMinute * MINUTE_MS
      if (fromMs <= nowMs && nowMs < toMs) return { kind: 'pass', untilMs: toMs }
      if (fromMs > nowMs) opensMs = Math.min(opensMs, fromMs)
    }
  }
  return waiting(gate, opensMs === Number.POSITIVE_INFINITY ? undefined : opensMs)
}

function waiting(gate: Gate, untilMs?: number): GateVerdict {
  return {
    kind: 'wait',
    waits: [{ gate: describeGate(gate), ...(untilMs === undefined ? {} : { untilMs }) }],
  }
}

function earliest(one: number | undefined, other: number): number {
  return one === undefined ? other : Math.min(one, other)
}

/** A gate as a short English phrase. */
function describeGate(gate: Gate): string {
  switch (gate.kind) {
    case 'soak':
      return `${gate.ms / 1000} s at the waypoint`
    case 'approve':
      return `approval "${gate.name}"`
    case 'analysis':
      return `analysis "${gate.name}"`
    case 'calendar':
      return 'the calendar'
    case 'all':
    case 'any':
      return gate.gates.map(describeGate).join(gate.kind === 'all' ? ' and ' : ' or ')
    case 'not':
      return `the end of ${describeGate(gate.gate)}`
    case 'within':
      return describeGate(gate.gate)
  }
}

/** What is wrong with gates: times, minutes and names that cannot be, or more than 32 at one waypoint. */
export function gateProblems(gates: readonly Gate[], at: string): readonly FieldProblem[] {
  const count = countGates(gates)
  if (count > GATES_MAX) return [{ field: at, value: count, message: `must be at most ${GATES_MAX} gates` }]
  return gates.flatMap((gate, index) => problemsOf(gate, `${at}[${index}]`))
}

function problemsOf(gate: Gate, at: string): readonly FieldProblem[] {
  switch (gate.kind) {
    case 'soak':
      return wholeNumber(`${at}.ms`, gate.ms)
    case 'within':
      return [...wholeNumber(`${at}.ms`, gate.ms, { min: 1 }), ...problemsOf(gate.gate, `${at}.gate`)]
    case 'approve':
    case 'analysis':
      return gate.name === '' ? [{ field: `${at}.name`, value: '', message: 'must not be empty' }] : []
    case 'calendar':
      return windowProblems(gate.windows, `${at}.windows`)
    case 'all':
    case 'any':
      return gateProblems(gate.gates, `${at}.gates`)
    case 'not':
      return problemsOf(gate.gate, `${at}.gate`)
  }
}

function windowProblems(windows: readonly CalendarWindow[], at: string): readonly FieldProblem[] {
  if (windows.length === 0)
    return [{ field: at, value: windows, message: 'must have a window, or it never opens' }]
  return windows.flatMap(({ days = [], fromMinute = 0, toMinute = 1_440 }, index) => {
    const problems = [
      ...days.flatMap((day, each) => wholeNumber(`${at}[${index}].days[${each}]`, day, { max: 6 })),
      ...wholeNumber(`${at}[${index}].fromMinute`, fromMinute, { max: 1_439 }),
      ...wholeNumber(`${at}[${index}].toMinute`, toMinute, { min: 1, max: 1_440 }),
    ]
    return problems.length > 0 || fromMinute < toMinute
      ? problems
      : [
          {
            field: `${at}[${index}].toMinute`,
            value: toMinute,
            message: `must be after fromMinute, which is ${fromMinute}`,
          },
        ]
  })
}

function countGates(gates: readonly Gate[]): number {
  return gates.reduce((sum, gate) => {
    if (gate.kind === 'all' || gate.kind === 'any') return sum + 1 + countGates(gate.gates)
    return sum + (gate.kind === 'not' || gate.kind === 'within' ? 1 + countGates([gate.gate]) : 1)
  }, 0)
}
