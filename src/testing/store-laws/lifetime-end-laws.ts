import { claim, claimEqual, claimMatch, claimRefused, claimRefusedWithoutEffect } from './claims.js'
import { Gadget, gadget, refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'
import { linesOf, record } from './tape.js'

const HOUR_MS = 3_600_000

/** The life of a lease: how it begins, goes on and ends. */
export const leaseLaws: readonly StoreLaw[] = [
  {
    name: 'the end of a lease deletes what is attached to it, in one revision and in the order of keys',
    movesTime: true,
    check: async world => {
      const store = await world.open()
      const lease = (await store.leases.grant({ ttlMs: world.lifeMs })).id
      for (const name of ['b', 'a']) await store.create(Widget, widget(name), { lease })
      await store.create(Gadget, gadget('g'), { lease })
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
        [names, store.list(Gadget).items, store.leases.get(lease)],
        [['free'], [], undefined],
        'the rest',
      )
    },
  },
  {
    name: 'a lease does not end early, and a renewal gives it its full time again, without a revision',
    movesTime: true,
    check: async world => {
      const { lifeMs } = world
      const store = await world.open()
      const granted = await store.leases.grant({ ttlMs: lifeMs })
      claimMatch(granted, { ttlMs: lifeMs, objects: 0 }, 'the lease')
      await store.create(Widget, widget('a'), { lease: granted.id })
      const tape = record(world, store.watch(Widget))
      const { revision } = store
      for (let round = 0; round < 2; round++) {
        await world.pass(lifeMs * 0.6)
        claim(store.get(Widget, refOf('a')) !== undefined, 'the object is still there')
        const renewed = await store.leases.renew(granted.id)
        claimMatch(renewed, { id: granted.id, ttlMs: lifeMs, objects: 1 }, 'the renewed lease')
        claim(renewed.remainingMs > lifeMs * 0.6, 'it has its full time')
      }
      claimEqual(store.revision, revision, 'the revision')
      await world.pass(lifeMs * 1.5)
      await tape.through(revision + 1)
      claimEqual(store.get(Widget, refOf('a')), undefined, 'the object in the end')
    },
  },
  {
    name: 'a lapsed lease cannot be renewed, revoked or used, and its id is free',
    movesTime: true,
    check: async world => {
      const store = await world.open()
      const { id } = await store.leases.grant({ ttlMs: world.lifeMs })
      await world.pass(world.lifeMs * 1.5)
      const uses: readonly (() => Promise<unknown>)[] = [
        () => store.leases.renew(id),
        () => store.leases.revoke(id),
        () => store.create(Widget, widget('a'), { lease: id }),
      ]
      for (const use of uses) await claimRefusedWithoutEffect(store, use, 'LeaseNotFound', { id })
      claimEqual(store.leases.get(id), undefined, 'the lease')
      claimMatch(await store.leases.grant({ id, ttlMs: HOUR_MS }), { id, objects: 0 }, 'a lease of that id')
    },
  },
  {
    name: 'a revoked lease ends at once, with its objects, and only once',
    check: async world => {
      const store = await world.open()
      const [gone, other] = [
        await store.leases.grant({ ttlMs: HOUR_MS }),
        await store.leases.grant({ ttlMs: HOUR_MS }),
      ]
      await store.transact(tx => {
        for (const name of ['b', 'a']) tx.create(Widget, widget(name), { lease: gone.id })
        tx.create(Widget, widget('other'), { lease: other.id })
      })
      claimEqual(store.leases.get(gone.id)?.objects, 2, 'the attached objects')
      const tape = record(world, store.watch(Widget))
      await store.leases.revoke(gone.id)
      const names = store.list(Widget).items.map(({ metadata }) => metadata.name)
      claimEqual(names, ['other'], 'what is left')
      const batches = await tape.through(store.revision)
      const { revision } = store
      claimEqual(linesOf(batches), [`${revision} DELETED a`, `${revision} DELETED b`], 'what was told')
      claimEqual(batches.length, 1, 'how many batches')
      for (const again of [() => store.leases.revoke(gone.id), () => store.leases.renew(gone.id)])
        await claimRefusedWithoutEffect(store, again, 'LeaseNotFound', { id: gone.id })
      claimMatch(store.leases.get(other.id), { id: other.id, objects: 1 }, 'the other lease')
    },
  },
  {
    name: 'a lease that cannot be is refused',
    check: async ({ open }) => {
      const store = await open()
      const { id } = await store.leases.grant({ ttlMs: HOUR_MS })
      const bad = [Number.NaN, 0, -1, Number.POSITIVE_INFINITY, 9.1e12]
      for (const ttlMs of bad)
        await claimRefusedWithoutEffect(store, () => store.leases.grant({ ttlMs }), 'Invalid')
      const grant = (name: unknown) => () => store.leases.grant({ id: name as string, ttlMs: HOUR_MS })
      await claimRefusedWithoutEffect(store, grant(''), 'Invalid')
      await claimRefusedWithoutEffect(store, grant(5), 'Invalid')
      await claimRefusedWithoutEffect(store, grant(id), 'AlreadyExists')
      claimMatch(store.leases.get(id), { ttlMs: HOUR_MS, objects: 0 }, 'the lease that holds the id')
    },
  },
  {
    name: 'leases obey the fence of their client',
    check: async ({ open, soon }) => {
      const store = await open()
      const lock = await store.create(Gadget, gadget('lock'))
      const { resourceVersion } = lock.metadata
      const fence = { kind: Gadget, ref: { name: 'lock' }, resourceVersion }
      const client = store.client(store.env, { fence })
      const { id } = await soon('a lease', client.leases.grant({ ttlMs: HOUR_MS }))
      await soon('a renewal', client.leases.renew(id))
      await store.create(Widget, widget('a'), { lease: id })
      await store.update(Gadget, { ...lock, spec: { node: 'another' } })
      const calls: readonly (() => Promise<unknown>)[] = [
        () => client.leases.grant({ ttlMs: HOUR_MS }),
        () => client.leases.renew(id),
        () => client.leases.revoke(id),
      ]
      for (const call of calls)
        await claimRefusedWithoutEffect(store, () => soon('an answer', call()), 'Fenced', { name: 'lock' })
      claimMatch(store.leases.get(id), { objects: 1 }, 'the lease')
    },
  },
  {
    name: 'who keeps a lock by a lease is fenced when the lease ends',
    movesTime: true,
    check: async world => {
      const store = await world.open()
      const { id } = await store.leases.grant({ ttlMs: world.lifeMs })
      const lock = await store.create(Gadget, gadget('lock'), { lease: id })
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
