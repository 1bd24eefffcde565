import { isKeelsonError } from '../../../src/core/index.js'
import type { Controller } from '../../../src/reconcile/index.js'
import {
  controllerReference,
  createCache,
  createController,
  requeueAfter,
  withFinalizers,
} from '../../../src/reconcile/index.js'
import type { Client, Kind, Reader } from '../../../src/store/index.js'
import type { MakeParts, ProcessSite } from '../../../src/testing/index.js'
import { kindOf } from '../../fixtures/kinds.js'
import { App, app } from '../fixtures/apps.js'
import type { GalleryEntry } from './entry.js'

interface VolumeSpec {
  readonly app: string
  readonly uid: string
}
const Volume: Kind<VolumeSpec> = kindOf('Volume', { namespaced: false })

/** Takes a volume for left over because a cache of apps, which is behind, does not show its app yet. */
const staleDelete: GalleryEntry = {
  name: 'stale read, then delete',
  kinds: [App, Volume],
  objects: [app('web', { replicas: 1 })],
  buggy: () => {
    const cache = createCache({ kinds: [App] })
    return [
      { name: 'cache', start: (client: Client) => cache.start(client), stop: () => cache.stop() },
      volumeMaker(),
      leftoverRemover(() => cache),
    ]
  },
  correct: () => [volumeMaker(), leftoverRemover(client => client)],
}

/** Makes one volume for each app, and no second one: an empty volume in place of a lost one would hide the loss. */
function volumeMaker(): Controller {
  return createController({
    name: 'maker',
    for: App,
    reconcile: async (key, object, { client }) => {
      if (object === undefined || object.status?.['hasVolume'] === true) return
      const { uid } = object.metadata
      const name = `${key.name}-${uid}`
      const owner = { ...controllerReference(App, object), controller: false }
      if (client.get(Volume, { name }) === undefined)
        await client.create(Volume, {
          metadata: { name, ownerReferences: [owner] },
          spec: { app: key.name, uid },
        })
      await client.modifyStatus(App, key, draft => void (draft.status = { hasVolume: true }), {
        preconditions: { uid },
      })
    },
  })
}

function leftoverRemover(apps: (client: Reader) => Reader): Controller {
  return createController({
    name: 'remover',
    for: Volume,
    watches: [
      {
        kind: App,
        map: ({ metadata: { uid } }, reader) =>
          reader
            .list(Volume)
            .items.flatMap(({ metadata: { name }, spec }) => (spec.uid === uid ? [{ name }] : [])),
      },
    ],
    reconcile: async (key, volume, { client }) => {
      if (volume === undefined) return
      const owner = apps(client).get(App, { name: volume.spec.app })
      if (owner?.metadata.uid !== volume.spec.uid) await client.delete(Volume, key)
    },
  })
}

/** Makes the disk before the finalizer is stored: if the app goes in between, the disk stays. */
const finalizerRace: GalleryEntry = {
  name: 'finalizer race',
  kinds: [App],
  objects: [app('web', { replicas: 1 })],
  buggy: ({ outside }: ProcessSite) =>
    createController({
      name: 'disks',
      for: App,
      reconcile: async (key, owner, { client }) => {
        if (owner === undefined) return
        const { deletionTimestamp, finalizers } = owner.metadata
        if (deletionTimestamp === undefined) {
          outside.set(`disk of ${key.name}`, true)
          if (finalizers.includes('example/disk')) return
          await client.modify(App, key, draft => {
            draft.metadata.finalizers.push('example/disk')
          })
        } else if (finalizers.includes('example/disk')) {
          outside.delete(`disk of ${key.name}`)
          await client.modify(App, key, draft => {
            draft.metadata.finalizers = draft.metadata.finalizers.filter(name => name !== 'example/disk')
          })
        }
      },
    }),
  correct: ({ outside }: ProcessSite) =>
    createController({
      name: 'disks',
      for: App,
      reconcile: withFinalizers(
        App,
        [
          {
            name: 'example/disk',
            cleanup: ({ metadata }) => void outside.delete(`disk of ${metadata.name}`),
          },
        ],
        (key, owner) => {
          if (owner !== undefined) outside.set(`disk of ${key.name}`, true)
        },
      ),
    }),
}

/** Remembers what it has done by name; an app that was deleted and created again is another one. */
function remembering(by: 'name' | 'uid'): MakeParts {
  return () => {
    const done = new Set<string>()
    return createController({
      name: 'apps',
      for: App,
      reconcile: async (key, owner, { client }) => {
        if (owner === undefined || done.has(owner.metadata[by])) return
        const { uid } = owner.metadata
        try {
          await client.modifyStatus(App, key, draft => void (draft.status = { welcomed: true }), {
            preconditions: { uid },
          })
        } catch (error) {
          if (isKeelsonError(error, 'NotFound')) return
          throw error
        }
        done.add(owner.metadata[by])
      },
    })
  }
}
const uidConfusion: GalleryEntry = {
  name: 'uid confusion after recreate',
  kinds: [App],
  objects: [app('web', { replicas: 1 })],
  buggy: remembering('name'),
  correct: remembering('uid'),
}

/** Looks whether the time has come, and nobody wakes it when it has. */
function expiring(asksAgain: boolean): MakeParts {
  return () =>
    createController({
      name: 'expiry',
      for: App,
      reconcile: async (key, owner, { client, env }) => {
        if (owner === undefined) return
        const { creationTimestamp, uid } = owner.metadata
        const leftMs = Date.parse(creationTimestamp) + (owner.spec.ttlMs ?? 0) - env.clock.now()
        if (leftMs > 0) return asksAgain ? requeueAfter(leftMs) : undefined
        await client.delete(App, key, { preconditions: { uid } })
      },
    })
}
const forgottenRequeue: GalleryEntry = {
  name: 'forgotten requeue',
  kinds: [App],
  objects: [app('job', { ttlMs: 60_000 })],
  buggy: expiring(false),
  correct: expiring(true),
}

export const entriesOfDeletion: readonly GalleryEntry[] = [
  staleDelete,
  finalizerRace,
  uidConfusion,
  forgottenRequeue,
]
