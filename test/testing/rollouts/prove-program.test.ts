import { describe, expect, test } from 'vitest'
import type { Gate, Program } from '../../../src/rollout/index.js'
import { kubernetesProgram, recreate, rolling } from '../../../src/rollout/index.js'
import { programMatchers, proveProgram } from '../../../src/testing/index.js'

const approve: Gate = { kind: 'approve', name: 'lead' }
const kinds = (program: Program) => proveProgram(program).problems.map(({ kind }) => kind)

describe('a program is proven', () => {
  test.each<[string, Program]>([
    ['rolling', rolling()],
    ['one at a time', rolling({ maxSurge: 1, maxUnavailable: 0 })],
    [
      'a canary',
      rolling({
        maxUnavailable: 0,
        steps: [{ next: '10%', gates: [{ kind: 'soak', ms: 60_000 }, approve] }, '50%'],
      }),
    ],
    [
      'hooks',
      kubernetesProgram({
        strategy: {
          type: 'RollingUpdate',
          rollingUpdate: { maxUnavailable: 0 },
          hooks: { pre: [{ name: 'a' }], post: [{ name: 'b' }] },
        },
      }),
    ],
    [
      'blue/green',
      kubernetesProgram({
        strategy: {
          type: 'RollingUpdate',
          rollingUpdate: { maxUnavailable: 0 },
          blueGreen: { gates: [approve] },
        },
      }),
    ],
    ['recreate', recreate()],
  ])('%s', (_what, program) => {
    const { problems, states } = proveProgram(program)
    expect(problems).toEqual([])
    expect(states).toBeGreaterThan(40)
  })

  test('within a second, for six instances and four waypoints', () => {
    const before = process.cpuUsage()
    const steps = ['10%', '30%', '60%'].map(next => ({ next, gates: [approve] }))
    expect(proveProgram(rolling({ maxUnavailable: 0, maxSurge: 2, steps })).problems).toEqual([])
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(5)
  })
})

describe('a program that cannot be carried out is found', () => {
  test('with a gate that can never pass, by the shortest way there', () => {
    const never: Gate = { kind: 'not', gate: { kind: 'soak', ms: 0 } }
    const { problems } = proveProgram(
      rolling({ maxUnavailable: 0, steps: [{ next: '50%', gates: [never] }] }),
    )
    expect(problems).toMatchObject([{ kind: 'stuck', desired: 1, trace: ['1 old instances serve'] }])
    expect(problems[0]?.message).toContain('waits for the end of 0 s at the waypoint')
  })

  test('with a floor of 0', () => {
    expect(kinds(rolling({ maxSurge: 0, maxUnavailable: '100%' }))).toEqual(['outage'])
    expect(proveProgram(rolling({ maxSurge: 0, maxUnavailable: 2 })).problems[0]).toMatchObject({
      desired: 1,
    })
  })

  test('with a failing gate in front of the way back', () => {
    // Whoever answers a failure by going on has no gate that fails.
    const late: Gate = { kind: 'within', ms: 1, gate: { kind: 'soak', ms: 60_000 } }
    expect(kinds(rolling({ maxUnavailable: 0, steps: [{ next: '50%', gates: [late] }] }))).toEqual(['stuck'])
  })

  test('refuses a proof without end', () => {
    expect(() => proveProgram(rolling(), { upTo: 13 })).toThrow(expect.objectContaining({ code: 'Invalid' }))
  })

  test('in words, as a matcher', () => {
    const { toBeProven } = programMatchers
    expect(toBeProven(rolling({ maxUnavailable: 0 }), { upTo: 3 }).pass).toBe(true)
    const verdict = toBeProven(rolling({ maxSurge: 0, maxUnavailable: '100%' }), { upTo: 3 })
    expect([verdict.pass, verdict.message()]).toEqual([
      false,
      'outage with 1 desired: of 1 instances all may be unavailable at once: lower maxUnavailable\n  1 old instances serve',
    ])
  })
})
