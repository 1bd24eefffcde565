import { claim, claimEqual, claimMatch, claimRefusedWithoutEffect } from './claims.js'
import { refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'
import { linesOf, record } from './tape.js'

const HOUR_MS = 3_600_000
const nothing = (): void => {}

/** How an object comes to have a lifetime or a time to live, and to have none. */
export const expiryLaws: readonly StoreLaw[] = [
  {
    name: 'an object with a time to live goes when that is over, and takes nothing with it',
    movesTime: true,
    check: async world => {
      const { lifeMs } = world
      const store = await world.open()
      await store.create(Widget, widget('a'), { ttlMs: lifeMs })
      await store.create(Widget, widget('b'), { ttlMs: HOUR_MS })
      await store.create(Widget, widget('c'))
      const tape = record(world, store.watch(Widget))
      const { revision } = store
      await world.pass(lifeMs * 0.6)
      claim(store.get(Widget, refOf('a')) !== undefined, 'it does not go early')
      await world.pass(lifeMs)
      await tape.through(revision + 1)
      claimEqual(
        store.list(Widget).items.map(({ metadata }) => metadata.name),
        ['b', 'c'],
        'what is left',
      )
    },
  },
  {
    name: 'a write that names no lifetime keeps the one there is, another name moves it, null ends it',
    movesTime: true,
    check: async world => {
      const store = await world.open()
      const short = (await store.lifetimes.grant({ ttlMs: world.lifeMs })).id
      const long = (await store.lifetimes.grant({ ttlMs: HOUR_MS })).id
      for (const name of ['kept', 'moved', 'freed', 'tried'])
        await store.create(Widget, widget(name), { lifetime: short })
      for (const name of ['timed', 'saved']) await store.create(Widget, widget(name), { ttlMs: world.lifeMs })
      const { revision } = store
      await store.modify(Widget, refOf('moved'), nothing, { lifetime: long })
      await store.modify(Widget, refOf('freed'), nothing, { lifetime: null })
      await store.modify(Widget, refOf('saved'), nothing, { lifetime: null })
      await store.modify(Widget, refOf('tried'), nothing, { lifetime: null, dryRun: true })
      claimEqual(store.revision, revision, 'the revision after lifetimes have changed')
      const counts = [short, long].map(id => store.lifetimes.get(id)?.objects)
      claimEqual(counts, [2, 1], 'the attached objects')
      await store.modify(Widget, refOf('kept'), draft => void (draft.spec.size = 2))
      await store.modifyStatus(Widget, refOf('kept'), draft => void (draft.status = { ready: 1 }))
      await store.modify(Widget, refOf('timed'), draft => void (draft.spec.size = 2))
      const tape = record(world, store.watch(Widget))
      await world.pass(world.lifeMs * 1.5)
      const told = linesOf(await tape.events(3)).map(line => line.split(' ').slice(1).join(' '))
      claimEqual(told.toSorted(), ['DELETED kept', 'DELETED timed', 'DELETED tried'], 'what was told')
      const names = store.list(Widget).items.map(({ metadata }) => metadata.name)
      claimEqual(names, ['freed', 'moved', 'saved'], 'what is left')
    },
  },
  {
    name: 'an object that is created again does not have the lifetime of the one before',
    check: async ({ open }) => {
      const store = await open()
      const { id } = await store.lifetimes.grant({ ttlMs: HOUR_MS })
      await store.create(Widget, widget('a'), { lifetime: id })
      await store.delete(Widget, refOf('a'))
      claimEqual(store.lifetimes.get(id)?.objects, 0, 'the attached objects')
      await store.create(Widget, widget('a'))
      await store.lifetimes.revoke(id)
      claim(store.get(Widget, refOf('a')) !== undefined, 'the new object is still there')
    },
  },
  {
    name: 'an unknown lifetime refuses the write before anything happens, in a transaction too',
    check: async ({ open }) => {
      const store = await open()
      await store.create(Widget, widget('a'))
      const { id } = await store.lifetimes.grant({ ttlMs: HOUR_MS })
      const lifetime = 'none-such'
      const writes: readonly (() => Promise<unknown>)[] = [
        () => store.create(Widget, widget('b'), { lifetime }),
        () => store.modify(Widget, refOf('a'), draft => void (draft.spec.size = 2), { lifetime }),
        () => store.patch(Widget, refOf('a'), { spec: { size: 2 } }, { type: 'merge', lifetime }),
        () =>
          store.transact(tx => {
            tx.create(Widget, widget('b'), { lifetime: id })
            tx.create(Widget, widget('c'), { lifetime })
          }),
      ]
      for (const write of writes)
        await claimRefusedWithoutEffect(store, write, 'LifetimeNotFound', { id: lifetime })
      claimEqual(store.lifetimes.get(id)?.objects, 0, 'the known lifetime')
    },
  },
  {
    name: 'an invalid expiry is refused',
    check: async ({ open }) => {
      const store = await open()
      const { id } = await store.lifetimes.grant({ ttlMs: HOUR_MS })
      const create = (options: object) => (): Promise<unknown> => store.create(Widget, widget('a'), options)
      for (const ttlMs of [Number.NaN, 0, -1, Number.POSITIVE_INFINITY, 9.1e12])
        await claimRefusedWithoutEffect(store, create({ ttlMs }), 'Invalid')
      await claimRefusedWithoutEffect(store, create({ lifetime: 5 }), 'Invalid')
      await claimRefusedWithoutEffect(store, create({ lifetime: id, ttlMs: 1_000 }), 'Usage')
    },
  },
  {
    name: 'expiry only marks what finalizers hold, and asks no admission hook',
    movesTime: true,
    check: async world => {
      const asked: string[] = []
      const handle = ({ operation }: { readonly operation: string }): undefined => void asked.push(operation)
      const hook = { name: 'witness', phase: 'validate', operations: ['delete'], handle } as const
      const store = await world.open({ admission: [hook] })
      const finalizers = ['laws/hold']
      await store.create(Widget, widget('held', {}, { finalizers }), { ttlMs: world.lifeMs })
      const tape = record(world, store.watch(Widget))
      const { revision } = store
      await world.pass(world.lifeMs * 1.5)
      const event = (await tape.through(revision + 1))[0]?.events[0]
      claimMatch(event, { type: 'MODIFIED', object: { metadata: { name: 'held' } } }, 'the event')
      const held = store.get(Widget, refOf('held'))
      claim(held?.metadata.deletionTimestamp !== undefined, 'the object is marked')
      await store.modify(Widget, refOf('held'), draft => void (draft.metadata.finalizers = []))
      claimEqual(store.get(Widget, refOf('held')), undefined, 'the object without finalizers')
      claimEqual(asked, [], 'who was asked')
    },
  },
]
