import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { acceptAnswers, acceptExpectation } from './offers-accept.js'
import { healthAnswers } from './offers-agent-health.js'
import { allocatorAnswers, allocatorExpectation } from './offers-allocator.js'
import { fairnessAnswers } from './offers-fairness.js'
import { matchingAnswers } from './offers-matching.js'
import { poolAnswers } from './offers-pool.js'
import { inOneOrder, resourceAnswers } from './offers-resources.js'

interface Case {
  readonly id: string
  readonly group: string
  readonly title: string
  readonly kind: string
  readonly input: unknown
  readonly expect: unknown
}

/** Kinds that no code answers yet, each with what will deliver it. Only ever shrinks. */
const DEFERRED_KINDS: Readonly<Record<string, string>> = {
  inverseOffers: 'maintenance',
  reclaim: 'reclaim planner',
}

const folder = process.env['KEELSON_CASES'] ?? join(import.meta.dirname, 'cases')
const cases = ['offers.json', 'offers-field.json'].flatMap(
  name => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { cases: Case[] }).cases,
)

/** By kind. An answer is compared with the case's `expect`. */
const answers: Readonly<Record<string, (input: never) => unknown>> = {
  ...resourceAnswers,
  ...fairnessAnswers,
  ...allocatorAnswers,
  ...acceptAnswers,
  ...poolAnswers,
  ...healthAnswers,
  ...matchingAnswers,
}

/** What an answer is compared with, where that is not the case's `expect` as it is. */
const expectations: Readonly<Record<string, (expected: never) => unknown>> = {
  allocator: allocatorExpectation,
  accept: acceptExpectation,
  applyOps: (expected: (unknown[] | object)[]) =>
    expected.map(step => (Array.isArray(step) ? inOneOrder(step) : step)),
  // Frequencies of 40,000 shuffles: five standard deviations are 0.0125.
  weightedShuffle: (expected: unknown) => near(expected, 0.0125),
}

describe('cases', () => {
  test('are there', () => {
    expect(cases.length).toBeGreaterThan(0)
  })

  test.each(cases.map(each => [each.id, each.title, each] as const))('%s %s', async (_id, _title, each) => {
    if (each.kind in DEFERRED_KINDS) return
    const answer = answers[each.kind]
    if (answer === undefined) throw new Error(`kind ${each.kind} is not known`)
    const expectation = expectations[each.kind]
    expect(await answer(each.input as never)).toEqual(expectation?.(each.expect as never) ?? each.expect)
  })

  test('leave out only kinds that are deferred, and no kind is deferred that is known', () => {
    expect(Object.keys(DEFERRED_KINDS).filter(kind => kind in answers)).toEqual([])
  })
})

function near(expected: unknown, tolerance: number): unknown {
  if (typeof expected === 'number')
    return { asymmetricMatch: (value: unknown) => Math.abs((value as number) - expected) <= tolerance }
  if (Array.isArray(expected)) return expected.map(each => near(each, tolerance))
  if (typeof expected !== 'object' || expected === null) return expected
  return Object.fromEntries(Object.entries(expected).map(([name, each]) => [name, near(each, tolerance)]))
}
