import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../../src/core/index.js'
import { segmentName } from '../../../src/store/node/directory.js'
import type { EncryptionKey } from '../../../src/store/node/frame-cipher.js'
import { FrameCipher } from '../../../src/store/node/frame-cipher.js'
import type { JournalEntry } from '../../../src/store/node/journal-entry.js'
import type { ReadLog } from '../../../src/store/node/log-reader.js'
import { readLog } from '../../../src/store/node/log-reader.js'
import { LogWriter } from '../../../src/store/node/log-writer.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import { kindOf } from '../../fixtures/kinds.js'
import { diskOf } from './faulty-disk.js'

/*
 * All that a power cut can leave of a log: of each sector that unsynced writes have touched, what memory held after any of
 * them, or what was on the disk before; the file as long as it was at any of those times.
 */

const NAME = segmentName(1)
const segments = [{ name: NAME, first: 1 }]
const incarnation = 'one'
const HEADER_BYTES = 32

/** Of all that can be left so many are passed over; `npm run test:crash` reads each. */
const EVERY = process.env['KEELSON_DAMAGE_STRIDE'] === undefined ? 5 : 1

/** What a log was written as. */
interface Written {
  readonly cipher: FrameCipher
  readonly unit: number
  /** The file as the system has it, after what was synced and after each write behind that. */
  readonly memories: readonly Buffer[]
  /** Where frames end: the last synced one first. */
  readonly ends: readonly number[]
  /** How many entries were synced. */
  readonly synced: number
}

interface Shape {
  /** Bytes of a sector. */
  readonly unit: number
  /** Bytes that are left of a sector behind what is synced. */
  readonly left: number
  /** Bytes of the frames that are not synced. */
  readonly sizes: readonly number[]
  readonly keys: readonly EncryptionKey[]
  /** The file was opened again behind what is synced, so the first write makes it longer. */
  readonly grows: boolean
}

/** The text of a piece with one entry whose frame has about that size; another one for each number. */
function textOf(number: number, size: number, sealed: boolean): Buffer {
  const extra = HEADER_BYTES + (sealed ? 1 + 1 + 16 + 12 + 16 : 0)
  const empty = JSON.stringify([{ timeMs: number, cause: { actor: '' } }])
  const letter = String.fromCodePoint(0x61 + (number % 26))
  const actor = letter.repeat(Math.max(0, size - extra - empty.length))
  return Buffer.from(JSON.stringify([{ timeMs: number, cause: { actor } }]))
}

async function write({ unit, left, sizes, keys, grows }: Shape): Promise<Written> {
  const disk = diskOf([])
  const cipher = new FrameCipher(keys, 'opening')
  const options = { disk, incarnation, cipher, segmentBytes: unit * 7 }
  const memory = (): Buffer => disk.files().get(NAME) ?? Buffer.alloc(0)
  const nothing = { segment: undefined, position: 0, checksum: 0, next: 1 }
  let at = 0
  let log = new LogWriter({ ...options, segments: [], grown: bytes => void (at += bytes) }, nothing)
  const append = (number: number, size: number): Promise<void> =>
    log.append(textOf(number, size, cipher.isSealing), 1)
  await append(1, 104)
  await log.sync()
  const read = await readLog({ disk, incarnation, cipher, segments, known: 0, visit: () => {} })
  const wanted = unit - left - (read.end.position % unit)
  await append(2, wanted < 168 ? wanted + unit : wanted)
  await log.sync()
  const { end } = await readLog({ disk, incarnation, cipher, segments, known: 0, visit: () => {} })
  if (grows) {
    log = new LogWriter({ ...options, segments, grown: bytes => void (at += bytes) }, end)
    await log.begin(Buffer.alloc(0))
  }
  at = end.position
  const ends = [at]
  const memories = [memory()]
  for (const [index, size] of sizes.entries()) {
    await append(3 + index, size)
    ends.push(at)
    memories.push(memory())
  }
  return { cipher, unit, memories, ends, synced: 2 }
}

/** Each file that a power cut can leave. The same buffer each time. */
function* survivors({
  unit,
  memories,
  ends,
}: Pick<Written, 'unit' | 'memories' | 'ends'>): Generator<Buffer> {
  const [before = Buffer.alloc(0)] = memories
  const longest = Math.max(...memories.map(({ length }) => length))
  const from = Math.floor((ends[0] ?? 0) / unit)
  const padded = memories.map(bytes => Buffer.concat([bytes], Math.ceil(longest / unit) * unit))
  const lengths = new Set(memories.map(({ length }) => length))
  const states: Buffer[][] = []
  for (let begin = from * unit; begin < longest; begin += unit) {
    const seen: Buffer[] = []
    for (const bytes of padded) {
      const sector = bytes.subarray(begin, begin + unit)
      if (!seen.some(other => other.equals(sector))) seen.push(sector)
    }
    states.push(seen)
  }
  const whole = Buffer.concat([before], Math.ceil(longest / unit) * unit)
  const choose = function* (index: number): Generator<Buffer> {
    const seen = states[index]
    if (seen === undefined) {
      for (const length of lengths) yield whole.subarray(0, length)
      return
    }
    for (const sector of seen) {
      sector.copy(whole, (from + index) * unit)
      yield* choose(index + 1)
    }
  }
  yield* choose(0)
}

/** How many entries are there whole, with all before them: by the bytes alone. */
function wholeIn(bytes: Buffer, { memories, ends, synced }: Written): number {
  const last = memories.at(-1) ?? Buffer.alloc(0)
  let count = 0
  while (count + 1 < ends.length) {
    const [begin = 0, end = 0] = [ends[count], ends[count + 1]]
    if (end > bytes.length || !bytes.subarray(begin, end).equals(last.subarray(begin, end))) break
    count++
  }
  return synced + count
}

interface Outcome {
  /** The numbers that entries were written with. */
  readonly kept: readonly number[]
  readonly read: ReadLog | undefined
}

/** What is read of the file; `read` is undefined when it is refused as corrupt. */
async function outcomeOf(bytes: Buffer, { cipher }: Written): Promise<Outcome> {
  const kept: number[] = []
  const visit = ({ timeMs }: JournalEntry): void => void kept.push(timeMs)
  const file = (target: Buffer): Buffer => target.subarray(0, bytes.copy(target))
  const disk = Object.assign(diskOf([]), {
    readInto: async (_name: string, _from: number, target: Buffer) => file(target),
  })
  try {
    return { kept, read: await readLog({ disk, incarnation, cipher, segments, known: 0, visit }) }
  } catch (error) {
    if (!isKeelsonError(error, 'Corrupt')) throw error
    return { kept, read: undefined }
  }
}

function* shapes(unit: number): Generator<Shape> {
  const keys = [{ id: 'k', secret: new Uint8Array(32).fill(7) }]
  for (const left of [unit, 8, 16, 24, 32, 40, 104]) {
    const sized = [
      [104],
      [104, 104, 104, 104],
      [left > 72 ? left : left + unit, 104],
      [left + unit - 8, 104, 104],
      [left + unit + 8, 104],
      [left + unit * 2 - 24, 104, 104],
      [104, unit * 2 + 48, 104],
      [unit + 200, unit + 200, 104],
    ]
    for (const sizes of sized)
      for (const [index, grows] of [false, true].entries())
        yield { unit, left, sizes, grows, keys: (left / 8 + sizes.length + index) % 3 === 0 ? keys : [] }
  }
}

describe.each([512, 4_096])('what a power cut leaves of sectors of %i bytes', unit => {
  test('is read as a beginning of what was written, with all that was synced', async () => {
    let cases = 0
    const lost = new Set<number>()
    for (const shape of shapes(unit)) {
      const written = await write(shape)
      for (const bytes of survivors(written)) {
        if (cases++ % EVERY > 0) continue
        const whole = wholeIn(bytes, written)
        const { kept, read } = await outcomeOf(bytes, written)
        const expected = Array.from({ length: whole }, (_, index) => index + 1)
        const position = written.ends[whole - written.synced]
        // Only what is wrong is worth the time of a comparison.
        if (read?.end.position !== position || kept.length !== whole || kept.at(-1) !== whole)
          expect({ shape, kept, position: read?.end.position }).toEqual({ shape, kept: expected, position })
        lost.add(shape.sizes.length + written.synced - whole)
      }
    }
    expect([cases, [...lost].toSorted((a, b) => a - b)]).toEqual([3_169, [0, 1, 2, 3, 4]])
  })

  test('with a bit changed in what was synced is refused, unless the bit means nothing', async () => {
    const outcomes = new Map<string, number>()
    let turn = 0
    let read = 0
    for (const shape of shapes(unit)) {
      const written = await write(shape)
      const [synced = 0] = written.ends
      for (const bytes of survivors(written)) {
        // Every third one is enough to meet each byte.
        if (turn++ % (3 * EVERY) > 0) continue
        read++
        const whole = wholeIn(bytes, written)
        const at = (turn * 7) % synced
        const flipped = Buffer.from(bytes)
        flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (turn % 8)), at)
        const { kept, read: found } = await outcomeOf(flipped, written)
        const isSame = found?.end.next === whole + 1 && kept.length === whole
        const outcome = found === undefined ? 'Corrupt' : isSame ? 'the same' : `${kept.length} of ${whole}`
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }
    }
    const { size } = new Set([...outcomes.keys(), 'the same'])
    expect([size, outcomes.has('Corrupt')]).toEqual([2, true])
    expect((outcomes.get('the same') ?? 0) / read, 'zeros at the end of a frame').toBeLessThan(0.02)
  })
})

test('a file without its first sector, and with more, is refused: the head is on the disk before the rest', async () => {
  const keys = [] as const
  const written = await write({ unit: 512, left: 400, sizes: [700, 104], keys, grows: false })
  for (const bytes of survivors(written)) {
    bytes.fill(0, 0, 512)
    expect(await outcomeOf(bytes, written)).toEqual({ kept: [], read: undefined })
    bytes.set(written.memories[0]?.subarray(0, 512) ?? [])
  }
})

test.each(['the log', 'a checkpoint'])(
  'what an update has changed is there with the state that it was made from, in %s',
  async where => {
    const disk = diskOf([])
    const Widget = kindOf('Widget')
    const options = { kinds: [Widget], fsync: 'never', segmentBytes: 4_096 } as const
    const ref = { namespace: 'n', name: 'a' }
    const store = await openStoreOn(disk, options)
    await store.create(Widget, { metadata: ref, spec: { text: 'x'.repeat(300), size: 0 } })
    if (where === 'a checkpoint') await store.checkpoint()
    await store.durable()
    const [name = '', before = Buffer.alloc(0)] = disk.logs().at(-1) ?? []
    const memories = [before]
    for (let size = 1; size <= 3; size++) {
      await store.modify(Widget, ref, draft => void Object.assign(draft.spec as object, { size }))
      memories.push(disk.files().get(name) ?? before)
    }
    const end = before.findLastIndex(byte => byte !== 0) + 1
    const seen = new Set<number>()
    for (const bytes of survivors({ unit: 512, memories, ends: [end] })) {
      const cut = diskOf(disk.files())
      cut.put(name, bytes)
      const again = await openStoreOn(cut, options)
      expect(again.get(Widget, ref)).toEqual(store.snapshot(again.revision).get(Widget, ref))
      seen.add(again.revision)
      await again.close()
    }
    expect([...seen].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4])
  },
)
