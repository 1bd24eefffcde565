import { describe, expect, test } from 'vitest'
import type { Client, StoredObject } from '../../src/store/index.js'
import { kindOf } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const Tree = kindOf<object>('Tree', { namespaced: false })
const at = { name: 'x' }

function nested(levels: number): object {
  let value: object = {}
  for (let level = 1; level < levels; level++) value = { in: value }
  return value
}

const writes: readonly [string, (client: Client, spec: object) => Promise<StoredObject<object>>][] = [
  ['create', (client, spec) => client.create(Tree, { metadata: { name: 'y' }, spec })],
  ['update', (client, spec) => client.update(Tree, { metadata: at, spec }, { unconditional: true })],
  ['modify', (client, spec) => client.modify(Tree, at, draft => void (draft.spec = spec))],
  ['a merge patch', (client, spec) => client.patch(Tree, at, { spec }, { type: 'merge' })],
  [
    'a JSON patch',
    (client, spec) =>
      client.patch(Tree, at, [{ op: 'replace', path: '/spec', value: spec as never }], { type: 'json' }),
  ],
  [
    'apply',
    (client, spec) => client.patch(Tree, at, { spec }, { type: 'apply', fieldManager: 'me', force: true }),
  ],
]

describe.each(writes)('%s', (_verb, write) => {
  test.each(['store', 'client'])('of a %s takes a part of 100 levels, and no deeper one', async through => {
    const { env, store } = createWorld({ kinds: [Tree] })
    await store.create(Tree, { metadata: at, spec: { a: 1 } })
    const client: Client = through === 'store' ? store : store.client(env.fork('client'))
    const outcome = async (levels: number): Promise<unknown> => {
      const writing = write(client, nested(levels)).catch((error: unknown) => error)
      await env.settle()
      return writing
    }
    expect(await outcome(101)).toMatchObject({ code: 'Invalid', message: expect.stringContaining('nest') })
    expect(await outcome(100)).toMatchObject({ spec: nested(100) })
  })
})
