import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { CheckOptions, CheckReport, CheckWorkers, MakeParts } from '../../../src/testing/index.js'
import { check } from '../../../src/testing/index.js'
import { bundled } from '../fixtures/bundled.js'

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
const EXECUTIONS = 10
/** From so many on, threads are worth their start. */
const SHARED = 2_000
const UNDISTURBED = 3
/** A failure takes long to shrink. */
const SHRINKING_MS_MAX = 180_000
const EXECUTION_MS_MAX = 300

const declared = new Map<string, OwnCase>()

/** Declares one test for each case. */
export function runUnderCheck(cases: readonly OwnCase[]): void {
  const asked = Number(process.env['KEELSON_SIMULATE_EXECUTIONS'] ?? EXECUTIONS)
  for (const own of cases) {
    const { name, share = 1 } = own
    declared.set(name, own)
    test(name, { timeout: asked * EXECUTION_MS_MAX + SHRINKING_MS_MAX }, async () => {
      const executions = Math.ceil(asked * share)
      const report = await run(name, executions)
      if (process.env['KEELSON_REPLAY'] === undefined)
        expect(report.executions).toBe(executions + UNDISTURBED)
    })
  }
}

async function run(name: string, executions: number): Promise<CheckReport> {
  const { testPath } = expect.getState()
  if (executions < SHARED || testPath === undefined) return checkOwn(name, executions)
  // In a thread there is no test runner: what the file declares is called by its name.
  const files = [testPath, fileURLToPath(import.meta.url)]
  const bundle = await bundled(files, { vitest: join(import.meta.dirname, 'no-runner.ts') })
  const workers = { module: bundle.url, exportName: 'checkOwn', args: [name, executions] }
  try {
    return await checkOwn(name, executions, workers)
  } finally {
    await bundle.remove()
  }
}

/** Called by the tests, and by the threads that they start. */
export function checkOwn(name: string, executions: number, workers?: CheckWorkers): Promise<CheckReport> {
  const own = declared.get(name)
  if (own === undefined) throw new Error(`no case is called ${name}`)
  return check(own.make, { ...own.options, executions, ...(workers === undefined ? {} : { workers }) })
}
