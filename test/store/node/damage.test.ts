import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../../src/core/index.js'
import { readHeader } from '../../../src/store/node/frame.js'
import type { DurableStore } from '../../../src/store/node/index.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import { kindOf } from '../../fixtures/kinds.js'
import type { FaultyDisk } from './faulty-disk.js'
import { diskOf } from './faulty-disk.js'

const Widget = kindOf('Widget')
const options = { kinds: [Widget], segmentBytes: 4_096 }

const namesOf = (store: DurableStore): readonly string[] =>
  store.list(Widget).items.map(({ metadata }) => metadata.name)

/** A disk on which each name was created in a write of its own; the last two in one transaction. */
async function written(): Promise<FaultyDisk> {
  const disk = diskOf([])
  const store = await openStoreOn(disk, options)
  const spec = { text: 'x'.repeat(300) }
  for (const name of ['a', 'b', 'c']) await store.create(Widget, { metadata: { namespace: 'n', name }, spec })
  await store.transact(tx => {
    for (const name of ['d', 'e']) tx.create(Widget, { metadata: { namespace: 'n', name }, spec })
  })
  await store.close()
  return disk
}

function lastFrame(bytes: Buffer): number {
  let at = 0
  for (let next = readHeader(bytes, 0); ; ) {
    const end = at + (next?.size ?? 0)
    next = readHeader(bytes, end)
    if (next === undefined) return at
    at = end
  }
}

const disk = await written()
const [log, whole] = disk.logs().at(-1) ?? ['', Buffer.alloc(0)]
/** Where the frame of the last write begins. */
const tail = lastFrame(whole)

/** How far from one byte to the next behind the beginning of a file. `test:crash` looks at each. */
const STRIDE = Number(process.env['KEELSON_DAMAGE_STRIDE'] ?? 37)
/** Of a file that is cut, every so many lengths. */
const CUT_STRIDE = Math.min(STRIDE, 5)

describe('the last write', () => {
  test('cut anywhere is there as a whole or not at all, and the log goes on', async () => {
    const seen = new Set<number>()
    let cases = 0
    const isNearTheEnd = (length: number): boolean => length > whole.length - 40 || length < tail + 40
    for (let length = tail; length <= whole.length; length += isNearTheEnd(length) ? 1 : CUT_STRIDE) {
      const cut = diskOf(disk.files())
      cut.put(log, whole.subarray(0, length))
      const store = await openStoreOn(cut, options)
      const { revision } = store
      seen.add(revision)
      expect(namesOf(store)).toEqual(['a', 'b', 'c', 'd', 'e'].slice(0, revision < 4 ? revision : 5))
      await store.create(Widget, { metadata: { namespace: 'n', name: 'z' }, spec: {} })
      await store.close()
      if (cases++ % 10 > 0) continue
      const again = await openStoreOn(cut, options)
      expect([again.revision, namesOf(again).at(-1)]).toEqual([revision + 1, 'z'])
      await again.close()
    }
    expect([...seen]).toEqual([3, 4])
  })

  test('that lacks any sector is not there, and what there is of it is kept', async () => {
    const sectors = Math.ceil(whole.length / 512)
    let torn = 0
    for (let sector = Math.ceil(tail / 512); sector < sectors; sector++) {
      const found = diskOf(disk.files())
      found.put(log, Buffer.from(whole).fill(0, sector * 512, Math.min(whole.length, (sector + 1) * 512)))
      const store = await openStoreOn(found, options)
      expect(store.revision).toBe(3)
      expect([...found.files().keys()].some(name => name.startsWith(`torn-${log}`))).toBe(true)
      await store.close()
      torn++
    }
    expect(torn).toBeGreaterThan(1)
  })
})

const BEGINNING = 128

describe('a byte that has changed', () => {
  test('is noticed wherever it is, and nothing is lost without a word', async () => {
    const outcomes = new Map<string, number>()
    for (const [name, bytes] of disk.files()) {
      for (let at = 0; at < bytes.length; at += at < BEGINNING ? Math.min(STRIDE, 11) : STRIDE) {
        const flipped = diskOf(disk.files())
        const changed = Buffer.from(bytes)
        changed.writeUInt8(changed.readUInt8(at) ^ 0x20, at)
        flipped.put(name, changed)
        const before = flipped.files().get(name)
        let outcome: string
        try {
          const store = await openStoreOn(flipped, options)
          outcome = `opened with ${namesOf(store).length}`
          await store.close()
        } catch (error) {
          if (!isKeelsonError(error)) throw error
          outcome = error.code
          expect(flipped.files().get(name), 'nothing is changed').toEqual(before)
        }
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }
    }
    // `opened`: a byte that means nothing, such as a space or the padding of a frame.
    expect([...outcomes.keys()].toSorted()).toEqual(['Corrupt', 'Unsupported', 'opened with 5'])
    const all = [...outcomes.values()].reduce((sum, count) => sum + count)
    expect((outcomes.get('opened with 5') ?? 0) / all).toBeLessThan(0.05)
  })
})
