import fc from 'fast-check'
import { describe, test } from 'vitest'
import { runPlanned, runScript } from '../simulation/fixtures/cluster-property.js'
import { plannedScript, troubledScript } from '../simulation/fixtures/script.js'

/** More runs than the default, for a night: KEELSON_RUNS=2000. A run takes about half a second. */
const numRuns = Number(process.env['KEELSON_RUNS'] ?? 150)
const timeout = 600_000 + numRuns * 4_000

describe('a whole orchestrator, for long', () => {
  test('in trouble keeps its invariants at every revision, and recovers', { timeout }, async () => {
    await fc.assert(fc.asyncProperty(troubledScript(80), runScript), { numRuns })
  })

  test('never takes availability below the floor by what is planned', { timeout }, async () => {
    await fc.assert(fc.asyncProperty(plannedScript(60), runPlanned), { numRuns })
  })
})
