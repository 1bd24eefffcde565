import { expect, test } from 'vitest'
import { ReplicaSet, Task } from '../../src/api/index.js'
import { child, createController, createExpiryController } from '../../src/reconcile/index.js'
import { check, type MakeParts, type SimulateOptions } from '../../src/testing/index.js'
import { createReplicaController } from '../../src/workloads/index.js'
import { App, app, Pod } from './gallery/entry.js'

const labels = { app: 'web' }
const web = {
  kind: 'ReplicaSet',
  metadata: { namespace: 'default', name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { command: ['a'] } },
  },
}

const applying: MakeParts = () =>
  createController({
    name: 'apps',
    for: App,
    owns: [Pod],
    reads: 'cache',
    reconcile: async ({ name }, owner, { children }) => {
      if (owner === undefined) return
      const wanted = Array.from({ length: owner.spec.replicas ?? 0 }, (_, at) => `${name}-${at}`)
      await children.apply(wanted.map(pod => child(Pod, { metadata: { name: pod }, spec: { app: name } })))
    },
  })

// Tasks keep the template that they were made of, so the user of a replica set does not edit.
const cases: readonly [string, MakeParts, SimulateOptions][] = [
  [
    'replicas',
    () => createReplicaController(),
    { kinds: [ReplicaSet, Task], objects: [web], faults: { edit: 0 } },
  ],
  [
    'applied children over a cache',
    applying,
    { kinds: [App, Pod], objects: [app('web', { replicas: 2 }), app('db', { replicas: 1 })] },
  ],
  [
    'expiry',
    () => createExpiryController({ for: App, expiresAtMs: expiryOf }),
    { kinds: [App], objects: [app('job', { ttlMs: 60_000 })] },
  ],
]

function expiryOf({ metadata, spec }: App): number {
  return Date.parse(metadata.creationTimestamp) + (spec.ttlMs ?? 0)
}

test.each(cases)('%s come to the same rest from every history', async (_name, make, options) => {
  await expect(check(make, options)).resolves.toMatchObject({ executions: 303 })
})
