import { describe, expect, test } from 'vitest'
import { Node, Task } from '../../../src/api/index.js'
import { KeelsonError } from '../../../src/core/index.js'
import { tapWrites } from '../../../src/store/index.js'
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

describe('what is told of those that wait', () => {
  test('is brought up to date, too, when another that asks for the same came with the change', async () => {
    const world = createCluster()
    await run(world)
    await world.addTask('old', cpu('1'))
    expect(world.scheduled('old')).toContain('0/0 nodes')
    await world.env.run(async () => {
      await world.store.create(Node, { metadata: { name: 'n1' }, spec: {} })
      await world.store.create(Task, { metadata: { namespace: 'default', name: 'new' }, spec: cpu('1') })
    })
    await world.env.advance(20_000)
    expect(world.scheduled('new')).toContain('not-ready')
    expect(world.scheduled('old')).toBe(world.scheduled('new'))
  })

  test('is brought up to date, too, when who was to be looked at for all is gone', async () => {
    const world = createCluster()
    await run(world)
    for (const name of ['a', 'b']) await world.addTask(name, cpu('1'))
    await world.addNode('n1', { cpu: 4 }, 'False')
    await world.env.run(() => world.store.delete(Task, { namespace: 'default', name: 'a' }))
    await world.addNode('n2', { cpu: 4 }, 'Unknown')
    await world.env.advance(20_000)
    expect(world.scheduled('b')).toContain('not-ready')
    expect(world.scheduled('b')).toContain('unreachable')
  })
})

/** Two tasks in one commit, so that they are one batch. */
async function addTogether(world: Cluster, cpuOfFirst: string): Promise<void> {
  await world.env.run(() =>
    world.store.transact(tx => {
      tx.create(Task, { metadata: { namespace: 'default', name: 'a' }, spec: cpu(cpuOfFirst) })
      tx.create(Task, { metadata: { namespace: 'default', name: 'b' }, spec: cpu('1') })
    }),
  )
  await world.env.settle()
}

describe('with several workers', () => {
  /** Two tasks wait for a node; it comes, and their commit takes a second. */
  async function slowlyBound(isRefused: boolean): Promise<Cluster> {
    const world = createCluster()
    let isFirst = true
    const client = tapWrites(world.store.client(world.env), async (write, next) => {
      const { env } = world
      if (write.verb !== 'transact' || !isFirst) return next(write)
      isFirst = false
      await env.clock.sleep(1_000)
      if (isRefused) throw new KeelsonError({ code: 'Unavailable', message: 'no answer came', details: {} })
      return next(write)
    })
    await run(world, { concurrency: 3 }, client)
    for (const name of ['a', 'b']) await world.addTask(name, cpu('1'))
    await world.addNode('n1', { cpu: 2 })
    return world
  }

  test('who is being bound is not tried by another worker meanwhile', async () => {
    const world = await slowlyBound(false)
    const told: string[] = []
    world.store.watch(Task).on(({ events }) => {
      told.push(...events.map(({ object }) => world.scheduled(object.metadata.name)))
    })
    await world.env.advance(2_000)
    expect(['a', 'b'].map(world.nodeOf)).toEqual(['n1', 'n1'])
    expect(told.filter(text => text.startsWith('False'))).toEqual([])
    expect(world.env.logs.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('all whose commit failed are tried again', async () => {
    const world = await slowlyBound(true)
    await world.env.advance(20_000)
    expect(['a', 'b'].map(world.nodeOf)).toEqual(['n1', 'n1'])
    expect(world.env.logs.filter(({ message }) => message.includes('plugin'))).toEqual([])
  })

  test('what is told late of one that was tried again meanwhile is not the last that is told', async () => {
    const world = createCluster()
    let isFirst = true
    const client = tapWrites(world.store.client(world.env), async (write, next) => {
      if (write.verb !== 'modifyStatus' || !isFirst) return next(write)
      isFirst = false
      await world.env.clock.sleep(500)
      return next(write)
    })
    await run(world, { concurrency: 3, retryDelayMs: 0 }, client)
    await world.addTask('large', cpu('3'))
    await world.addTask('small', { ...cpu('1'), priority: 1 })
    await world.addNode('n1', { cpu: 3 })
    await world.env.advance(20_000)
    expect(world.nodeOf('small')).toBe('n1')
    expect(world.scheduled('large')).toContain('Insufficient cpu')
  })

  test('who was to be tried while its refusal was being written is tried after that', async () => {
    const world = createCluster()
    let isFirst = true
    const client = tapWrites(world.store.client(world.env), async (write, next) => {
      if (write.verb !== 'modifyStatus' || !isFirst) return next(write)
      isFirst = false
      await world.env.clock.sleep(500)
      return next(write)
    })
    await run(world, { concurrency: 2 }, client)
    await addTogether(world, '9')
    await world.addNode('n1', { cpu: 1 })
    await world.env.advance(1_000)
    expect(world.nodeOf('b')).toBe('n1')
  })
})

test('all of a batch whose commit failed are tried again, not only the first', async () => {
  const world = createCluster()
  await world.addNode('n1', { cpu: 2 })
  let isFirst = true
  const client = tapWrites(world.store.client(world.env), async (write, next) => {
    if (write.verb !== 'transact' || !isFirst) return next(write)
    isFirst = false
    throw new KeelsonError({ code: 'Unavailable', message: 'no answer came', details: {} })
  })
  await run(world, {}, client)
  await addTogether(world, '1')
  await world.env.advance(20_000)
  expect(['a', 'b'].map(world.nodeOf)).toEqual(['n1', 'n1'])
})
