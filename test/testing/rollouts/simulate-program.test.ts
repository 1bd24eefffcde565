import { describe, expect, test } from 'vitest'
import { resolveBudget, rolling } from '../../../src/rollout/index.js'
import { simulateProgram } from '../../../src/testing/index.js'

describe('a simulated rollout', () => {
  test('shows the capacity at each change, as data and as text', () => {
    const { phase, curve, text } = simulateProgram(rolling({ maxSurge: 1, maxUnavailable: 0 }), {
      desired: 2,
    })
    expect(phase).toBe('succeeded')
    expect(text.split('\n')).toEqual([
      '0 s\t2 old\t0 new\t2 available',
      '0 s\t2 old\t1 new\t2 available',
      '1 s\t2 old\t1 new\t3 available',
      '1 s\t1 old\t1 new\t2 available',
      '1 s\t1 old\t2 new\t2 available',
      '2 s\t1 old\t2 new\t3 available',
      '2 s\t0 old\t2 new\t2 available',
    ])
    expect(curve.at(-1)).toEqual({ atMs: 2_000, old: 0, new: 2, available: 2 })
  })

  test('of a template that does not work goes back, and never below its floor', () => {
    const program = rolling({ maxUnavailable: '25%', onFailure: 'revert' })
    const { phase, curve } = simulateProgram(program, { desired: 8, brokenShare: 1 })
    expect([phase, curve.at(-1)]).toMatchObject(['reverted', { old: 8, new: 0, available: 8 }])
    const { floor } = resolveBudget(program.budget, 8)
    expect(Math.min(...curve.map(({ available }) => available))).toBeGreaterThanOrEqual(floor)
  })

  test('takes the time of its gates, and their answers', () => {
    const gates = [
      { kind: 'soak', ms: 60_000 },
      { kind: 'analysis', name: 'errors' },
    ] as const
    const program = rolling({ steps: [{ next: '10%', gates }] })
    expect(simulateProgram(program, { desired: 10 })).toMatchObject({ phase: 'succeeded' })
    expect(simulateProgram(program, { desired: 10 }).endMs).toBeGreaterThan(60_000)
    expect(simulateProgram(program, { desired: 10, answer: 'fail' }).phase).toBe('reverted')
    expect(simulateProgram(program, { desired: 10, answer: 'none' }).phase).toBe('progressing')
  })

  test('is the same for the same seed, and another for another', () => {
    const world = { desired: 20, startMs: [500, 9_000] } as const
    const ends = ['a', 'a', 'b'].map(seed => simulateProgram(rolling(), world, seed).endMs)
    expect(ends[0]).toBe(ends[1])
    expect(ends[2]).not.toBe(ends[0])
  })

  test('refuses a world that cannot be', () => {
    expect(() => simulateProgram(rolling(), { desired: 0, brokenShare: 2 })).toThrow(
      /desired: .*brokenShare: /s,
    )
  })

  test.each([
    [{ startMs: [5, 1] }, 'startMs'],
    [{ startMs: -1 }, 'startMs'],
    [{ untilMs: Number.NaN }, 'untilMs'],
    [{ answer: 'maybe' }, 'answer'],
    [{ desired: 1_000_001 }, 'desired'],
  ])('refuses a world with %j', (wrong, field) => {
    const world = { desired: 2, ...wrong } as unknown as Parameters<typeof simulateProgram>[1]
    expect(() => simulateProgram(rolling(), world)).toThrow(
      expect.objectContaining({ code: 'Invalid', message: expect.stringContaining(`${field}: `) }),
    )
  })
})
