import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../src/core/index.js'
import type { Store, StoredObject } from '../../src/store/index.js'

import type { WidgetSpec, WidgetStatus } from '../fixtures/kinds.js'
import { Gadget, Widget } from '../fixtures/kinds.js'
import type { WorldOptions } from '../fixtures/world.js'
import { createWorld } from '../fixtures/world.js'

type WidgetObject = StoredObject<WidgetSpec, WidgetStatus>

const at = { namespace: 'default', name: 'a' }
const newStore = (options: WorldOptions = {}): Store => createWorld(options).store
const create = (store: Store): Promise<WidgetObject> =>
  store.create(Widget, { metadata: at, spec: { size: 1 } })

describe('a resourceVersion guards the half that is written', () => {
  test('a status writer does not conflict with a spec editor', async () => {
    const store = newStore()
    const read = await create(store)
    await store.update(Widget, { ...read, spec: { size: 2 } })
    const written = await store.updateStatus(Widget, { ...read, status: { ready: 1 } })
    expect(written).toMatchObject({ spec: { size: 2 }, status: { ready: 1 } })
    expect(written.metadata).toMatchObject({ generation: 2, resourceVersion: '3' })
  })

  test('nor a spec editor with a status writer', async () => {
    const store = newStore()
    const read = await create(store)
    await store.updateStatus(Widget, { ...read, status: { ready: 1 } })
    await store.updateStatus(Widget, {
      ...read,
      metadata: { ...at, resourceVersion: '2' },
      status: { ready: 2 },
    })
    const written = await store.update(Widget, { ...read, spec: { size: 2 } })
    expect(written).toMatchObject({ spec: { size: 2 }, status: { ready: 2 }, metadata: { generation: 2 } })
  })

  test('two status writers conflict, and the error names both versions and what has changed', async () => {
    const store = newStore()
    const read = await create(store)
    await store.updateStatus(Widget, { ...read, status: { ready: 1 } })
    const late = store.updateStatus(Widget, { ...read, status: { ready: 2 } })
    await expect(late).rejects.toMatchObject({
      code: 'Conflict',
      message: expect.stringContaining('has resourceVersion 2, the write expected 1; changed since: status'),
      details: { field: 'resourceVersion', expected: '1', actual: '2', changed: ['status'] },
    })
    expect(store.revision).toBe(2)
  })

  test('labels, finalizers and the beginning of the deletion belong to the spec half', async () => {
    const changes: readonly [string, (store: Store) => Promise<unknown>, string[]][] = [
      [
        'labels',
        store => store.modify(Widget, at, draft => void (draft.metadata.labels['x'] = '1')),
        ['metadata.labels'],
      ],
      ['deletion', store => store.delete(Widget, at), ['metadata.deletionTimestamp']],
    ]
    for (const [name, change, changed] of changes) {
      const store = newStore()
      const read = await store.create(Widget, {
        metadata: { ...at, finalizers: ['example.com/x'] },
        spec: { size: 1 },
      })
      await change(store)
      const late = store.update(Widget, { ...read, spec: { size: 2 } })
      await expect(late, name).rejects.toMatchObject({ code: 'Conflict', details: { changed } })
      const status = await store.updateStatus(Widget, { ...read, status: { ready: 1 } })
      expect(status.status, name).toEqual({ ready: 1 })
    }
  })

  test('without a status subresource there are no halves', async () => {
    const store = newStore()
    const read = await store.create(Gadget, { metadata: { name: 'g' }, spec: {}, status: {} })
    await store.update(Gadget, { ...read, status: { ready: 1 } })
    await expect(store.update(Gadget, { ...read, spec: { size: 1 } })).rejects.toMatchObject({
      code: 'Conflict',
      details: { changed: ['status'] },
    })
  })

  test('a version of an earlier life, of the future, or of no store at all is stale', async () => {
    const store = newStore()
    const first = await create(store)
    await store.delete(Widget, at)
    await create(store)
    const { uid: _uid, ...metadata } = first.metadata
    for (const resourceVersion of ['1', '2', '4', '99', '0', '03', 'x', '1e3']) {
      const late = store.updateStatus(Widget, {
        metadata: { ...metadata, resourceVersion },
        spec: {},
        status: {},
      })
      await expect(late, resourceVersion).rejects.toMatchObject({ code: 'Conflict' })
    }
    expect(store.revision).toBe(3)
  })

  test('the halves count inside a transaction too', async () => {
    const store = newStore()
    const read = await create(store)
    await store.transact(tx => {
      tx.updateStatus(Widget, { ...read, status: { ready: 1 } })
      tx.update(Widget, { ...read, spec: { size: 2 } })
      expect(() => tx.updateStatus(Widget, { ...read, status: { ready: 3 } })).toThrow(
        expect.objectContaining({ code: 'Conflict' }),
      )
    })
    expect(store.get(Widget, at)).toMatchObject({ spec: { size: 2 }, status: { ready: 1 } })
  })
})

describe('preconditions of a modify', () => {
  test('uid and the half that the recipe changes', async () => {
    const store = newStore()
    const read = await create(store)
    const { uid, resourceVersion } = read.metadata
    const grow = (preconditions: object): Promise<WidgetObject> =>
      store.modify(Widget, at, draft => void (draft.spec.size = 2), { preconditions })
    await expect(grow({ uid: 'other' })).rejects.toMatchObject({
      code: 'Conflict',
      details: { field: 'uid' },
    })
    await store.modifyStatus(Widget, at, draft => void (draft.status = { ready: 1 }), {
      preconditions: { uid, resourceVersion },
    })
    await grow({ uid, resourceVersion })
    await expect(grow({ resourceVersion })).rejects.toMatchObject({
      details: { changed: ['spec', 'status'] },
    })
  })

  test('a delete guards the whole object', async () => {
    const store = newStore()
    const { metadata } = await create(store)
    await store.modifyStatus(Widget, at, draft => void (draft.status = { ready: 1 }))
    const { resourceVersion } = metadata
    await expect(store.delete(Widget, at, { preconditions: { resourceVersion } })).rejects.toMatchObject({
      code: 'Conflict',
      details: { changed: ['status'] },
    })
  })
})

/** One write: which half, from which earlier read, to which value. */
const write = fc.record({
  half: fc.constantFrom('spec' as const, 'labels' as const, 'status' as const),
  back: fc.nat(6),
  value: fc.nat(2),
})

interface ModelState {
  readonly main: string
  readonly status: string
}

describe('against every state that there was', () => {
  test('a write succeeds exactly when no revision since its read has changed its half', async () => {
    const run = async (
      writes: readonly { half: 'spec' | 'labels' | 'status'; back: number; value: number }[],
      logCapacity: number,
    ): Promise<void> => {
      const store = newStore({ logCapacity })
      const reads = [await create(store)]
      const states: ModelState[] = [stateOf(reads[0] as WidgetObject)]
      for (const { half, back, value } of writes) {
        const index = Math.max(0, reads.length - 1 - back)
        const read = reads[index] as WidgetObject
        const key = half === 'status' ? 'status' : 'main'
        const fresh = states
          .slice(index)
          .every((state, step, later) => step === 0 || state[key] === later[step - 1]?.[key])
        const before = store.get(Widget, at)
        const result = await attempt(store, read, { half, value })
        expect(result === undefined).toBe(!fresh)
        const now = store.get(Widget, at) as WidgetObject
        if (!fresh) expect(now).toBe(before)
        if (now === before) continue
        reads.push(now)
        states.push(stateOf(now))
        expect(now.metadata.generation).toBe(
          1 + states.filter((state, step) => step > 0 && specOf(state) !== specOf(states[step - 1])).length,
        )
      }
    }
    await fc.assert(fc.asyncProperty(fc.array(write, { maxLength: 25 }), fc.constantFrom(1, 2, 1_000), run), {
      numRuns: 150,
    })
  })
})

function stateOf({ metadata, spec, status }: WidgetObject): ModelState {
  return { main: JSON.stringify([spec, metadata.labels]), status: JSON.stringify(status ?? null) }
}

function specOf(state: ModelState | undefined): string {
  return JSON.stringify((JSON.parse(state?.main ?? '[]') as readonly unknown[])[0])
}

async function attempt(
  store: Store,
  read: WidgetObject,
  { half, value }: { readonly half: 'spec' | 'labels' | 'status'; readonly value: number },
): Promise<WidgetObject | undefined> {
  try {
    if (half === 'status') return await store.updateStatus(Widget, { ...read, status: { ready: value } })
    if (half === 'spec') return await store.update(Widget, { ...read, spec: { size: value } })
    const metadata = { ...read.metadata, labels: { v: String(value) } }
    return await store.update(Widget, { ...read, metadata })
  } catch (error) {
    if (!isKeelsonError(error, 'Conflict')) throw error
    return undefined
  }
}
