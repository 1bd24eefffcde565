import { expect, test } from 'vitest'
import { findCondition, isConditionTrue, setCondition } from '../../../src/core/index.js'

const condition = (type: string, status: 'True' | 'False' | 'Unknown') =>
  ({ type, status, reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00.000Z' }) as const

test.each([
  { conditions: undefined, found: undefined, holds: false },
  { conditions: [], found: undefined, holds: false },
  { conditions: [condition('Other', 'True')], found: undefined, holds: false },
  { conditions: [condition('Ready', 'Unknown')], found: 'Unknown', holds: false },
  { conditions: [condition('Other', 'False'), condition('Ready', 'True')], found: 'True', holds: true },
])('Ready in $conditions: found $found, holds $holds', ({ conditions, found, holds }) => {
  expect(findCondition(conditions, 'Ready')?.status).toBe(found)
  expect(isConditionTrue(conditions, 'Ready')).toBe(holds)
})

test('the time of a condition is a text: a number of milliseconds is refused', () => {
  const set = () => setCondition([], condition('Ready', 'True'), Date.now() as unknown as string)
  expect(set).toThrow(expect.objectContaining({ code: 'Invalid' }))
  expect(set).toThrow('lastTransitionTime: must be an RFC 3339 text; write formatTime(env.clock.now())')
})
