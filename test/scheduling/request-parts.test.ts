import { describe, expect, it } from 'vitest'
import type { PlacementRequest } from '../../src/scheduling/index.js'
import { DECIDING_FIELDS, hasSameParts } from '../../src/scheduling/requests/placement-request.js'

describe('requests have the same parts when none of the fields that decide differs', () => {
  const without: PlacementRequest = { key: 'a' }
  const partOf = (field: string, part: unknown): PlacementRequest => ({ key: 'b', [field]: part })

  it.each(DECIDING_FIELDS)('%s', field => {
    const part = {}
    expect(hasSameParts(partOf(field, part), partOf(field, part))).toBe(true)
    expect(hasSameParts(partOf(field, part), partOf(field, {}))).toBe(false)
    expect(hasSameParts(without, partOf(field, part))).toBe(false)
    expect(hasSameParts(partOf(field, part), without)).toBe(false)
  })

  it('whatever is their own', () => {
    expect(hasSameParts(without, { key: 'b', priority: 1, instances: 3 })).toBe(true)
  })
})
