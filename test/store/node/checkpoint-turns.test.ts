import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fileDisk } from '../../../src/store/node/file-disk.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import { kindOf } from '../../fixtures/kinds.js'

const Widget = kindOf<{ size: number }>('Widget')

test('while a checkpoint of small objects is written, others get their turn between any two pages', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'keelson-turns-'))
  const disk = fileDisk(dir)
  const { open } = disk
  const writtenAt: number[] = []
  let turns = 0
  const watched = Object.assign(disk, {
    open: async (name: string) => {
      const file = await open(name)
      const { write } = file
      return Object.assign(file, {
        write: (bytes: Uint8Array, position: number) => {
          if (name.startsWith('checkpoint')) writtenAt.push(turns)
          return write(bytes, position)
        },
      })
    },
  })
  const store = await openStoreOn(watched, { kinds: [Widget], fsync: 'never' })
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
  rmSync(dir, { recursive: true, force: true })
})
