import { expect, test } from 'vitest'
import { fuzzDns } from '../discovery/dns/dns-fuzz.js'

test('a million packets: each is answered, dropped or refused, none is an error, and what is read is written again', () => {
  const seen = fuzzDns({ packets: 1_000_000, seed: 1 })
  expect(Object.values(seen).reduce((sum, count) => sum + count, 0)).toBe(1_000_000)
}, 300_000)
