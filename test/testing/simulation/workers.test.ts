import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CheckReport, CheckWorkers } from '../../../src/testing/index.js'
import { CheckFailedError } from '../../../src/testing/index.js'
import type { BundledModule } from '../fixtures/bundled.js'
import { bundled } from '../fixtures/bundled.js'
import type { GalleryCheck } from '../fixtures/worker-checks.js'
import { checkEntry } from '../fixtures/worker-checks.js'

const ENTRY = 'crash between two writes'
const small: GalleryCheck = { entry: ENTRY, variant: 'correct', bounds: { executions: 12 } }

let bundle: BundledModule
let module: string
beforeAll(async () => {
  bundle = await bundled([join(import.meta.dirname, '../fixtures/worker-checks.ts')])
  module = bundle.url
})
afterAll(() => bundle.remove())

async function outcomeOf(run: Promise<CheckReport>): Promise<unknown> {
  try {
    const { elapsedMs: _elapsed, ...report } = await run
    return report
  } catch (error) {
    if (!(error instanceof CheckFailedError)) throw error
    return { message: error.message, replay: error.replay }
  }
}

function inThreads(subject: GalleryCheck, count: number): Promise<CheckReport> {
  return checkEntry(subject, { module, exportName: 'checkEntry', args: [subject], count })
}

describe('with worker threads, a check says what it says without', () => {
  test.each<[string, number, GalleryCheck]>([
    ['where nothing is wrong', 2, { ...small, bounds: { executions: 60, seed: 5 } }],
    ['with a single thread', 1, { ...small, bounds: { executions: 14 } }],
    ['with more threads than executions', 3, small],
    ['in a planned search', 2, { ...small, bounds: { mode: 'sieve', timeMs: Number.POSITIVE_INFINITY } }],
    ...['swallowed conflict', 'missed schedule'].map((entry): [string, number, GalleryCheck] => [
      `of a ${entry}`,
      2,
      { entry, variant: 'buggy', bounds: { executions: 300 } },
    ]),
  ])('%s', async (_where, count, subject) => {
    expect(await outcomeOf(inThreads(subject, count))).toEqual(await outcomeOf(checkEntry(subject)))
  })
})

describe('workers are refused', () => {
  test.each<[string, Partial<CheckWorkers>, RegExp]>([
    ['that come to another check', { exportName: 'checkAnother' }, /has come to is another one/],
    ['that come to none', { exportName: 'checkNothing' }, /checkNothing has made no check/],
    ['that end', { exportName: 'leave' }, /it ended with 3/],
    ['of a function that is missing', { exportName: 'absent' }, /it exports no function absent/],
    ['of a module that is missing', { module: 'file:///absent.mjs' }, /Cannot find module '\/absent\.mjs'/],
    ['of a module by its path', { module: './worker-checks.ts' }, /workers\.module: must be a URL/],
    ['without a name', { exportName: '' }, /workers\.exportName: must be the name of an export/],
    ['of which there are none', { count: 0 }, /workers\.count: must be a whole number of at least 1/],
  ])('%s', async (_which, more, message) => {
    const workers = { module, exportName: 'checkEntry', args: [small], count: 1, ...more }
    await expect(checkEntry(small, workers)).rejects.toThrow(message)
  })

  test('where each execution follows from those before', async () => {
    const guided: GalleryCheck = { ...small, bounds: { mode: 'guided', executions: 30 } }
    await expect(inThreads(guided, 1)).rejects.toThrow(/mode: must be one of random, sieve with workers/)
  })
})
