import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { CheckFailedError, check } from '../../../src/testing/index.js'
import { bundled } from '../fixtures/bundled.js'
import { careful, hasty, objects, Page, Site } from '../fixtures/sites.js'
import { parseMermaid } from './report/mermaid-parser.js'

const root = resolve(import.meta.dirname, '../../..')
const options = { kinds: [Site, Page], objects, executions: 100 }

// Under the checkout, where packages and the path mapping resolve as they do for tests.
mkdirSync(join(root, 'temp'), { recursive: true })
const directory = mkdtempSync(join(root, 'temp/frameworks-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

async function failure(): Promise<CheckFailedError> {
  const error: unknown = await check(hasty, options).catch((thrown: unknown) => thrown)
  if (error instanceof CheckFailedError) return error
  throw new Error('the check found nothing', { cause: error })
}

const fixture = JSON.stringify(join(root, 'test/testing/fixtures/sites.ts'))

const both = `
  import { test } from 'node:test'
  import { check } from 'keelson/testing'
  import { careful, hasty, objects, Page, Site } from ${fixture}

  const options = { kinds: [Site, Page], objects, executions: 100 }
  test('careful', () => check(careful, options))
  test('hasty', () => check(hasty, options))`

/** The regression test, as a file of its own in which `make` is this one of the sites. */
const pasted = (regressionTest: string, make: string): string =>
  regressionTest
    .replace("'vitest' // or 'node:test'", "'node:test'")
    .replace("{ make, Site, Page } from '…'", `{ ${make} as make, Site, Page } from ${fixture}`)

let failed: CheckFailedError
/** What `node:test` says of: the checks of both; the regression test, with the bug and without it. */
let stdout: string

beforeAll(async () => {
  failed = await failure()
  const { regressionTest } = failed
  const texts = [both, pasted(regressionTest, 'hasty'), pasted(regressionTest, 'careful')]
  const files = texts.map((_, at) => join(directory, `${at}.ts`))
  for (const [at, file] of files.entries()) writeFileSync(file, texts[at] ?? '')
  const bundle = await bundled(files, { 'keelson/testing': join(root, 'src/testing/index.ts') })
  try {
    const program = [fileURLToPath(bundle.url)]
    stdout = spawnSync(process.execPath, ['--test-reporter=tap', ...program], { encoding: 'utf8' }).stdout
  } finally {
    await bundle.remove()
  }
})

describe('a check', () => {
  test('says under node:test what it says here', () => {
    expect(stdout).toMatch(/^ok 1 - careful$/m)
    expect(stdout).toMatch(/^not ok 2 - hasty$/m)
    for (const line of failed.message.split('\n')) expect(stdout).toContain(line.trim())
  })

  test('finds beside others what it finds alone', async () => {
    const [first, sound, second] = await Promise.all([failure(), check(careful, options), failure()])
    expect([first.message, second.message]).toEqual([failed.message, failed.message])
    expect(sound.executions).toBe(103)
  })
})

describe('the regression test of a failure', () => {
  test('fails while the bug is there, and passes without it', () => {
    const { invariant, regressionTest, message } = failed
    for (const line of regressionTest.split('\n')) expect(message).toContain(line)
    expect(stdout).toContain(`\nnot ok 3 - ${invariant}\n`)
    expect(stdout).toContain(`\nok 4 - ${invariant}\n`)
  })
})

describe('a report', () => {
  afterEach(() => vi.unstubAllEnvs())

  test('is written where the environment says', async () => {
    const folder = join(directory, 'reports')
    vi.stubEnv('KEELSON_REPORT', folder)
    const { invariant, message, simulation, regressionTest } = await failure()
    await failure()
    const [name = '', ...others] = readdirSync(folder)
    expect(others).toEqual([])
    expect(name).toMatch(new RegExp(`^${invariant}-[a-z0-9-]+\\.md$`))
    const fences = [...readFileSync(join(folder, name), 'utf8').matchAll(/^```(\w+)\n(.*?)\n```$/gms)]
    expect(fences.map(([, language, text]) => [language, text])).toEqual([
      ['text', message],
      ['text', simulation.wholeTimeline],
      ['mermaid', simulation.mermaid],
      ['ts', regressionTest],
    ])
    expect(parseMermaid(simulation.mermaid).length).toBeGreaterThan(5)
  })
})
