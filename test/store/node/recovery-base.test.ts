import { expect, test } from 'vitest'
import { readDirectory } from '../../../src/store/node/directory.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import { kindOf, ref } from '../../fixtures/kinds.js'
import { FaultyDisk } from './faulty-disk.js'

const Widget = kindOf<{ size: number }>('Widget')

test('a start begins with the newest checkpoint that leaves the log as long as it may be, by what the log has', async () => {
  const disk = new FaultyDisk()
  const open = () => openStoreOn(disk, { kinds: [Widget], logCapacity: 10, segmentBytes: 4_096 })
  const store = await open()
  const write = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++)
      await store.create(Widget, { metadata: ref(`w-${store.revision}`), spec: { size: index } })
  }
  await write(30)
  await store.checkpoint()
  await write(30)
  await store.checkpoint()
  await write(20)
  await store.close()
  const files = await readDirectory(disk)
  expect(files?.checkpoints.map(({ revision }) => revision)).toEqual([30, 60])
  // The first checkpoint needs them, the second does not: a start does not read them.
  const { segments = [] } = files ?? {}
  const early = segments.filter((_, at) => (segments[at + 1]?.first ?? Number.POSITIVE_INFINITY) <= 61)
  expect(early.length).toBeGreaterThan(1)
  for (const { name } of early) disk.put(name, Buffer.alloc(0))
  await (await open()).close()
  for (const { name } of early) await disk.remove(name)
  const again = await open()
  expect([again.revision, again.count(Widget)]).toEqual([80, 80])
  const told: number[] = []
  again.watch(Widget, { since: 70 }).on(({ revision }) => void told.push(revision))
  expect(() => again.watch(Widget, { since: 69 })).toThrow(/69/)
  await new Promise(resolve => setImmediate(resolve))
  expect(told).toEqual([71, 72, 73, 74, 75, 76, 77, 78, 79, 80])
  await again.close()
})
