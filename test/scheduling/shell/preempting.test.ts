import { describe, expect, test } from 'vitest'
import { DisruptionBudget, Event, Node, Reservation, Task } from '../../../src/api/index.js'
import { createDisruptionController } from '../../../src/rollout/index.js'
import type { SchedulingControllerOptions } from '../../../src/scheduling/index.js'
import type { Cluster } from './scheduling-world.js'
import { cpu, createCluster, intrudedClient, namespace, readiness, run } from './scheduling-world.js'

const preemption = {}
const urgent = { ...cpu('2'), priority: 10 }

async function createFullCluster(options: SchedulingControllerOptions): Promise<Cluster> {
  const world = createCluster(1, Task, [Reservation, DisruptionBudget, Event])
  await world.addNode('n1', { cpu: 2 })
  await world.addNode('n2', { cpu: 2 })
  await run(world, options)
  for (const name of ['a', 'b']) {
    await addRunning(world, name, '2', name, name === 'a' ? 1 : 2)
  }
  await world.env.settle()
  return world
}

async function addRunning(
  world: Cluster,
  name: string,
  amount: string,
  app: string,
  priority = 1,
): Promise<void> {
  await world.env.run(() =>
    world.store.create(Task, {
      metadata: { namespace, name, labels: { app } },
      spec: { ...cpu(amount), priority, nodeName: name === 'b' && app === 'b' ? 'n2' : 'n1' },
    }),
  )
  await world.env.settle()
  await world.env.run(() =>
    world.store.modifyStatus(Task, { namespace, name }, draft => {
      draft.status = { ...draft.status, phase: 'Running', conditions: [readiness('True')] }
    }),
  )
}

async function guard(world: Cluster, app: string, maxUnavailable: number): Promise<void> {
  await world.start(createDisruptionController())
  await world.env.run(() =>
    world.store.create(DisruptionBudget, {
      metadata: { namespace, name: `keep-${app}` },
      spec: { selector: { matchLabels: { app } }, maxUnavailable },
    }),
  )
  await world.env.settle()
}

const alive = (world: Cluster): readonly string[] =>
  world.store.list(Task).items.map(({ metadata }) => metadata.name)

describe('preemption under the scheduling controller', () => {
  test('nobody is evicted without the option', async () => {
    const world = await createFullCluster({})
    await world.addTask('urgent', urgent)
    expect([world.nodeOf('urgent'), alive(world)]).toEqual([undefined, ['a', 'b', 'urgent']])
  })

  test('a task whose preemptionPolicy is Never waits, and says so', async () => {
    const world = await createFullCluster({ preemption })
    await world.addTask('urgent', { ...urgent, preemptionPolicy: 'Never' })
    expect([world.nodeOf('urgent'), alive(world)]).toEqual([undefined, ['a', 'b', 'urgent']])
    expect(world.scheduled('urgent')).toContain('its preemptionPolicy is Never')
  })

  test('the cheapest victim goes and the task is bound, in one commit', async () => {
    const world = await createFullCluster({ preemption })
    const commits: string[] = []
    world.store.watch(Task).on(({ events }) => {
      commits.push(events.map(({ type, object }) => `${type} ${object.metadata.name}`).join(', '))
    })
    await world.addTask('urgent', urgent)
    expect(commits).toEqual(['ADDED urgent', 'DELETED a, MODIFIED urgent'])
    expect([world.nodeOf('urgent'), alive(world)]).toEqual(['n1', ['b', 'urgent']])
  })

  test('the victim is told by whom it was preempted, and where', async () => {
    const world = await createFullCluster({ preemption })
    await world.addTask('urgent', urgent)
    await world.env.advance(1_000)
    const told = world.store
      .list(Event)
      .items.filter(({ spec }) => spec.regarding.name === 'a' && spec.reason === 'Preempted')
    expect(told.map(({ spec }) => `${spec.type} ${spec.note}`)).toEqual([
      'Warning preempted by default/urgent on node n1',
    ])
  })

  test('whom a budget does not let go stays, and another goes', async () => {
    const world = await createFullCluster({ preemption })
    await guard(world, 'a', 0)
    await world.addTask('urgent', urgent)
    expect([world.nodeOf('urgent'), alive(world)]).toEqual(['n2', ['a', 'urgent']])
  })

  test('when budgets let nobody go it waits, says whose, and is placed when they do', async () => {
    const world = await createFullCluster({ preemption })
    await guard(world, 'a', 0)
    await guard(world, 'b', 0)
    await world.addTask('urgent', urgent)
    expect(world.scheduled('urgent')).toBe(
      'False Unschedulable: 0/2 nodes are available: 2 Insufficient cpu; ' +
        'disruption budgets hold back whom it could evict: default/keep-a, default/keep-b.',
    )
    await world.env.run(() =>
      world.store.modify(DisruptionBudget, { namespace, name: 'keep-b' }, draft => {
        draft.spec.maxUnavailable = 1
      }),
    )
    await world.env.advance(20_000)
    expect([world.nodeOf('urgent'), alive(world)]).toEqual(['n2', ['a', 'urgent']])
  })

  test('while victims leave, the port and the device of the task are kept for it', async () => {
    const world = createCluster(1, Task, [Reservation])
    await world.addNode('n1', { cpu: 2 })
    await world.env.run(() =>
      world.store.modifyStatus(Node, { name: 'n1' }, draft => {
        draft.status = { ...draft.status, devices: [{ kind: 'gpu', id: '0' }] }
      }),
    )
    await run(world, { preemption })
    const spec = {
      devices: [{ kind: 'gpu' }],
      ports: [{ containerPort: 80, hostPortRange: { first: 8_000, last: 8_000 } }],
    }
    await world.addTask('a', spec)
    await world.env.run(() =>
      world.store.modify(Task, { namespace, name: 'a' }, draft => {
        draft.metadata.finalizers = ['example/slow']
      }),
    )
    await world.env.settle()
    await world.addTask('urgent', { ...spec, priority: 10 })
    const [hold] = world.store.list(Reservation).items
    expect(hold?.spec).toMatchObject({
      requests: { gpu: 1 },
      ports: [{ hostPort: 8_000 }],
      devices: [{ kind: 'gpu', ids: ['0'] }],
    })
    await world.env.run(() =>
      world.store.modify(Task, { namespace, name: 'a' }, draft => {
        draft.metadata.finalizers = []
      }),
    )
    await world.addTask('late', { ...spec, priority: 9 })
    await world.env.advance(20_000)
    expect([world.nodeOf('urgent'), world.nodeOf('late'), world.store.count(Reservation)]).toEqual([
      'n1',
      undefined,
      0,
    ])
    const { ports, assignedDevices } = world.store.get(Task, { namespace, name: 'urgent' })?.spec ?? {}
    expect([ports?.[0]?.hostPort, assignedDevices]).toEqual([8_000, [{ kind: 'gpu', ids: ['0'] }]])
  })

  test('a budget that another uses up between plan and commit undoes the eviction', async () => {
    const world = createCluster(1, Task, [Reservation, DisruptionBudget])
    await world.addNode('n1', { cpu: 2 })
    for (const name of ['a', 'b']) await addRunning(world, name, '1', 'both')
    const keep = { namespace, name: 'keep' }
    const allow = (disruptionsAllowed: number): Promise<unknown> =>
      world.store.modifyStatus(DisruptionBudget, keep, draft => {
        const counts = { expectedTasks: 2, currentHealthy: 2, desiredHealthy: 0 }
        draft.status = { observedGeneration: 1, ...counts, disruptionsAllowed, grants: [] }
      })
    const selector = { matchLabels: { app: 'both' } }
    await world.env.run(async () => {
      await world.store.create(DisruptionBudget, { metadata: keep, spec: { selector, maxUnavailable: 2 } })
      await allow(2)
    })
    let isFirst = true
    const intrude = async (): Promise<unknown> => {
      if (!isFirst) return
      isFirst = false
      return allow(1)
    }
    await run(world, { preemption }, intrudedClient(world.store.client(world.env), intrude))
    await world.addTask('urgent', urgent)
    await world.env.advance(20_000)
    expect([isFirst, alive(world)]).toEqual([false, ['a', 'b', 'urgent']])
    expect(world.scheduled('urgent')).toContain(
      'disruption budgets hold back whom it could evict: default/keep',
    )
    expect(world.store.get(DisruptionBudget, keep)?.status?.grants).toEqual([])
  })

  test('soft budgets are exceeded when there is no other way, and the event says which', async () => {
    const world = await createFullCluster({ preemption: { budgets: 'soft' } })
    await guard(world, 'a', 0)
    await guard(world, 'b', 0)
    await world.addTask('urgent', urgent)
    await world.env.advance(10_000)
    expect([world.nodeOf('urgent'), alive(world)]).toEqual(['n1', ['b', 'urgent']])
    const notes = world.store.list(Event).items.map(({ spec }) => spec.note)
    expect(notes).toContain('evicts default/a from node n1, beyond disruption budgets default/keep-a')
  })

  test('room of victims that take their time is held for the task: no other gets it, and a restart forgets nothing', async () => {
    const world = await createFullCluster({ preemption, name: 'first' })
    await world.env.run(() =>
      world.store.modify(Task, { namespace, name: 'a' }, draft => {
        draft.metadata.finalizers = ['example.com/hold']
      }),
    )
    await world.addTask('urgent', urgent)
    expect(world.nodeOf('urgent')).toBeUndefined()
    expect(world.scheduled('urgent')).toBe(
      'False Unschedulable: waits for its room: evicts default/a from node n1.',
    )
    const [held] = world.store.list(Reservation).items
    expect(held?.spec).toMatchObject({ nodeName: 'n1', task: { namespace, name: 'urgent' } })
    await world.addTask('thief', cpu('2'))
    await run(world, { name: 'second', preemption })
    await world.env.run(() =>
      world.store.modify(Task, { namespace, name: 'a' }, draft => {
        draft.metadata.finalizers = []
      }),
    )
    await world.env.advance(20_000)
    expect(['urgent', 'thief'].map(world.nodeOf)).toEqual(['n1', undefined])
    expect(world.store.count(Reservation)).toBe(0)
  })

  test.each([
    ['is gone', 1_000],
    ['has waited too long', 200_000],
  ])('what is held for a task that %s is given up', async (why, ms) => {
    const world = await createFullCluster({ preemption })
    await world.env.run(() =>
      world.store.modify(Task, { namespace, name: 'a' }, draft => {
        draft.metadata.finalizers = ['example.com/hold']
      }),
    )
    await world.addTask('urgent', urgent)
    const before = world.store.list(Reservation).items.map(({ metadata }) => metadata.uid)
    if (why === 'is gone') await world.env.run(() => world.store.delete(Task, { namespace, name: 'urgent' }))
    await world.env.advance(ms)
    const after = world.store.list(Reservation).items.map(({ metadata }) => metadata.uid)
    expect([before.length, after.filter(uid => before.includes(uid))]).toEqual([1, []])
  })

  test('who is evicted twice for a task to no avail is not evicted a third time; the reason is told', async () => {
    const world = await createFullCluster({ preemption })
    await world.env.run(() =>
      world.store.modify(Task, { namespace, name: 'a' }, draft => {
        draft.metadata.finalizers = ['example.com/never-lets-go']
      }),
    )
    await world.env.run(() => world.store.delete(Task, { namespace, name: 'b' }))
    await world.env.run(() => world.store.delete(Node, { name: 'n2' }))
    await world.addTask('urgent', urgent)
    await world.env.advance(1_000_000)
    expect(world.scheduled('urgent')).toContain('evicting tasks like default/a was tried and did not help')
    expect(world.store.count(Reservation)).toBe(0)
    const { revision } = world.store
    await world.env.advance(1_000_000)
    expect(world.store.revision).toBe(revision)
  })
})

describe('reservations under the scheduling controller', () => {
  const reserve = (world: Cluster, spec: object): Promise<unknown> =>
    world.env.run(() =>
      world.store.create(Reservation, {
        metadata: { name: 'r' },
        spec: { nodeName: 'n1', ...spec } as never,
      }),
    )

  test.each([
    ['a role', { role: 'prod', requests: { cpu: 1 } }],
    ['another task', { task: { namespace, name: 'other' }, requests: { cpu: 1 } }],
  ])('what is kept for %s is not there for others, until it is given up', async (_whom, spec) => {
    const world = createCluster(1, Task, [Reservation])
    await world.addNode('n1', { cpu: 2 })
    await reserve(world, spec)
    if ('task' in spec) await world.addTask('other', { ...cpu('1'), schedulerName: 'slow' })
    await run(world)
    await world.addTask('large', cpu('2'))
    await world.addTask('small', cpu('1'))
    expect(['large', 'small'].map(world.nodeOf)).toEqual([undefined, 'n1'])
    await world.env.run(() => world.store.delete(Task, { namespace, name: 'small' }))
    await world.env.run(() => world.store.delete(Reservation, { name: 'r' }))
    await world.env.advance(20_000)
    expect(world.nodeOf('large')).toBe('n1')
  })

  const kept = {
    requests: {},
    ports: [{ hostPort: 80 }],
    devices: [{ kind: 'gpu', ids: ['0'] }],
  }

  test.each([
    ['a role', { role: 'prod' }],
    ['another task', { task: { namespace, name: 'other' } }],
  ])(
    'ports and devices that are kept for %s are not there for others, until they are given up',
    async (_whom, whom) => {
      const world = createCluster(1, Task, [Reservation])
      await world.addNode('n1', { cpu: 9 })
      await world.env.run(() =>
        world.store.modifyStatus(Node, { name: 'n1' }, draft => {
          draft.status = { ...draft.status, devices: ['0', '1'].map(id => ({ kind: 'gpu', id })) }
        }),
      )
      await reserve(world, { ...whom, ...kept })
      await run(world)
      const port = (protocol?: 'UDP') => ({
        ports: [{ containerPort: 80, hostPort: 80, ...(protocol === undefined ? {} : { protocol }) }],
      })
      await world.addTask('tcp', port())
      await world.addTask('udp', port('UDP'))
      await world.addTask('first', { devices: [{ kind: 'gpu' }] })
      await world.addTask('second', { devices: [{ kind: 'gpu' }] })
      expect(['tcp', 'udp', 'first', 'second'].map(world.nodeOf)).toEqual([undefined, 'n1', 'n1', undefined])
      const devicesOf = (name: string) => world.store.get(Task, { namespace, name })?.spec.assignedDevices
      expect(devicesOf('first')).toEqual([{ kind: 'gpu', ids: ['1'] }])
      await world.env.run(() => world.store.delete(Reservation, { name: 'r' }))
      await world.env.advance(20_000)
      expect([world.nodeOf('tcp'), devicesOf('second')]).toEqual(['n1', [{ kind: 'gpu', ids: ['0'] }]])
    },
  )

  test('the task that ports and devices are kept for gets them, and ends the reservation', async () => {
    const world = createCluster(1, Task, [Reservation])
    await world.addNode('n1', { cpu: 9 })
    await world.env.run(() =>
      world.store.modifyStatus(Node, { name: 'n1' }, draft => {
        draft.status = { ...draft.status, devices: [{ kind: 'gpu', id: '0' }] }
      }),
    )
    await reserve(world, { task: { namespace, name: 'other' }, ...kept })
    await run(world)
    await world.addTask('other', {
      ports: [{ containerPort: 80, hostPort: 80 }],
      devices: [{ kind: 'gpu' }],
    })
    expect(world.store.get(Task, { namespace, name: 'other' })?.spec).toMatchObject({
      nodeName: 'n1',
      assignedDevices: [{ kind: 'gpu', ids: ['0'] }],
    })
    expect(world.store.count(Reservation)).toBe(0)
  })

  test('a port or a device that is kept twice by one reservation is refused', async () => {
    const world = createCluster(1, Task, [Reservation])
    const role = { role: 'prod', requests: {} }
    const ports = [{ hostPort: 80 }, { hostPort: 80, protocol: 'TCP' }]
    await expect(reserve(world, { ...role, ports })).rejects.toThrow(
      /spec.ports: must be named once .*80\/TCP/,
    )
    const devices = [{ kind: 'gpu', ids: ['0', '0'] }]
    await expect(reserve(world, { ...role, devices })).rejects.toThrow(/spec.devices.*named once/)
  })

  test('what tasks of the role use of it is not counted twice', async () => {
    const world = createCluster(1, Task, [Reservation])
    await world.addNode('n1', { cpu: 3 })
    await reserve(world, { role: 'prod', requests: { cpu: 2 } })
    const chunk = { name: 'cpus', value: 2, reservations: [{ role: 'prod' }] }
    const annotations = { 'keelson.dev/take': JSON.stringify([chunk]) }
    await world.env.run(() =>
      world.store.create(Task, {
        metadata: { namespace, name: 'launched', annotations },
        spec: { ...cpu('2'), nodeName: 'n1' },
      }),
    )
    await run(world)
    await world.addTask('web', cpu('1'))
    await world.addTask('more', cpu('1'))
    expect(['web', 'more'].map(world.nodeOf)).toEqual(['n1', undefined])
  })

  test('a reservation that comes between a decision and its commit is seen', async () => {
    const world = createCluster(1, Task, [Reservation])
    await world.addNode('n1', { cpu: 2 })
    await world.addNode('n2', { cpu: 1 })
    const [task] = [{ metadata: { namespace, name: 'web' }, spec: cpu('1') }]
    await run(world)
    // Both at one instant: the watch has told neither when the scheduler decides.
    await world.env.run(async () => {
      await world.store.create(Task, task)
      await world.store.create(Reservation, {
        metadata: { name: 'r' },
        spec: { nodeName: 'n1', role: 'prod', requests: { cpu: 2 } },
      })
    })
    await world.env.settle()
    expect(world.nodeOf('web')).toBe('n2')
  })

  test('a reservation is for a role or for a task, not for both or nobody', async () => {
    const world = createCluster(1, Task, [Reservation])
    await expect(reserve(world, { requests: { cpu: 1 } })).rejects.toThrow(/exactly one of role and task/)
    const both = { role: 'prod', task: { namespace, name: 'a' }, requests: { cpu: 1 } }
    await expect(reserve(world, both)).rejects.toThrow(/exactly one of role and task/)
  })
})

describe('gangs that preempt', () => {
  const member = (priority = 10) => ({ ...cpu('2'), priority, gang: { name: 'job', minMembers: 2 } })

  test('victims go and all members are bound in one commit, and none of it before they are all there', async () => {
    const world = await createFullCluster({ preemption })
    const commits: string[] = []
    world.store.watch(Task).on(({ events }) => {
      commits.push(events.map(({ type, object }) => `${type} ${object.metadata.name}`).join(', '))
    })
    await world.addTask('m1', member())
    await world.addTask('m2', member())
    expect(commits.filter(commit => /DELETED/.test(commit))).toEqual([
      'DELETED a, DELETED b, MODIFIED m1, MODIFIED m2',
    ])
    expect([world.nodeOf('m1'), world.nodeOf('m2'), alive(world)]).toEqual(['n1', 'n2', ['m1', 'm2']])
  })

  test('when a budget keeps one of the victims, none goes, and the gang says whose', async () => {
    const world = await createFullCluster({ preemption })
    await guard(world, 'b', 0)
    for (const name of ['m1', 'm2']) await world.addTask(name, member())
    expect(alive(world)).toEqual(['a', 'b', 'm1', 'm2'])
    expect(world.scheduled('m1')).toContain(
      'disruption budgets hold back whom it could evict: default/keep-b',
    )
    await world.env.run(() =>
      world.store.modify(DisruptionBudget, { namespace, name: 'keep-b' }, draft => {
        draft.spec.maxUnavailable = 1
      }),
    )
    await world.env.advance(20_000)
    expect(alive(world)).toEqual(['m1', 'm2'])
  })

  test('when not enough would fit, none goes', async () => {
    const world = await createFullCluster({ preemption })
    for (const name of ['m1', 'm2']) await world.addTask(name, member(2))
    expect([world.nodeOf('m1'), alive(world)]).toEqual([undefined, ['a', 'b', 'm1', 'm2']])
  })

  test('while victims leave, the room of every member is held, and they are bound together', async () => {
    const world = await createFullCluster({ preemption })
    for (const name of ['a', 'b'])
      await world.env.run(() =>
        world.store.modify(Task, { namespace, name }, draft => {
          draft.metadata.finalizers = ['example/slow']
        }),
      )
    for (const name of ['m1', 'm2']) await world.addTask(name, member())
    expect(world.store.list(Reservation).items.map(({ spec }) => spec.nodeName)).toEqual(['n1', 'n2'])
    expect(world.scheduled('m1')).toContain(
      'waits for its room: evicts default/a, default/b from nodes n1, n2',
    )
    const bound: number[] = []
    world.store.watch(Task).on(({ events }) => {
      bound.push(
        events.filter(({ object }) => object.spec.gang !== undefined && object.spec.nodeName !== undefined)
          .length,
      )
    })
    for (const name of ['a', 'b']) {
      await world.env.run(() =>
        world.store.modify(Task, { namespace, name }, draft => {
          draft.metadata.finalizers = []
        }),
      )
      await world.addTask(`late-${name}`, { ...cpu('2'), priority: 9 })
      await world.env.advance(1_000)
    }
    await world.env.advance(20_000)
    expect(bound.filter(count => count > 0)[0]).toBe(2)
    expect([world.nodeOf('m1'), world.nodeOf('m2'), world.store.count(Reservation)]).toEqual(['n1', 'n2', 0])
    expect(world.nodeOf('late-a')).toBeUndefined()
  })
})
