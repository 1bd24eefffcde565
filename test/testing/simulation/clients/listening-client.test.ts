import { describe, expect, test } from 'vitest'
import type { Client, ClientWrite } from '../../../../src/store/index.js'
import { listeningClient } from '../../../../src/testing/simulation/clients/listening-client.js'
import { kindOf } from '../../../fixtures/kinds.js'
import { createWorld } from '../../../fixtures/world.js'

const Page = kindOf('Page', { namespaced: false })
const missing = { name: 'missing' }
const taken = { metadata: { name: 'taken' }, spec: {} }

/** Every verb of a writer, in a call that is refused, and why it is. */
const refused: { readonly [Verb in ClientWrite['verb']]: [(client: Client) => Promise<unknown>, string] } = {
  create: [client => client.create(Page, taken), 'AlreadyExists'],
  update: [client => client.update(Page, { metadata: missing, spec: {} }), 'NotFound'],
  updateStatus: [client => client.updateStatus(Page, { metadata: missing, spec: {} }), 'NotFound'],
  modify: [client => client.modify(Page, missing, () => {}), 'NotFound'],
  modifyStatus: [client => client.modifyStatus(Page, missing, () => {}), 'NotFound'],
  patch: [client => client.patch(Page, missing, {}, { type: 'merge' }), 'NotFound'],
  delete: [client => client.delete(Page, missing), 'NotFound'],
  transact: [client => client.transact(tx => tx.create(Page, taken)), 'AlreadyExists'],
  optimistic: [client => client.optimistic(tx => tx.create(Page, taken)), 'AlreadyExists'],
}

describe('a listening client', () => {
  test.each(Object.entries(refused))('tells why %s was refused', async (_verb, [call, why]) => {
    const { env, store } = createWorld({ kinds: [Page] })
    await store.create(Page, taken)
    const told: string[] = []
    const listener = { refused: (code: string) => told.push(code), delivered: () => {} }
    const client = listeningClient(store, 'app', listener)
    await call(client).catch(() => {})
    expect(told).toEqual([why])
    // Clients made from it tell too, and once.
    const other = call(client.client(env)).catch(() => {})
    await env.settle()
    await other
    expect(told).toEqual([why, why])
  })
})
