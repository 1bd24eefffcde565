import { describe, test } from 'vitest'
import { exploreCells, programs } from '../rollout/cells/every-state.js'

describe.each(programs)('%o', program => {
  test.each([5, 6])('every state of %i cells', count => exploreCells(program, count))
})
