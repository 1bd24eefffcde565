import { claimEqual, claimMatch, claimRefused, claimRefusedWithoutEffect } from './claims.js'
import { Gadget, gadget, refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'

export const clientLaws: readonly StoreLaw[] = [
  {
    name: 'a client writes to the same store',
    check: async ({ open, soon }) => {
      const store = await open()
      const client = store.client(store.env)
      const made = await soon('a write', client.create(Widget, widget('a')))
      claimEqual(store.get(Widget, refOf('a')), made, 'get of the store')
      claimEqual(client.get(Widget, refOf('a')), made, 'get of the client')
    },
  },
  {
    name: 'a fenced client stops when its fence has changed, and not before',
    check: async ({ open, soon }) => {
      const store = await open()
      const lock = await store.create(Gadget, gadget('lock'))
      const { resourceVersion } = lock.metadata
      const fence = { kind: Gadget, ref: { name: 'lock' }, resourceVersion }
      const client = store.client(store.env, { fence })
      await soon('a write', client.create(Widget, widget('a')))
      await store.update(Gadget, { ...lock, spec: { node: 'another' } })
      const writes: readonly (() => Promise<unknown>)[] = [
        () => client.create(Widget, widget('b')),
        () => client.delete(Widget, refOf('a')),
        () => client.transact(tx => tx.create(Widget, widget('b'))),
        () => client.client(store.env).create(Widget, widget('b')),
      ]
      for (const write of writes)
        await claimRefusedWithoutEffect(store, () => soon('an answer', write()), 'Fenced', { name: 'lock' })
    },
  },
  {
    name: 'admission asks in its order, and one refusal is enough',
    check: async ({ open, soon }) => {
      const asked: string[] = []
      const store = await open({
        admission: [
          {
            name: 'judge',
            phase: 'validate',
            handle: ({ object }) => {
              asked.push(`judge ${object.metadata.labels?.['by']}`)
              return object.metadata.name === 'bad' ? { forbidden: 'bad' } : undefined
            },
          },
          {
            name: 'stamp',
            phase: 'mutate',
            handle: async ({ object }) => {
              asked.push('stamp')
              await Promise.resolve()
              return { object: { ...object, metadata: { ...object.metadata, labels: { by: 'stamp' } } } }
            },
          },
        ],
      })
      const made = await store.create(Widget, widget('a'))
      claimMatch(made, { metadata: { labels: { by: 'stamp' } } }, 'the object')
      claimEqual(asked, ['stamp', 'judge stamp'], 'who was asked')
      const bad = (): unknown => store.create(Widget, widget('bad'))
      await claimRefusedWithoutEffect(store, bad, 'Forbidden', { hook: 'judge' })
      const inTransaction = (): unknown => store.transact(tx => tx.create(Widget, widget('b')))
      await claimRefusedWithoutEffect(store, inTransaction, 'Usage', { hook: 'stamp' })
      asked.length = 0
      const late = store.optimistic(tx => tx.create(Widget, widget('c')))
      claimMatch(await soon('the transaction', late), { metadata: { labels: { by: 'stamp' } } }, 'its object')
      claimEqual(asked, ['stamp', 'judge stamp'], 'who was asked by the transaction')
    },
  },
  {
    name: 'a closed store ends its watches and refuses every call',
    check: async world => {
      const store = await world.open()
      const watch = store.watch(Widget)
      const next = watch[Symbol.asyncIterator]().next()
      await store.close()
      claimMatch(await world.soon('the end of the watch', next), { done: true }, 'the watch')
      await claimRefused(() => store.create(Widget, widget('a')), 'Closed')
      await claimRefused(() => store.list(Widget), 'Closed')
      await store.close()
    },
  },
]
