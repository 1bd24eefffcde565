import fc from 'fast-check'
import { describe, test } from 'vitest'
import { runPlanned, runScript } from './fixtures/cluster-property.js'
import { plannedScript, troubledScript } from './fixtures/script.js'

// The same few scripts each time; test/long plays others, more of them, and longer ones. A failure takes minutes to shrink.
const few = { seed: 6, numRuns: 6 }

describe('a whole orchestrator', () => {
  test('in trouble keeps its invariants at every revision, and recovers', async () => {
    await fc.assert(fc.asyncProperty(troubledScript(36), runScript), few)
  })

  test('never takes availability below the floor by what is planned', async () => {
    await fc.assert(fc.asyncProperty(plannedScript(26), runPlanned), few)
  })
})
