import { describe, expect, test } from 'vitest'
import { readDirectory, segmentName } from '../../../src/store/node/directory.js'
import type { OpenStoreOptions } from '../../../src/store/node/index.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import { startWitnessOn } from '../../../src/store/node/witness.js'
import { kindOf } from '../../fixtures/kinds.js'
import type { FaultyDisk } from './faulty-disk.js'
import { diskOf } from './faulty-disk.js'

const Widget = kindOf<{ size: number; text: string }>('Widget')
const KEY = { id: 'a', secret: Buffer.alloc(32, 1) }
const SMALL = { kinds: [Widget], segmentBytes: 4_096, checkpointBytes: 5_000, logCapacity: 8 }
const input = (index: number) => ({
  metadata: { namespace: 'n', name: `w${index}` },
  spec: { size: index, text: 'x'.repeat(500) },
})

async function expectSame(
  copy: FaultyDisk,
  source: FaultyDisk,
  options: Omit<OpenStoreOptions, 'dir'>,
): Promise<void> {
  const [from, to] = [
    await openStoreOn(source.afterKill(), options),
    await openStoreOn(copy.afterKill(), options),
  ]
  expect([...to.admin.dump({ secrets: true })]).toEqual([...from.admin.dump({ secrets: true })])
  expect([to.revision, to.admin.stats().incarnation]).toEqual([from.revision, from.admin.stats().incarnation])
  expect(to.admin.verify()).toEqual([])
  await from.close()
  await to.close()
}

describe('a witness', () => {
  test.each([
    ['as it is', {}],
    ['encrypted, without its key', { encryption: { keys: [KEY] } }],
  ])('copies the log as it grows, with checkpoints and without what was removed, %s', async (_how, more) => {
    const options = { ...SMALL, ...more }
    const [source, copy] = [diskOf([]), diskOf([])]
    const store = await openStoreOn(source, options)
    await store.create(Widget, input(0))
    const witness = await startWitnessOn(source, copy, { intervalMs: 1 })
    for (let round = 0; round < 4; round++) {
      for (let index = 1; index < 12; index++) await store.create(Widget, input(round * 100 + index))
      await witness.caughtUp()
      await expectSame(copy, source, options)
    }
    expect(witness.lag().copiedBytes).toBeGreaterThan(20_000)
    expect(witness.lag().lagMs).toBeLessThan(60_000)
    await witness.stop()
    await store.close()
    const names = [...copy.files().keys()]
    expect(names.some(name => name.startsWith('checkpoint-'))).toBe(true)
    expect(names).not.toContain(segmentName(1))
    // What has stopped lets go of its directory.
    await (await openStoreOn(copy, options)).close()
  })

  test('continues where it was, whatever has ended it', async () => {
    const source = diskOf([])
    let copy = diskOf([])
    const store = await openStoreOn(source, { kinds: [Widget], segmentBytes: 4_096 })
    for (let life = 0; life < 4; life++) {
      await store.create(Widget, input(life))
      const witness = await startWitnessOn(source, copy, { intervalMs: 1 })
      for (let index = 0; index < 5; index++) await store.create(Widget, input(100 * life + 10 + index))
      await witness.caughtUp()
      await witness.stop()
      copy = copy.afterKill()
    }
    await expectSame(copy, source, { kinds: [Widget] })
    await store.close()
  })

  test('with a copy that is too old, or of another store, is refused', async () => {
    const [source, copy] = [diskOf([]), diskOf([])]
    const store = await openStoreOn(source, SMALL)
    await store.create(Widget, input(0))
    await (await startWitnessOn(source, copy, {})).stop()
    for (let index = 1; index < 60; index++) await store.create(Widget, input(index))
    await store.checkpoint()
    await expect(startWitnessOn(source, copy, {})).rejects.toMatchObject({
      code: 'Expired',
      message: expect.stringMatching(/entries that were not read yet.*Begin again/),
    })
    const other = diskOf([])
    await (await openStoreOn(other, { kinds: [Widget] })).close()
    await expect(startWitnessOn(source, other, {})).rejects.toMatchObject({
      code: 'Usage',
      message: expect.stringContaining('choose an empty directory'),
    })
    await expect(startWitnessOn(diskOf([]), copy, {})).rejects.toMatchObject({ code: 'Unsupported' })
    await store.close()
  })

  test('that misses a checkpoint, because the store has written the next one, keeps what it has until that is here', async () => {
    const [source, copy] = [diskOf([]), diskOf([])]
    const options = { ...SMALL, segmentBytes: 16_384, checkpointBytes: 1e9 }
    const store = await openStoreOn(source, options)
    const writeTo = async (revision: number): Promise<void> => {
      while (store.revision < revision) await store.create(Widget, input(store.revision))
    }
    const saveAt = async (...revisions: readonly number[]): Promise<void> => {
      for (const revision of revisions) {
        await writeTo(revision)
        await store.checkpoint()
      }
    }
    await saveAt(30)
    await writeTo(42)
    const witness = await startWitnessOn(source, copy, { intervalMs: 60_000 })
    await saveAt(47, 56)
    // It knows of two checkpoints, has copied the log, and would copy them next.
    const known = (await readDirectory(source))?.checkpoints.map(({ name }) => name)
    const hold = source.hold.bind(source)
    source.hold = async names => {
      source.hold = hold
      await saveAt(70, 80)
      return hold(names)
    }
    await witness.caughtUp()
    expect([...source.files().keys()].filter(name => known?.includes(name))).toEqual([])
    const lost = await openStoreOn(copy.afterKill(), options)
    expect(lost.revision).toBe(56)
    await lost.close()
    await store.close()
  })

  test('of a log that is damaged says so, and copies nothing behind it', async () => {
    for (const at of [40, 2_000]) {
      const [source, copy] = [diskOf([]), diskOf([])]
      const store = await openStoreOn(source, { kinds: [Widget], segmentBytes: 4_096 })
      for (let index = 0; index < 20; index++) await store.create(Widget, input(index))
      await store.close()
      const [name = '', bytes = Buffer.alloc(0)] = source.logs()[0] ?? []
      source.put(name, Buffer.from(bytes).fill(0x55, at, at + 4))
      await expect(startWitnessOn(source, copy, {})).rejects.toMatchObject({
        code: 'Corrupt',
        details: { path: expect.stringContaining(name) },
      })
    }
  })

  test('whose first look is cut short leaves no directory that could be taken for a store', async () => {
    const source = diskOf([])
    const store = await openStoreOn(source, SMALL)
    for (let index = 0; index < 40; index++) await store.create(Widget, input(index))
    await store.close()
    for (let diesAt = 1; ; diesAt++) {
      const copy = diskOf([])
      copy.diesAt = diesAt
      const isDead = async (): Promise<boolean> => {
        while (!copy.dead) await new Promise(resolve => setImmediate(resolve))
        return true
      }
      const witness = await Promise.race([startWitnessOn(source, copy, { intervalMs: 60_000 }), isDead()])
      const left = copy.afterKill()
      const found = await openStoreOn(left, SMALL).catch((error: unknown) => error)
      const isEmpty = diesAt < 4
      if (found instanceof Error) expect(found).toMatchObject({ code: 'Corrupt' })
      else expect((found as { revision: number }).revision).toBe(isEmpty ? 0 : 40)
      if (witness !== true) break
    }
  })

  test('whose disk fails ends and says so; the store goes on', async () => {
    const [source, copy] = [diskOf([]), diskOf([])]
    const store = await openStoreOn(source, SMALL)
    await store.create(Widget, input(0))
    let tell = (_error: unknown): void => {}
    const failure = new Promise(resolve => {
      tell = resolve
    })
    const witness = await startWitnessOn(source, copy, { intervalMs: 1, failed: error => tell(error) })
    copy.failure = { operation: 'write', errno: 'ENOSPC' }
    await store.create(Widget, input(1))
    expect(await failure).toMatchObject({ code: 'StorageFailed', details: { errno: 'ENOSPC' } })
    await expect(witness.caughtUp()).rejects.toMatchObject({ code: 'StorageFailed' })
    await witness.stop()
    await store.create(Widget, input(2))
    await store.close()
  })
})
