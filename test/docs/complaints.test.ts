import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readPage } from './pages.js'

const ROW = /^\| (?<complaint>.+) \| `(?<file>[\w/-]+\.test\.ts)` \| (?<name>.+) \|$/gm
const rows = [...(readPage('docs/workloads.md') ?? '').matchAll(ROW)].map(({ groups = {} }) => groups)

test('the guide of workloads has complaints', () => {
  expect(rows.length).toBeGreaterThan(20)
})

test.each(rows)('$complaint: $file has a test of that name', ({ file = '', name = '' }) => {
  const path = join(import.meta.dirname, '..', file)
  expect(existsSync(path)).toBe(true)
  expect(readFileSync(path, 'utf8')).toContain(name)
})
