import { expect, test } from 'vitest'
import type { CheckOptions, MakeParts } from '../../../src/testing/index.js'
import { check } from '../../../src/testing/index.js'

/** A controller of this package, with its neighbours, and what it promises. */
export interface OwnCase {
  /** What is run, and what is special about the world. */
  readonly name: string
  readonly make: MakeParts
  readonly options: Omit<CheckOptions, 'executions'>
  /** A share of the usual number, for a world that takes long. Default 1. */
  readonly share?: number
}

/** Few enough for every run of the tests; `npm run test:simulate` asks for more. */
const EXECUTIONS = 40
const UNDISTURBED = 3
/** A failure takes long to shrink. */
const SHRINKING_MS_MAX = 180_000
const EXECUTION_MS_MAX = 300

/** Declares one test for each case. */
export function runUnderCheck(cases: readonly OwnCase[]): void {
  const asked = Number(process.env['KEELSON_SIMULATE_EXECUTIONS'] ?? EXECUTIONS)
  for (const { name, make, options, share = 1 } of cases) {
    test(name, { timeout: asked * EXECUTION_MS_MAX + SHRINKING_MS_MAX }, async () => {
      const executions = Math.ceil(asked * share)
      const report = await check(make, { ...options, executions })
      if (process.env['KEELSON_REPLAY'] === undefined)
        expect(report.executions).toBe(executions + UNDISTURBED)
    })
  }
}
