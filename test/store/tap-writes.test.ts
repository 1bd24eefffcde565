import { describe, expect, test } from 'vitest'
import type { Client, ClientWrite } from '../../src/store/index.js'
import { tapWrites } from '../../src/store/index.js'
import { ref as at, Widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const object = (name: string) => ({ metadata: at(name), spec: {} })

/** Every verb of a writer, and a call of it that succeeds once `a` exists. */
const calls: { readonly [Verb in ClientWrite['verb']]: (client: Client) => Promise<unknown> } = {
  create: client => client.create(Widget, object('b')),
  update: client => client.update(Widget, object('a'), { unconditional: true }),
  updateStatus: client => client.updateStatus(Widget, object('a'), { unconditional: true }),
  modify: client => client.modify(Widget, at('a'), draft => void (draft.spec.size = 2)),
  modifyStatus: client => client.modifyStatus(Widget, at('a'), draft => void (draft.status = {})),
  patch: client => client.patch(Widget, at('a'), { spec: { size: 3 } }, { type: 'merge' }),
  delete: client => client.delete(Widget, at('a')),
  transact: client => client.transact(tx => tx.get(Widget, at('a'))?.metadata.name),
  optimistic: client => client.optimistic(async tx => tx.get(Widget, at('a'))?.metadata.name),
}
const verbs = Object.entries(calls) as [ClientWrite['verb'], (client: Client) => Promise<unknown>][]

async function storeWithA() {
  const { store } = createWorld()
  await store.create(Widget, object('a'))
  return store
}

describe('a tap on writes', () => {
  test.each(verbs)('hands on %s, and gives back what became of it', async (verb, call) => {
    const [plain, tapped] = [await storeWithA(), await storeWithA()]
    const seen: string[] = []
    const client = tapWrites(tapped, (write, next) => {
      seen.push(write.verb)
      return next(write)
    })
    expect(await call(client)).toEqual(await call(plain))
    expect(seen).toEqual([verb])
    expect(tapped.revision).toBe(plain.revision)
  })

  test.each(verbs)('refuses %s by throwing, and nothing is written', async (_verb, call) => {
    const store = await storeWithA()
    const client = tapWrites(store, () => {
      throw new Error('not today')
    })
    await expect(call(client)).rejects.toThrow('not today')
    expect(store.revision).toBe(1)
  })

  test('may change a write, and is on the clients made from its client', async () => {
    const { env, store } = createWorld()
    const client = tapWrites(store, (write, next) =>
      next(write.verb === 'create' ? { ...write, object: { ...write.object, spec: { size: 7 } } } : write),
    ).client(env)
    const created = client.create(Widget, object('a'))
    await env.settle()
    expect((await created).spec).toEqual({ size: 7 })
  })
})
