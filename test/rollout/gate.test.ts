import { describe, expect, test } from 'vitest'
import type { GateVerdict } from '../../src/rollout/gate.js'
import { judgeGate, judgeGates, questionsIn } from '../../src/rollout/gate.js'
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
const hook = { kind: 'hook', name: 'warm' } as const satisfies Gate
const soak: Gate = { kind: 'soak', ms: HOUR_MS }
const office: Gate = {
  kind: 'calendar',
  windows: [{ days: [1, 2, 3, 4, 5], fromMinute: 9 * 60, toMinute: 17 * 60 }],
}

const twice = <T>(value: T): readonly T[] => [value, value]
const view = { sinceMs: NOW_MS, nowMs: NOW_MS, answers: [] }

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
    ['a hook passes', judged(hook, { answers: [said('warm', 'pass')] }), { kind: 'pass' }],
    [
      'a hook fails',
      judged(hook, { answers: [said('warm', 'fail')] }),
      { kind: 'fail', cause: 'hook', gate: 'hook "warm"' },
    ],
    [
      'a hook whose failure is ignored passes',
      judged({ ...hook, ignoreFailure: true }, { answers: [said('warm', 'fail')] }),
      { kind: 'pass' },
    ],
    [
      'one failure is forgiven',
      judged({ kind: 'retry', times: 1, gate: analysis }, { answers: [said('errors', 'fail')] }),
      { kind: 'wait', waits: [{ gate: 'analysis "errors"' }] },
    ],
    [
      'and no other one',
      judged({ kind: 'retry', times: 1, gate: analysis }, { answers: twice(said('errors', 'fail')) }),
      { kind: 'fail', cause: 'analysis', gate: 'analysis "errors"' },
    ],
    [
      'within, approved at the last moment',
      judged(
        { kind: 'within', ms: 10, gate: approve },
        { afterMs: 99, answers: [said('canary', 'pass', NOW_MS - 89)] },
      ),
      { kind: 'pass' },
    ],
    ['in office hours', judged(office), { kind: 'pass', untilMs: NOW_MS + 7 * HOUR_MS }],
    [
      'at their first moment',
      judged(office, { nowMs: NOW_MS - HOUR_MS }),
      { kind: 'pass', untilMs: NOW_MS + 7 * HOUR_MS },
    ],
    [
      'at the first moment after them',
      judged(office, { nowMs: NOW_MS + 7 * HOUR_MS }),
      { kind: 'wait', waits: [{ gate: 'the calendar', untilMs: NOW_MS + 23 * HOUR_MS }] },
    ],
    [
      'after the only hour of the week',
      judged({ kind: 'calendar', windows: [{ days: [4], fromMinute: 540, toMinute: 600 }] }),
      { kind: 'wait', waits: [{ gate: 'the calendar', untilMs: NOW_MS + 167 * HOUR_MS }] },
    ],
    [
      'on a whole day',
      judged({ kind: 'calendar', windows: [{ days: [4] }] }),
      { kind: 'pass', untilMs: NOW_MS + 14 * HOUR_MS },
    ],
    [
      'before a whole day',
      judged({ kind: 'calendar', windows: [{ days: [5] }] }),
      { kind: 'wait', waits: [{ gate: 'the calendar', untilMs: NOW_MS + 14 * HOUR_MS }] },
    ],
    ['never', judged({ kind: 'calendar', windows: [] }), { kind: 'wait', waits: [{ gate: 'the calendar' }] }],
    ['one list of gates passes', judgeGates([{ kind: 'soak', ms: 0 }], view), { kind: 'pass' }],
    [
      'in both of two windows, until the first ends',
      judgeGates([{ kind: 'calendar', windows: [{}] }, office, { kind: 'soak', ms: 0 }], view),
      { kind: 'pass', untilMs: NOW_MS + 7 * HOUR_MS },
    ],
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

describe('failures in a window, of which the first is forgotten in a minute', () => {
  const failures = [
    { id: 'b-1', atMs: NOW_MS - HOUR_MS + 60_000, cause: 'crash' },
    { id: 'b-2', atMs: NOW_MS - 1, cause: 'exit' },
  ] as const
  const fresh: Gate = { kind: 'failures', max: 1, windowMs: HOUR_MS }
  const seen = { ...view, instances: { failures, size: 3 } }
  const untilMs = NOW_MS + 60_000

  test.each<[string, Gate, GateVerdict]>([
    ['fail until then', fresh, { kind: 'fail', cause: 'failures', gate: 'at most 1 failures', untilMs }],
    [
      'are looked at again then, where somebody may say yes instead',
      { kind: 'any', gates: [fresh, approve] },
      { kind: 'wait', waits: [{ gate: 'approval "canary"', untilMs }] },
    ],
    [
      'are no failures of a gate that wants some, until then',
      { kind: 'not', gate: fresh },
      { kind: 'pass', untilMs },
    ],
  ])('%s', (_, gate, verdict) => {
    expect(judgeGate(gate, seen)).toEqual(verdict)
  })

  test('let a rollout through by themselves, where a failure is only told', () => {
    const steps = [{ next: 1, gates: [{ kind: 'failures', max: 0, windowMs: 60_000 }] as const }]
    const cluster = runningCluster(4, rolling({ steps, onFailure: 'continue', progressWithinMs: Infinity }))
    cluster.roll('b')
    cluster.settle(['b'])
    const failed = [{ id: 'b-1', atMs: cluster.nowMs, cause: 'crash' as const }]
    cluster.sets.set('b', { ...cluster.sets.get('b')!, available: 1, failures: failed })
    cluster.settle()
    const { wakeAtMs, blockers } = cluster.step()
    expect([cluster.sizes(), wakeAtMs]).toEqual([{ a: 3, b: 1 }, cluster.nowMs + 60_000])
    expect(blockers.map(describeBlocker)).toEqual([
      'waypoint 1 waits for at most 0 failures, which has failed',
    ])
    cluster.nowMs += 60_000
    cluster.settle()
    expect(cluster.sizes()).toEqual({ b: 4 })
  })
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
  expect(kinds({ kind: 'failures', ratio: 0.3, minSamples: 9 }, 6)).toBe('fail')
  expect(kinds({ kind: 'failures', ratio: 0, windowMs: 60_001 }, 0)).toBe('fail')
  expect(kinds({ kind: 'failures', ratio: 0, windowMs: 60_000 }, 0)).toBe('pass')
})

test.each<[Gate, string]>([
  [{ kind: 'failures', max: 3 }, 'at most 3 failures'],
  [{ kind: 'failures', ratio: 0.25 }, 'at most 25 % failures'],
  [{ kind: 'failures' }, 'at most 0 % failures'],
  [{ kind: 'all', gates: [approve, analysis] }, 'approval "canary" and analysis "errors"'],
  [{ kind: 'any', gates: [approve, hook] }, 'approval "canary" or hook "warm"'],
  [{ kind: 'retry', times: 2, gate: soak }, '3600 s at the waypoint'],
])('a gate is told as a phrase: %#', (gate, phrase) => {
  const late = judgeGate(
    { kind: 'within', ms: 1, gate: { kind: 'all', gates: [approve, gate] } },
    { ...view, sinceMs: 0 },
  )
  expect(late).toMatchObject({ kind: 'fail', gate: `approval "canary" and ${phrase}` })
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
