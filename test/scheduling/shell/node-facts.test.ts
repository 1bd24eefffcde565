import { describe, expect, test } from 'vitest'
import { Node, Task, TEMPLATE_HASH_LABEL } from '../../../src/api/index.js'
import { formatTime } from '../../../src/core/index.js'
import type { Profile } from '../../../src/scheduling/index.js'
import { imageLocality, nativeFilters } from '../../../src/scheduling/index.js'
import { FailedTasks } from '../../../src/scheduling/shell/failed-tasks.js'
import { ImageShares } from '../../../src/scheduling/shell/image-shares.js'
import type { Cluster } from './scheduling-world.js'
import { createCluster, namespace, run } from './scheduling-world.js'

const setStatus = (world: Cluster, name: string, status: object): Promise<unknown> =>
  world.env.run(() =>
    world.store.modifyStatus(Node, { name }, draft => {
      draft.status = { ...draft.status, ...status }
    }),
  )

describe('images of nodes', () => {
  const profile: Profile = {
    name: 'images',
    filters: nativeFilters(),
    scores: [{ plugin: imageLocality(), weight: 1 }],
  }

  test('a task goes where its image is, by any of its names', async () => {
    const world = createCluster()
    for (const name of ['n1', 'n2']) await world.addNode(name, {})
    const names = ['registry.local:5000/web:latest', 'registry.local:5000/web@sha256:0a']
    await setStatus(world, 'n2', { images: [{ names, sizeBytes: 900 * 1024 ** 2 }] })
    await run(world, { profile })
    await world.addTask('untagged', { image: 'registry.local:5000/web' })
    await world.addTask('digest', { image: 'registry.local:5000/web@sha256:0a' })
    await world.addTask('other', { image: 'registry.local:5000/web:2' })
    expect(['untagged', 'digest', 'other'].map(world.nodeOf)).toEqual(['n2', 'n2', 'n1'])
  })

  test('a size that is none makes the node one that cannot be read, and says why', async () => {
    const world = createCluster()
    await world.addNode('n1', {})
    await setStatus(world, 'n1', { images: [{ names: ['web'], sizeBytes: -1 }] })
    await run(world)
    await world.addTask('a')
    expect(world.scheduled('a')).toContain('unreadable')
  })

  test('what is told of shares is within an eighth of what is so, and told again few times', () => {
    const shares = new ImageShares()
    let told = 0
    const count = 500
    for (let at = 0; at < count; at++) {
      const images = at % 10 === 0 ? { rare: { size: 1, share: 0 } } : {}
      told += shares.set(`n${at}`, { ...images, all: { size: 1, share: 0 } }).size
      const have = Math.floor(at / 10) + 1
      const { rare, all } = shares.on('n0') ?? {}
      const off = (share = 0, is: number): number => Math.abs(share - is) / share
      // The number of nodes may be off by an eighth, too, before all shares are looked at.
      expect(off(rare?.share, have / (at + 1))).toBeLessThan(0.3)
      expect(off(all?.share, 1)).toBeLessThan(0.3)
    }
    // Each node once, when it comes; and those with the rare image a few times more.
    expect(told).toBeLessThan(3 * count)
    for (let at = 1; at < count; at++) shares.set(`n${at}`, undefined)
    expect(shares.on('n0')).toMatchObject({ rare: { share: 1 }, all: { share: 1 } })
  })
})

describe('failures of tasks', () => {
  const group = { group: 'web' }

  async function createFailing(world: Cluster, hash?: string): Promise<void> {
    const labels = hash === undefined ? {} : { [TEMPLATE_HASH_LABEL]: hash }
    for (let at = 0; at < 5; at++) {
      const name = `failed-${at}`
      await world.env.run(() =>
        world.store.create(Task, {
          metadata: { namespace, name, labels },
          spec: { ...group, nodeName: 'n1' },
        }),
      )
      await world.env.run(() =>
        world.store.modifyStatus(Task, { namespace, name }, draft => {
          draft.status = { phase: 'Failed', finishTime: formatTime(world.env.clock.now()) }
        }),
      )
    }
    await world.env.settle()
  }

  const place = async (world: Cluster, name: string, hash?: string): Promise<string | undefined> => {
    const labels = hash === undefined ? {} : { [TEMPLATE_HASH_LABEL]: hash }
    await world.env.run(() =>
      world.store.create(Task, { metadata: { namespace, name, labels }, spec: group }),
    )
    await world.env.settle()
    const node = world.nodeOf(name)
    await world.env.run(() => world.store.delete(Task, { namespace, name }))
    await world.env.settle()
    return node
  }

  test.each(['before', 'after'])(
    'that happened %s the controller started keep tasks like them away for five minutes',
    async when => {
      const world = createCluster()
      for (const name of ['n1', 'n2']) await world.addNode(name, {})
      if (when === 'after') await run(world)
      await createFailing(world)
      if (when === 'before') await run(world)
      expect(await place(world, 'soon')).toBe('n2')
      await world.env.advance(301_000)
      expect(await place(world, 'late')).toBe('n1')
    },
  )

  test('do not count for another template, nor for tasks of no group', async () => {
    const world = createCluster()
    for (const name of ['n1', 'n2']) await world.addNode(name, {})
    await run(world)
    await createFailing(world, 'v1')
    expect(await place(world, 'same', 'v1')).toBe('n2')
    expect(await place(world, 'changed', 'v2')).toBe('n1')
    await world.addTask('alone')
    expect(world.nodeOf('alone')).toBe('n1')
  })

  test('lose half of their weight with each half-life, and all of it after the window', () => {
    const failed = new FailedTasks({ windowMs: 3_000, halfLifeMs: 1_000 })
    const task = (uid: string, atMs: number) =>
      ({
        metadata: { uid, namespace, name: uid, labels: {}, ownerReferences: [] },
        spec: { ...group, nodeName: 'n1' },
        status: { phase: 'Failed', finishTime: formatTime(atMs) },
      }) as unknown as Task
    failed.note(task('a', 10_000))
    failed.note(task('b', 11_000))
    failed.note(task('a', 10_000))
    const told = [11_000, 11_500, 12_000, 13_000, 14_000, 20_000].map(nowMs => {
      const changed = failed.decay(nowMs)
      return [changed.length, failed.on('n1')?.['default/web']]
    })
    expect(told).toEqual([
      [1, 1.5],
      [0, 1.5],
      [1, 0.75],
      [1, 0.25],
      [1, undefined],
      [0, undefined],
    ])
  })

  test.each([{ windowMs: 0 }, { halfLifeMs: Number.NaN }])(
    'a policy of %j is not acceptable',
    async policy => {
      await expect(run(createCluster(), { failureMemory: policy })).rejects.toThrow(/failureMemory.*above 0/)
    },
  )
})

test('volumes of tasks keep to the topology, the limits and the sharing that objects say', async () => {
  const world = createCluster()
  for (const name of ['n1', 'n2']) await world.addNode(name, {})
  await setStatus(world, 'n1', { volumeLimits: { csi: 1 } })
  await run(world)
  const claim = (name: string, more: object = {}) => ({ volumes: [{ name, driver: 'csi', ...more }] })
  const onN1 = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] } as const] }
  await world.addTask('a', claim('v', { topology: [onN1] }))
  await world.addTask('b', claim('v'))
  await world.addTask('c', claim('w', { access: 'ReadWriteOncePod' }))
  await world.addTask('d', claim('w'))
  await world.addTask('e', claim('x', { topology: [onN1] }))
  expect(['a', 'b', 'c', 'd', 'e'].map(world.nodeOf)).toEqual(['n1', 'n1', 'n2', undefined, undefined])
  expect(world.scheduled('e')).toContain('1 node(s) at the limit of volumes of csi, 1 node(s) out of reach')
  await world.env.run(() => world.store.delete(Task, { namespace, name: 'c' }))
  await world.env.advance(20_000)
  expect(world.nodeOf('d')).toBe('n2')
})
