import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProbeOutcome } from '../../../src/discovery/index.js'
import { createHealthMachine, createProbeMachine } from '../../../src/discovery/index.js'

/** The verdict from the whole history: the last row long enough to decide. */
function verdict(results: readonly ProbeOutcome[], up: number, down: number): string {
  const counted = results.filter(result => result !== 'error')
  for (let end = counted.length; end > 0; end--) {
    const last = counted[end - 1]
    const row = counted
      .slice(0, end)
      .reverse()
      .findIndex(result => result !== last)
    if ((row < 0 ? end : row) >= (last === 'success' ? up : down))
      return last === 'success' ? 'healthy' : 'unhealthy'
  }
  return 'unknown'
}

describe('health machine', () => {
  test('the verdict is that of the last row long enough', () => {
    const outcomes = fc.array(fc.constantFrom<ProbeOutcome>('success', 'failure', 'error'), { maxLength: 20 })
    const threshold = fc.integer({ min: 1, max: 4 })
    fc.assert(
      fc.property(outcomes, threshold, threshold, (results, successThreshold, failureThreshold) => {
        const machine = createHealthMachine({ successThreshold, failureThreshold })
        let state = machine.initial(0)
        for (const [i, result] of results.entries()) state = machine.step(state, { atMs: i, result })
        expect(machine.status(state)).toBe(verdict(results, successThreshold, failureThreshold))
      }),
    )
  })

  test('failures in the grace period do not count until the first success', () => {
    const machine = createHealthMachine({ graceMs: 100, failureThreshold: 1 })
    const failAt = (atMs: number, from = machine.initial(0)) =>
      machine.step(from, { atMs, result: 'failure' })
    expect(machine.status(failAt(99))).toBe('unknown')
    expect(machine.status(failAt(100))).toBe('unhealthy')
    const up = machine.step(machine.initial(0), { atMs: 10, result: 'success' })
    expect(machine.status(failAt(20, up))).toBe('unhealthy')
  })

  test('the first probe is due after the delay, later ones an interval after the last', () => {
    const machine = createProbeMachine({ initialDelaySeconds: 3, periodSeconds: 7 })
    const state = machine.initial(1000)
    expect(machine.nextProbeAtMs(state)).toBe(4000)
    expect(machine.nextProbeAtMs(machine.step(state, { atMs: 4200, result: 'error' }))).toBe(11_200)
  })

  test('readiness begins unhealthy, liveness healthy and needs one success only', () => {
    expect(createProbeMachine({}).initial(0).status).toBe('unhealthy')
    const liveness = createProbeMachine({ successThreshold: 5, failureThreshold: 1 }, 'liveness')
    const down = liveness.step(liveness.initial(0), { atMs: 0, result: 'failure' })
    expect([liveness.initial(0).status, down.status]).toEqual(['healthy', 'unhealthy'])
    expect(liveness.step(down, { atMs: 1, result: 'success' }).status).toBe('healthy')
  })

  test('bounds are checked, naming the field', () => {
    for (const [options, field] of [
      [{ intervalMs: 0 }, 'intervalMs'],
      [{ failureThreshold: 0 }, 'failureThreshold'],
      [{ successThreshold: 1.5 }, 'successThreshold'],
      [{ graceMs: -1 }, 'graceMs'],
      [{ initialDelayMs: Number.NaN }, 'initialDelayMs'],
    ] as const) {
      expect(() => createHealthMachine(options)).toThrow(field)
    }
  })
})
