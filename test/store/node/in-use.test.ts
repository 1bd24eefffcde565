import { expect, test } from 'vitest'
import { FrameCipher } from '../../../src/store/node/frame-cipher.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import { readEntries, readStore } from '../../../src/store/node/read-only-store.js'
import { kindOf } from '../../fixtures/kinds.js'
import { diskOf } from './faulty-disk.js'

const Widget = kindOf<{ size: number; text: string }>('Widget')
const kinds = [Widget]
const cipher = new FrameCipher([], '')
const input = (index: number) => ({
  metadata: { namespace: 'n', name: `w${index}` },
  spec: { size: index, text: 'x'.repeat(500) },
})

/** A store whose log and checkpoints are replaced again and again, as often as somebody reads one of them. */
async function busyStore() {
  const disk = diskOf([])
  const store = await openStoreOn(disk, { kinds, segmentBytes: 4_096, checkpointBytes: 1e9, logCapacity: 8 })
  let next = 0
  const write = async (): Promise<void> => {
    for (let count = 0; count < 20; count++) await store.create(Widget, input(next++))
    await store.checkpoint()
  }
  await write()
  await write()
  let isBusy = false
  const names = new Set<string>()
  disk.beforeRead = async name => {
    names.add(name)
    if (isBusy || name === 'store.json') return
    isBusy = true
    await write()
    isBusy = false
  }
  const replaced = (): string[] => [...names].filter(name => !disk.files().has(name))
  return { disk, store, replaced }
}

test('a directory is read as it was at one moment, whatever the store removes meanwhile', async () => {
  const { disk, store, replaced } = await busyStore()
  const before = store.revision
  const { parts } = await readStore(disk, cipher)
  expect(parts.engine.revision).toBeGreaterThanOrEqual(before)
  const told: number[] = []
  await readEntries(disk, cipher, ({ revision = 0 }) => void told.push(revision))
  expect(told).toEqual(told.map((_, index) => (told[0] ?? 0) + index))
  expect(await store.admin.verifyDisk()).toEqual([])
  expect(replaced().some(name => name.startsWith('checkpoint-'))).toBe(true)
  expect(replaced().some(name => name.startsWith('log-'))).toBe(true)
  await store.close()
})

test('a history as long as the log is read when all of it is asked for', async () => {
  const disk = diskOf([])
  const store = await openStoreOn(disk, { kinds })
  await store.create(Widget, input(0))
  for (let size = 1; size < 20; size++)
    await store.modify(Widget, input(0).metadata, draft => void (draft.spec.size = size))
  const oldest = async (logCapacity: number): Promise<number> => {
    const { parts } = await readStore(disk, cipher, { logCapacity })
    return parts.engine.log.oldestStart
  }
  expect([await oldest(5), await oldest(Number.MAX_SAFE_INTEGER)]).toEqual([15, 0])
  await store.close()
})
