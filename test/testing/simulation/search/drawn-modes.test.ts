import { describe, expect, test } from 'vitest'
import { check } from '../../../../src/testing/index.js'
import type { Action } from '../../../../src/testing/simulation/actions/action.js'
import { ActionList } from '../../../../src/testing/simulation/actions/action-list.js'
import { planFaults } from '../../../../src/testing/simulation/actions/fault-settings.js'
import type { ChoiceSource } from '../../../../src/testing/simulation/choices/choice-source.js'
import { pctChoices } from '../../../../src/testing/simulation/choices/pct-choices.js'
import { randomChoices } from '../../../../src/testing/simulation/choices/random-choices.js'
import { galleryEntry } from '../../gallery/gallery.js'
import { foundByMode } from './found-by-mode.js'

foundByMode('pct', 'crash between two writes')
foundByMode('guided', 'swallowed conflict')
foundByMode('sieve', 'crash between two writes')
foundByMode('sieve', 'lost update by blind overwrite')
foundByMode('sieve', 'uid confusion after recreate')

test('a planned search looks at few executions, and says at which', async () => {
  const { correct, kinds, objects } = galleryEntry('crash between two writes')
  const report = await check(correct, { kinds, objects, mode: 'sieve', timeMs: Infinity })
  expect(report.executions).toBeLessThan(200)
  expect(report.bounds).toMatch(
    /^\d planned at rest; \d+ executions: 3 workloads, then one fault before a write in each \(.*crash \d+/,
  )
})

test('a planned search gives up at its limit', async () => {
  const { correct, kinds, objects } = galleryEntry('crash between two writes')
  expect((await check(correct, { kinds, objects, mode: 'sieve', executionsMax: 5 })).executions).toBe(3 + 5)
})

describe('priorities', () => {
  const faults = planFaults({ crash: 0, delay: 0, touch: 0, edit: 0, remove: 0 }, false)
  /** One actor has `steps` steps, another one: in which place does it act? */
  const placeOfB = (source: ChoiceSource, steps: number): number => {
    const step = (actor: string): Action => ({ kind: 'call', actor, label: actor, run: () => {} })
    source.choose(new ActionList([step('ending'), step('ending')]))
    for (let place = 0; place < steps; place++)
      if (source.choose(new ActionList([step('a'), step('b')])) === 1) return place
    return steps
  }

  test('meet each of the rare orders as often as is promised: 1 / (n · k^(d − 1))', () => {
    const steps = 10
    const runs = 4_000
    const counts = new Map<number, number>()
    for (let seed = 0; seed < runs; seed++) {
      const place = placeOfB(pctChoices({ seed, faults, depth: 2, length: steps + 1 }), steps)
      counts.set(place, (counts.get(place) ?? 0) + 1)
    }
    for (let place = 0; place <= steps; place++)
      expect(counts.get(place) ?? 0).toBeGreaterThan((0.8 * runs) / (2 * (steps + 1)))
  })

  test('put an actor off for long, which chance does not', () => {
    const steps = 40
    const last = (source: (seed: number) => ChoiceSource): number =>
      Array.from({ length: 400 }, (_, seed) => placeOfB(source(seed), steps)).filter(place => place === steps)
        .length
    expect(last(seed => randomChoices(seed, faults))).toBe(0)
    expect(last(seed => pctChoices({ seed, faults, depth: 1, length: steps }))).toBeGreaterThan(100)
  })
})

test.each([
  ['a depth of nothing', { mode: 'pct', depth: 0 }, /depth: must be a whole number of at least 1/],
  ['half an execution', { mode: 'guided', executions: 0.5 }, /executions: must be a whole number/],
  [
    'a mode that does not exist',
    { mode: 'psychic' },
    /mode: must be one of random, pct, guided, sieve, exhaustive/,
  ],
])('refuses %s', async (_what, more, message) => {
  const { correct, kinds, objects } = galleryEntry('crash between two writes')
  await expect(check(correct, { kinds, objects, ...(more as object) })).rejects.toThrow(message)
})
