import type { FieldProblem } from '../errors.js'
import { isRecord } from '../json/record.js'
import { wholeNumber } from '../whole-number.js'

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
  /** What runs under that name has succeeded, once; `ignoreFailure`: or has failed. */
  | { readonly kind: 'hook'; readonly name: string; readonly ignoreFailure?: boolean }
  /**
   * Fails when, of the new instances, more than `max` failed, or more than the share `ratio` of those that there are and
   * have failed; of those that failed in the last `windowMs`, and of at least `minSamples`. Passes otherwise.
   */
  | {
      readonly kind: 'failures'
      readonly max?: number
      readonly ratio?: number
      /** Default: since the rollout began. */
      readonly windowMs?: number
      /** Default 1. */
      readonly minSamples?: number
    }
  /** It is inside one of the windows. */
  | { readonly kind: 'calendar'; readonly windows: readonly CalendarWindow[] }
  | { readonly kind: 'all' | 'any'; readonly gates: readonly Gate[] }
  /** Passes while the other one waits. */
  | { readonly kind: 'not'; readonly gate: Gate }
  /** Fails when the other one has not passed so long after the waypoint was reached. */
  | { readonly kind: 'within'; readonly ms: number; readonly gate: Gate }
  /** Forgives so many failing answers to the approvals, analyses and hooks in it, each of which is asked again. */
  | { readonly kind: 'retry'; readonly times: number; readonly gate: Gate }

/** Gates of one waypoint, at all depths. */
const GATES_MAX = 32

/** What each kind takes besides `kind`; true: it must be there. */
const FIELDS: Readonly<Record<Gate['kind'], Readonly<Record<string, boolean>>>> = {
  soak: { ms: true },
  approve: { name: true },
  analysis: { name: true },
  hook: { name: true, ignoreFailure: false },
  failures: { max: false, ratio: false, windowMs: false, minSamples: false },
  calendar: { windows: true },
  all: { gates: true },
  any: { gates: true },
  not: { gate: true },
  within: { ms: true, gate: true },
  retry: { times: true, gate: true },
}

/** What is wrong with gates, as they may be written by hand: each with the path of its field. At most 32 of them. */
export function gateProblems(gates: unknown, at: string): readonly FieldProblem[] {
  if (!Array.isArray(gates)) return [{ field: at, value: gates, message: 'must be a list of gates' }]
  const count = countGates(gates)
  if (count > GATES_MAX) return [{ field: at, value: count, message: `must be at most ${GATES_MAX} gates` }]
  return gates.flatMap((gate, index) => problemsOf(gate, `${at}[${index}]`))
}

function problemsOf(gate: unknown, at: string): readonly FieldProblem[] {
  if (!isRecord(gate)) return [{ field: at, value: gate, message: 'must be a gate: { kind, … }' }]
  const { kind } = gate
  const fields =
    typeof kind === 'string' && Object.hasOwn(FIELDS, kind) ? FIELDS[kind as Gate['kind']] : undefined
  if (fields === undefined) {
    const known = Object.keys(FIELDS).join(', ')
    return [{ field: `${at}.kind`, value: kind, message: `must be one of ${known}` }]
  }
  const unknown = Object.keys(gate).filter(name => name !== 'kind' && !Object.hasOwn(fields, name))
  const missing = Object.keys(fields).filter(name => fields[name] === true && gate[name] === undefined)
  const takes = Object.keys(fields).join(', ')
  return [
    ...unknown.map(name => ({
      field: `${at}.${name}`,
      value: gate[name],
      message: `is unknown; ${kind} takes ${takes}`,
    })),
    ...missing.map(name => ({ field: `${at}.${name}`, value: undefined, message: `is required by ${kind}` })),
    ...Object.keys(fields).flatMap(name =>
      gate[name] === undefined ? [] : fieldProblems(name, gate[name], `${at}.${name}`),
    ),
    ...(kind === 'within' && gate['ms'] === 0 ? wholeNumber(`${at}.ms`, 0, { min: 1 }) : []),
    ...(kind === 'failures' && (gate['max'] === undefined) === (gate['ratio'] === undefined)
      ? [{ field: at, value: gate, message: 'must have either max or ratio' }]
      : []),
  ]
}

/** A field means the same in each kind that has it, so it is judged by its name. */
function fieldProblems(name: string, value: unknown, at: string): readonly FieldProblem[] {
  switch (name) {
    case 'ms':
    case 'max':
      return wholeNumber(at, value)
    case 'times':
    case 'windowMs':
    case 'minSamples':
      return wholeNumber(at, value, { min: 1 })
    case 'ratio':
      return typeof value === 'number' && value >= 0 && value < 1
        ? []
        : [{ field: at, value, message: 'must be a number from 0 to below 1' }]
    case 'ignoreFailure':
      return typeof value === 'boolean' ? [] : [{ field: at, value, message: 'must be true or false' }]
    case 'name':
      return typeof value === 'string' && value !== '' && value.length <= 253
        ? []
        : [{ field: at, value, message: 'must be a name of 1 to 253 characters' }]
    case 'windows':
      return windowProblems(value, at)
    case 'gate':
      return problemsOf(value, at)
    default:
      return Array.isArray(value) && value.length === 0
        ? [{ field: at, value, message: 'must have a gate' }]
        : gateProblems(value, at)
  }
}

function windowProblems(windows: unknown, at: string): readonly FieldProblem[] {
  if (!Array.isArray(windows) || windows.length === 0)
    return [{ field: at, value: windows, message: 'must have a window, or it never opens' }]
  return windows.flatMap((window: unknown, index) => {
    const path = `${at}[${index}]`
    if (!isRecord(window)) return [{ field: path, value: window, message: 'must be a window' }]
    const { days = [], fromMinute = 0, toMinute = 1_440, ...others } = window
    const problems = [
      ...Object.keys(others).map(name => ({
        field: `${path}.${name}`,
        value: others[name],
        message: 'is unknown; a window takes days, fromMinute, toMinute',
      })),
      ...(Array.isArray(days)
        ? days.flatMap((day, each) => wholeNumber(`${path}.days[${each}]`, day, { max: 6 }))
        : [{ field: `${path}.days`, value: days, message: 'must be a list of days, 0 is Sunday' }]),
      ...wholeNumber(`${path}.fromMinute`, fromMinute, { max: 1_439 }),
      ...wholeNumber(`${path}.toMinute`, toMinute, { min: 1, max: 1_440 }),
    ]
    if (problems.length > 0 || Number(fromMinute) < Number(toMinute)) return problems
    const message = `must be after fromMinute, which is ${String(fromMinute)}`
    return [{ field: `${path}.toMinute`, value: toMinute, message }]
  })
}

/** Of what is nested too deeply only so many are counted that it is refused. */
function countGates(gates: readonly unknown[]): number {
  const waiting = [...gates]
  let count = 0
  for (let gate = waiting.pop(); gate !== undefined && count <= GATES_MAX; gate = waiting.pop()) {
    count += 1
    if (!isRecord(gate)) continue
    if (Array.isArray(gate['gates'])) waiting.push(...gate['gates'])
    if (gate['gate'] !== undefined) waiting.push(gate['gate'])
  }
  return count
}
