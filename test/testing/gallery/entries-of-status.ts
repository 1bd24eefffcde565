import { isKeelsonError } from '../../../src/core/index.js'
import { createController } from '../../../src/reconcile/index.js'
import type { MakeParts } from '../../../src/testing/index.js'
import { App, app, Pod, podOf, podsOf } from '../fixtures/apps.js'
import type { GalleryEntry } from './entry.js'

const base = { kinds: [App], objects: [app('web', { replicas: 1 })] }

/** Each run writes the time of the run, which is a change, which is a reason to run. */
function stamping(isAlways: boolean): MakeParts {
  return () =>
    createController({
      name: 'apps',
      for: App,
      reconcile: async (key, owner, { client, env }) => {
        if (owner === undefined) return
        if (!isAlways && owner.status?.['replicas'] === owner.spec.replicas) return
        await client.modifyStatus(App, key, draft => {
          draft.status = { replicas: owner.spec.replicas, checkedAtMs: env.clock.now() }
        })
      },
    })
}
const hotLoop: GalleryEntry = {
  ...base,
  name: 'status hot loop',
  buggy: stamping(true),
  correct: stamping(false),
}

/** Writes back the whole object as it was read, over whatever has come since. */
const blindOverwrite: GalleryEntry = {
  ...base,
  name: 'lost update by blind overwrite',
  buggy: () =>
    createController({
      name: 'apps',
      for: App,
      reconcile: async (_key, owner, { client }) => {
        if (owner === undefined || owner.metadata.labels['managed'] === 'yes') return
        const { resourceVersion: _any, ...metadata } = owner.metadata
        const changed = { ...owner, metadata: { ...metadata, labels: { managed: 'yes' } } }
        await client.update(App, changed, { unconditional: true })
      },
    }),
  correct: () =>
    createController({
      name: 'apps',
      for: App,
      reconcile: async (key, owner, { client }) => {
        if (owner === undefined || owner.metadata.labels['managed'] === 'yes') return
        await client.modify(App, key, draft => {
          draft.metadata.labels['managed'] = 'yes'
        })
      },
    }),
}

/** Lists the pods in the order in which they happened to be created. */
function listing(isSorted: boolean): MakeParts {
  return () =>
    createController({
      name: 'apps',
      for: App,
      owns: [Pod],
      reconcile: async (key, owner, { client }) => {
        if (owner === undefined) return
        const wanted = ['a', 'b'].map(part => `${owner.metadata.name}-${owner.metadata.uid}-${part}`)
        const missing = wanted.filter(name => client.get(Pod, { name }) === undefined)
        await Promise.all(missing.map(name => client.create(Pod, podOf(owner, name))))
        const own = [...podsOf(owner, client.list(Pod).items)]
        if (!isSorted)
          own.sort((one, two) => Number(one.metadata.resourceVersion) - Number(two.metadata.resourceVersion))
        const pods = own.map(({ metadata }) => metadata.name)
        if (JSON.stringify(owner.status?.['pods']) === JSON.stringify(pods)) return
        await client.modifyStatus(App, key, draft => void (draft.status = { pods }))
      },
    })
}
const unorderedList: GalleryEntry = {
  ...base,
  kinds: [App, Pod],
  name: 'unordered list diff',
  buggy: listing(false),
  correct: listing(true),
}

/** Gives up after two lost races, whatever succeeded in between. */
function counting(isForgiving: boolean): MakeParts {
  return () => {
    let lost = 0
    return createController({
      name: 'apps',
      for: App,
      reconcile: async (_key, owner, { client }) => {
        if (owner === undefined || owner.metadata.labels['replicas'] === String(owner.spec.replicas)) return
        if (lost >= 2) return
        try {
          const labels = { replicas: String(owner.spec.replicas) }
          await client.update(App, { ...owner, metadata: { ...owner.metadata, labels } })
        } catch (error) {
          if (isKeelsonError(error, 'Conflict') && !isForgiving) lost++
          throw error
        }
      },
    })
  }
}
const neverReset: GalleryEntry = {
  ...base,
  name: 'backoff never reset',
  buggy: counting(false),
  correct: counting(true),
}

/** Takes an error for an answer. */
function swallowing(swallows: boolean): MakeParts {
  return () =>
    createController({
      name: 'apps',
      for: App,
      when: ({ before, after }) =>
        before === undefined || before.metadata.generation !== after?.metadata.generation,
      reconcile: async (_key, owner, { client }) => {
        if (owner === undefined) return
        try {
          await client.update(App, { ...owner, metadata: { ...owner.metadata, labels: { managed: 'yes' } } })
        } catch (error) {
          if (!swallows) throw error
        }
      },
    })
}
const swallowedConflict: GalleryEntry = {
  ...base,
  name: 'swallowed conflict',
  buggy: swallowing(true),
  correct: swallowing(false),
}

export const entriesOfStatus: readonly GalleryEntry[] = [
  hotLoop,
  blindOverwrite,
  unorderedList,
  neverReset,
  swallowedConflict,
]
