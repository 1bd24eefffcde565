import { expect } from 'vitest'
import { checkLinearizable } from '../linearizability/check-linearizable.js'
import { counterStore } from '../linearizability/object-model.js'
import type { FaultyHistory } from './faulty-history.js'

/** What a store in etcd promises, whatever happens to the wire and to etcd. */
export function expectSound({ recorder, sights, told, truth, cuts }: FaultyHistory): void {
  const { operations } = recorder
  expect(cuts).toBeGreaterThan(3)
  expect(
    operations.filter(({ answer }) => answer !== undefined && 'seen' in answer.output).length,
  ).toBeGreaterThan(5)
  // Writes and transactions are linearizable.
  expect(checkLinearizable(operations, counterStore)).toMatchObject({ isLinearizable: true })
  const revisions = [...truth.keys()]
  const truthAt = (revision: number): string =>
    truth.get(revisions.findLast(each => each <= revision) ?? 0) ?? ''
  for (const ofStore of sights) {
    // Reads are sequentially consistent: each is a state that there was, and they never go back.
    for (const { revision, counters } of ofStore) expect(counters).toBe(truthAt(revision))
    const seen = ofStore.map(({ revision }) => revision)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
  }
  // Watches tell each revision once, in order.
  for (const ofStore of told) expect(ofStore).toEqual(revisions.slice(1))
}
