import { describe, expect, test } from 'vitest'
import type { TaskSpec } from '../../../src/api/index.js'
import { Node, Task } from '../../../src/api/index.js'
import type { FilterPlugin, GlobalFilterPlugin } from '../../../src/scheduling/index.js'
import { nativeFilters, packProfile } from '../../../src/scheduling/index.js'
import type { Cluster } from './scheduling-world.js'
import { boundTasks, cpu, createCluster, deleteTask, namespace, run } from './scheduling-world.js'

/** Two licences for the whole cluster. */
function licences(hint: GlobalFilterPlugin['hint'], asked: { count: number }): GlobalFilterPlugin {
  return {
    name: 'licences',
    locality: 'global',
    applies: request => request.amount('licence') > 0,
    filter: (request, _node, cluster) => {
      asked.count++
      let used = 0
      for (const node of cluster.nodes()) used += node.requested(request.column('licence'))
      return used < 2_000
        ? undefined
        : [{ code: 'NoLicence', message: 'no licence left', unresolvable: false }]
    },
    ...(hint === undefined ? {} : { hint }),
  }
}

const licensed: TaskSpec = { resources: { requests: { licence: 1 } } }

async function fullCluster(plugin: FilterPlugin): Promise<Cluster> {
  const world = createCluster()
  for (const name of ['n1', 'n2']) await world.addNode(name, { cpu: 2, licence: 99 })
  for (const name of ['l1', 'l2']) await world.addTask(name, { ...licensed, nodeName: 'n1' })
  for (const name of ['c1', 'c2'])
    await world.addTask(name, { ...cpu('2'), nodeName: name.replace('c', 'n') })
  const profile = packProfile()
  await run(world, { profile: { ...profile, filters: [...nativeFilters(), plugin] } })
  for (let at = 10; at < 30; at++) await world.addTask(`licensed${at}`, licensed)
  await world.addTask('large', cpu('2'))
  await world.env.advance(1_000)
  return world
}

describe('hints of plugins', () => {
  test("a user's plugin says which events help: it is asked about no other, and exactly those who wait for it are woken", async () => {
    const asked = { count: 0 }
    const hint: GlobalFilterPlugin['hint'] = (_reason, { kind, task }) =>
      kind === 'freed' && task?.requests?.['licence'] !== undefined
    const world = await fullCluster(licences(hint, asked))
    expect(boundTasks(world)).toEqual(['c1', 'c2', 'l1', 'l2'])
    asked.count = 0
    const { revision } = world.store
    await deleteTask(world, 'c2')
    expect([boundTasks(world), asked.count]).toEqual([['c1', 'l1', 'l2', 'large'], 0])
    expect(world.store.revision).toBe(revision + 2)
    await deleteTask(world, 'l1')
    expect(boundTasks(world)).toEqual(['c1', 'l2', 'large', 'licensed10'])
    expect(asked.count).toBeGreaterThan(0)
  })

  test('without a hint such a plugin is asked about every event', async () => {
    const asked = { count: 0 }
    const world = await fullCluster(licences(undefined, asked))
    asked.count = 0
    await deleteTask(world, 'c2')
    expect(asked.count).toBeGreaterThan(0)
  })

  test('a hint that throws counts as one that the event may help', async () => {
    const world = await fullCluster(
      licences(
        () => {
          throw new Error('broken')
        },
        { count: 0 },
      ),
    )
    await deleteTask(world, 'l1')
    expect(boundTasks(world)).toContain('licensed10')
  })

  test('who waits to be near a task gets its node as soon as that one has its', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 2 })
    await run(world)
    const labelSelector = { matchLabels: { app: 'db' } }
    await world.addTask('web', { affinity: [{ kind: 'affinity', attribute: 'hostname', labelSelector }] })
    expect(world.nodeOf('web')).toBe(undefined)
    const metadata = { namespace, name: 'db', labels: { app: 'db' } }
    await world.env.run(() => world.store.create(Task, { metadata, spec: {} }))
    await world.env.settle()
    expect(world.nodeOf('web')).toBe('n1')
  })

  test('what came between the record and the event is looked at, too', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 2 })
    await run(world)
    await world.addTask('web', { ...cpu('2'), nodeSelector: { disk: 'ssd' } })
    await world.addTask('other', cpu('1'))
    await world.env.run(() =>
      world.store.modify(Node, { name: 'n1' }, draft => {
        draft.metadata.labels = { disk: 'ssd' }
      }),
    )
    await world.env.settle()
    expect(world.nodeOf('web')).toBe(undefined)
    await deleteTask(world, 'other')
    expect(world.nodeOf('web')).toBe('n1')
  })
})
