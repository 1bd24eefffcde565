import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { GateVerdict } from '../../src/rollout/gate.js'
import { judgeGate } from '../../src/rollout/gate.js'
import type { Gate, GateAnswer } from '../../src/rollout/index.js'

const HOUR_MS = 3_600_000
/** Thursday, 2026-01-01 10:00 UTC. */
const NOW_MS = Date.UTC(2026, 0, 1, 10)
const view = { sinceMs: NOW_MS, nowMs: NOW_MS, answers: [] }

test('a calendar opens and closes as a clock on the wall says', () => {
  const minute = fc.integer({ min: 0, max: 1_440 })
  const window = fc
    .record(
      { days: fc.uniqueArray(fc.nat(6), { minLength: 1 }), fromMinute: minute, toMinute: minute },
      { requiredKeys: [] },
    )
    .filter(({ fromMinute = 0, toMinute = 1_440 }) => fromMinute < toMinute)
  const isOpen = (
    windows: readonly { days?: number[]; fromMinute?: number; toMinute?: number }[],
    ms: number,
  ) => {
    const at = new Date(ms)
    const now = at.getUTCHours() * 60 + at.getUTCMinutes()
    return windows.some(
      ({ days, fromMinute = 0, toMinute = 1_440 }) =>
        (days?.includes(at.getUTCDay()) ?? true) && fromMinute <= now && now < toMinute,
    )
  }
  fc.assert(
    fc.property(fc.array(window, { minLength: 1, maxLength: 2 }), fc.nat(20_160), (windows, minutes) => {
      const nowMs = NOW_MS + minutes * 60_000
      const verdict = judgeGate({ kind: 'calendar', windows }, { ...view, nowMs })
      expect(verdict.kind).toBe(isOpen(windows, nowMs) ? 'pass' : 'wait')
      const untilMs = verdict.kind === 'pass' ? verdict.untilMs : firstOf(verdict)
      for (let ms = nowMs; ms < Math.min(untilMs ?? Infinity, nowMs + 7 * 24 * HOUR_MS); ms += 60_000)
        expect(isOpen(windows, ms)).toBe(verdict.kind === 'pass')
      if (verdict.kind === 'wait' && untilMs !== undefined) expect(isOpen(windows, untilMs)).toBe(true)
    }),
    { numRuns: 30 },
  )
})
const firstOf = (verdict: GateVerdict): number | undefined =>
  verdict.kind === 'wait' ? verdict.waits[0]?.untilMs : undefined

const { gate: anyGate } = fc.letrec<{ gate: Gate }>(tie => ({
  gate: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    fc.nat(40).map((ms): Gate => ({ kind: 'soak', ms })),
    fc.constantFrom('a', 'b').map((name): Gate => ({ kind: 'approve', name })),
    fc.constantFrom('c', 'd').map((name): Gate => ({ kind: 'analysis', name })),
    fc.record({
      kind: fc.constantFrom('all' as const, 'any' as const),
      gates: fc.array(tie('gate'), { minLength: 1, maxLength: 3 }),
    }),
    fc.boolean().map((ignoreFailure): Gate => ({ kind: 'hook', name: 'd', ignoreFailure })),
    tie('gate').map((gate): Gate => ({ kind: 'not', gate })),
    fc.record({
      kind: fc.constant('retry' as const),
      times: fc.integer({ min: 1, max: 2 }),
      gate: tie('gate'),
    }),
    fc.record({
      kind: fc.constant('within' as const),
      ms: fc.integer({ min: 1, max: 40 }),
      gate: tie('gate'),
    }),
  ),
}))
const anyAnswers = fc.array(
  fc.record({
    gate: fc.constantFrom('a', 'b', 'c', 'd'),
    answer: fc.constantFrom('pass' as const, 'fail' as const),
    by: fc.constant('ann'),
    atMs: fc.nat(50),
  }),
  { maxLength: 4 },
)

/** The lattice in its plainest form. */
function expected(gate: Gate, elapsedMs: number, answers: readonly GateAnswer[]): 'pass' | 'wait' | 'fail' {
  const each = (gates: readonly Gate[]) => gates.map(one => expected(one, elapsedMs, answers))
  switch (gate.kind) {
    case 'soak':
      return elapsedMs >= gate.ms ? 'pass' : 'wait'
    case 'approve':
    case 'analysis':
      return answers.filter(one => one.gate === gate.name).at(-1)?.answer ?? 'wait'
    case 'all':
      return (['fail', 'wait', 'pass'] as const).find(kind => each(gate.gates).includes(kind)) ?? 'pass'
    case 'any':
      return (['pass', 'wait', 'fail'] as const).find(kind => each(gate.gates).includes(kind)) ?? 'pass'
    case 'hook': {
      const last = answers.filter(one => one.gate === gate.name).at(-1)?.answer ?? 'wait'
      return last === 'fail' && gate.ignoreFailure === true ? 'pass' : last
    }
    case 'not':
      return expected(gate.gate, elapsedMs, answers) === 'pass' ? 'wait' : 'pass'
    case 'retry': {
      const about = JSON.stringify(gate.gate)
      const failed = answers.filter(one => one.answer === 'fail' && about.includes(`"name":"${one.gate}"`))
      const forgiven = failed.slice(0, gate.times)
      return expected(
        gate.gate,
        elapsedMs,
        answers.filter(one => !forgiven.includes(one)),
      )
    }
    case 'within': {
      const inTime = answers.filter(({ atMs }) => elapsedMs < gate.ms || atMs <= gate.ms)
      const inner = expected(gate.gate, Math.min(elapsedMs, gate.ms), inTime)
      return inner === 'wait' && elapsedMs >= gate.ms ? 'fail' : inner
    }
    default:
      throw new Error(gate.kind)
  }
}

test('gates compose: fail before wait before pass, and what is told to be looked at again is worth it', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(anyGate, anyAnswers, fc.nat(50), (gate, answers, elapsedMs) => {
      const at = (ms: number): GateVerdict => judgeGate(gate, { sinceMs: 0, nowMs: ms, answers })
      const verdict = at(elapsedMs)
      seen.add(verdict.kind)
      expect(verdict.kind).toBe(expected(gate, elapsedMs, answers))
      if (verdict.kind !== 'wait') return
      // Nothing changes before the earliest time that is told, and with no time told nothing ever does.
      const times = verdict.waits.flatMap(({ untilMs }) => untilMs ?? [])
      const until = times.length === 0 ? 1_000 : Math.min(...times)
      expect(until).toBeGreaterThan(elapsedMs)
      for (let ms = elapsedMs; ms < Math.min(until, 100); ms++) expect(at(ms).kind).toBe('wait')
    }),
    { numRuns: 2_000 },
  )
  expect([...seen].sort()).toEqual(['fail', 'pass', 'wait'])
})
