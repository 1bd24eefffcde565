import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { check } from '../../../src/testing/index.js'
import { galleryEntry } from '../gallery/gallery.js'

const root = resolve(import.meta.dirname, '../../..')
const { correct, kinds, objects } = galleryEntry('crash between two writes')

test('a check ends when its time is up, and says after how much', async () => {
  const report = await check(correct, { kinds, objects, executions: 1_000_000, timeMs: 200 })
  expect(report.executions).toBeLessThan(1_000_000)
  expect(report.bounds).toMatch(
    /^the time was up after \d+ executions, in [\d.]+ s, of: \d+ planned at rest; \d+ exe/,
  )
})

test('a check whose executions are given takes its time, and as many on every machine', async () => {
  const { executions, bounds } = await check(correct, { kinds, objects, executions: 10 })
  expect([executions, bounds.startsWith('5 planned at rest; 5 executions')]).toEqual([13, true])
})

test('progress is told, with what was looked at so far', async () => {
  const told: number[] = []
  const progress = ({ executions }: { executions: number }): void => void told.push(executions)
  await check(correct, { kinds, objects, executions: 1_000_000, timeMs: 2_500, progress })
  expect(told.length).toBeGreaterThan(0)
  expect(told).toEqual([...told].sort((a, b) => a - b))
})

test('a finding is shown under the time-out that vitest has by default', () => {
  mkdirSync(join(root, 'temp'), { recursive: true })
  const folder = mkdtempSync(join(root, 'temp/check-'))
  try {
    const source = (path: string): string => JSON.stringify(resolve(root, path))
    writeFileSync(
      join(folder, 'found.test.ts'),
      [
        `import { test } from 'vitest'`,
        `import { check } from ${source('src/testing/index.ts')}`,
        `import { galleryEntry } from ${source('test/testing/gallery/gallery.ts')}`,
        `const { buggy, kinds, objects } = galleryEntry('missing expectations')`,
        `test('it is found', () => check(buggy, { kinds, objects }))`,
      ].join('\n'),
    )
    writeFileSync(join(folder, 'vitest.config.mjs'), 'export default {}')
    const vitest = resolve(root, 'node_modules/vitest/vitest.mjs')
    const { stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', '--root', folder], {
      encoding: 'utf8',
      env: { ...process.env, CI: '1', NO_COLOR: '1' },
    })
    const text = `${stdout}${stderr}`
    expect(text).not.toMatch(/timed out/)
    expect(text).toMatch(/CheckFailedError: .* does not hold/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
