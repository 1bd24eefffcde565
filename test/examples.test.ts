import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { exampleRuns, runExample, verdict } from './examples/example-run.js'

const root = resolve(import.meta.dirname, '..')
const runs = exampleRuns(resolve(root, 'examples'))
const all = process.env['KEELSON_EXAMPLES'] === 'all'

test('there are examples to run', () => {
  expect(runs).not.toEqual([])
})

for (const run of runs.filter(({ quick }) => all || quick)) {
  test(`${[run.example, ...run.args].join(' ')}`, { timeout: run.timeoutMs + 10_000 }, async () => {
    expect(verdict(await runExample(root, run))).toBe('ok')
  })
}
