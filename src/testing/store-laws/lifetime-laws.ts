import { claim, claimEqual, claimMatch, claimRefused, claimRefusedWithoutEffect } from './claims.js'
import { Gadget, gadget, refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'
import { linesOf, record } from './tape.js'

const HOUR_MS = 3_600_000

/** How a lifetime begins, goes on and ends. */
export const lifetimeLaws: readonly StoreLaw[] = [
  {
    name: 'the end of a lifetime deletes what is attached to it, in one revision and in the order of keys',
    movesTime: true,
    check: async world => {
      const store = await world.open()
      const lifetime = (await store.lifetimes.grant({ ttlMs: world.lifeMs })).id
      for (const name of ['b', 'a']) await store.create(Widget, widget(name), { lifetime })
      await store.create(Gadget, gadget('g'), { lifetime })
      await store.create(Widget, widget('free'))
      const tape = record(world, store.watch([Widget, Gadget]))
      const { revision } = store
      await world.pass(world.lifeMs * 1.5)
      const [first, ...more] = await tape.through(revision + 1)
      const told = linesOf(first === undefined ? [] : [first]).map(line => line.split(' ').slice(1).join(' '))
      claimEqual(told.toSorted(), ['DELETED a', 'DELETED b', 'DELETED g'], 'the batch')
      claim(told.indexOf('DELETED a') < told.indexOf('DELETED b'), 'keys are in order')
      claimEqual([more.length, first?.revision], [0, store.revision], 'there is one revision')
      const names = store.list(Widget).items.map(({ metadata }) => metadata.name)
      claimEqual(
        [names, store.list(Gadget).items, store.lifetimes.get(lifetime)],
        [['free'], [], undefined],
        'the rest',
      )
    },
  },
  {
    name: 'a lifetime does not end early, and a renewal gives it its full time again, without a revision',
    movesTime: true,
    check: async world => {
      const { lifeMs } = world
      const store = await world.open()
      const granted = await store.lifetimes.grant({ ttlMs: lifeMs })
      claimMatch(granted, { ttlMs: lifeMs, objects: 0 }, 'the lifetime')
      await store.create(Widget, widget('a'), { lifetime: granted.id })
      const tape = record(world, store.watch(Widget))
      const { revision } = store
      for (let round = 0; round < 2; round++) {
        await world.pass(lifeMs * 0.6)
        claim(store.get(Widget, refOf('a')) !== undefined, 'the object is still there')
        const renewed = await store.lifetimes.renew(granted.id)
        claimMatch(renewed, { id: granted.id, ttlMs: lifeMs, objects: 1 }, 'the renewed lifetime')
        claim(renewed.remainingMs > lifeMs * 0.6, 'it has its full time')
      }
      claimEqual(store.revision, revision, 'the revision')
      await world.pass(lifeMs * 1.5)
      await tape.through(revision + 1)
      claimEqual(store.get(Widget, refOf('a')), undefined, 'the object in the end')
    },
  },
  {
    name: 'a lapsed lifetime cannot be renewed, revoked or used, and its id is free',
    movesTime: true,
    check: async world => {
      const store = await world.open()
      const { id } = await store.lifetimes.grant({ ttlMs: world.lifeMs })
      await world.pass(world.lifeMs * 1.5)
      const uses: readonly (() => Promise<unknown>)[] = [
        () => store.lifetimes.renew(id),
        () => store.lifetimes.revoke(id),
        () => store.create(Widget, widget('a'), { lifetime: id }),
      ]
      for (const use of uses) await claimRefusedWithoutEffect(store, use, 'LifetimeNotFound', { id })
      claimEqual(store.lifetimes.get(id), undefined, 'the lifetime')
      claimMatch(
        await store.lifetimes.grant({ id, ttlMs: HOUR_MS }),
        { id, objects: 0 },
        'a lifetime of that id',
      )
    },
  },
  {
    name: 'a revoked lifetime ends at once, with its objects, and only once',
    check: async world => {
      const store = await world.open()
      const [gone, other] = [
        await store.lifetimes.grant({ ttlMs: HOUR_MS }),
        await store.lifetimes.grant({ ttlMs: HOUR_MS }),
      ]
      await store.transact(tx => {
        for (const name of ['b', 'a']) tx.create(Widget, widget(name), { lifetime: gone.id })
        tx.create(Widget, widget('other'), { lifetime: other.id })
      })
      claimEqual(store.lifetimes.get(gone.id)?.objects, 2, 'the attached objects')
      const tape = record(world, store.watch(Widget))
      await store.lifetimes.revoke(gone.id)
      const names = store.list(Widget).items.map(({ metadata }) => metadata.name)
      claimEqual(names, ['other'], 'what is left')
      const batches = await tape.through(store.revision)
      const { revision } = store
      claimEqual(linesOf(batches), [`${revision} DELETED a`, `${revision} DELETED b`], 'what was told')
      claimEqual(batches.length, 1, 'how many batches')
      for (const again of [() => store.lifetimes.revoke(gone.id), () => store.lifetimes.renew(gone.id)])
        await claimRefusedWithoutEffect(store, again, 'LifetimeNotFound', { id: gone.id })
      claimMatch(store.lifetimes.get(other.id), { id: other.id, objects: 1 }, 'the other lifetime')
    },
  },
  {
    name: 'an invalid lifetime is refused',
    check: async ({ open }) => {
      const store = await open()
      const { id } = await store.lifetimes.grant({ ttlMs: HOUR_MS })
      const bad = [Number.NaN, 0, -1, Number.POSITIVE_INFINITY, 9.1e12]
      for (const ttlMs of bad)
        await claimRefusedWithoutEffect(store, () => store.lifetimes.grant({ ttlMs }), 'Invalid')
      const grant = (name: unknown) => () => store.lifetimes.grant({ id: name as string, ttlMs: HOUR_MS })
      await claimRefusedWithoutEffect(store, grant(''), 'Invalid')
      await claimRefusedWithoutEffect(store, grant(5), 'Invalid')
      await claimRefusedWithoutEffect(store, grant(id), 'AlreadyExists')
      claimMatch(store.lifetimes.get(id), { ttlMs: HOUR_MS, objects: 0 }, 'the lifetime that holds the id')
    },
  },
  {
    name: 'lifetimes obey the fence of their client',
    check: async ({ open, soon }) => {
      const store = await open()
      const lock = await store.create(Gadget, gadget('lock'))
      const { resourceVersion } = lock.metadata
      const fence = { kind: Gadget, ref: { name: 'lock' }, resourceVersion }
      const client = store.client(store.env, { fence })
      const { id } = await soon('a lifetime', client.lifetimes.grant({ ttlMs: HOUR_MS }))
      await soon('a renewal', client.lifetimes.renew(id))
      await store.create(Widget, widget('a'), { lifetime: id })
      await store.update(Gadget, { ...lock, spec: { node: 'another' } })
      const calls: readonly (() => Promise<unknown>)[] = [
        () => client.lifetimes.grant({ ttlMs: HOUR_MS }),
        () => client.lifetimes.renew(id),
        () => client.lifetimes.revoke(id),
      ]
      for (const call of calls)
        await claimRefusedWithoutEffect(store, () => soon('an answer', call()), 'Fenced', { name: 'lock' })
      claimMatch(store.lifetimes.get(id), { objects: 1 }, 'the lifetime')
    },
  },
  {
    name: 'who keeps a lock by a lifetime is fenced when the lifetime ends',
    movesTime: true,
    check: async world => {
      const store = await world.open()
      const { id } = await store.lifetimes.grant({ ttlMs: world.lifeMs })
      const lock = await store.create(Gadget, gadget('lock'), { lifetime: id })
      const fence = {
        kind: Gadget,
        ref: { name: 'lock' },
        resourceVersion: lock.metadata.resourceVersion,
      }
      const holder = store.client(store.env, { fence })
      await world.soon('a write', holder.create(Widget, widget('a')))
      const tape = record(world, store.watch(Gadget))
      const { revision } = store
      await world.pass(world.lifeMs * 1.5)
      await tape.through(revision + 1)
      const write = (): Promise<unknown> => world.soon('an answer', holder.create(Widget, widget('b')))
      await claimRefused(write, 'Fenced', { name: 'lock' })
      await store.create(Gadget, gadget('lock'))
      await claimRefused(write, 'Fenced', { name: 'lock' })
    },
  },
]
