import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { CheckFailedError, check } from '../../../src/testing/index.js'
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

/** Runs a test file as `node:test` does. */
function underNodeTest(name: string, text: string, env: Record<string, string> = {}): string {
  const file = join(directory, name)
  writeFileSync(file, text)
  const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', '--test-reporter=tap', file], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  return stdout
}

const fixture = JSON.stringify(join(root, 'test/testing/fixtures/sites.ts'))

describe('a check', () => {
  test('says under node:test what it says here', async () => {
    const { message } = await failure()
    const stdout = underNodeTest(
      'both.ts',
      `import { test } from 'node:test'
       import { check } from 'keelson/testing'
       import { careful, hasty, objects, Page, Site } from ${fixture}

       const options = { kinds: [Site, Page], objects, executions: 100 }
       test('careful', () => check(careful, options))
       test('hasty', () => check(hasty, options))`,
    )
    expect(stdout).toMatch(/^ok 1 - careful$/m)
    expect(stdout).toMatch(/^not ok 2 - hasty$/m)
    for (const line of message.split('\n')) expect(stdout).toContain(line.trim())
  })

  test('finds beside others what it finds alone', async () => {
    const alone = await failure()
    const [first, sound, second] = await Promise.all([failure(), check(careful, options), failure()])
    expect([first.message, second.message]).toEqual([alone.message, alone.message])
    expect(sound.executions).toBe(103)
  })
})

describe('the regression test of a failure', () => {
  test('fails while the bug is there, and passes without it', async () => {
    const { invariant, regressionTest, message } = await failure()
    for (const line of regressionTest.split('\n')) expect(message).toContain(line)
    const pasted = (make: string): string =>
      regressionTest
        .replace("'vitest' // or 'node:test'", "'node:test'")
        .replace("{ make, Site, Page } from '…'", `{ ${make} as make, Site, Page } from ${fixture}`)
    expect(underNodeTest('hasty.ts', pasted('hasty'))).toContain(`\nnot ok 1 - ${invariant}\n`)
    expect(underNodeTest('careful.ts', pasted('careful'))).toContain(`\nok 1 - ${invariant}\n`)
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
