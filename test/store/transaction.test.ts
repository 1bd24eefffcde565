import { describe, expect, test } from 'vitest'
import type { Store, Transaction } from '../../src/store/index.js'

import { ref as at, Gadget, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const newStore = (): Store => createWorld().store

describe('a transaction', () => {
  test('takes one revision for all its writes and returns what its body returns', async () => {
    const store = newStore()
    const result = await store.transact(tx => {
      tx.create(Widget, { metadata: at('a'), spec: {} })
      tx.create(Gadget, { metadata: { name: 'g' }, spec: {} })
      return 'done'
    })
    expect(result).toBe('done')
    expect(store.revision).toBe(1)
    expect(store.get(Widget, at('a'))?.metadata.resourceVersion).toBe('1')
    expect(store.get(Gadget, { name: 'g' })?.metadata.resourceVersion).toBe('1')
  })

  test('sees its own writes; outside nobody does before the commit', async () => {
    const store = newStore()
    await store.create(Widget, { metadata: at('b'), spec: { node: 'n1' } })
    await store.transact(tx => {
      tx.create(Widget, { metadata: { ...at('a'), labels: { app: 'x' } }, spec: { node: 'n1', size: 1 } })
      expect(tx.get(Widget, at('a'))?.spec.size).toBe(1)
      expect(store.get(Widget, at('a'))).toBeUndefined()
      const names = (options: object): string[] =>
        tx.list(Widget, options).items.map(item => item.metadata.name)
      expect(names({})).toEqual(['a', 'b'])
      expect(names({ labelSelector: 'app=x' })).toEqual(['a'])
      tx.modify(Widget, at('b'), draft => void (draft.spec.node = 'n2'))
      expect(names({ index: { name: 'node', value: 'n1' } })).toEqual(['a'])
      tx.delete(Widget, at('a'))
      expect(names({})).toEqual(['b'])
      expect(store.list(Widget).items.map(item => item.spec.node)).toEqual(['n1'])
    })
    expect(store.list(Widget).items.map(item => item.spec.node)).toEqual(['n2'])
  })

  test('an update inside it uses the resourceVersion that it gave', async () => {
    const store = newStore()
    const made = await store.create(Widget, { metadata: at('a'), spec: { size: 1 } })
    await store.transact(tx => {
      const next = tx.update(Widget, { ...made, spec: { size: 2 } })
      expect(() => tx.update(Widget, { ...made, spec: { size: 3 } })).toThrowError(
        expect.objectContaining({ code: 'Conflict' }),
      )
      tx.updateStatus(Widget, { ...next, status: { ready: 1 } })
    })
    expect(store.get(Widget, at('a'))).toMatchObject({
      spec: { size: 2 },
      status: { ready: 1 },
      metadata: { generation: 2 },
    })
  })

  const bodies: readonly [string, (tx: Transaction) => unknown][] = [
    ['reads only', tx => tx.list(Widget)],
    [
      'creates and deletes',
      tx => [tx.create(Widget, { metadata: at('t'), spec: {} }), tx.delete(Widget, at('t'))],
    ],
    [
      'changes and changes back',
      tx => {
        tx.modify(Widget, at('a'), draft => void (draft.spec.size = 2))
        tx.modify(Widget, at('a'), draft => void (draft.spec.size = 1))
      },
    ],
  ]
  test.each(bodies)('that %s takes no revision', async (_name, body) => {
    const store = newStore()
    const made = await store.create(Widget, { metadata: at('a'), spec: { size: 1 } })
    await store.transact(body)
    expect(store.revision).toBe(1)
    expect(store.get(Widget, at('a'))).toBe(made)
  })

  test('counts one generation, however often it changes the spec', async () => {
    const store = newStore()
    await store.create(Widget, { metadata: at('a'), spec: { size: 1 } })
    await store.transact(tx => {
      for (const size of [2, 3, 4]) tx.modify(Widget, at('a'), draft => void (draft.spec.size = size))
    })
    expect(store.get(Widget, at('a'))).toMatchObject({ spec: { size: 4 }, metadata: { generation: 2 } })
  })

  const failures: readonly [string, (tx: Transaction) => unknown, object][] = [
    [
      'throws',
      () => {
        throw new Error('no')
      },
      { message: 'no' },
    ],
    [
      'is refused a write',
      tx => tx.create(Widget, { metadata: at('a'), spec: {} }),
      { code: 'AlreadyExists' },
    ],
    ['returns a promise', async () => {}, { code: 'Usage' }],
    ['returns a promise that fails', () => Promise.reject(new Error('lost')), { code: 'Usage' }],
  ]
  test.each(failures)('whose body %s commits nothing', async (_name, body, error) => {
    const store = newStore()
    const made = await store.create(Widget, { metadata: at('a'), spec: { size: 1 } })
    const failed = store.transact(tx => {
      tx.create(Widget, { metadata: at('b'), spec: {} })
      tx.modify(Widget, at('a'), draft => void (draft.spec.size = 2))
      return body(tx)
    })
    await expect(failed).rejects.toMatchObject(error)
    expect(store.revision).toBe(1)
    expect(store.list(Widget).items).toEqual([made])
  })

  test('its tx ends with the body, and the store cannot be written from inside', async () => {
    const store = newStore()
    let leaked: Transaction | undefined
    let inner: Promise<unknown> | undefined
    await store.transact(tx => {
      leaked = tx
      inner = store.create(Widget, { metadata: at('x'), spec: {} })
    })
    await expect(inner).rejects.toMatchObject({ code: 'Usage' })
    expect(() => leaked?.get(Widget, at('x'))).toThrowError(expect.objectContaining({ code: 'Usage' }))
    expect(store.revision).toBe(0)
  })

  test('a write after a failed one works: nothing stays locked', async () => {
    const store = newStore()
    await expect(
      store.transact(() => {
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    await store.create(Widget, { metadata: at('a'), spec: {} })
    expect(store.revision).toBe(1)
  })
})
