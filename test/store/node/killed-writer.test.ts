import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSeededRandom } from '../../../src/core/index.js'
import { openStore } from '../../../src/store/node/index.js'
import { kindOf } from '../../fixtures/kinds.js'
import { bundleProgram, runProgram } from './program-run.js'

interface Line {
  readonly opened?: number
  readonly names?: readonly string[]
  readonly n?: number
  readonly revision?: number
}

/** `npm run test:crash` kills it 200 times. */
const KILLS = Number(process.env['KEELSON_KILLS'] ?? 4)
const Counter = kindOf<{ n: number }>('Counter')
let folder: string
let program: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keelson-writer-'))
  program = await bundleProgram('writing-program', folder)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test(`a writer killed ${KILLS} times loses nothing that was acknowledged, and leaves nothing in part`, async () => {
  const dir = join(folder, 'data')
  const random = createSeededRandom('killed writer')
  const acknowledged = new Map<string, number>()
  let newest = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const run = runProgram<Line>(program, [dir])
    await run.until(({ opened }) => opened !== undefined)
    const lines = Math.floor(random.next() * 400)
    if (kill % 4 !== 0) await run.until(() => run.lines.length > lines)
    await run.kill()
    for (const { names = [], n = 0, revision = 0 } of run.lines) {
      for (const name of names) acknowledged.set(name, n)
      newest = Math.max(newest, revision)
    }

    const store = await openStore({ kinds: [Counter], dir, logCapacity: 200 })
    expect(store.revision).toBeGreaterThanOrEqual(newest)
    const found = new Map(store.list(Counter).items.map(({ metadata, spec }) => [metadata.name, spec.n]))
    for (const [name, n] of acknowledged) {
      // Each writer has one transaction under way that nobody was told of.
      expect([n, n + 1]).toContain(found.get(name))
      if (name.startsWith('left')) expect(found.get(name)).toBe(found.get(name.replace('left', 'right')))
    }
    for (const [name, n] of found) acknowledged.set(name, n)
    newest = store.revision
    await store.close()
  }
  expect(newest).toBeGreaterThan(KILLS * 10)
})
