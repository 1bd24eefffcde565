import { execFileSync } from 'node:child_process'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEnv, isKeelsonError, silentLogger } from '../../../src/core/index.js'
import { openStore } from '../../../src/store/node/index.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import { runStoreProgram } from '../../../src/store/program/store-program.js'
import { kindOf } from '../../fixtures/kinds.js'
import type { Operation } from './faulty-disk.js'
import { diskOf } from './faulty-disk.js'

const Widget = kindOf<{ text: string }>('Widget')
const kinds = [Widget]
const env = createEnv({ logger: silentLogger })
const input = (name: string) => ({
  metadata: { namespace: 'default', name },
  spec: { text: 'x'.repeat(3_000) },
})

/** Creates until something is refused; says what was acknowledged, and why it ended. */
async function createUntilRefused(store: Awaited<ReturnType<typeof openStore>>, atMost: number) {
  const acknowledged: string[] = []
  for (let index = 0; index < atMost; index++) {
    const name = `w${index}`
    try {
      await store.create(Widget, input(name))
      acknowledged.push(name)
    } catch (error) {
      return { acknowledged, error }
    }
  }
  return { acknowledged, error: undefined }
}

describe('a disk that refuses any one operation', () => {
  const operations: readonly Operation[] = [
    'write',
    'sync',
    'truncate',
    'open',
    'rename',
    'remove',
    'syncDirectory',
  ]
  test.each(operations.flatMap(operation => [3, 20, 60].map(at => [operation, at] as const)))(
    '%s, after %i operations: an error or none, and nothing acknowledged is lost',
    async (operation, at) => {
      const disk = diskOf([])
      const options = { kinds, env, segmentBytes: 8_192, checkpointBytes: 9_000, logCapacity: 4 }
      disk.failAfter(at, { operation, errno: 'ENOSPC' })
      let found: Awaited<ReturnType<typeof createUntilRefused>> = { acknowledged: [], error: undefined }
      try {
        const store = await openStoreOn(disk, options)
        found = await createUntilRefused(store, 25)
        // A checkpoint that cannot be written is told in the log; the log of commits is kept.
        await store.close()
      } catch (error) {
        found = { ...found, error }
      }
      const { acknowledged, error } = found
      if (error !== undefined)
        expect(error).toMatchObject({
          code: 'StorageFailed',
          details: { errno: 'ENOSPC', operation },
          message: expect.stringMatching(/Free some space, then (open the directory|try) again/),
        })
      const again = await openStoreOn(disk.afterKill(), options)
      const names = again.list(Widget).items.map(({ metadata }) => metadata.name)
      expect(names).toEqual(expect.arrayContaining(acknowledged))
      expect(names.length).toBeLessThanOrEqual(acknowledged.length + 1)
      await again.close()
    },
  )
})

/** Mounting needs a right that not every machine gives. */
function mounted(path: string, options: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'keelson-test', path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const folder = mkdtempSync(join(tmpdir(), 'keelson-full-'))
const canMount = ((): boolean => {
  const probe = join(folder, 'probe')
  mkdirSync(probe)
  if (!mounted(probe, 'size=64k')) return false
  execFileSync('umount', [probe])
  return true
})()

describe.runIf(canMount)('a file system of its own', () => {
  const path = join(folder, 'small')
  const dir = join(path, 'data')
  beforeAll(() => {
    mkdirSync(path)
    mounted(path, 'size=256k')
  })
  afterAll(() => execFileSync('umount', ['-l', path]))

  test('that is full ends the store; with some space it has all that was acknowledged, and continues', async () => {
    const ballast = join(path, 'ballast')
    const fd = openSync(ballast, 'w')
    writeSync(fd, Buffer.alloc(100 << 10, 1))
    fsyncSync(fd)
    closeSync(fd)
    const options = { kinds, dir, env, segmentBytes: 8_192 }
    const store = await openStore(options)
    const { acknowledged, error } = await createUntilRefused(store, 200)
    expect(acknowledged.length).toBeGreaterThan(5)
    expect(error).toMatchObject({
      code: 'StorageFailed',
      details: { errno: 'ENOSPC', path: expect.stringContaining(dir) },
      message: expect.stringMatching(/no space left.*Free some space/),
    })
    await store.close()
    unlinkSync(ballast)
    const again = await openStore(options)
    expect(again.list(Widget).items.map(({ metadata }) => metadata.name)).toEqual(
      expect.arrayContaining(acknowledged),
    )
    await again.create(Widget, input('later'))
    expect(await again.admin.verifyDisk()).toEqual([])
    await again.close()
  })

  test('that is read-only is refused, and can still be looked at', async () => {
    execFileSync('mount', ['-o', 'remount,ro', path])
    await expect(openStore({ kinds, dir, env })).rejects.toMatchObject({
      code: 'StorageFailed',
      details: { errno: 'EROFS' },
      message: expect.stringMatching(/Mount the file system for writing/),
    })
    const lines: string[] = []
    const out = {
      line: (text: string) => void lines.push(text),
      note: (text: string) => void lines.push(text),
    }
    expect(await runStoreProgram(['dump', dir], out)).toBe(0)
    expect(lines.some(line => line.includes('"later"'))).toBe(true)
    execFileSync('mount', ['-o', 'remount,rw', path])
  })
})

test('a directory without the right to read it is refused with what to do', async () => {
  // Whoever runs as root may read everything: the system says so in their place.
  const disk = diskOf([])
  await (await openStoreOn(disk, { kinds })).close()
  disk.failure = { operation: 'read', errno: 'EACCES' }
  const opening = openStoreOn(disk, { kinds })
  await expect(opening).rejects.toSatisfy(error => isKeelsonError(error, 'StorageFailed'))
  await expect(opening).rejects.toThrow(/Give this user the right to read and write there/)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))
