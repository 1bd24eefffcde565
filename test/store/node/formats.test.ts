import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createSeededRandom } from '../../../src/core/index.js'
import { defineKind } from '../../../src/store/index.js'
import { encodeFrame, FRAME_HEADER_BYTES, FRAME_KINDS, readFrame } from '../../../src/store/node/frame.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import type { FaultyDisk } from './faulty-disk.js'
import { diskOf } from './faulty-disk.js'

const Job = defineKind<{ size: number; on: { zone: string } }>({
  apiVersion: 'example/v1',
  kind: 'Job',
  plural: 'jobs',
  namespaced: true,
})
const kinds = [Job]
const [a, b, d] = ['a', 'b', 'd'].map(name => ({ namespace: 'default', name })) as [Ref, Ref, Ref]

interface Ref {
  readonly namespace: string
  readonly name: string
}

const FORMAT_ONE = {
  format: 'keelson-store',
  version: 1,
  incarnation: '299ad6da-5044-4acc-a8dd-b28acd56d2df-2ojrphvflx',
}

/** Written by the program of format 1: three creates, a checkpoint, an update, a deletion and a create with a time to live. */
function formatOne(): FaultyDisk {
  const folder = fileURLToPath(new URL('format-1/', import.meta.url))
  const files = readdirSync(folder).map(name => [name, readFileSync(folder + name)] as const)
  return diskOf([...files, ['store.json', Buffer.from(JSON.stringify(FORMAT_ONE))]])
}

function versionOf(disk: FaultyDisk): unknown {
  return JSON.parse(String(disk.files().get('store.json')))
}

test.each([
  ['from its log', {}, 0],
  ['from its checkpoint', { logCapacity: 1 }, 5],
])('a directory of format 1 is opened, %s, and is one of format 2 then', async (_name, options, oldest) => {
  const disk = formatOne()
  const store = await openStoreOn(disk, { kinds, ...options })
  expect(store.revision).toBe(6)
  const items = store
    .list(Job)
    .items.map(({ metadata, spec }) => [metadata.name, metadata.resourceVersion, spec.size])
  expect(items).toEqual([
    ['a', '4', 10],
    ['c', '3', 2],
    ['d', '6', 4],
  ])
  expect(store.get(Job, a)?.metadata.generation).toBe(2)
  expect(store.lifetimes.of(Job, d)?.ttlMs).toBe(86_400_000)
  expect(() => store.watch(Job, { since: oldest }).close()).not.toThrow()
  await store.modify(Job, a, draft => void (draft.spec.size = 11))
  await store.checkpoint()
  await store.modify(Job, a, draft => void (draft.spec.on.zone = 'b'))
  await store.close()
  expect(versionOf(disk)).toMatchObject({ version: 2 })
  const again = await openStoreOn(disk, { kinds, ...options })
  expect(again.get(Job, a)?.spec).toEqual({ command: ['run', '--fast'], size: 11, on: { zone: 'b' } })
  expect(again.get(Job, b)).toBeUndefined()
  expect(await again.admin.verifyDisk()).toEqual([])
  await again.close()
})

/** `npm run test:crash` kills it at each operation. */
const STRIDE = process.env['KEELSON_DAMAGE_STRIDE'] === undefined ? 3 : 1

test('a directory of format 1 that is opened and written to has everything, wherever the process is killed or power is lost', async () => {
  const random = createSeededRandom('upgrade')
  const opened = new Set<string>()
  for (let diesAt = 1; ; diesAt += STRIDE) {
    const disk = formatOne()
    disk.diesAt = diesAt
    let acknowledged = 10
    const upgrade = async (): Promise<void> => {
      const store = await openStoreOn(disk, { kinds })
      await store.modify(Job, a, draft => void (draft.spec.size = acknowledged + 1))
      acknowledged++
      await store.checkpoint()
      await store.modify(Job, a, draft => void (draft.spec.size = acknowledged + 1))
      acknowledged++
      await store.close()
    }
    const isDead = async (): Promise<boolean> => {
      while (!disk.dead) await new Promise(resolve => setImmediate(resolve))
      return true
    }
    const isDone = !(await Promise.race([upgrade().then(() => false), isDead()]))
    for (const left of [disk.afterKill(), disk.afterPowerCut(random)]) {
      const again = await openStoreOn(left, { kinds })
      const size = again.get(Job, a)?.spec.size ?? 0
      expect([acknowledged, acknowledged + 1]).toContain(size)
      expect(again.list(Job).items.map(({ metadata }) => metadata.name)).toEqual(['a', 'c', 'd'])
      expect(again.history(Job, a).map(({ object }) => object?.spec.size)).toEqual(
        [0, 10, 11, 12].slice(0, 2 + size - 10),
      )
      expect(versionOf(left)).toMatchObject({ version: 2 })
      opened.add(`${size}`)
      await again.close()
    }
    if (isDone) break
  }
  expect([...opened]).toEqual(['10', '11', '12'])
})

test('an update writes what it has changed', async () => {
  const disk = diskOf([])
  const store = await openStoreOn(disk, { kinds })
  await store.create(Job, { metadata: a, spec: { size: 1, on: { zone: 'z'.repeat(1_000) } } })
  const before = writtenBytes(disk)
  await store.modify(Job, a, draft => void draft.spec.size++)
  expect(writtenBytes(disk) - before).toBeLessThan(300)
  await store.close()
})

test('an update of a state that is not there is told, and not applied to another one', async () => {
  const disk = diskOf([])
  const store = await openStoreOn(disk, { kinds })
  await store.create(Job, { metadata: a, spec: { size: 1, on: { zone: 'a' } } })
  await store.modify(Job, a, draft => void draft.spec.size++)
  await store.close()
  const [name, bytes] = disk.logs()[0] as [string, Buffer]
  disk.put(name, forged(bytes, '"from":1', '"from":7'))
  await expect(openStoreOn(disk, { kinds })).rejects.toMatchObject({
    code: 'Corrupt',
    message: expect.stringContaining(
      'example/v1 Job default a is of revision 1, and revision 7 of it was changed',
    ),
  })
})

/** A log with that text instead, and checksums that are right. */
function forged(bytes: Buffer, text: string, other: string): Buffer {
  const frames: Buffer[] = []
  let checksum = 0
  let read = 0
  for (let at = 0; at + FRAME_HEADER_BYTES <= bytes.length; ) {
    const frame = readFrame(bytes, at, read)
    if (frame === undefined) break
    const isHead = frame.kind === FRAME_KINDS.head
    const payload = isHead ? frame.payload : Buffer.from(String(frame.payload).replace(text, other))
    const made = encodeFrame({ ...frame, payload }, checksum)
    frames.push(made.bytes)
    checksum = made.checksum
    read = frame.checksum
    at = frame.end
  }
  return Buffer.concat(frames)
}

function writtenBytes(disk: FaultyDisk): number {
  const last = disk.logs().at(-1)?.[1] ?? Buffer.alloc(0)
  return last.toString('latin1').replace(/\0+$/, '').length
}
