import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEnv, createSeededRandom, isKeelsonError, silentLogger } from '../../../src/core/index.js'
import { backupLines, restoreStoreOn } from '../../../src/store/node/backup.js'
import { segmentName } from '../../../src/store/node/directory.js'
import { FrameCipher } from '../../../src/store/node/frame-cipher.js'
import type { OpenStoreOptions } from '../../../src/store/node/index.js'
import { openStore } from '../../../src/store/node/index.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import { readStore } from '../../../src/store/node/read-only-store.js'
import { createVirtualEnv } from '../../../src/testing/index.js'
import { kindOf } from '../../fixtures/kinds.js'
import type { FaultyDisk } from './faulty-disk.js'
import { diskOf } from './faulty-disk.js'
import { bundleProgram, runProgram } from './program-run.js'

const Widget = kindOf('Widget')
const kinds = [Widget]
const env = createEnv({ logger: silentLogger })
const ref = { namespace: 'default', name: 'a' }
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelson-bad-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function written(options: Partial<OpenStoreOptions> = {}): Promise<FaultyDisk> {
  const disk = diskOf([])
  const store = await openStoreOn(disk, { kinds, segmentBytes: 4_096, ...options })
  for (let size = 0; size < 20; size++)
    await store.create(Widget, {
      metadata: { ...ref, name: `w${size}` },
      spec: { text: 'x'.repeat(600) },
    })
  await store.close()
  return disk
}

describe('what cannot be opened', () => {
  const cases: readonly [string, (disk: FaultyDisk) => void | Promise<void>, object][] = [
    ['no JSON in store.json', disk => disk.put('store.json', Buffer.from('{')), { code: 'Corrupt' }],
    [
      'no incarnation',
      disk => disk.put('store.json', Buffer.from('{"format":"keelson-store","version":1}')),
      { code: 'Corrupt', message: expect.stringContaining('store.json') },
    ],
    [
      'a newer format',
      disk => disk.put('store.json', Buffer.from('{"format":"keelson-store","version":3,"incarnation":"x"}')),
      {
        code: 'Unsupported',
        message: expect.stringMatching(/format 3.*formats up to 2.*use the version of keelson/),
      },
    ],
    [
      'something else of that name',
      disk => disk.put('store.json', Buffer.from('{"shop":"open"}')),
      { code: 'Unsupported' },
    ],
    [
      'the identity of another store',
      disk =>
        disk.put('store.json', Buffer.from('{"format":"keelson-store","version":1,"incarnation":"other"}')),
      { code: 'Corrupt', message: expect.stringContaining('not of other') },
    ],
    ['no store.json beside a log', disk => disk.take('store.json'), { code: 'Corrupt' }],
    [
      'a file of the log that is missing',
      disk => disk.take(disk.logs()[1]?.[0] ?? ''),
      {
        code: 'Corrupt',
        message: expect.stringMatching(/it begins with entry \d+, and \d+ is the next one/),
      },
    ],
    [
      'the first file missing',
      disk => disk.take(segmentName(1)),
      { code: 'Corrupt', message: expect.stringContaining('1 is the next one') },
    ],
    [
      'no log beside a checkpoint',
      async disk => {
        const store = await openStoreOn(disk, { kinds, env })
        await store.checkpoint()
        await store.close()
        for (const [name] of disk.logs()) disk.take(name)
      },
      { code: 'Corrupt', message: expect.stringMatching(/it has no log, and a checkpoint knows entry \d+/) },
    ],
    [
      'what a restore has left that was cut short',
      disk => {
        for (const name of disk.files().keys()) disk.take(name)
        disk.put('checkpoint-0000000000000000-0000000000000007.draft', Buffer.alloc(100))
      },
      { code: 'Corrupt', message: expect.stringMatching(/cut short; then empty the directory/) },
    ],
    [
      'an earlier file that is cut',
      disk => {
        const [name, bytes] = disk.logs()[0] ?? ['', Buffer.alloc(0)]
        disk.put(name, bytes.subarray(0, bytes.length - 20))
      },
      { code: 'Corrupt', details: { path: expect.stringContaining('log-'), offset: expect.any(Number) } },
    ],
  ]

  test.each(cases)('%s', async (_name, damage, expected) => {
    const disk = await written()
    await damage(disk)
    const before = disk.files()
    await expect(openStoreOn(disk, { kinds, env })).rejects.toMatchObject(expected)
    expect(disk.files(), 'nothing is changed').toEqual(before)
    await expect(openStoreOn(disk, { kinds, env }), 'and it is not locked').rejects.toMatchObject(expected)
  })

  test('files of something else', async () => {
    const dir = join(folder, 'foreign')
    mkdirSync(dir)
    writeFileSync(join(dir, 'letter.txt'), 'dear')
    await expect(openStore({ kinds, dir })).rejects.toMatchObject({
      code: 'Unsupported',
      message: expect.stringMatching(
        /files that are not of a store \(letter.txt\).*choose an empty directory/,
      ),
    })
    expect(readdirSync(dir)).toEqual(['letter.txt'])
  })

  test('a path that is a file', async () => {
    const dir = join(folder, 'file')
    writeFileSync(dir, '')
    await expect(openStore({ kinds, dir })).rejects.toMatchObject({
      code: 'StorageFailed',
      details: { path: dir, errno: expect.stringMatching(/^(EEXIST|ENOTDIR)$/) },
      // No store was open, so that nothing can be in doubt.
      message: expect.stringMatching(/^making .* failed: .*\. Choose a .*, then try again$/),
    })
  })

  test('a path that is too long for a socket', async () => {
    const dir = join(folder, 'x'.repeat(120))
    await expect(openStore({ kinds, dir })).rejects.toMatchObject({
      code: 'StorageFailed',
      message: expect.stringContaining('the path is longer than'),
    })
  })

  test('a kind that is not given', async () => {
    const disk = await written()
    await expect(openStoreOn(disk, { kinds: [kindOf('Gadget')] })).rejects.toMatchObject({
      code: 'Usage',
      message: expect.stringMatching(/kind example\/v1\/Widget, which kinds does not list; add the kind/),
    })
  })

  test('a clock that is far behind', async () => {
    const world = createVirtualEnv({ startMs: 10 * 86_400_000 })
    const disk = await written({ env: world })
    const behind = createVirtualEnv({ startMs: 8 * 86_400_000 })
    await expect(openStoreOn(disk, { kinds, env: behind })).rejects.toMatchObject({
      code: 'OutOfRange',
      message: expect.stringMatching(
        /the clock says 1970-01-09.*newest write.*1970-01-11.*set the clock right/,
      ),
    })
    const little = createVirtualEnv({ startMs: 9.5 * 86_400_000 })
    await (await openStoreOn(disk, { kinds, env: little })).close()

    // The clock is right, and was wrong when that was written.
    const moved = diskOf([])
    const { parts } = await readStore(disk, new FrameCipher([], ''))
    await restoreStoreOn(moved, { lines: backupLines(parts), env: behind })
    const store = await openStoreOn(moved, { kinds, env: behind })
    expect([store.revision, store.count(Widget)]).toEqual([20, 20])
    await store.close()
  })

  test.each([
    [{ dir: '' }, /needs dir/],
    [{ dir: 'x', fsync: 'sometimes' }, /fsync must be always, interval or never, not sometimes/],
    [{ dir: 'x', fsyncIntervalMs: 0 }, /fsyncIntervalMs/],
    [{ dir: 'x', segmentBytes: 100 }, /segmentBytes must be at least 4096, not 100/],
    [{ dir: 'x', checkpointBytes: -1 }, /checkpointBytes/],
    [{ dir: 'x', fsyc: 'always' }, /did you mean fsync\?/],
  ])('options %j', async (options, message) => {
    await expect(openStore({ kinds, ...options } as OpenStoreOptions)).rejects.toMatchObject({
      code: 'Usage',
      message: expect.stringMatching(message),
    })
  })
})

describe('a second store', () => {
  test('of the same process is refused, until the first is closed', async () => {
    const dir = join(folder, 'twice')
    const first = await openStore({ kinds, dir })
    await expect(openStore({ kinds, dir })).rejects.toMatchObject({ code: 'Locked', details: { path: dir } })
    await first.close()
    await (await openStore({ kinds, dir })).close()
    expect(readdirSync(dir).filter(name => name.startsWith('lock'))).toEqual([])
  })

  test('opened at the same time by many: one has it', async () => {
    const dir = join(folder, 'race')
    const opened = await Promise.allSettled(Array.from({ length: 8 }, () => openStore({ kinds, dir })))
    const [store, ...others] = opened.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
    expect(others).toEqual([])
    for (const one of opened)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'Locked' })
    await store?.close()
  })

  test('of another process is refused while that lives, however it ends', async () => {
    const dir = join(folder, 'other')
    const program = await bundleProgram('writing-program', folder)
    const run = runProgram<{ names?: readonly string[] }>(program, [dir])
    await run.until(line => line.names !== undefined)
    await expect(openStore({ kinds, dir })).rejects.toMatchObject({ code: 'Locked' })
    await run.kill()
    // The directory holds other kinds, which is what is told now.
    await expect(openStore({ kinds, dir })).rejects.toMatchObject({ code: 'Usage' })
  })
})

describe('a disk that refuses', () => {
  test.each([
    ['sync', 'EIO', /the disk and its cables/],
    ['write', 'ENOSPC', /free some space/i],
    ['write', 'EDQUOT', /quota/],
    ['write', 'EROFS', /for writing/],
  ] as const)('%s %s ends the store, and nothing acknowledged is lost', async (operation, errno, remedy) => {
    const disk = diskOf([])
    const logged: unknown[] = []
    const loud = createEnv({
      logger: { ...silentLogger, error: (fields: unknown) => void logged.push(fields) },
    })
    const store = await openStoreOn(disk, { kinds, env: loud })
    await store.create(Widget, { metadata: ref, spec: {} })
    const ended = new Promise(resolve => store.watch(Widget).on(() => {}, resolve))
    disk.failure = { operation, errno }
    const failure = { code: 'StorageFailed', details: { errno }, message: expect.stringMatching(remedy) }
    await expect(store.create(Widget, { metadata: { ...ref, name: 'b' }, spec: {} })).rejects.toMatchObject(
      failure,
    )
    expect(await ended).toMatchObject(failure)
    expect(() => store.get(Widget, ref)).toThrow(/planned by the test.*the store has stopped/)
    await expect(store.create(Widget, { metadata: ref, spec: {} })).rejects.toMatchObject(failure)
    await expect(store.durable()).rejects.toMatchObject(failure)
    expect(logged).toHaveLength(1)
    await store.close()

    const again = await openStoreOn(disk.afterKill(), { kinds })
    expect(again.get(Widget, ref)).toBeDefined()
    expect(again.revision).toBeLessThanOrEqual(2)
    await again.close()
  })

  test('what a failed sync has dropped is written again by the next store, and then safe', async () => {
    const disk = diskOf([])
    const store = await openStoreOn(disk, { kinds, env })
    await store.create(Widget, { metadata: ref, spec: {} })
    disk.failure = { operation: 'sync', errno: 'EIO' }
    await expect(store.create(Widget, { metadata: { ...ref, name: 'b' }, spec: {} })).rejects.toMatchObject({
      code: 'StorageFailed',
    })
    await store.close()

    // The system shows the write, although it will never bring it to the disk.
    const next = disk.afterKill()
    const again = await openStoreOn(next, { kinds })
    expect(again.get(Widget, { ...ref, name: 'b' })).toBeDefined()
    await again.create(Widget, { metadata: { ...ref, name: 'c' }, spec: {} })
    const last = await openStoreOn(next.afterPowerCut(createSeededRandom('cut')), { kinds })
    expect(last.list(Widget).items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c'])
    await last.close()
  })

  test('a checkpoint is told so; the store continues, and nothing of it takes room', async () => {
    for (const operation of ['write', 'sync', 'rename'] as const) {
      const disk = await written()
      const store = await openStoreOn(disk, { kinds, env })
      disk.failure = { operation, errno: 'ENOSPC' }
      await expect(store.checkpoint()).rejects.toMatchObject({
        code: 'StorageFailed',
        message: expect.stringMatching(/checkpoint-.* failed: .*\. Free some space, then try again$/),
      })
      expect([...disk.files().keys()].filter(name => name.startsWith('checkpoint'))).toEqual([])
      await store.create(Widget, { metadata: ref, spec: {} })
      await store.checkpoint()
      await store.close()
      const again = await openStoreOn(disk, { kinds, env })
      expect(again.revision).toBe(21)
      await again.close()
    }
  })

  test('a restore leaves the directory empty, so that it can be done again', async () => {
    const source = await openStoreOn(await written(), { kinds, env })
    const lines: string[] = []
    for await (const line of source.admin.backup()) lines.push(line)
    for (const operation of ['write', 'sync'] as const) {
      const disk = diskOf([])
      disk.failure = { operation, errno: 'ENOSPC' }
      await expect(restoreStoreOn(disk, { lines })).rejects.toMatchObject({
        code: 'StorageFailed',
        message: expect.stringMatching(/Free some space, then try again$/),
      })
      expect([...disk.files().keys()]).toEqual([])
      expect(await restoreStoreOn(disk, { lines })).toMatchObject({ revision: 20, objects: 20 })
    }
    await source.close()
  })

  test('while it is opened leaves it unlocked', async () => {
    const disk = await written()
    disk.failure = { operation: 'read', errno: 'EIO' }
    await expect(openStoreOn(disk, { kinds })).rejects.toSatisfy(error =>
      isKeelsonError(error, 'StorageFailed'),
    )
    await (await openStoreOn(disk, { kinds })).close()
  })
})
