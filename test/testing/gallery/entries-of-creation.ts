import { isKeelsonError } from '../../../src/core/index.js'
import type { Controller } from '../../../src/reconcile/index.js'
import { createCache, createController } from '../../../src/reconcile/index.js'
import type { Client, Reader } from '../../../src/store/index.js'
import type { MakeParts } from '../../../src/testing/index.js'
import { App, app, Pod, podOf, podsOf } from '../fixtures/apps.js'
import type { GalleryEntry } from './entry.js'

const base = { kinds: [App, Pod], objects: [app('web', { replicas: 2 })] }

/** Looks for its pod in a cache that does not know its own writes yet, so it makes another one. */
const missingExpectations: GalleryEntry = {
  ...base,
  name: 'missing expectations',
  buggy: () => {
    const cache = createCache({ kinds: [Pod] })
    return [
      { name: 'cache', start: (client: Client) => cache.start(client), stop: () => cache.stop() },
      onePodEach('client', () => cache),
    ]
  },
  correct: () => onePodEach('cache', client => client),
}

function onePodEach(reads: 'client' | 'cache', pods: (client: Reader) => Reader): Controller {
  return createController({
    name: 'apps',
    for: App,
    owns: [Pod],
    reads,
    reconcile: async (key, owner, { client }) => {
      if (owner === undefined) return
      const { uid } = owner.metadata
      if (podsOf(owner, pods(client).list(Pod).items).length === 0) await client.create(Pod, podOf(owner))
      await client.modifyStatus(App, key, draft => void (draft.status = { made: true }), {
        preconditions: { uid },
      })
    },
  })
}

async function removeIfThere(client: Client, pod: Pod): Promise<void> {
  try {
    await client.delete(Pod, pod.metadata, { preconditions: { uid: pod.metadata.uid } })
  } catch (error) {
    if (!isKeelsonError(error, 'NotFound') && !isKeelsonError(error, 'Conflict')) throw error
  }
}

/** Creates under a random name and notes it afterwards; a crash in between, and the first pod is forgotten. */
const randomName: GalleryEntry = {
  ...base,
  name: 'non-idempotent create with a random name',
  buggy: () =>
    createController({
      name: 'apps',
      for: App,
      owns: [Pod],
      reconcile: async (key, owner, { client }) => {
        if (owner === undefined || owner.metadata.deletionTimestamp !== undefined) return
        const known = owner.status?.['pod']
        if (typeof known === 'string' && client.get(Pod, { name: known }) !== undefined) return
        const pod = await client.create(Pod, podOf(owner))
        await client.modifyStatus(App, key, draft => {
          draft.status = { pod: pod.metadata.name }
        })
      },
    }),
  correct: () =>
    createController({
      name: 'apps',
      for: App,
      owns: [Pod],
      reconcile: async (key, owner, { client }) => {
        if (owner === undefined || owner.metadata.deletionTimestamp !== undefined) return
        const name = `${owner.metadata.name}-pod`
        if (podsOf(owner, client.list(Pod).items).length === 0) await client.create(Pod, podOf(owner, name))
        await client.modifyStatus(App, key, draft => {
          draft.status = { pod: name }
        })
      },
    }),
}

/** Says that it is done before it is; after a crash in between it never looks again. */
function twoWrites(order: 'status first' | 'pod first'): MakeParts {
  return () =>
    createController({
      name: 'apps',
      for: App,
      reconcile: async (key, owner, { client }) => {
        if (owner === undefined || owner.status?.['phase'] === 'Ready') return
        const note = () =>
          client.modifyStatus(App, key, draft => void (draft.status = { phase: 'Ready' }), {
            preconditions: { uid: owner.metadata.uid },
          })
        const { metadata, spec } = podOf(owner, `${owner.metadata.name}-${owner.metadata.uid}`)
        const ownerReferences =
          metadata.ownerReferences?.map(reference => ({ ...reference, controller: false })) ?? []
        if (order === 'status first') await note()
        if (client.get(Pod, { name: metadata.name ?? '' }) === undefined)
          await client.create(Pod, { metadata: { ...metadata, ownerReferences }, spec })
        if (order === 'pod first') await note()
      },
    })
}
const crashBetweenWrites: GalleryEntry = {
  ...base,
  name: 'crash between two writes',
  buggy: twoWrites('status first'),
  correct: twoWrites('pod first'),
}

/** Makes what is missing and never takes away what is too much. */
function scaling(isLevelTriggered: boolean): MakeParts {
  return () =>
    createController({
      name: 'apps',
      for: App,
      owns: [Pod],
      reconcile: async (_key, owner, { client }) => {
        if (owner === undefined) return
        const own = podsOf(owner, client.list(Pod).items)
        const { replicas = 0 } = owner.spec
        const names = Array.from({ length: replicas }, (_, at) => `${owner.metadata.name}-${at}`)
        for (const name of names)
          if (!own.some(pod => pod.metadata.name === name)) await client.create(Pod, podOf(owner, name))
        if (!isLevelTriggered) return
        for (const pod of own) if (!names.includes(pod.metadata.name)) await removeIfThere(client, pod)
      },
    })
}
const neverScalesDown: GalleryEntry = {
  ...base,
  name: 'what is too much stays',
  buggy: scaling(false),
  correct: scaling(true),
}

/** Without an owner reference nobody takes the pods away. */
function labelled(isOwner: boolean): MakeParts {
  return () =>
    createController({
      name: 'apps',
      for: App,
      owns: [Pod],
      reconcile: async (_key, owner, { client }) => {
        if (owner === undefined) return
        const wanted = podOf(owner, `${owner.metadata.name}-${owner.metadata.uid}`)
        if (client.get(Pod, { name: wanted.metadata.name ?? '' }) !== undefined) return
        await client.create(
          Pod,
          isOwner ? wanted : { ...wanted, metadata: { name: wanted.metadata.name ?? '' } },
        )
      },
    })
}
const noOwner: GalleryEntry = {
  ...base,
  name: 'missing owner reference',
  buggy: labelled(false),
  correct: labelled(true),
}

/** Takes no answer for a refusal, and tries again at once; the first one may have been created. */
function retrying(triesAgain: boolean): MakeParts {
  return () =>
    createController({
      name: 'apps',
      for: App,
      owns: [Pod],
      reconcile: async (_key, owner, { client }) => {
        if (owner === undefined || podsOf(owner, client.list(Pod).items).length > 0) return
        try {
          await client.create(Pod, podOf(owner))
        } catch (error) {
          if (!triesAgain || !isKeelsonError(error, 'Unavailable')) throw error
          await client.create(Pod, podOf(owner))
        }
      },
    })
}
const blindRetry: GalleryEntry = {
  ...base,
  name: 'blind retry of a create',
  buggy: retrying(true),
  correct: retrying(false),
}

export const entriesOfCreation: readonly GalleryEntry[] = [
  missingExpectations,
  randomName,
  crashBetweenWrites,
  neverScalesDown,
  noOwner,
  blindRetry,
]
