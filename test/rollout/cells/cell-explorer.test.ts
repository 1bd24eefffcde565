import { describe, test } from 'vitest'
import { exploreCells, programs } from './every-state.js'

describe.each(programs)('%o', program => {
  test.each([1, 2, 3, 4])('every state of %i cells', count => exploreCells(program, count))
})
