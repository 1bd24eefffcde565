import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStore } from '../../../src/store/node/index.js'
import { kindOf } from '../../fixtures/kinds.js'
import { bundleProgram } from './program-run.js'

const folder = mkdtempSync(join(tmpdir(), 'keelson-process-'))
const dir = join(folder, 'data')
let program: string

beforeAll(async () => {
  program = await bundleProgram('keelson-store', folder, resolve('src/store/program'))
  const Widget = kindOf<{ text: string }>('Widget')
  const store = await openStore({ kinds: [Widget], dir })
  const text = 'x'.repeat(10_000)
  for (let index = 0; index < 50; index++)
    void store.create(Widget, { metadata: { namespace: 'n', name: `w${index}` }, spec: { text } })
  await store.close()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('who has read enough ends the program, and hears no complaint', async () => {
  const command = `${process.execPath} ${program} dump ${dir} | head -c 100; echo "\n\${PIPESTATUS[0]}"`
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', command])
  expect([stdout.split('\n').at(-2), stderr]).toEqual(['0', ''])
})

test('an interrupt ends long work at once, and what follows a store with 0', async () => {
  const target = join(folder, 'restored')
  // A pipe that nothing is ever written to: the restore waits for its first line.
  const fifo = join(folder, 'fifo')
  await promisify(execFile)('mkfifo', [fifo])
  const writer = spawn('bash', ['-c', `exec 3>${fifo}; echo open; sleep 60`])
  const restoring = spawn(process.execPath, [program, 'restore', target, fifo])
  await once(writer.stdout, 'data')
  restoring.kill('SIGINT')
  expect(await once(restoring, 'exit')).toEqual([null, 'SIGINT'])
  writer.kill()

  const following = spawn(process.execPath, [program, 'tail', dir, '--follow'])
  await once(following.stdout, 'data')
  following.kill('SIGINT')
  expect(await once(following, 'exit')).toEqual([0, null])
})
