import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Disk } from '../../../src/store/node/disk.js'
import { fileDisk } from '../../../src/store/node/file-disk.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import { kindOf } from '../../fixtures/kinds.js'

const Widget = kindOf<{ size: number }>('Widget')

const dirs: string[] = []

afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'keelson-turns-'))
  dirs.push(dir)
  return dir
}

/** A disk that says when a piece of a checkpoint is written. */
function watched(disk: Disk, onPage: () => void): Disk {
  const { open } = disk
  return Object.assign(disk, {
    open: async (name: string) => {
      const file = await open(name)
      const { write } = file
      return Object.assign(file, {
        write: (bytes: Uint8Array, position: number) => {
          if (name.startsWith('checkpoint')) onPage()
          return write(bytes, position)
        },
      })
    },
  })
}

test('while a checkpoint of small objects is written, others get their turn between any two pages', async () => {
  const writtenAt: number[] = []
  let turns = 0
  const disk = watched(fileDisk(directory()), () => writtenAt.push(turns))
  const store = await openStoreOn(disk, { kinds: [Widget], fsync: 'never' })
  for (let index = 0; index < 1_000; index++)
    void store.create(Widget, { metadata: { namespace: 'n', name: `w${index}` }, spec: { size: index } })
  await store.durable()
  let isOver = false
  const count = (): void => {
    turns++
    if (!isOver) setImmediate(count)
  }
  count()
  await store.checkpoint()
  isOver = true
  // A head, ten pages of objects, an end.
  expect(writtenAt.length).toBeGreaterThanOrEqual(12)
  expect(new Set(writtenAt).size).toBe(writtenAt.length)
  await store.close()
})

test('a checkpoint is whole however many writes are made meanwhile, and what it held back goes after it', async () => {
  const dir = directory()
  const logCapacity = 10
  let size = 0
  let write: () => void = () => {}
  const disk = watched(fileDisk(dir), () => write())
  const store = await openStoreOn(disk, { kinds: [Widget], fsync: 'never', logCapacity })
  for (let index = 0; index < 500; index++)
    void store.create(Widget, { metadata: { namespace: 'n', name: `w${index}` }, spec: { size } })
  await store.durable()
  write = () => {
    for (let count = 0; count < 5 * logCapacity; count++) {
      size++
      void store.modify(Widget, { namespace: 'n', name: 'w499' }, draft => {
        draft.spec.size = size
      })
    }
  }
  await store.checkpoint()
  write = () => {}
  await store.durable()
  expect(size).toBeGreaterThan(20 * logCapacity)
  expect(store.admin.verify()).toEqual([])
  expect(store.admin.stats().heldBackRevisions).toBe(0)
  await store.close()
  const again = await openStoreOn(fileDisk(dir), { kinds: [Widget], fsync: 'never', logCapacity })
  expect(again.get(Widget, { namespace: 'n', name: 'w499' })?.spec.size).toBe(size)
  expect(again.list(Widget).items).toHaveLength(500)
  await again.close()
})
