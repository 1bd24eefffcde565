import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
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
