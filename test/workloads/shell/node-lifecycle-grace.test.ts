import { expect, test } from 'vitest'
import { findCondition, Lease, Node, Task } from '../../../src/api/index.js'
import { formatTime } from '../../../src/core/index.js'
import { createManager } from '../../../src/reconcile/index.js'
import { DelegatingClient } from '../../../src/store/client/delegating-client.js'
import type { Kind, ObjectRef, StoredObject } from '../../../src/store/index.js'
import { createNodeHeartbeat, createNodeLifecycleController } from '../../../src/workloads/index.js'
import { createWorld } from '../../fixtures/world.js'

const task = { namespace: 'default', name: 'a' }
const lease = { namespace: 'keelson-nodes', name: 'n1' }
const heartbeat = (nodeName: string, heartbeatMs = 1_000) =>
  createNodeHeartbeat({ nodeName, status: {}, heartbeatMs, leaseDurationSeconds: 4 })
const lifecycle = () => createNodeLifecycleController({ evictAfterMs: 10_000 })

/** A node with a task and an old lease, beside one that lives; `Ready` of the first as another loop left it an hour ago. */
async function createNodeWorld(ready: 'True' | 'Unknown') {
  const world = createWorld({ kinds: [Lease, Node, Task] })
  const { env, store } = world
  const lastTransitionTime = formatTime(env.clock.now() - 3_600_000)
  const conditions = [
    { type: 'Ready', status: ready, reason: 'Told', message: '', lastTransitionTime } as const,
  ]
  await store.create(Node, { metadata: { name: 'n1' }, spec: {} })
  await store.modifyStatus(
    Node,
    { name: 'n1' },
    draft => void (draft.status = { conditions: [...conditions] }),
  )
  await store.create(Lease, { metadata: lease, spec: { leaseDurationSeconds: 4 } })
  await store.create(Task, { metadata: task, spec: { nodeName: 'n1' } })
  await world.startProcess('other', heartbeat('other'))
  await env.advance(2_000)
  const readyOf = () => findCondition(store.get(Node, { name: 'n1' })?.status?.conditions, 'Ready')?.status
  return { ...world, standing: () => [readyOf(), store.get(Task, task) !== undefined] }
}

test('a loop that starts marks no node before a full lease has passed', async () => {
  const { env, startProcess, standing } = await createNodeWorld('True')
  await startProcess('lifecycle', lifecycle())
  await env.advance(3_999)
  expect(standing()).toEqual(['True', true])
  await env.advance(1)
  expect(standing()).toEqual(['Unknown', true])
})

test('a loop that takes over gives also a node that was marked long ago a full lease before it evicts', async () => {
  const { env, startProcess, standing } = await createNodeWorld('Unknown')
  await startProcess('lifecycle', lifecycle())
  await env.advance(3_999)
  expect(standing()).toEqual(['Unknown', true])
  await env.advance(1)
  expect(standing()).toEqual(['Unknown', false])
})

test('a node that was marked long ago and is heard of within that lease keeps its tasks', async () => {
  const { env, store, startProcess, standing } = await createNodeWorld('Unknown')
  await startProcess('lifecycle', lifecycle())
  await env.advance(3_900)
  await store.modify(Lease, lease, draft => void (draft.spec.renewTime = '2026-01-01T00:00:09Z'))
  await startProcess('n1', heartbeat('n1'))
  await env.advance(60_000)
  expect(standing()).toEqual(['True', true])
})

/** A replica in which one lease stands still. */
class OldLease extends DelegatingClient {
  readonly #old = new Map<string, unknown>()

  override get<Spec, Status>(
    kind: Kind<Spec, Status>,
    ref: ObjectRef,
  ): StoredObject<Spec, Status> | undefined {
    const now = super.get(kind, ref)
    if (kind.kind !== Lease.kind || ref.name !== 'n1' || now === undefined) return now
    if (!this.#old.has(ref.name)) this.#old.set(ref.name, now)
    return this.#old.get(ref.name) as typeof now
  }
}

test('what a cache says of a lease is read again where the marks and evictions are written: one that lags ends nothing', async () => {
  const { env, store, startProcess, standing } = await createNodeWorld('True')
  await startProcess('n1', heartbeat('n1'))
  const manager = createManager({ client: new OldLease(store.client(env.fork('lifecycle'))) })
  manager.add(lifecycle())
  await env.run(() => manager.start())
  await env.advance(60_000)
  expect(standing()).toEqual(['True', true])
})
