import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { createStore } from '../../src/store/index.js'
import { describeStore } from '../../src/testing/index.js'
import { bundled } from './fixtures/bundled.js'

const root = resolve(import.meta.dirname, '../..')

test('the laws of a store run under node:test as they do here', () => {
  const file = resolve(import.meta.dirname, 'fixtures/store-under-node-test.ts')
  const { stdout, status } = spawnSync(process.execPath, ['--import', 'tsx', file], { encoding: 'utf8' })
  let laws = 0
  describeStore(createStore, { describe: (_name, body) => body(), test: () => void laws++ })
  expect(stdout).toMatch(new RegExp(`^# pass ${laws}$`, 'm'))
  expect(stdout).toMatch(/^# fail 0$/m)
  expect(status).toBe(0)
})

test('a finding is shown under the time-out that vitest has by default', async () => {
  mkdirSync(join(root, 'temp'), { recursive: true })
  const folder = mkdtempSync(join(root, 'temp/check-'))
  const bundle = await bundled(
    ['src/testing/index.ts', 'test/testing/gallery/gallery.ts'].map(path => join(root, path)),
  )
  try {
    writeFileSync(
      join(folder, 'found.test.ts'),
      [
        `import { test } from 'vitest'`,
        `const { check, galleryEntry } = await import(${JSON.stringify(bundle.url)})`,
        `const { buggy, kinds, objects } = galleryEntry('crash between two writes')`,
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
    await bundle.remove()
  }
})
