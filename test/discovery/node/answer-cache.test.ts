import { expect, test } from 'vitest'
import { AnswerCache } from '../../../src/discovery/node/forward/answer-cache.js'
import { createVirtualEnv } from '../../../src/testing/index.js'

const ENTRIES = 200
const BYTES = 500
const BYTES_MAX = 20_000

test('forwarded answers take no more memory than they may; what was not asked for longest goes', () => {
  const cache = new AnswerCache(BYTES_MAX, createVirtualEnv().clock)
  const answer = { bytes: new Uint8Array(BYTES), questionEnd: 20, ttlsAt: [30], ttlSeconds: 60 }
  for (let i = 0; i < ENTRIES; i++) {
    cache.keep(`name-${i}`, answer)
    expect(cache.find('name-0')?.answer).toBe(answer)
  }
  const kept = Array.from({ length: ENTRIES }, (_, i) => i).filter(i => cache.find(`name-${i}`) !== undefined)
  expect(kept.length * BYTES).toBeLessThanOrEqual(BYTES_MAX)
  expect(kept).toEqual([
    0,
    ...Array.from({ length: kept.length - 1 }, (_, i) => ENTRIES - kept.length + 1 + i),
  ])
  cache.keep('large', { ...answer, bytes: new Uint8Array(BYTES_MAX) })
  expect(cache.find('large')).toBeUndefined()
})
