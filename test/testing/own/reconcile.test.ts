import type { Controller } from '../../../src/reconcile/index.js'
import {
  child,
  claim,
  createController,
  createExpiryController,
  createGarbageCollector,
  createNamespaceController,
  NAMESPACE_FINALIZER,
  requeueAfter,
  withFinalizers,
} from '../../../src/reconcile/index.js'
import type { Kind, ObjectInput, StoredObject } from '../../../src/store/index.js'
import { FOREGROUND_FINALIZER, ORPHAN_FINALIZER } from '../../../src/store/index.js'
import type { ProcessSite, SimulateOptions } from '../../../src/testing/index.js'
import { kindOf } from '../../fixtures/kinds.js'
import { App, app, Pod } from '../fixtures/apps.js'
import type { OwnCase } from './own-case.js'
import { runUnderCheck } from './own-case.js'
import { onChange, whenAtRest } from './write-law.js'

type Site = Pick<ProcessSite, 'outside'>

const Team: Kind<{ shares: readonly string[] }> = kindOf('Team', { namespaced: false })
const Volume: Kind<object> = kindOf('Volume', { namespaced: false })
const Space: Kind<object> = kindOf('Space', { namespaced: false })
const Item: Kind<object> = kindOf('Item')

function applied(reads: 'client' | 'cache'): Controller {
  return createController({
    name: 'apps',
    for: App,
    owns: [Pod],
    reads,
    reconcile: async ({ name }, owner, { children }) => {
      if (owner === undefined) return
      const wanted = Array.from({ length: owner.spec.replicas ?? 0 }, (_, at) => `${name}-${at}`)
      await children.apply(wanted.map(pod => child(Pod, { metadata: { name: pod }, spec: { app: name } })))
    },
  })
}

/** Manages the pods that carry its name as a label; `pod` is one that it makes when it is missing. */
const claiming = (): Controller =>
  createController({
    name: 'claims',
    for: App,
    watches: [{ kind: Pod, map: pod => [{ name: pod.spec.app }] }],
    reconcile: async ({ name }, owner, { client }) => {
      if (owner === undefined) return
      await claim(client, { kind: App, owner, of: Pod, selector: { matchLabels: { app: name } } })
    },
  })

const volumes = (): Controller =>
  createController({
    name: 'volumes',
    for: Pod,
    owns: [Volume],
    reconcile: async ({ name }, pod, { children }) => {
      if (pod !== undefined) await children.apply([child(Volume, { metadata: { name }, spec: {} })])
    },
  })

/** Each team makes sure that what it shares exists and names it among its owners. */
const teams = (): Controller =>
  createController({
    name: 'teams',
    for: Team,
    watches: [{ kind: Pod, map: (_pod, reader) => reader.list(Team).items.map(refOf) }],
    reconcile: (ref, _team, { client }) =>
      client.transact(tx => {
        const team = tx.get(Team, ref)
        if (team === undefined || team.metadata.deletionTimestamp !== undefined) return
        const { name, uid } = team.metadata
        const owner = { apiVersion: Team.apiVersion, kind: Team.kind, name, uid, blockOwnerDeletion: true }
        for (const shared of team.spec.shares) {
          const pod = tx.get(Pod, { name: shared })
          const owners = pod?.metadata.ownerReferences ?? []
          if (pod?.metadata.deletionTimestamp !== undefined || owners.some(one => one.uid === uid)) continue
          const ownerReferences = [...owners, owner].sort((a, b) => (a.name < b.name ? -1 : 1))
          if (pod === undefined)
            tx.create(Pod, { metadata: { name: shared, ownerReferences }, spec: { app: shared } })
          else
            tx.modify(Pod, { name: shared }, draft => {
              draft.metadata.ownerReferences = ownerReferences
            })
        }
      }),
  })

function refOf({ metadata: { name } }: StoredObject): { readonly name: string } {
  return { name }
}

function team(name: string, shares: readonly string[], ...finalizers: readonly string[]): ObjectInput {
  return { kind: 'Team', metadata: { name, finalizers }, spec: { shares } }
}

/** Nobody but a collector deletes pods here: they have no managing owner. */
const deletedOnlyWithoutOwners = onChange(
  'nothing that has an owner is deleted',
  Pod,
  ({ before, now }, { reader }) => {
    const isDeletion = isLiving(before) && !isLiving(now)
    if (!isDeletion || before === undefined) return true
    return before.metadata.ownerReferences.every(({ name, uid }) => {
      const owner = reader.get(Team, { name })
      return owner?.metadata.uid !== uid || !isLiving(owner)
    })
  },
)

const deletedOnlyWhenLoose = onChange(
  'what is let go is not deleted with its owner',
  Pod,
  ({ before, now }) => !isLiving(before) || isLiving(now) || before?.metadata.ownerReferences.length === 0,
)

function isLiving(object: StoredObject | undefined): boolean {
  return object !== undefined && object.metadata.deletionTimestamp === undefined
}

const collection: Pick<SimulateOptions, 'kinds' | 'collects' | 'faults'> = {
  kinds: [Team, Pod, Volume],
  collects: false,
  // What a team no longer shares stays: that would be a matter of the team's.
  faults: { edit: 0 },
}
const collecting = (): readonly Controller[] => [
  createGarbageCollector({ kinds: [Team, Pod, Volume] }),
  teams(),
  volumes(),
]

/** Its cleanup takes two goes, and the second finalizer counts on the first. */
const disks = ({ outside }: Site): Controller =>
  createController({
    name: 'disks',
    for: App,
    reconcile: withFinalizers(
      App,
      [
        {
          name: 'example.com/mount',
          cleanup: ({ metadata: { name } }) => {
            if (outside.has(`mount ${name}`) && !outside.has(`disk ${name}`))
              throw new Error('the disk went before its mount')
            outside.delete(`mount ${name}`)
          },
        },
        {
          name: 'example.com/disk',
          cleanup: ({ metadata: { name } }) => {
            if (outside.get(`disk ${name}`) === 'spinning') {
              outside.set(`disk ${name}`, 'slowing down')
              return requeueAfter(1_000)
            }
            outside.delete(`disk ${name}`)
          },
        },
      ],
      ({ name }, disk) => {
        if (disk === undefined) return
        if (disk.metadata.finalizers.length < 2) throw new Error('made before its finalizers were stored')
        outside.set(`disk ${name}`, 'spinning')
        outside.set(`mount ${name}`, 'there')
      },
    ),
  })

/** Fills each space, as long as it is not being deleted. */
const filling = (): Controller =>
  createController({
    name: 'filling',
    for: Space,
    watches: [{ kind: Item, map: ({ metadata: { namespace = '' } }) => [{ name: namespace }] }],
    reconcile: ({ name }, _space, { client }) =>
      client.transact(tx => {
        if (!isLiving(tx.get(Space, { name }))) return
        for (const item of ['a', 'b'])
          if (tx.get(Item, { namespace: name, name: item }) === undefined)
            tx.create(Item, { metadata: { namespace: name, name: item }, spec: {} })
      }),
  })

/** Makes deletions of items take their time. */
const holding = ({ outside }: Site): Controller =>
  createController({
    name: 'holding',
    for: Item,
    reconcile: withFinalizers(
      Item,
      [{ name: 'example.com/item', cleanup: ({ metadata }) => void outside.delete(metadata.name) }],
      ({ name }, item) => void (item && outside.set(name, 'held')),
    ),
  })

const spacesGoEmpty = onChange(
  'a namespace goes when it is empty',
  Space,
  ({ before, now }, { reader }) =>
    now !== undefined || reader.list(Item, { namespace: before?.metadata.name ?? '' }).items.length === 0,
)

const spaces = (): Controller => createNamespaceController({ for: Space, kinds: [Item], deletionsMax: 1 })
const space: ObjectInput = {
  kind: 'Space',
  metadata: { name: 'ns', finalizers: [NAMESPACE_FINALIZER] },
  spec: {},
}

function expiryOf({ metadata, spec }: App): number | undefined {
  return spec.ttlMs === undefined ? undefined : Date.parse(metadata.creationTimestamp) + spec.ttlMs
}

const cases: readonly OwnCase[] = [
  {
    name: 'applied children',
    make: () => applied('client'),
    options: { kinds: [App, Pod], objects: [app('web', { replicas: 2 }), app('db', { replicas: 1 })] },
  },
  {
    name: 'applied children over a cache',
    make: () => applied('cache'),
    options: { kinds: [App, Pod], objects: [app('web', { replicas: 2 }), app('db', { replicas: 1 })] },
  },
  {
    name: 'claimed children',
    make: claiming,
    options: {
      kinds: [App, Pod],
      objects: [app('web', {}), ...['a', 'b'].map(name => labelled(name, 'web'))],
      // A removed app takes along what it had adopted, and the user does not miss it.
      faults: { remove: 0 },
      invariants: [
        whenAtRest('every pod has its owner', reader =>
          reader.list(Pod).items.every(({ metadata }) => metadata.ownerReferences.length === 1),
        ),
      ],
    },
  },
  {
    name: 'finalizers',
    make: disks,
    options: { kinds: [App], objects: [app('a', {}), app('b', {})] },
  },
  {
    name: 'expiry',
    make: () => createExpiryController({ for: App, expiresAtMs: expiryOf }),
    options: {
      kinds: [App],
      objects: [app('job', { ttlMs: 60_000 }), app('service', {})],
      invariants: [
        whenAtRest(
          'only what has a time to live is gone',
          reader =>
            reader
              .list(App)
              .items.map(({ metadata }) => metadata.name)
              .join() === 'service',
        ),
      ],
    },
  },
  {
    name: 'namespaces that somebody fills',
    make: site => [spaces(), filling(), holding(site)],
    options: {
      kinds: [Space, Item],
      objects: [space],
      invariants: [spacesGoEmpty],
    },
  },
  {
    name: 'namespaces in which the user makes things at any time',
    make: site => [spaces(), holding(site)],
    options: {
      kinds: [Space, Item],
      objects: [space, ...['a', 'b'].map(name => item(name))],
      // What went with a removed namespace, the user does not miss.
      faults: { remove: 0 },
      invariants: [spacesGoEmpty],
    },
  },
  {
    name: 'garbage collector: owners go first',
    make: collecting,
    options: {
      ...collection,
      objects: [team('a', ['x', 'y']), team('b', ['x'])],
      invariants: [deletedOnlyWithoutOwners],
    },
  },
  {
    name: 'garbage collector: owners wait for what they own',
    make: collecting,
    options: {
      ...collection,
      objects: [team('a', ['x', 'y'], FOREGROUND_FINALIZER), team('b', ['x'], FOREGROUND_FINALIZER)],
      invariants: [
        deletedOnlyWithoutOwners,
        onChange('an owner goes last', Team, ({ before, now }, { reader }) => {
          if (now !== undefined || before === undefined) return true
          return reader.list(Pod, { owner: before.metadata.uid }).items.length === 0
        }),
      ],
    },
  },
  {
    name: 'garbage collector: owners let go of what they own',
    make: () => [
      ...collecting(),
      createExpiryController({
        for: Pod,
        expiresAtMs: ({ metadata }) => (metadata.ownerReferences.length > 0 ? undefined : 0),
      }),
    ],
    options: {
      ...collection,
      objects: [team('a', ['x', 'y'], ORPHAN_FINALIZER), team('b', ['x'], ORPHAN_FINALIZER)],
      invariants: [deletedOnlyWhenLoose],
    },
  },
]

function labelled(name: string, owner: string): ObjectInput {
  return { kind: 'Pod', metadata: { name, labels: { app: owner } }, spec: { app: owner } }
}

function item(name: string): ObjectInput {
  return { kind: 'Item', metadata: { namespace: 'ns', name }, spec: {} }
}

runUnderCheck(cases)
