import { expect, test } from 'vitest'
import { Lease, Node, ReplicaSet, Task } from '../../src/api/index.js'
import type { Controller } from '../../src/reconcile/index.js'
import { createController, createGarbageCollector, createManager } from '../../src/reconcile/index.js'
import { createSchedulingController } from '../../src/scheduling/index.js'
import type { Store } from '../../src/store/index.js'
import { createNodeAgentController } from '../../src/workloads/index.js'
import { createWorld } from '../fixtures/world.js'
import { createFakeRuntime, health } from '../workloads/fixtures/fake-runtime.js'

const kinds = [Lease, Node, ReplicaSet, Task]
const ref = { namespace: 'default', name: 'a' }

/** Controllers with something beside their queue that lives as long as they run, and what shows that they act. */
const controllers: Record<
  string,
  { make(): Controller; arrange(store: Store): Promise<void>; acted(store: Store): boolean }
> = {
  scheduler: {
    make: () => createSchedulingController(),
    arrange: async store => {
      await store.create(Node, { metadata: { name: 'n' }, spec: {} })
      await store.modifyStatus(Node, { name: 'n' }, draft => {
        const lastTransitionTime = '2026-01-01T00:00:00Z'
        const ready = {
          type: 'Ready',
          status: 'True',
          reason: 'Test',
          message: '',
          lastTransitionTime,
        } as const
        draft.status = { allocatable: { cpu: '1' }, conditions: [ready] }
      })
      await store.create(Task, { metadata: ref, spec: {} })
    },
    acted: store => store.get(Task, ref)?.spec.nodeName === 'n',
  },
  'node agent': {
    make: () => createNodeAgentController({ nodeName: 'n', runtime: createFakeRuntime(), health }),
    arrange: async store => void (await store.create(Task, { metadata: ref, spec: { nodeName: 'n' } })),
    acted: store => store.get(Task, ref)?.status?.phase === 'Running',
  },
  'garbage collector': {
    make: () => createGarbageCollector({ kinds: [ReplicaSet, Task] }),
    arrange: async store => {
      const ownerReferences = [
        { apiVersion: ReplicaSet.apiVersion, kind: 'ReplicaSet', name: 'x', uid: 'gone' },
      ]
      await store.create(Task, { metadata: { ...ref, ownerReferences }, spec: {} })
    },
    acted: store => store.get(Task, ref) === undefined,
  },
  'a plain one': {
    make: () =>
      createController({
        name: 'plain',
        for: Task,
        reconcile: async (key, _, { client }) => void (await client.delete(Task, key)),
      }),
    arrange: async store => void (await store.create(Task, { metadata: ref, spec: {} })),
    acted: store => store.get(Task, ref) === undefined,
  },
}

test.each(Object.entries(controllers))(
  '%s stands by for an election: it listens, and acts when it leads',
  async (_, one) => {
    const { env, store } = createWorld({ kinds })
    const candidate = (identity: string, controller?: Controller) => {
      const client = store.client(env.fork(identity))
      const manager = createManager({ client, leaderElection: { kind: Lease, lease: 'boss', identity } })
      if (controller !== undefined) manager.add(controller)
      return manager
    }
    const leader = candidate('leader')
    const standby = candidate('standby', one.make())
    await env.run(() => leader.start())
    await env.run(() => standby.start())
    await env.run(() => one.arrange(store))
    await env.advance(60_000)
    expect([standby.status().standby, one.acted(store)]).toEqual([true, false])
    expect(standby.status().controllers).toMatchObject([{ queued: 1, inFlight: 0 }])

    await env.run(() => leader.stop())
    await env.run(() => standby.settled())
    await env.settle()
    expect([standby.status().standby, one.acted(store)]).toEqual([false, true])
    await env.run(() => standby.stop())
    expect(env.pending()).toEqual([])
  },
)

test('a step that one reign has deferred runs in the next, once, and writes in its name', async () => {
  const { env, store } = createWorld({ kinds })
  const runs: string[] = []
  const controller = createController({
    name: 'plain',
    for: Task,
    reconcile: async (key, task, { client }) => {
      if (task === undefined) return
      runs.push(task.metadata.name)
      await client.delete(Task, key)
    },
  })
  await env.run(() => controller.start(store, { standby: true }))
  await env.run(() => store.create(Task, { metadata: ref, spec: {} }))
  controller.activate?.(store.client(env.fork('first')))
  // Nothing is run before `settle`: the step waits.
  expect(await controller.deactivate?.()).toBe('stopped')
  expect(runs).toEqual([])
  controller.activate?.(store.client(env.fork('second')))
  await env.settle()
  expect([runs, store.get(Task, ref)]).toEqual([['a'], undefined])
  await env.run(() => controller.stop())
})
