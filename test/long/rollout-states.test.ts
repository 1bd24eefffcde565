import { describe, expect, test } from 'vitest'
import { exploreRollout, worlds } from '../rollout/every-rollout-state.js'

describe.each(worlds)('$program.budget, with traffic to divide: $isDivided', world => {
  test.each([[[1, 2]], [[3, 2]], [[4]]])('every state of %j instances', counts => {
    expect(exploreRollout({ ...world, counts }).fault).toBeUndefined()
  })
})
