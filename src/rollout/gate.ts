import type { Gate } from '../core/internal.js'
import type { InstanceFailure } from './instance-failure.js'

/** What was said of a gate of the entry that is rolled out, as its ledger keeps it. */
export interface GateAnswer {
  /** Name of the gate. */
  readonly gate: string
  /** Index of the waypoint at which it was said; it counts only there. Default: at each. */
  readonly waypoint?: number
  readonly answer: 'pass' | 'fail'
  readonly by: string
  readonly reason?: string
  /** Epoch milliseconds. */
  readonly atMs: number
}

/** Why a gate has failed. */
export type GateFailure = 'rejected' | 'analysis' | 'hook' | 'failures' | 'gate-deadline'

/** A gate that waits, and until when at the latest it is worth no second look. */
export interface GateWait {
  /** As a short English phrase. */
  readonly gate: string
  readonly untilMs?: number
}

/** What a gate says, and until when at least where time alone may change it. Where several do: fail before wait before pass. */
export type GateVerdict =
  | { readonly kind: 'pass'; readonly untilMs?: number }
  | { readonly kind: 'wait'; readonly waits: readonly GateWait[] }
  | { readonly kind: 'fail'; readonly cause: GateFailure; readonly gate: string; readonly untilMs?: number }

/** What a gate is judged by. */
export interface GateView {
  /** When the waypoint was reached, epoch milliseconds. */
  readonly sinceMs: number
  readonly nowMs: number
  /** Oldest first. */
  readonly answers: readonly GateAnswer[]
  /** How the new instances have fared. Default: there are none. */
  readonly instances?: {
    /** Those that failed since the rollout began, oldest first. */
    readonly failures: readonly InstanceFailure[]
    /** Those that there are. */
    readonly size: number
  }
}

/** A program that must be asked: the rollout waits for its answer. */
export interface GateQuestion {
  readonly gate: string
  readonly kind: 'analysis' | 'hook'
}

const MINUTE_MS = 60_000
const DAY_MS = 1_440 * MINUTE_MS
/** 1970-01-01 was a Thursday. */
const EPOCH_WEEKDAY = 4

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
    case 'failures':
      return judgeFailures(gate, view)
    case 'retry':
      return judgeGate(gate.gate, { ...view, answers: withoutFailures(gate, view.answers) })
    case 'approve':
    case 'hook':
    case 'analysis': {
      const said = view.answers.findLast(answer => answer.gate === gate.name)
      if (said === undefined) return waiting(gate)
      if (said.answer === 'pass' || (gate.kind === 'hook' && gate.ignoreFailure === true))
        return { kind: 'pass' }
      const cause = gate.kind === 'approve' ? 'rejected' : gate.kind
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
      return passing(untilsOf(verdict.kind === 'wait' ? verdict.waits : [verdict]))
    }
    case 'within':
      return judgeWithin(gate, view)
  }
}

function judgeFailures(gate: Extract<Gate, { readonly kind: 'failures' }>, view: GateView): GateVerdict {
  const { failures = [], size = 0 } = view.instances ?? {}
  const { windowMs = Infinity } = gate
  const counted = failures.filter(({ atMs }) => atMs > view.nowMs - windowMs)
  const failed = counted.length
  const samples = size + failed
  if (samples < (gate.minSamples ?? 1)) return { kind: 'pass' }
  const isTooMany = failed > (gate.max ?? Infinity) || failed / samples > (gate.ratio ?? 1)
  if (!isTooMany) return { kind: 'pass' }
  const [untilMs = Infinity] = counted.map(({ atMs }) => atMs + windowMs)
  const until = untilMs === Infinity ? {} : { untilMs }
  return { kind: 'fail', cause: 'failures', gate: describeGate(gate), ...until }
}

/** The answers without the first failing ones that are forgiven. */
function withoutFailures(
  { times, gate }: Extract<Gate, { readonly kind: 'retry' }>,
  answers: readonly GateAnswer[],
): readonly GateAnswer[] {
  const names = new Set(namedIn([gate]).map(({ name }) => name))
  let forgiven = 0
  return answers.filter(answer => {
    if (answer.answer === 'pass' || !names.has(answer.gate) || forgiven === times) return true
    forgiven += 1
    return false
  })
}

type NamedGate = Extract<Gate, { readonly name: string }>

/** The gates that somebody answers, at all depths. */
export function namedIn(gates: readonly Gate[]): readonly NamedGate[] {
  return gates.flatMap((gate): readonly NamedGate[] => {
    if ('gates' in gate) return namedIn(gate.gates)
    if ('gate' in gate) return namedIn([gate.gate])
    return 'name' in gate ? [gate] : []
  })
}

/**
 * The analyses and hooks to ask now: those that wait, and of a list those before which everything else has passed, so that
 * a soak before an analysis comes first.
 */
export function questionsIn(gates: readonly Gate[], view: GateView): readonly GateQuestion[] {
  const found: GateQuestion[] = []
  for (const gate of gates) {
    if (judgeGate(gate, view).kind !== 'wait') continue
    found.push(...questionsOf(gate, view))
    break
  }
  return found
}

function questionsOf(gate: Gate, view: GateView): readonly GateQuestion[] {
  switch (gate.kind) {
    case 'analysis':
    case 'hook':
      return [{ gate: gate.name, kind: gate.kind }]
    case 'all':
      return questionsIn(gate.gates, view)
    case 'any':
      return gate.gates.flatMap(one => (judgeGate(one, view).kind === 'wait' ? questionsOf(one, view) : []))
    case 'retry':
      return questionsOf(gate.gate, { ...view, answers: withoutFailures(gate, view.answers) })
    case 'within':
      return questionsOf(gate.gate, view)
    default:
      return []
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
  return passing(untilsOf(verdicts.filter(verdict => verdict.kind === 'pass')))
}

function untilsOf(timed: readonly { readonly untilMs?: number }[]): readonly number[] {
  return timed.flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs]))
}

/** Passes, until the first of these times at least. */
function passing(untils: readonly number[]): GateVerdict {
  return { kind: 'pass', ...(untils.length > 0 ? { untilMs: Math.min(...untils) } : {}) }
}

function judgeAny(gates: readonly Gate[], view: GateView): GateVerdict {
  const verdicts = gates.map(gate => judgeGate(gate, view))
  // One that has failed by now may pass later.
  const again = untilsOf(verdicts.filter(verdict => verdict.kind === 'fail'))
  const waits = verdicts
    .flatMap(verdict => (verdict.kind === 'wait' ? verdict.waits : []))
    .map(wait =>
      again.length === 0 ? wait : { ...wait, untilMs: earliest(wait.untilMs, Math.min(...again)) },
    )
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
    case 'hook':
      return `hook "${gate.name}"`
    case 'failures':
      return gate.max === undefined
        ? `at most ${(gate.ratio ?? 0) * 100} % failures`
        : `at most ${gate.max} failures`
    case 'calendar':
      return 'the calendar'
    case 'all':
    case 'any':
      return gate.gates.map(describeGate).join(gate.kind === 'all' ? ' and ' : ' or ')
    case 'not':
      return `the end of ${describeGate(gate.gate)}`
    case 'within':
    case 'retry':
      return describeGate(gate.gate)
  }
}
