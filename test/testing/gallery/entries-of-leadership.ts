import { Lease } from '../../../src/api/index.js'
import { createController, createManager } from '../../../src/reconcile/index.js'
import type { Client } from '../../../src/store/index.js'
import type { MakeParts, ProcessSite } from '../../../src/testing/index.js'
import { App, app, Pod, podOf, podsOf } from '../fixtures/apps.js'
import type { GalleryEntry } from './entry.js'

/** One of several processes works; which client it writes with makes the difference. */
function elected(writes: (attempt: Client, site: ProcessSite) => Client): MakeParts {
  return site => {
    const { client, name } = site
    const manager = createManager({ client, leaderElection: { kind: Lease, lease: 'apps', identity: name } })
    manager.add(
      createController({
        name: 'apps',
        for: App,
        owns: [Pod],
        reconcile: async (_key, owner, ctx) => {
          if (owner === undefined || podsOf(owner, ctx.client.list(Pod).items).length > 0) return
          await writes(ctx.client, site).create(Pod, podOf(owner))
        },
      }),
    )
    return manager
  }
}

/** Writes with the client that it was given when it started, which does not know who leads. */
const doubleLeader: GalleryEntry = {
  kinds: [App, Pod, Lease],
  objects: [app('web', { replicas: 1 })],
  name: 'double leader',
  buggy: elected((_attempt, { client }) => client),
  correct: elected(attempt => attempt),
}

export const entriesOfLeadership: readonly GalleryEntry[] = [doubleLeader]
