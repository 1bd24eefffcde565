import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSeededRandom } from '../../../src/core/index.js'
import type { ProgramRun } from './program-run.js'
import { bundleProgram, runProgram } from './program-run.js'

interface Line {
  readonly opened?: number
  readonly uid?: string
  readonly told?: number
  readonly changes?: readonly (readonly [type: string, kind: string, name: string, uid: string])[]
  readonly acknowledged?: number
  readonly ended?: string
}

const KILLS = 20
let folder: string
let program: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keelson-killed-'))
  program = await bundleProgram('killed-program', folder)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test(`an orchestrator killed ${KILLS} times goes on where it was`, async () => {
  const dir = join(folder, 'data')
  const random = createSeededRandom('killed')
  const told: Line[] = []
  let acknowledged = 0
  let uid: string | undefined
  for (let kill = 0; kill < KILLS; kill++) {
    const since = told.at(-1)?.told ?? 0
    const run: ProgramRun<Line> = runProgram(program, [dir, String(since)])
    const { opened = 0, uid: found } = await run.until(line => line.opened !== undefined)
    expect(opened, 'every acknowledged write is there').toBeGreaterThanOrEqual(acknowledged)
    expect(opened, 'and every durable revision').toBeGreaterThanOrEqual(since)
    if (uid !== undefined) expect(found, 'the Deployment is the same').toBe(uid)
    // At the earliest while the loops start, at the latest after some dozens of writes.
    const writes = Math.floor(random.next() * 5)
    for (let write = 0, after = opened; write < writes; write++)
      after = (await run.until(line => (line.acknowledged ?? 0) > after)).acknowledged ?? 0
    await run.kill()
    expect(run.lines.find(line => line.ended !== undefined)).toBeUndefined()
    told.push(...run.lines.filter(line => line.told !== undefined))
    acknowledged = Math.max(acknowledged, ...run.lines.map(line => line.acknowledged ?? 0))
    uid ??= told.flatMap(({ changes = [] }) => changes).find(([, kind]) => kind === 'Deployment')?.[3]
  }
  const revisions = told.map(line => line.told)
  expect(revisions, 'each revision once, in order, over all lives').toEqual(
    revisions.map((_, index) => index + 1),
  )
  expect(acknowledged).toBeGreaterThan(KILLS)

  const alive = new Map<string, string>()
  const madeOnce = new Set<string>()
  for (const [type, kind, name, id] of told.flatMap(({ changes = [] }) => changes)) {
    const key = `${kind} ${name}`
    if (type === 'ADDED') {
      expect(alive.has(key), `${key} is not there twice`).toBe(false)
      expect(madeOnce.has(id), 'a uid is made once').toBe(false)
      madeOnce.add(id)
    } else expect(alive.get(key), `${key} is the one that was made`).toBe(id)
    if (type === 'DELETED') alive.delete(key)
    else alive.set(key, id)
  }
  expect([...alive.keys()].filter(key => key.startsWith('Deployment'))).toEqual(['Deployment web'])
})
