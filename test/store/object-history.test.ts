import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ObjectRevision } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { ref as at, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

describe('the history of an object', () => {
  test('says who did what, why, and with which `traceId`, over two lives', async () => {
    const { store } = createWorld()
    const write = { actor: 'ann', reason: 'more load', traceId: 't1' }
    await store.create(Widget, { metadata: at('a'), spec: { size: 1 } }, { actor: 'maker' })
    await store.modify(Widget, at('a'), draft => void (draft.spec.size = 2), write)
    await store.create(Widget, { metadata: at('b'), spec: {} })
    await store.delete(Widget, at('a'), { reason: 'old' })
    await store.create(Widget, { metadata: at('a'), spec: { size: 3 } })
    const told = store.history(Widget, at('a')).map(({ object, ...entry }) => [object?.spec.size, entry])
    expect(told).toEqual([
      [1, { type: 'ADDED', revision: 1, createRevision: 1, version: 1, actor: 'maker' }],
      [2, { type: 'MODIFIED', revision: 2, createRevision: 1, version: 2, ...write }],
      [undefined, { type: 'DELETED', revision: 4, createRevision: 1, version: 3, reason: 'old' }],
      [3, { type: 'ADDED', revision: 5, createRevision: 5, version: 1 }],
    ])
    expect(store.history(Widget, at('nobody'))).toEqual([])
    expect(() => store.history(Widget, { name: 'a' })).toThrow(expect.objectContaining({ code: 'Invalid' }))
  })

  test('says that time was over, or a lifetime, and goes on in a fork', async () => {
    const { env, store } = createWorld()
    await store.create(Widget, { metadata: at('a'), spec: {} }, { ttlMs: 10 })
    await store.modify(Widget, at('a'), draft => void (draft.spec.size = 2))
    using snapshot = store.snapshot()
    const fork = snapshot.fork()
    await env.advance(10)
    expect(store.history(Widget, at('a')).at(-1)?.reason).toContain('time to live')
    expect(fork.history(Widget, at('a'))).toMatchObject([{ createRevision: 1, version: 2, revision: 2 }])
    await fork.modify(Widget, at('a'), draft => void (draft.spec.size = 3))
    expect(fork.history(Widget, at('a')).at(-1)).toMatchObject({ createRevision: 1, version: 3, revision: 3 })
  })

  test('is what a list of all writes says, as far as the log goes', async () => {
    const op = fc.record({
      name: fc.constantFrom('a', 'b'),
      kind: fc.constantFrom('put', 'delete', 'compact'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(op, { maxLength: 30 }),
        fc.integer({ min: 1, max: 8 }),
        async (ops, logCapacity) => {
          const store = createStore({ kinds: [Widget], env: createVirtualEnv(), logCapacity })
          const all: Record<string, Omit<ObjectRevision, 'object'>[]> = { a: [], b: [] }
          let oldest = 0
          for (const [index, { name, kind }] of ops.entries()) {
            const list = all[name] as Omit<ObjectRevision, 'object'>[]
            const last = list.at(-1)
            const lives = last !== undefined && last.type !== 'DELETED'
            const revision = store.revision + 1
            const next = lives
              ? { revision, createRevision: last.createRevision, version: last.version + 1 }
              : { revision, createRevision: revision, version: 1 }
            const actor = `writer ${index}`
            if (kind === 'compact') {
              if (store.revision === oldest) continue
              oldest = store.revision
              await store.compact(oldest)
            } else if (kind === 'delete') {
              if (!lives) continue
              await store.delete(Widget, at(name), { actor })
              list.push({ type: 'DELETED', ...next, actor })
            } else if (lives) {
              await store.modify(Widget, at(name), draft => void (draft.spec.size = index), { actor })
              list.push({ type: 'MODIFIED', ...next, actor })
            } else {
              await store.create(Widget, { metadata: at(name), spec: {} }, { actor })
              list.push({ type: 'ADDED', ...next, actor })
            }
          }
          const from = Math.max(oldest, store.revision - logCapacity)
          for (const [name, list] of Object.entries(all)) {
            const kept = list.filter(({ revision }) => revision > from)
            const last = list.at(-1)
            if (kept.length === 0 && last !== undefined && last.type !== 'DELETED') {
              const { actor: _forgotten, ...newest } = last
              kept.push(newest)
            }
            expect(store.history(Widget, at(name)).map(({ object: _object, ...entry }) => entry)).toEqual(
              kept,
            )
          }
        },
      ),
      { numRuns: 100 },
    )
  })
})
