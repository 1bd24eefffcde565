import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GateVerdict } from '../../src/rollout/gate.js'
import { judgeGate, questionsIn } from '../../src/rollout/gate.js'
import type { Gate, GateAnswer } from '../../src/rollout/index.js'
import { describeBlocker, rolling } from '../../src/rollout/index.js'
import { runningCluster } from './fixtures/instant-cluster.js'

const HOUR_MS = 3_600_000
/** Thursday, 2026-01-01 10:00 UTC. */
const NOW_MS = Date.UTC(2026, 0, 1, 10)

const said = (gate: string, answer: 'pass' | 'fail', atMs = 0): GateAnswer => ({
  gate,
  answer,
  by: 'ann',
  atMs,
})
const approve: Gate = { kind: 'approve', name: 'canary' }
const analysis: Gate = { kind: 'analysis', name: 'errors' }
const soak: Gate = { kind: 'soak', ms: HOUR_MS }
const office: Gate = {
  kind: 'calendar',
  windows: [{ days: [1, 2, 3, 4, 5], fromMinute: 9 * 60, toMinute: 17 * 60 }],
}

const judged = (
  gate: Gate,
  { afterMs = 0, answers = [] as readonly GateAnswer[], nowMs = NOW_MS } = {},
): GateVerdict => judgeGate(gate, { sinceMs: nowMs - afterMs, nowMs, answers })

describe('a gate', () => {
  test.each<[string, GateVerdict, GateVerdict]>([
    [
      'soak waits',
      judged(soak, { afterMs: HOUR_MS - 1 }),
      { kind: 'wait', waits: [{ gate: '3600 s at the waypoint', untilMs: NOW_MS + 1 }] },
    ],
    ['soak passes', judged(soak, { afterMs: HOUR_MS }), { kind: 'pass' }],
    ['approve waits', judged(approve), { kind: 'wait', waits: [{ gate: 'approval "canary"' }] }],
    [
      'approve is not fooled',
      judged(approve, { answers: [said('other', 'pass')] }),
      { kind: 'wait', waits: [{ gate: 'approval "canary"' }] },
    ],
    ['approve passes', judged(approve, { answers: [said('canary', 'pass')] }), { kind: 'pass' }],
    [
      'approve fails',
      judged(approve, { answers: [said('canary', 'fail')] }),
      { kind: 'fail', cause: 'rejected', gate: 'approval "canary"' },
    ],
    [
      'the latest analysis counts',
      judged(analysis, { answers: [said('errors', 'fail'), said('errors', 'pass')] }),
      { kind: 'pass' },
    ],
    [
      'an analysis fails',
      judged(analysis, { answers: [said('errors', 'pass'), said('errors', 'fail')] }),
      { kind: 'fail', cause: 'analysis', gate: 'analysis "errors"' },
    ],
    ['in office hours', judged(office), { kind: 'pass', untilMs: NOW_MS + 7 * HOUR_MS }],
    [
      'before office hours',
      judged(office, { nowMs: NOW_MS - 2 * HOUR_MS }),
      { kind: 'wait', waits: [{ gate: 'the calendar', untilMs: NOW_MS - HOUR_MS }] },
    ],
    [
      'on Saturday until Monday',
      judged(office, { nowMs: NOW_MS + 48 * HOUR_MS }),
      { kind: 'wait', waits: [{ gate: 'the calendar', untilMs: NOW_MS + 95 * HOUR_MS }] },
    ],
    [
      'not in office hours',
      judged({ kind: 'not', gate: office }),
      { kind: 'wait', waits: [{ gate: 'the end of the calendar', untilMs: NOW_MS + 7 * HOUR_MS }] },
    ],
    [
      'within, still in time',
      judged({ kind: 'within', ms: 10, gate: approve }, { afterMs: 9 }),
      { kind: 'wait', waits: [{ gate: 'approval "canary"', untilMs: NOW_MS + 1 }] },
    ],
    [
      'within, too late',
      judged({ kind: 'within', ms: 10, gate: approve }, { afterMs: 10 }),
      { kind: 'fail', cause: 'gate-deadline', gate: 'approval "canary"' },
    ],
    [
      'within, approved too late',
      judged(
        { kind: 'within', ms: 10, gate: approve },
        { afterMs: 99, answers: [said('canary', 'pass', NOW_MS)] },
      ),
      { kind: 'fail', cause: 'gate-deadline', gate: 'approval "canary"' },
    ],
    [
      'within, passed long ago',
      judged({ kind: 'within', ms: 10, gate: approve }, { afterMs: 99, answers: [said('canary', 'pass')] }),
      { kind: 'pass' },
    ],
  ])('%s', (_what, verdict, expected) => {
    expect(verdict).toEqual(expected)
  })
})

describe('what is to be asked', () => {
  const hook: Gate = { kind: 'hook', name: 'warm' }
  const asked = (gates: readonly Gate[], answers: readonly GateAnswer[] = [], afterMs = 0) =>
    questionsIn(gates, { sinceMs: NOW_MS - afterMs, nowMs: NOW_MS, answers }).map(({ gate }) => gate)
  test.each<[string, readonly string[], readonly string[]]>([
    ['one after the other', asked([hook, analysis]), ['warm']],
    ['once the one before has passed', asked([hook, analysis], [said('warm', 'pass')]), ['errors']],
    ['not before a soak is over', asked([soak, analysis]), []],
    ['after it', asked([soak, analysis], [], HOUR_MS), ['errors']],
    ['not before it is approved', asked([approve, analysis]), []],
    [
      'all of those of which one is enough',
      asked([{ kind: 'any', gates: [hook, analysis] }]),
      ['warm', 'errors'],
    ],
    [
      'no more when one has passed',
      asked([{ kind: 'any', gates: [hook, analysis] }], [said('errors', 'pass')]),
      [],
    ],
    [
      'again while it is retried',
      asked([{ kind: 'retry', times: 1, gate: hook }], [said('warm', 'fail')]),
      ['warm'],
    ],
    ['inside others', asked([{ kind: 'within', ms: 9, gate: { kind: 'all', gates: [hook] } }]), ['warm']],
  ])('%s', (_what, found, wanted) => expect(found).toEqual(wanted))
})

test('failures in a window: too many, too large a share, or too few to say', () => {
  const failures = [1, 2, 3].map(ago => ({
    id: `i${ago}`,
    atMs: NOW_MS - ago * 60_000,
    cause: 'crash' as const,
  }))
  const kinds = (gate: Gate, size: number) =>
    judgeGate(gate, { sinceMs: NOW_MS, nowMs: NOW_MS, answers: [], instances: { failures, size } }).kind
  expect(kinds({ kind: 'failures', max: 3 }, 1)).toBe('pass')
  expect(kinds({ kind: 'failures', max: 2 }, 1)).toBe('fail')
  expect(kinds({ kind: 'failures', max: 2, windowMs: 180_000 }, 1)).toBe('pass')
  expect(kinds({ kind: 'failures', ratio: 0.3 }, 7)).toBe('pass')
  expect(kinds({ kind: 'failures', ratio: 0.3 }, 6)).toBe('fail')
  expect(kinds({ kind: 'failures', ratio: 0.3, minSamples: 10 }, 6)).toBe('pass')
})

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
    atMs: fc.constant(0),
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
    case 'within': {
      const inner = expected(gate.gate, Math.min(elapsedMs, gate.ms), answers)
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

describe('a rollout through gates', () => {
  const program = rolling({
    maxSurge: 1,
    maxUnavailable: 0,
    steps: [{ next: '20%', gates: [soak, approve] }, '50%'],
  })

  test('stays at its waypoint until all of them pass, with no deadline, and says what it waits for', () => {
    const cluster = runningCluster(10, program)
    cluster.roll('b')
    cluster.settle()
    expect(cluster.sizes()).toEqual({ a: 8, b: 2 })
    const { blockers, wakeAtMs } = cluster.step()
    expect(blockers).toEqual([
      { kind: 'gate', waypoint: 0, gate: '3600 s at the waypoint', untilMs: cluster.nowMs + HOUR_MS },
      { kind: 'gate', waypoint: 0, gate: 'approval "canary"' },
    ])
    expect(wakeAtMs).toBe(cluster.nowMs + HOUR_MS)
    cluster.spec = { ...cluster.spec, answers: [said('canary', 'pass')] }
    cluster.settle()
    expect(cluster.sizes()).toEqual({ a: 8, b: 2 })
    cluster.nowMs += HOUR_MS
    cluster.settle()
    expect(cluster.sizes()).toEqual({ b: 10 })
    expect(cluster.outcomes.at(-1)).toBe('2 succeeded')
  })

  test('goes back when a gate fails, and through no gate on the way', () => {
    const cluster = runningCluster(10, program)
    cluster.roll('b')
    cluster.settle()
    cluster.spec = { ...cluster.spec, answers: [said('canary', 'fail')] }
    cluster.step()
    expect(cluster.outcomes.at(-1)).toBe('2 failed rejected')
    cluster.settle()
    expect(cluster.sizes()).toEqual({ a: 10 })
    expect(cluster.state?.phase).toBe('reverted')
  })

  test('an instance that falls out at the waypoint starts the clock of progress, not that of the soak', () => {
    const cluster = runningCluster(10, program)
    cluster.roll('b')
    cluster.settle()
    const reachedAtMs = cluster.nowMs
    cluster.nowMs += HOUR_MS / 2
    cluster.sets.set('b', { template: 'b', size: 2, available: 1 })
    expect(cluster.step().wakeAtMs).toBe(cluster.nowMs + 600_000)
    cluster.nowMs += 60_000
    cluster.settle()
    expect(cluster.step().wakeAtMs).toBe(reachedAtMs + HOUR_MS)
  })

  test('time in a pause does not count', () => {
    const cluster = runningCluster(10, program)
    cluster.roll('b')
    cluster.settle()
    const reachedAtMs = cluster.nowMs
    cluster.spec = { ...cluster.spec, paused: true }
    cluster.step()
    cluster.nowMs += 5 * HOUR_MS
    cluster.spec = { ...cluster.spec, paused: false }
    expect(cluster.step().wakeAtMs).toBe(reachedAtMs + 6 * HOUR_MS)
  })

  test.each([
    [1, { a: 5, b: 5 }],
    [3, { b: 10 }],
  ])('promoted to %i', (promotedTo, sizes) => {
    const gated = rolling({
      maxSurge: 1,
      maxUnavailable: 0,
      steps: [
        { next: '20%', gates: [approve] },
        { next: '50%', gates: [approve] },
      ],
    })
    const cluster = runningCluster(10, gated)
    cluster.roll('b')
    cluster.settle()
    expect(cluster.sizes()).toEqual({ a: 8, b: 2 })
    cluster.spec = { ...cluster.spec, promotedTo }
    cluster.settle()
    expect(cluster.sizes()).toEqual(sizes)
  })

  test('aborted, what was stable gets everything back whatever the policy says, and a retry begins again', () => {
    const cluster = runningCluster(
      10,
      rolling({ onFailure: 'continue', steps: [{ next: '20%', gates: [approve] }] }),
    )
    cluster.roll('b')
    cluster.settle()
    cluster.spec = { ...cluster.spec, aborted: true }
    cluster.settle()
    expect(cluster.outcomes.at(-1)).toBe('2 failed aborted')
    expect([cluster.sizes(), cluster.state?.phase, cluster.spec.template]).toEqual([
      { a: 10 },
      'aborted',
      'b',
    ])
    cluster.spec = { ...cluster.spec, desired: 5 }
    cluster.settle()
    expect([cluster.sizes(), cluster.step().blockers]).toEqual([{ a: 5 }, [{ kind: 'aborted' }]])
    cluster.spec = { ...cluster.spec, aborted: false, retries: 1 }
    cluster.settle()
    expect([cluster.sizes(), cluster.state?.phase]).toEqual([{ a: 4, b: 1 }, 'progressing'])
  })

  test('that failed where failures are only told holds still, says so, and passes on another answer', () => {
    const gates = [{ kind: 'analysis', name: 'errors' }] as const
    const cluster = runningCluster(10, rolling({ onFailure: 'continue', steps: [{ next: '20%', gates }] }))
    const said = { gate: 'errors', by: 'rollout', atMs: 0 }
    cluster.roll('b', { answers: [{ ...said, answer: 'fail' }] })
    cluster.settle()
    expect(cluster.outcomes.at(-1)).toBe('2 failed analysis')
    expect(cluster.step().blockers.map(describeBlocker)).toEqual([
      'waypoint 1 waits for analysis "errors", which has failed',
    ])
    cluster.spec = {
      ...cluster.spec,
      answers: [
        { ...said, answer: 'fail' },
        { ...said, answer: 'pass' },
      ],
    }
    cluster.settle()
    expect([cluster.sizes(), cluster.outcomes.at(-1)]).toEqual([{ b: 10 }, '2 succeeded'])
  })

  test('is asked, and waits for its time, after a failure that was only told', () => {
    const gates = [
      { kind: 'soak', ms: 60_000 },
      { kind: 'analysis', name: 'errors' },
    ] as const
    const cluster = runningCluster(10, rolling({ onFailure: 'continue', steps: [{ next: '20%', gates }] }))
    cluster.roll('b')
    cluster.settle()
    const crashes = [1, 2, 3].map(id => ({ id: `${id}`, atMs: cluster.nowMs, cause: 'crash' as const }))
    cluster.sets.set('b', { ...cluster.sets.get('b')!, failures: crashes, failed: 3 })
    const { wakeAtMs } = cluster.step()
    expect([cluster.outcomes.at(-1), wakeAtMs]).toEqual(['2 failed crash-loop', cluster.nowMs + 60_000])
    cluster.nowMs += 60_000
    expect(cluster.step().questions).toEqual([{ gate: 'errors', kind: 'analysis' }])
  })

  test('a way leads forward: a share that comes out as less than a count before it keeps the count', () => {
    const cluster = runningCluster(10, rolling({ steps: [5, '10%', '80%', 2] }))
    cluster.roll('b')
    const reached = cluster.settle().map(sizes => Number(/b(\d+)/.exec(sizes)?.[1] ?? 0))
    expect(reached).toEqual(reached.toSorted((a, b) => a - b))
    expect(cluster.sizes()).toEqual({ b: 10 })
  })

  test.each<[readonly Gate[], string]>([
    [[{ kind: 'soak', ms: -1 }], 'waypoints[0].gates[0].ms'],
    [[{ kind: 'approve', name: '' }], 'waypoints[0].gates[0].name'],
    [[{ kind: 'within', ms: 0, gate: approve }], 'waypoints[0].gates[0].ms'],
    [[{ kind: 'calendar', windows: [] }], 'waypoints[0].gates[0].windows'],
    [[{ kind: 'calendar', windows: [{ days: [7] }] }], 'waypoints[0].gates[0].windows[0].days[0]'],
    [
      [{ kind: 'calendar', windows: [{ fromMinute: 9, toMinute: 9 }] }],
      'waypoints[0].gates[0].windows[0].toMinute',
    ],
    [
      [{ kind: 'all', gates: [{ kind: 'not', gate: { kind: 'soak', ms: 0.5 } }] }],
      'waypoints[0].gates[0].gates[0].gate.ms',
    ],
    [Array.from({ length: 33 }, () => approve), 'waypoints[0].gates'],
  ])('refuses %j', (gates, field) => {
    expect(() => rolling({ steps: [{ next: '20%', gates }] })).toThrow(
      expect.objectContaining({ code: 'Invalid', message: expect.stringContaining(`${field}: `) }),
    )
  })
})
