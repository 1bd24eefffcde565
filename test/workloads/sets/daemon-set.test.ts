import { beforeEach, describe, expect, test } from 'vitest'
import { DaemonSet, Node, Task } from '../../../src/api/index.js'
import { ref } from '../../fixtures/kinds.js'
import type { SetWorld } from './set-world.js'
import { createSetWorld, withImage } from './set-world.js'

let world: SetWorld

beforeEach(async () => {
  world = await createSetWorld()
  for (const name of ['n1', 'n2', 'n3']) await world.node(name)
})

const closed = { key: 'gpu', effect: 'NoSchedule' } as const
const status = () => world.store.get(DaemonSet, ref('web'))?.status

describe('a daemon set', () => {
  test('has one task on each node that takes it', async () => {
    await world.node('n4', { taints: [closed] })
    await world.node('n5', { unschedulable: true })
    await world.daemon()
    await world.after(20_000)
    expect(world.nodes()).toBe('n1:a n2:a n3:a n5:a')
    expect(status()).toMatchObject({
      desiredNumberScheduled: 4,
      numberAvailable: 4,
      updatedNumberScheduled: 4,
    })
    await world.node('n6')
    await world.store.delete(Node, { name: 'n1' })
    await world.after(20_000)
    expect(world.nodes()).toBe('n2:a n3:a n5:a n6:a')
  })

  test('only where labels and constraints say', async () => {
    await world.store.modify(
      Node,
      { name: 'n2' },
      draft => void (draft.metadata.labels = { disk: 'ssd', rack: 'r1' }),
    )
    await world.daemon({
      template: {
        metadata: { labels: { app: 'web' } },
        spec: {
          image: 'a',
          nodeSelector: { disk: 'ssd' },
          constraints: [{ attribute: 'rack', operator: 'equals', value: 'r1' }],
        },
      },
    })
    await world.after(20_000)
    expect(world.nodes()).toBe('n2:a')
    await world.store.modify(Node, { name: 'n2' }, draft => void (draft.metadata.labels = { disk: 'hdd' }))
    await world.after(20_000)
    expect(world.nodes()).toBe('')
  })

  test('rolls node by node', async () => {
    await world.daemon()
    await world.after(20_000)
    let least = 3
    world.store.watch(Task).on(() => {
      const ready = world
        .nodes()
        .split(' ')
        .filter(task => !/[!-]$/.test(task)).length
      least = Math.min(least, ready)
    })
    await world.change('daemon', withImage('b'))
    await world.after(60_000)
    expect(world.nodes()).toBe('n1:b n2:b n3:b')
    expect(least).toBe(2)
  })

  test('with a surge the old task stays until the new one is available', async () => {
    await world.daemon({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } })
    await world.after(20_000)
    const seen: string[] = []
    world.store.watch(Task).on(() => seen.push(world.nodes()))
    await world.change('daemon', withImage('b'))
    await world.after(60_000)
    expect(world.nodes()).toBe('n1:b n2:b n3:b')
    for (const text of seen) {
      const ready = text.split(' ').filter(task => !/[!-]$/.test(task))
      expect(new Set(ready.map(task => task.split(':')[0])).size).toBe(3)
      expect(text.split(' ').filter(task => !task.endsWith('-')).length).toBeLessThanOrEqual(4)
    }
  })

  test('a node that is silent with its task stuck holds up only itself (kubernetes#63465)', async () => {
    await world.daemon()
    await world.after(20_000)
    world.silent.add('n2')
    await world.hears('n2', 'Unknown')
    await world.change('daemon', withImage('b'))
    await world.after(60_000)
    expect(world.nodes()).toBe('n1:b n2:a n3:b')
    expect(status()).toMatchObject({ desiredNumberScheduled: 2, updatedNumberScheduled: 2 })
    world.silent.delete('n2')
    await world.hears('n2', 'True')
    await world.after(60_000)
    expect(world.nodes()).toBe('n1:b n2:b n3:b')
  })

  test('a taint that came later leaves the old task and is not waited for (kubernetes#118823)', async () => {
    await world.daemon()
    await world.after(20_000)
    await world.store.modify(Node, { name: 'n2' }, draft => void (draft.spec.taints = [closed]))
    await world.change('daemon', withImage('b'))
    await world.after(60_000)
    expect(world.nodes()).toBe('n1:b n2:a n3:b')
    expect(status()).toMatchObject({ numberMisscheduled: 1, currentRevision: status()?.updateRevision })
    await world.store.modify(Node, { name: 'n2' }, draft => {
      draft.spec.taints = [{ key: 'gpu', effect: 'NoExecute' }]
    })
    await world.after(60_000)
    expect(world.nodes()).toBe('n1:b n3:b')
  })

  test('three broken updates in a row leave two of three nodes ready (kubernetes#123232)', async () => {
    await world.daemon()
    await world.after(20_000)
    for (const image of ['bad-1', 'bad-2', 'bad-3']) {
      world.broken.add(image)
      await world.change('daemon', withImage(image))
      await world.after(30_000)
      expect(world.nodes().match(/:a(?= |$)/g)).toHaveLength(2)
    }
    await world.change('daemon', withImage('good'))
    await world.after(60_000)
    expect(world.nodes()).toBe('n1:good n2:good n3:good')
  })

  test('everything broken from the start is replaced at once (kubernetes#60164)', async () => {
    world.broken.add('bad')
    await world.daemon(withImage('bad'))
    await world.after(20_000)
    await world.change('daemon', withImage('good'))
    await world.after(10_000)
    expect(world.nodes()).toBe('n1:good n2:good n3:good')
  })

  test('an ended task is made again on its node, later and later', async () => {
    await world.daemon()
    await world.after(20_000)
    let made = 0
    world.store.watch(Task).on(({ events }) => {
      for (const { type, object } of events) {
        if (type !== 'ADDED' || object.spec.nodeName !== 'n2') continue
        made += 1
        void world.store.modifyStatus(
          Task,
          object.metadata,
          draft => void (draft.status = { phase: 'Failed' }),
        )
      }
    })
    await world.store.delete(
      Task,
      world.store.list(Task).items.find(({ spec }) => spec.nodeName === 'n2')?.metadata ?? ref('x'),
    )
    // The first at once, then after 1, 2, 4, 8, 16 s.
    await world.after(33_000)
    expect(made).toBe(6)
  })
})

test.each([
  [
    { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
    'maxUnavailable',
  ],
  [{ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0 } } }, 'maxUnavailable'],
  [{ updateStrategy: { type: 'OnDelete' } }, 'type'],
  [{ replicas: 1 }, 'replicas'],
])('a daemon set is refused with %o', async (spec, field) => {
  await expect(world.daemon(spec as object)).rejects.toMatchObject({
    code: 'Invalid',
    message: expect.stringContaining(field),
  })
})

test('a node that is heard and not heard in turns, each second, keeps its task, and nothing loops', async () => {
  await world.daemon()
  await world.after(10_000)
  const uids = world.store.list(Task).items.map(({ metadata }) => metadata.uid)
  for (let second = 0; second < 60; second += 1) {
    await world.hears('n1', second % 2 === 0 ? 'Unknown' : 'True')
    await world.after(1_000)
  }
  expect(world.store.list(Task).items.map(({ metadata }) => metadata.uid)).toEqual(uids)
  const { revision } = world.store
  await world.after(3_600_000)
  expect(world.store.revision).toBe(revision)
})
