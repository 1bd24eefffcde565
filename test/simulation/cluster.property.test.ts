import fc from 'fast-check'
import { describe, test } from 'vitest'
import { runPlanned, runScript } from './fixtures/cluster-property.js'
import { plannedScript, troubledScript } from './fixtures/script.js'

// A failure takes minutes to shrink; test/long plays many more and longer scripts.
describe('a whole orchestrator', () => {
  test('in trouble keeps its invariants at every revision, and recovers', { timeout: 300_000 }, async () => {
    await fc.assert(fc.asyncProperty(troubledScript(40), runScript), { numRuns: 8 })
  })

  test('never takes availability below the floor by what is planned', { timeout: 300_000 }, async () => {
    await fc.assert(fc.asyncProperty(plannedScript(30), runPlanned), { numRuns: 8 })
  })
})
