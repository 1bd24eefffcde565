import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Node, Task } from '../../../src/api/index.js'
import type { Env } from '../../../src/core/index.js'
import { KeelsonError } from '../../../src/core/index.js'
import { createSchedulingController } from '../../../src/scheduling/index.js'
import type { Client, ClientOptions, Store, Transaction } from '../../../src/store/index.js'

import type { World } from '../../fixtures/world.js'
import { cpu, createCluster, intrudedClient, namespace, readiness, run } from './scheduling-world.js'

/** A client that lets somebody else act between every commit and its answer. */
function lateClient(client: Client, meanwhile: () => Promise<unknown>): Client {
  const transact = async (body: (tx: Transaction) => unknown): Promise<unknown> => {
    const answer = await client.transact(body)
    await meanwhile()
    return answer
  }
  return Object.create(client, {
    transact: { value: transact },
    client: {
      value: (env: Env, options?: ClientOptions) => lateClient(client.client(env, options), meanwhile),
    },
  }) as Client
}

/** A client whose first report does not get through. */
function deafClient(client: Client, report = { isFirst: true }): Client {
  const modifyStatus: Client['modifyStatus'] = (...given) => {
    if (!report.isFirst) return client.modifyStatus(...given)
    report.isFirst = false
    return Promise.reject(new KeelsonError({ code: 'Unavailable', message: 'no answer' }))
  }
  return Object.create(client, {
    modifyStatus: { value: modifyStatus },
    client: { value: (env: Env, options?: ClientOptions) => deafClient(client.client(env, options), report) },
  }) as Client
}

describe('the scheduling controller', () => {
  test('gives a task the best node and says so', async () => {
    const world = createCluster()
    await world.addNode('small', { cpu: 1, memory: '1Gi' })
    await world.addNode('large', { cpu: 8, memory: '8Gi' })
    await run(world)
    await world.addTask('web', cpu('500m'))
    expect(world.nodeOf('web')).toBe('large')
    expect(world.scheduled('web')).toBe('True Scheduled: placed on node large')
  })

  test('binds what was there before it started', async () => {
    const world = createCluster()
    await world.addTask('web', cpu('1'))
    await world.addNode('n1', { cpu: 1 })
    await run(world)
    expect(world.nodeOf('web')).toBe('n1')
  })

  test('says why nothing fits, also when it could not be said at first', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 1 })
    await run(world, {}, deafClient(world.store.client(world.env)))
    await world.addTask('web', cpu('2'))
    await world.env.advance(1_000)
    expect(world.scheduled('web')).toMatch(/^False Unschedulable/)
  })

  test('gives back the room of a task that has ended before its binding was answered', async () => {
    const world = createCluster()
    const { store, env } = world
    await world.addNode('n1', { cpu: 1 })
    let isFirst = true
    const end = async (): Promise<void> => {
      if (!isFirst) return
      isFirst = false
      await store.modifyStatus(Task, { namespace, name: 'a' }, draft => {
        draft.status = { ...draft.status, phase: 'Succeeded' }
      })
      await env.clock.sleep(1_000)
    }
    await run(world, {}, lateClient(store.client(env), end))
    await world.addTask('a', cpu('1'))
    await env.advance(2_000)
    await world.addTask('b', cpu('1'))
    await env.advance(1_000)
    expect(world.nodeOf('b')).toBe('n1')
  })

  test('sees a node that came back between the commit that missed it and its answer', async () => {
    const world = createCluster()
    const { store, env } = world
    await world.addNode('n1', { cpu: 1 })
    let events = 0
    const goAway = async (): Promise<void> => {
      if (events++ === 0) await store.delete(Node, { name: 'n1' })
    }
    const comeBack = async (): Promise<void> => {
      if (events++ !== 1) return
      await store.create(Node, { metadata: { name: 'n1' }, spec: {} })
      await store.modifyStatus(Node, { name: 'n1' }, draft => {
        draft.status = { allocatable: { cpu: 1 }, conditions: [readiness('True')] }
      })
      await env.clock.sleep(1_000)
    }
    await run(world, {}, lateClient(intrudedClient(store.client(env), goAway), comeBack))
    await world.addTask('a', cpu('1'))
    await env.advance(20_000)
    expect(world.nodeOf('a')).toBe('n1')
  })

  test('says why nothing fits, once, and tries again when a node comes', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 1 })
    await world.addNode('n2', { cpu: 1 }, 'Unknown')
    await run(world)
    await world.addTask('web', cpu('2'))
    expect(world.scheduled('web')).toBe(
      'False Unschedulable: 0/2 nodes are available: 2 Insufficient cpu, 1 node(s) with untolerated taint keelson.dev/unreachable:NoSchedule.',
    )
    const { revision } = world.store
    await world.env.advance(3_600_000)
    expect(world.store.revision).toBe(revision)
    await world.addNode('n3', { cpu: 2 })
    expect(world.nodeOf('web')).toBe('n3')
    expect(world.scheduled('web')).toBe('True Scheduled: placed on node n3')
  })

  test.each(['False', 'Unknown'] as const)('leaves a node alone while its Ready is %s', async ready => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 1 }, ready)
    await run(world)
    await world.addTask('web', cpu('1'))
    expect(world.nodeOf('web')).toBeUndefined()
    await world.env.run(() =>
      world.store.modifyStatus(Node, { name: 'n1' }, draft => {
        if (draft.status !== undefined) draft.status.conditions = [readiness('True')]
      }),
    )
    await world.env.settle()
    expect(world.nodeOf('web')).toBe('n1')
  })

  test.each<[string, (store: Store) => Promise<unknown>]>([
    ['deleted', store => store.delete(Task, { namespace, name: 'first' })],
    [
      'finished',
      store =>
        store.modifyStatus(Task, { namespace, name: 'first' }, draft => {
          draft.status = { ...draft.status, phase: 'Succeeded' }
        }),
    ],
  ])('gives the room of a %s task to the one that waits', async (_how, free) => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 1 })
    await run(world)
    await world.addTask('first', cpu('1'))
    await world.addTask('second', cpu('1'))
    expect([world.nodeOf('first'), world.nodeOf('second')]).toEqual(['n1', undefined])
    await world.env.run(() => free(world.store))
    await world.env.settle()
    expect(world.nodeOf('second')).toBe('n1')
  })

  test('counts a task that is on its way out until it is gone', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 1 })
    await run(world)
    const metadata = { namespace, name: 'first', finalizers: ['example.com/hold'] }
    await world.env.run(() => world.store.create(Task, { metadata, spec: cpu('1') }))
    await world.env.settle()
    await world.addTask('second', cpu('1'))
    await world.env.run(() => world.store.delete(Task, { namespace, name: 'first' }))
    await world.env.settle()
    expect(world.nodeOf('second')).toBeUndefined()
    await world.env.run(() =>
      world.store.modify(Task, { namespace, name: 'first' }, draft => {
        draft.metadata.finalizers = []
      }),
    )
    await world.env.settle()
    expect(world.nodeOf('second')).toBe('n1')
  })

  test('refuses demands that make no sense until they change', async () => {
    // As in a store of another version of the kind, which did not refuse it at once.
    const world = createCluster(1, { ...Task, admission: [] })
    await world.addNode('n1', { cpu: 4 })
    await run(world)
    await world.addTask('web', cpu('lots'))
    expect(world.scheduled('web')).toMatch(/^False InvalidRequest: .*cpu/)
    await world.addNode('n2', { cpu: 4 })
    expect(world.nodeOf('web')).toBeUndefined()
    await world.env.run(() =>
      world.store.modify(Task, { namespace, name: 'web' }, draft => {
        draft.spec.resources = { requests: { cpu: '1' } }
      }),
    )
    await world.env.settle()
    expect(world.nodeOf('web')).toBe('n1')
  })

  test('does not touch tasks that are bound, ended or on their way out', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 4 })
    await world.addTask('bound', { nodeName: 'elsewhere' })
    await world.addTask('ended')
    await world.env.run(async () => {
      await world.store.modifyStatus(Task, { namespace, name: 'ended' }, draft => {
        draft.status = { phase: 'Failed' }
      })
      await world.store.create(Task, {
        metadata: { namespace, name: 'leaving', finalizers: ['example.com/hold'] },
        spec: {},
      })
      await world.store.delete(Task, { namespace, name: 'leaving' })
    })
    const { revision } = world.store
    await run(world)
    expect(world.store.revision).toBe(revision)
  })

  test('a change that helps nobody costs no write; the message is written again when its causes change', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 1 })
    await run(world)
    await world.addTask('web', cpu('2'))
    const before = world.scheduled('web')
    await world.addNode('n2', { cpu: 1 })
    expect(world.scheduled('web')).toBe(before)
    await world.addNode('n3', { cpu: 3 })
    expect(world.nodeOf('web')).toBe('n3')
  })

  test('a plugin that throws is told by the condition, and the task placed when it no longer does', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 1 })
    let isBroken = true
    const filter = (): undefined => {
      if (isBroken) throw new Error('the plugin is broken')
    }
    const own = { name: 'own', locality: 'node' as const, filter }
    await run(world, { profile: { name: 'p', filters: [own], scores: [] } })
    await world.addTask('web', cpu('1'))
    expect(world.scheduled('web')).toBe('False SchedulerError: the plugin is broken')
    isBroken = false
    await world.env.advance(60_000)
    expect(world.nodeOf('web')).toBe('n1')
  })

  test('has no ghosts after a pause in which things went away', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 1 })
    await world.addNode('n2', { cpu: 9 })
    const controller = createSchedulingController()
    const client = world.store.client(world.env)
    await world.env.run(() => controller.start(client))
    await world.addTask('first', cpu('1'))
    await world.addTask('second', cpu('9'))
    expect([world.nodeOf('first'), world.nodeOf('second')]).toEqual(['n2', undefined])
    await world.env.run(() => controller.stop())
    await world.env.run(() => world.store.delete(Task, { namespace, name: 'first' }))
    await world.env.run(() => world.store.delete(Node, { name: 'n1' }))
    await world.env.run(() => controller.start(client))
    await world.env.settle()
    expect(world.nodeOf('second')).toBe('n2')
  })

  test('takes a limit without a request for the request', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 1 })
    await run(world)
    await world.addTask('web', { resources: { limits: { cpu: 2 } } })
    expect(world.scheduled('web')).toMatch(/Insufficient cpu/)
  })

  test('places the highest priority first, then the oldest, whatever their names', async () => {
    const world = createCluster()
    await world.addTask('z', cpu('1'))
    await world.env.advance(1_000)
    await world.addTask('a', cpu('1'))
    await world.addTask('b', { ...cpu('1'), priority: 5 })
    await world.addNode('n1', { cpu: 2 })
    await run(world)
    expect(['a', 'b', 'z'].map(world.nodeOf)).toEqual([undefined, 'n1', 'n1'])
  })

  test('leaves tasks of another scheduler alone, but sees what they take', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 2 })
    await run(world)
    await world.addTask('theirs', { ...cpu('1'), schedulerName: 'other' })
    expect([world.nodeOf('theirs'), world.scheduled('theirs')]).toEqual([undefined, 'none'])
    await run(world, { name: 's2', schedulerName: 'other' })
    expect(world.nodeOf('theirs')).toBe('n1')
    await world.addTask('ours', cpu('2'))
    expect(world.nodeOf('ours')).toBeUndefined()
  })

  test('keeps the tasks of one owner apart when they ask for it', async () => {
    const world = createCluster()
    for (const name of ['n1', 'n2']) await world.addNode(name, { cpu: 4 })
    await run(world)
    const constraints = [{ attribute: 'hostname', operator: 'unique' as const }]
    for (const name of ['a', 'b', 'c']) await world.addTask(name, { ...cpu('1'), group: 'web', constraints })
    expect(['a', 'b', 'c'].map(world.nodeOf)).toEqual(['n1', 'n2', undefined])
    expect(world.scheduled('c')).toContain('2 node(s) did not satisfy hostname unique')
  })

  test('refuses delays that are none', () => {
    expect(() => createSchedulingController({ retryDelayMs: -1 })).toThrow(/retryDelayMs/)
  })
})

type Act =
  | { readonly kind: 'node'; readonly name: string; readonly cpu: number }
  | { readonly kind: 'dropNode'; readonly name: string }
  | { readonly kind: 'task'; readonly name: string; readonly cpu: number }
  | { readonly kind: 'dropTask'; readonly name: string }
  | { readonly kind: 'settle' }

const nodeName = fc.constantFrom('n1', 'n2', 'n3')
const taskName = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('node' as const),
      name: nodeName,
      cpu: fc.integer({ min: 0, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('dropNode' as const), name: nodeName }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('task' as const),
      name: taskName,
      cpu: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('dropTask' as const), name: taskName }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
)

/** Does it if it can be done; what cannot be done is no concern of these laws. */
function perform({ store }: World, one: Act): Promise<unknown> {
  const ignore = (): void => {}
  switch (one.kind) {
    case 'node':
      return store
        .create(Node, { metadata: { name: one.name }, spec: {} })
        .catch(ignore)
        .then(() =>
          store.modifyStatus(Node, { name: one.name }, draft => {
            draft.status = { allocatable: { cpu: one.cpu }, conditions: [readiness('True')] }
          }),
        )
        .catch(ignore)
    case 'dropNode':
      return store.delete(Node, { name: one.name }).catch(ignore)
    case 'task':
      return store
        .create(Task, { metadata: { namespace, name: one.name }, spec: cpu(String(one.cpu)) })
        .catch(ignore)
    case 'dropTask':
      return store.delete(Task, { namespace, name: one.name }).catch(ignore)
    case 'settle':
      return Promise.resolve()
  }
}

/** cpu taken on a node by the tasks bound to it, read from the store alone. */
function taken(store: Store, node: string): number {
  const { items } = store.list(Task, { index: { name: 'node', value: node } })
  return items.reduce((sum, task) => sum + Number(task.spec.resources?.requests?.['cpu']), 0)
}

describe('several schedulers at work at once', () => {
  test('no binding ever takes more than its node has', async () => {
    // Each node has one size for ever, so that only a binding can take too much.
    const sizes: Readonly<Record<string, number>> = { n1: 2, n2: 3, n3: 4 }
    const setup = {
      acts: fc.array(act, { maxLength: 40 }),
      intruders: fc.array(nodeName),
      schedulers: fc.integer({ min: 1, max: 3 }),
    }
    await fc.assert(
      fc.asyncProperty(fc.record(setup), async ({ acts, intruders, schedulers }) => {
        const world = createCluster()
        const { store } = world
        const pending = [...intruders]
        const intrude = async (): Promise<void> => {
          const name = pending.pop()
          if (name === undefined || taken(store, name) + 1 > (sizes[name] ?? 0)) return
          await store.create(Task, {
            metadata: { namespace, generateName: 'x-' },
            spec: { ...cpu('1'), nodeName: name },
          })
        }
        const over: string[] = []
        for (let index = 0; index < schedulers; index++) {
          await run(
            world,
            { name: `s${index}`, concurrency: 4 },
            intrudedClient(store.client(world.env), intrude),
          )
        }
        store.watch(Task).on(() => {
          for (const [node, size] of Object.entries(sizes)) if (taken(store, node) > size) over.push(node)
        })
        for (const one of acts) {
          const done = perform(world, one.kind === 'node' ? { ...one, cpu: sizes[one.name] ?? 0 } : one)
          if (one.kind === 'settle') await world.env.settle()
          else await done
        }
        await world.env.settle()
        expect(over).toEqual([])
        world.env.close()
      }),
      { numRuns: 60 },
    )
  })

  test('a decision made from an old picture of its node is made again', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 4 })
    await world.addNode('n2', { cpu: 2 })
    const foreign = { metadata: { namespace, name: 'foreign' }, spec: { ...cpu('4'), nodeName: 'n1' } }
    let intrusions = 0
    const intrude = async (): Promise<unknown> =>
      intrusions++ === 0 ? world.store.create(Task, foreign) : undefined
    await run(world, {}, intrudedClient(world.store.client(world.env), intrude))
    await world.addTask('web', cpu('1'))
    expect(world.nodeOf('web')).toBe('n2')
    expect(intrusions).toBe(2)
  })

  test('at rest, nothing waits that would fit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), async acts => {
        const world = createCluster()
        await run(world, { concurrency: 4 })
        for (const one of acts) {
          const done = perform(world, one)
          if (one.kind === 'settle') await world.env.settle()
          else await world.env.run(() => done)
        }
        await world.env.advance(60_000)
        for (const task of world.store.list(Task).items.filter(({ spec }) => spec.nodeName === undefined)) {
          const wanted = Number(task.spec.resources?.requests?.['cpu'])
          for (const node of world.store.list(Node).items) {
            const free =
              Number(node.status?.allocatable?.['cpu'] ?? 0) - taken(world.store, node.metadata.name)
            expect(free, `${task.metadata.name} on ${node.metadata.name}`).toBeLessThan(wanted)
          }
        }
        world.env.close()
      }),
      { numRuns: 60 },
    )
  })
})
