import { describe, expect, test } from 'vitest'
import { exploreRollout, worlds } from './every-rollout-state.js'

describe.each(worlds)('$program.budget, with traffic to divide: $isDivided', world => {
  test('every state of two instances keeps its bounds and its floor, and has a way on and a way back', () => {
    const found = exploreRollout({ ...world, counts: [2] })
    expect(found.fault).toBeUndefined()
    expect(found.states).toBeGreaterThan(200)
  })
})
