import { isKeelsonError } from '../../../src/core/index.js'
import {
  controllerReference,
  createController,
  requeueAfter,
  withFinalizers,
} from '../../../src/reconcile/index.js'
import type { Client, Kind } from '../../../src/store/index.js'
import { defineKind } from '../../../src/store/index.js'
import type { MakeParts, ProcessSite } from '../../../src/testing/index.js'
import { App, app } from '../fixtures/apps.js'
import type { GalleryEntry } from './entry.js'

interface SelectorSpec {
  readonly tier: string
}
interface PartSpec {
  readonly tier: string
}
const Selector: Kind<SelectorSpec> = defineKind({
  apiVersion: 'example/v1',
  kind: 'Selector',
  plural: 'selectors',
  namespaced: false,
})
const Part: Kind<PartSpec> = defineKind({
  apiVersion: 'v1',
  kind: 'Part',
  plural: 'parts',
  namespaced: false,
})

/** Lists what it has made by a text of the spec; what was made under another text is forgotten. */
function selecting(by: 'text' | 'owner'): MakeParts {
  return () =>
    createController({
      name: 'selectors',
      for: Selector,
      owns: [Part],
      reconcile: async (_key, owner, { client }) => {
        if (owner === undefined || owner.metadata.deletionTimestamp !== undefined) return
        const { name, uid } = owner.metadata
        const { tier } = owner.spec
        const own = client
          .list(Part)
          .items.filter(
            part =>
              part.metadata.ownerReferences.some(reference => reference.uid === uid) &&
              (by === 'owner' || part.spec.tier === tier),
          )
        for (const part of own)
          if (part.spec.tier !== tier) await client.delete(Part, part.metadata).catch(unlessGone)
        if (own.some(({ spec }) => spec.tier === tier)) return
        const ownerReferences = [controllerReference(Selector, owner)]
        await client
          .create(Part, { metadata: { name: `${name}-${uid}-${tier}`, ownerReferences }, spec: { tier } })
          .catch(unlessGone)
      },
    })
}
const textChange: GalleryEntry = {
  name: 'orphans of a text that was changed',
  kinds: [Selector, Part],
  objects: [{ kind: 'Selector', metadata: { name: 'web' }, spec: { tier: 'gold' } }],
  buggy: selecting('text'),
  correct: selecting('owner'),
}

const WINDOW_MS = 600_000

/** Does at a time what is due then. If it is away at that time, the one never does it, the other does it late. */
function scheduled(isLate: 'skipped' | 'done'): MakeParts {
  return () =>
    createController({
      name: 'schedule',
      for: App,
      reconcile: async (key, owner, { client, env }) => {
        if (owner === undefined || owner.status !== undefined) return
        const { creationTimestamp, uid } = owner.metadata
        const leftMs = Date.parse(creationTimestamp) + (owner.spec.ttlMs ?? 0) - env.clock.now()
        if (leftMs > 0) return requeueAfter(leftMs)
        if (isLate === 'skipped' && leftMs < -WINDOW_MS) return
        await client
          .modifyStatus(App, key, draft => void (draft.status = { ran: true }), { preconditions: { uid } })
          .catch(unlessGone)
      },
    })
}
const missedSchedule: GalleryEntry = {
  name: 'missed schedule',
  kinds: [App],
  objects: [app('backup', { ttlMs: 3_600_000 })],
  buggy: scheduled('skipped'),
  correct: scheduled('done'),
}

/** Cleans up when it sees that the app is gone. If it is away at that time, nobody tells it. */
const lostDeletion: GalleryEntry = {
  name: 'lost deletion without a finalizer',
  kinds: [App],
  objects: [app('web', { replicas: 1 })],
  buggy: ({ outside }: ProcessSite) =>
    createController({
      name: 'disks',
      for: App,
      reconcile: ({ name }, owner) => {
        if (owner === undefined) outside.delete(`disk of ${name}`)
        else outside.set(`disk of ${name}`, owner.spec.replicas)
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
            cleanup: ({ metadata }) => void outside.delete(`disk of ${metadata.uid}`),
          },
        ],
        (_key, owner) => {
          if (owner !== undefined) outside.set(`disk of ${owner.metadata.uid}`, owner.spec.replicas)
        },
      ),
    }),
}

interface ClaimSpec {
  readonly of: string
}
const Claim: Kind<ClaimSpec> = defineKind({
  apiVersion: 'v1',
  kind: 'Claim',
  plural: 'claims',
  namespaced: false,
})
const FINALIZER = 'example/claim'

/**
 * Deletes the claim of an app that is being deleted, by its name. A process that restarts at a replica which is behind
 * sees a deletion that is over, and takes the claim of the app that was made since (pravega/zookeeper-operator#312).
 */
function claiming(deletes: 'by name' | 'by uid'): MakeParts {
  return () =>
    createController({
      name: 'claims',
      for: App,
      reads: 'cache',
      reconcile: async (key, owner, { client }) => {
        if (owner === undefined) return
        const { uid, deletionTimestamp, finalizers } = owner.metadata
        const preconditions = { uid }
        const name = `data-${key.name}`
        if (deletionTimestamp !== undefined) {
          await dropClaim(client, { name, uid: deletes === 'by name' ? undefined : uid })
          await client
            .modify(
              App,
              key,
              draft =>
                void (draft.metadata.finalizers = draft.metadata.finalizers.filter(one => one !== FINALIZER)),
              { preconditions },
            )
            .catch(unlessGone)
        } else if (!finalizers.includes(FINALIZER))
          await client
            .modify(App, key, draft => void draft.metadata.finalizers.push(FINALIZER), { preconditions })
            .catch(unlessGone)
        else if (owner.status === undefined) {
          await client.create(Claim, { metadata: { name }, spec: { of: uid } }).catch(unlessGone)
          await client
            .modifyStatus(App, key, draft => void (draft.status = { made: true }), { preconditions })
            .catch(unlessGone)
        }
      },
    })
}

async function dropClaim(
  client: Client,
  { name, uid }: { name: string; uid: string | undefined },
): Promise<void> {
  const claim = client.get(Claim, { name })
  if (claim === undefined || (uid !== undefined && claim.spec.of !== uid)) return
  const only = uid === undefined ? {} : { preconditions: { uid: claim.metadata.uid } }
  await client.delete(Claim, { name }, only).catch(unlessGone)
}
const staleRestart: GalleryEntry = {
  name: 'restart at a stale replica',
  kinds: [App, Claim],
  objects: [app('web', { replicas: 1 })],
  buggy: claiming('by name'),
  correct: claiming('by uid'),
}

function unlessGone(error: unknown): void {
  if (
    !isKeelsonError(error, 'NotFound') &&
    !isKeelsonError(error, 'AlreadyExists') &&
    !isKeelsonError(error, 'Conflict')
  )
    throw error
}

/** The process is away, or sees an old state, when something happens. */
export const entriesOfAbsence: readonly GalleryEntry[] = [
  textChange,
  missedSchedule,
  lostDeletion,
  staleRestart,
]
