import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { StoredObject } from '../../src/store/index.js'
import { jsonBytes } from '../../src/store/object/object-size.js'
import { kindOf, ref } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const Note = kindOf<{ readonly text: string }>('Note')

/** The oldest revision that can still be read. */
function oldestOf({ store }: ReturnType<typeof createWorld>): number {
  for (let revision = store.revision; revision > 0; revision--) {
    try {
      store.snapshot(revision - 1).close()
    } catch {
      return revision
    }
  }
  return 0
}

describe('by age', () => {
  test('a revision is readable for its time, and not for much longer, whether anything is written or not', async () => {
    const world = createWorld({ kinds: [Note], logAgeMaxMs: 16_000 })
    const { env, store } = world
    await store.create(Note, { metadata: ref('a'), spec: { text: '0' } })
    for (let second = 1; second <= 40; second++) {
      await env.advance(1_000)
      await store.modify(Note, ref('a'), draft => void (draft.spec.text = `${second}`))
    }
    // One revision each second; a piece is of one second at least.
    expect(store.revision - oldestOf(world)).toBeGreaterThanOrEqual(15)
    expect(store.revision - oldestOf(world)).toBeLessThanOrEqual(18)
    await env.advance(17_000)
    expect(oldestOf(world)).toBe(store.revision)
    expect(store.list(Note).items).toHaveLength(1)
    expect(store.get(Note, ref('a'))?.spec.text).toBe('40')
  })

  test('a store at rest has no timer, and a closed one neither', async () => {
    const { env, store } = createWorld({ kinds: [Note], logAgeMaxMs: 1_000 })
    await store.create(Note, { metadata: ref('a'), spec: { text: '' } })
    await env.advance(2_000)
    expect(env.pending()).toEqual([])
    await store.modify(Note, ref('a'), draft => void (draft.spec.text = 'x'))
    await store.close()
    expect(env.pending()).toEqual([])
  })

  test('a watcher that is too far behind ends with where it was', async () => {
    const { env, store } = createWorld({ kinds: [Note], logAgeMaxMs: 1_000 })
    const watch = store.watch(Note)[Symbol.asyncIterator]()
    await store.create(Note, { metadata: ref('a'), spec: { text: '' } })
    await env.advance(5_000)
    const next = watch.next()
    const refused = expect(next).rejects.toMatchObject({ code: 'SlowConsumer', lastResourceVersion: '0' })
    await env.settle()
    await refused
  })
})

describe('by bytes', () => {
  test('what is kept fits, and is as much as fits but for a sixteenth', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ name: fc.constantFrom('a', 'b'), size: fc.nat(400) }), {
          minLength: 1,
          maxLength: 60,
        }),
        fc.constantFrom(1, 2_000, 10_000, 1e9),
        async (writes, logBytesMax) => {
          const world = createWorld({ kinds: [Note], logBytesMax })
          const { store } = world
          const replaced: number[] = [0]
          for (const { name, size } of writes) {
            const before: StoredObject | undefined = store.get(Note, ref(name))
            const spec = { text: `${replaced.length} `.padEnd(size, 'x') }
            if (before === undefined) await store.create(Note, { metadata: ref(name), spec })
            else await store.modify(Note, ref(name), draft => void (draft.spec = spec))
            replaced.push(before === undefined ? 0 : jsonBytes(before))
          }
          const oldest = oldestOf(world)
          const bytesFrom = (revision: number): number =>
            replaced.slice(revision + 1).reduce((sum, bytes) => sum + bytes, 0)
          const isNewest = oldest >= store.revision - 1
          expect(isNewest || bytesFrom(oldest) <= logBytesMax).toBe(true)
          const pieceMax = Math.max(logBytesMax / 16, ...replaced)
          if (oldest > 0) expect(bytesFrom(oldest)).toBeGreaterThan(logBytesMax - pieceMax)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('the newest revision stays, however much it holds', async () => {
    const world = createWorld({ kinds: [Note], logBytesMax: 1 })
    const { env, store } = world
    const seen: number[] = []
    store.watch(Note).on(({ revision }) => void seen.push(revision))
    await store.create(Note, { metadata: ref('a'), spec: { text: 'x'.repeat(1_000) } })
    await env.settle()
    for (let size = 1; size < 4; size++) {
      await store.modify(Note, ref('a'), draft => void (draft.spec.text = 'y'.repeat(size)))
      await env.settle()
    }
    expect(seen).toEqual([1, 2, 3, 4])
    expect(oldestOf(world)).toBe(store.revision - 1)
  })
})

test.each([{ logAgeMaxMs: 0 }, { logBytesMax: 1.5 }, { logAgeMaxMs: Number.NaN }])(
  '%j is refused',
  options => {
    expect(() => createWorld(options)).toThrow(expect.objectContaining({ code: 'Usage' }))
  },
)
