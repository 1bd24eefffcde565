import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, test } from 'vitest'
import { systemEnv } from '../../src/core/index.js'
import { openStore } from '../../src/store/node/index.js'
import { describeStore } from '../../src/testing/index.js'

const folder = mkdtempSync(join(tmpdir(), 'keelson-laws-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let made = 0
// A disk waits in real time, so the laws do as well.
describeStore(options => openStore({ ...options, dir: join(folder, String(made++)) }), {
  describe,
  test,
  name: 'a store in a directory',
  passTime: ms => systemEnv.clock.sleep(ms),
})
