import { describe, test } from 'vitest'
import { checkBorder } from './laws/border-law.js'

describe('the border', () => {
  test('takes in an equal frozen copy that shares what is unchanged, and refuses what is not JSON', () => {
    checkBorder(2_000)
  })
})
