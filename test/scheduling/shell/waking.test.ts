import { describe, expect, test } from 'vitest'
import { Node, Task } from '../../../src/api/index.js'
import type { Cluster } from './scheduling-world.js'
import { cpu, createCluster, run } from './scheduling-world.js'

async function edit(
  world: Cluster,
  name: string,
  recipe: (draft: { spec: object; metadata: object }) => void,
) {
  await world.env.run(() => world.store.modify(Node, { name }, draft => recipe(draft)))
  await world.env.settle()
}

describe('who waits is woken by what may help it, and told what keeps it waiting', () => {
  test('a thousand waiting tasks and a node that helps none of them: not one write', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 1 })
    await run(world)
    for (let index = 0; index < 100; index++) {
      await world.env.run(() =>
        world.store.transact(tx => {
          for (let at = 0; at < 10; at++)
            tx.create(Task, { metadata: { namespace: 'default', name: `t${index}-${at}` }, spec: cpu('2') })
        }),
      )
    }
    await world.env.settle()
    await world.env.advance(60_000)
    await world.addNode('useless', { cpu: 1 })
    const { revision } = world.store
    await world.env.advance(600_000)
    expect(world.store.revision).toBe(revision)
  })

  test('a changed label wakes only those that select by it', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 8 })
    await run(world)
    await world.addTask('ssd', { ...cpu('1'), nodeSelector: { disk: 'ssd' } })
    await world.addTask('gpu', { ...cpu('1'), nodeSelector: { gpu: 'yes' } })
    await world.addTask('large', cpu('9'))
    await world.env.advance(60_000)
    const { revision } = world.store
    await edit(world, 'n1', draft => void ((draft.metadata as { labels: object }).labels = { disk: 'ssd' }))
    expect(['ssd', 'gpu', 'large'].map(world.nodeOf)).toEqual(['n1', undefined, undefined])
    // The edit, the binding, and nothing of the others.
    expect(world.store.revision).toBe(revision + 2)
  })

  test('a label of a task, placed or waiting, decides for whom it is in the way from the moment it changes', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 8 })
    await run(world)
    const label = async (name: string, app: string) => {
      await world.env.run(() =>
        world.store.modify(Task, { namespace: 'default', name }, draft => {
          draft.metadata.labels = { app }
        }),
      )
      await world.env.settle()
    }
    const apart = (app: string) => ({
      affinity: [
        { kind: 'antiAffinity', attribute: 'hostname', labelSelector: { matchLabels: { app } } } as const,
      ],
    })
    await world.addTask('placed', apart('web'))
    await label('placed', 'db')
    await world.addTask('waiting', apart('db'))
    expect(world.nodeOf('waiting')).toBeUndefined()
    await label('placed', 'old')
    expect(world.nodeOf('waiting')).toBe('n1')
    const create = world.store.create(Task, {
      metadata: { namespace: 'default', name: 'web', labels: { app: 'web' } },
      spec: {},
    })
    await world.env.run(() => create)
    await world.env.settle()
    expect(world.nodeOf('web')).toBeUndefined()
    await label('web', 'other')
    expect(world.nodeOf('web')).toBe('n1')
  })

  test('when a cause is gone the message of all who wait for it says so, ten seconds later at most', async () => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 1 })
    await edit(world, 'n1', draft => void ((draft.spec as { unschedulable: boolean }).unschedulable = true))
    await run(world)
    for (const name of ['a', 'b']) await world.addTask(name, cpu('2'))
    expect(world.scheduled('a')).toContain('1 node(s) unschedulable')
    await edit(world, 'n1', draft => void ((draft.spec as { unschedulable: boolean }).unschedulable = false))
    await world.env.advance(11_000)
    const message = 'False Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.'
    expect(['a', 'b'].map(world.scheduled)).toEqual([message, message])
  })
})
