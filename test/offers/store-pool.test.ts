import { describe, expect, test } from 'vitest'
import { Framework, Lease, Node, Reservation, Role, Task } from '../../src/api/index.js'
import type { Session, StorePool, StorePoolOptions } from '../../src/offers/index.js'
import { createStorePool, resources } from '../../src/offers/index.js'
import { createManager } from '../../src/reconcile/index.js'
import { createSchedulingController } from '../../src/scheduling/index.js'
import type { Store } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { heard } from './pool-world.js'

interface World {
  readonly env: VirtualEnv
  readonly store: Store
  readonly bound: StorePool
  readonly session: Session
}

const READY = {
  type: 'Ready',
  status: 'True',
  reason: 'Up',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
} as const

async function addNode(store: Store, name: string, cpu: string): Promise<void> {
  await store.create(Node, { metadata: { name }, spec: {} })
  await store.modifyStatus(Node, { name }, draft => {
    draft.status = { capacity: { cpu, memory: '1Gi' }, conditions: [READY] }
  })
}

async function start(options: Partial<StorePoolOptions> = {}, scheduler = false): Promise<World> {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Framework, Lease, Node, Reservation, Role, Task], env })
  await env.run(() => addNode(store, 'n1', '4'))
  const bound = createStorePool(options)
  const manager = createManager({ client: store.client(env) })
  manager.add(bound)
  if (scheduler) manager.add(createSchedulingController())
  await env.run(() => manager.start())
  const session = bound.pool.subscribe({ name: 'f', id: 'f', roles: ['r'] })
  await env.settle()
  return { env, store, bound, session }
}

const template = { spec: { command: ['sleep', '1'] } }

function taskOf(id: string, cpus: number): { id: string; need: { cpus: number }; data: typeof template } {
  return { id, need: { cpus }, data: template }
}

describe('a pool that is bound to a store', () => {
  test('offers nodes, launches by writing a Task with its node, and hears of its phases', async () => {
    const { env, store, session } = await start()
    const [offer] = heard(session).offers
    expect(offer?.resources.toString()).toBe('cpus:4;mem:1024')
    await session.accept([offer!], [{ op: 'launch', tasks: [taskOf('t1', 1.5)] }])
    await env.settle()
    const task = store.get(Task, { namespace: 'default', name: 't1' })
    expect(task?.spec).toMatchObject({
      nodeName: 'n1',
      command: ['sleep', '1'],
      resources: { requests: { cpu: '1.5' } },
    })
    session.suppress()
    for (const offer of heard(session).offers) session.decline([offer])
    for (const phase of ['Running', 'Succeeded'] as const) {
      await store.modifyStatus(Task, { namespace: 'default', name: 't1' }, draft => {
        draft.status = { phase }
      })
      await env.settle()
      const { updates } = heard(session)
      expect(updates.map(({ update }) => update.state)).toEqual([
        phase === 'Running' ? 'running' : 'finished',
      ])
      for (const { ack } of updates) ack()
    }
    await env.settle()
    expect(session.reconcile()).toEqual([])
    expect(store.get(Task, { namespace: 'default', name: 't1' })).toBeUndefined()
    expect(session.view().agent('n1')?.free.quantities()).toEqual({ cpus: 4, mem: 1024 })
  })

  test('kills by deleting the Task', async () => {
    const { env, store, session } = await start()
    await session.accept(heard(session).offers, [{ op: 'launch', tasks: [taskOf('t1', 1)] }])
    await env.settle()
    session.kill('t1')
    await env.settle()
    const { updates } = heard(session)
    for (const { ack } of updates) ack()
    const last = heard(session).updates
    expect([...updates, ...last].map(({ update }) => update.state)).toEqual(['killing', 'killed'])
    expect(store.get(Task, { namespace: 'default', name: 't1' })).toBeDefined()
    for (const { ack } of last) ack()
    await env.settle()
    expect(store.get(Task, { namespace: 'default', name: 't1' })).toBeUndefined()
  })

  test.each([
    ['nobody', undefined, 'running'],
    ['another role', { role: 'other' }, 'dropped'],
    ['another task', { task: { namespace: 'default', name: 'someone' } }, 'dropped'],
    ['its role', { role: 'r' }, 'running'],
    ['itself', { task: { namespace: 'default', name: 't1' } }, 'running'],
  ])('a fixed port that is kept for %s: the task is %s there', async (_whom, whom, outcome) => {
    const { env, store, session } = await start()
    if (whom !== undefined)
      await store.create(Reservation, {
        metadata: { name: 'port' },
        spec: { nodeName: 'n1', requests: {}, ports: [{ hostPort: 80 }], ...whom },
      })
    await env.settle()
    const data = { spec: { ...template.spec, ports: [{ containerPort: 80, hostPort: 80 }] } }
    await session.accept(heard(session).offers, [
      { op: 'launch', tasks: [{ id: 't1', need: { cpus: 1 }, data }] },
    ])
    await env.settle()
    const { updates } = heard(session)
    expect([store.count(Task), updates.map(({ update }) => update.state)]).toEqual(
      outcome === 'running' ? [1, []] : [0, [outcome]],
    )
  })

  test('devices that are kept for another are not offered', async () => {
    const { env, store, session } = await start()
    await store.modifyStatus(Node, { name: 'n1' }, draft => {
      draft.status = { ...draft.status, capacity: { cpu: '4', 'example/gpu': 2 } }
    })
    await store.create(Reservation, {
      metadata: { name: 'gpu' },
      spec: {
        nodeName: 'n1',
        requests: {},
        task: { namespace: 'default', name: 'someone' },
        devices: [{ kind: 'example/gpu', ids: ['0'] }],
      },
    })
    await env.settle()
    session.suppress()
    for (const offer of heard(session).offers) session.decline([offer])
    expect(session.view().agent('n1')?.free.quantities()).toEqual({ cpus: 4, 'example/gpu': 1 })
  })

  test('does not offer what others run on a node, and a node that is unknown is unreachable', async () => {
    const { env, store, session } = await start()
    await store.create(Task, {
      metadata: { name: 'other', namespace: 'default' },
      spec: { nodeName: 'n1', resources: { requests: { cpu: '3' } } },
    })
    await env.settle()
    expect(session.view().agent('n1')?.free.quantities()).toEqual({})
    const held = heard(session)
    expect(held.rescinds.length + held.offers.length).toBeGreaterThan(0)
    await store.delete(Task, { namespace: 'default', name: 'other' })
    await env.settle()
    session.take()
    await store.modifyStatus(Node, { name: 'n1' }, draft => {
      draft.status = { ...draft.status, conditions: [{ ...READY, status: 'Unknown' }] }
    })
    await env.settle()
    expect(session.view().agent('n1')).toBeUndefined()
  })

  test('offers a node of a name that was deleted before, and one that comes back larger as it is now', async () => {
    const { env, store, session } = await start()
    await store.delete(Node, { name: 'n1' })
    await env.settle()
    expect(session.view().agent('n1')).toBeUndefined()
    await addNode(store, 'n1', '8')
    await env.settle()
    session.suppress()
    for (const offer of heard(session).offers) session.decline([offer])
    expect(session.view().agent('n1')?.free.quantities()).toMatchObject({ cpus: 8 })
    for (const [status, cpu] of [
      ['Unknown', '8'],
      ['True', '16'],
    ] as const) {
      await store.modifyStatus(Node, { name: 'n1' }, draft => {
        draft.status = { capacity: { cpu, memory: '1Gi' }, conditions: [{ ...READY, status }] }
      })
      await env.settle()
    }
    expect(session.view().agent('n1')?.free.quantities()).toMatchObject({ cpus: 16 })
  })

  test('shares nodes with a scheduling controller without overcommitting them', async () => {
    const { env, store, session } = await start({}, true)
    for (let round = 0; round < 6; round++) {
      await store.create(Task, {
        metadata: { name: `pod-${round}`, namespace: 'default' },
        spec: { resources: { requests: { cpu: '1' } } },
      })
      session.claim([{ agent: 'n1', tasks: [taskOf(`t${round}`, 1)] }])
      await env.settle()
    }
    const here = store.list(Task).items.filter(({ spec }) => spec.nodeName === 'n1')
    expect(here).toHaveLength(4)
    const used = here.map(({ spec }) => resources({ cpus: Number(spec.resources?.requests?.['cpu']) }))
    expect(used.reduce((sum, one) => sum.plus(one)).quantities()).toEqual({ cpus: 4 })
  })
})
