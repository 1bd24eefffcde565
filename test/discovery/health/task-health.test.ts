import { array, assert, constantFrom, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProbeOutcome, ProbeUse, TaskProbes } from '../../../src/discovery/health/index.js'
import {
  consulHealth,
  createHealthMachine,
  createTaskHealth,
  mesosHealth,
} from '../../../src/discovery/health/index.js'

const ALL: TaskProbes = {
  startup: { failureThreshold: 3 },
  liveness: { failureThreshold: 2 },
  readiness: { failureThreshold: 1, successThreshold: 2 },
}

/** Results as `startup+ liveness- stop`, each a second after the one before. */
function verdictAfter(probes: TaskProbes, text: string) {
  const health = createTaskHealth(probes)
  let state = health.initial(0)
  for (const [second, word] of text.split(' ').entries()) {
    const result: ProbeOutcome = word.endsWith('+') ? 'success' : 'failure'
    const use = word.slice(0, -1) as ProbeUse
    if (word === 'stop') state = health.stop(state)
    else if (word !== '') state = health.step(state, { use, atMs: 1000 * second, result })
  }
  return { ...health.verdict(state), run: health.due(state).map(({ use }) => use) }
}

describe('several probes of one task', () => {
  const judging = ['liveness', 'readiness']
  test.each([
    ['', { started: false, ready: false, run: ['startup'] }],
    ['liveness- liveness- readiness+ readiness+', { started: false, ready: false, run: ['startup'] }],
    ['startup- startup- startup-', { started: false, ready: false, restart: 'startup', run: ['startup'] }],
    ['startup- startup+', { started: true, ready: false, run: judging }],
    ['startup+ readiness+', { started: true, ready: false, run: judging }],
    ['startup+ readiness+ readiness+', { started: true, ready: true, run: judging }],
    ['startup+ readiness+ readiness+ readiness-', { started: true, ready: false, run: judging }],
    ['startup+ readiness+ readiness+ liveness-', { started: true, ready: true, run: judging }],
    [
      'startup+ readiness+ readiness+ liveness- liveness-',
      { started: true, ready: true, restart: 'liveness', run: judging },
    ],
    ['startup+ liveness- liveness- stop', { started: true, ready: false, run: ['readiness'] }],
    ['startup+ readiness+ readiness+ stop readiness-', { started: true, ready: false, run: ['readiness'] }],
  ])('%s', (text, expected) => expect(verdictAfter(ALL, text)).toEqual(expected))

  test.each<readonly [TaskProbes, string, object]>([
    [{}, '', { started: true, ready: true, run: [] }],
    [{ liveness: {} }, '', { started: true, ready: true, run: ['liveness'] }],
    [{ readiness: {} }, '', { started: true, ready: false, run: ['readiness'] }],
    [{ startup: {} }, 'startup+', { started: true, ready: true, run: [] }],
  ])('of which some are missing: %o', (probes, text, expected) =>
    expect(verdictAfter(probes, text)).toEqual(expected),
  )

  test('a probe that is not to be run changes nothing, and nothing is ready before it has started', () => {
    const step = record({
      use: constantFrom<ProbeUse>('startup', 'liveness', 'readiness'),
      result: constantFrom<ProbeOutcome>('success', 'failure', 'error'),
    })
    assert(
      property(array(step, { maxLength: 20 }), steps => {
        const health = createTaskHealth(ALL)
        let state = health.initial(0)
        for (const [i, { use, result }] of steps.entries()) {
          const isRun = health.due(state).some(one => one.use === use)
          const next = health.step(state, { use, atMs: 1000 * i, result })
          if (!isRun) expect(next).toBe(state)
          const { started, ready, restart } = health.verdict(next)
          expect(started || (!ready && restart !== 'liveness')).toBe(true)
          state = next
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe('presets', () => {
  const statusAfter = (
    options: Parameters<typeof createHealthMachine>[0],
    ...at: readonly (readonly [number, boolean])[]
  ) => {
    const machine = createHealthMachine(options)
    let state = machine.initial(0)
    for (const [seconds, ok] of at)
      state = machine.step(state, { atMs: 1000 * seconds, result: ok ? 'success' : 'failure' })
    return machine.status(state)
  }

  test('Mesos: failures count after the grace period, or after the first success; three in a row are too many', () => {
    const check = mesosHealth({ delaySeconds: 0, gracePeriodSeconds: 10 })
    expect(statusAfter(check, [1, false], [2, false], [3, false])).not.toBe('unhealthy')
    expect(statusAfter(check, [11, false], [12, false])).not.toBe('unhealthy')
    expect(statusAfter(check, [11, false], [12, false], [13, false])).toBe('unhealthy')
    expect(statusAfter(check, [1, true], [2, false], [3, false], [4, false])).toBe('unhealthy')
    expect(statusAfter(check, [11, false], [12, false], [13, true], [14, false], [15, false])).toBe('healthy')
    expect(
      createHealthMachine(mesosHealth()).nextProbeAtMs(createHealthMachine(mesosHealth()).initial(0)),
    ).toBe(15_000)
  })

  test('Consul: critical until it passes, and each way at once unless it says how often', () => {
    const once = consulHealth({ intervalSeconds: 10 })
    expect(statusAfter(once)).toBe('unhealthy')
    expect(statusAfter(once, [0, true])).toBe('healthy')
    expect(statusAfter(once, [0, true], [10, false])).toBe('unhealthy')
    const often = consulHealth({ intervalSeconds: 10, successBeforePassing: 1, failuresBeforeCritical: 2 })
    expect(statusAfter(often, [0, true])).toBe('unhealthy')
    expect(statusAfter(often, [0, true], [10, true], [20, false], [30, false])).toBe('healthy')
    expect(statusAfter(often, [0, true], [10, true], [20, false], [30, false], [40, false])).toBe('unhealthy')
  })
})
