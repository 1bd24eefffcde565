import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Candidate, Election } from './candidates.js'
import { Entry, openElection } from './candidates.js'

const ids = ['a', 'b', 'c'] as const

type Trouble =
  | { readonly do: 'pass'; readonly ms: number }
  | {
      readonly do: 'join' | 'crash' | 'stop' | 'handOver' | 'cut' | 'mend'
      readonly id: (typeof ids)[number]
    }
  /** Every leader that there ever was tries to write. */
  | { readonly do: 'write' }

const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.integer({ min: 0, max: 20_000 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('join', 'crash', 'stop', 'handOver', 'cut', 'mend'),
      id: fc.constantFrom(...ids),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('write') }) },
)

/** Passes time in small pieces and looks after each. */
async function pass(election: Election, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_500) {
    await election.env.advance(Math.min(left, 1_500))
    expect(election.leaders().length).toBeLessThanOrEqual(1)
  }
}

async function suffer(election: Election, past: Candidate[], step: Trouble): Promise<void> {
  if (step.do === 'pass') return pass(election, step.ms)
  if (step.do === 'write') {
    for (const { leadership, id } of past) {
      if (leadership === undefined) continue
      const { client, term } = leadership
      // Refused or lost when the leadership is over; whether it should have been is judged by what is stored.
      void client.create(Entry, { metadata: { generateName: 'e-' }, spec: { term, by: id } }).catch(() => {})
    }
    return election.env.settle()
  }
  const candidate = election.candidates.get(step.id)
  if (step.do === 'join') {
    if (candidate === undefined) past.push(election.join(step.id, { priority: ids.indexOf(step.id) % 2 }))
    return election.env.settle()
  }
  if (candidate === undefined) return
  if (step.do === 'crash') candidate.env.close()
  if (step.do === 'stop') void candidate.elector.stop().catch(() => {})
  if (step.do === 'crash' || step.do === 'stop') election.candidates.delete(step.id)
  if (step.do === 'handOver') void candidate.elector.handOver().catch(() => {})
  if (step.do === 'cut') candidate.isPartitioned = true
  if (step.do === 'mend') candidate.isPartitioned = false
  await election.env.settle()
}

test('whatever happens, one leads at most, terms never go back in the log, and someone leads in the end', async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 1_000_000 }),
    fc.array(trouble, { minLength: 10, maxLength: 40 }),
    async (seed, steps) => {
      const election = openElection(seed)
      const past: Candidate[] = []
      const terms: number[] = []
      election.store.watch(Entry).on(({ events }) => {
        for (const { object } of events) terms.push(object.spec.term)
      })
      past.push(election.join('a'))
      for (const step of steps) await suffer(election, past, step)
      for (const candidate of election.candidates.values()) candidate.isPartitioned = false
      if (!election.candidates.has('a')) past.push(election.join('a'))
      await pass(election, 60_000)
      expect(election.leaders()).toHaveLength(1)
      expect(terms).toEqual([...terms].sort((left, right) => left - right))
    },
  )
  await fc.assert(property, { numRuns: 25, endOnFailure: true })
})
