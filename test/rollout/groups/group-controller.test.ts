import { describe, expect, test } from 'vitest'
import type { DeploymentGroupMember, DeploymentSpec } from '../../../src/api/index.js'
import { Deployment, DeploymentGroup, Event, ReplicaSet, Revision } from '../../../src/api/index.js'
import { createController, createManager } from '../../../src/reconcile/index.js'
import { actOnRollout, createGroupController, createRolloutController } from '../../../src/rollout/index.js'
import { ref } from '../../fixtures/kinds.js'
import { createWorld } from '../../fixtures/world.js'

const shop = ref('shop')

function specOf(name: string, image: string, change: Partial<DeploymentSpec> = {}): DeploymentSpec {
  const labels = { app: name }
  return {
    replicas: 2,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { image } },
    progressDeadlineSeconds: 60,
    onFailure: 'pause',
    ...change,
  }
}

/** A chain: the database, what asks it, and what people see. */
function members(image: string, names: readonly string[] = ['db', 'api', 'web']): DeploymentGroupMember[] {
  return names.map((name, at) => {
    const needed = names[at - 1]
    return { name, spec: specOf(name, image), ...(needed === undefined ? {} : { dependsOn: [needed] }) }
  })
}

/** The real store and controllers; sets are filled at once, but those of broken images. */
async function createCluster() {
  const world = createWorld({ kinds: [Deployment, DeploymentGroup, Event, ReplicaSet, Revision] })
  const { env, store } = world
  const broken = new Set<string>()
  const sets = createController({
    name: 'replicas',
    for: ReplicaSet,
    reconcile: async (key, set, { client }) => {
      if (set === undefined) return
      const { replicas } = set.spec
      const works = broken.has(set.spec.template.spec.image ?? '') ? 0 : replicas
      await client.modifyStatus(ReplicaSet, key, draft => {
        draft.status = {
          observedGeneration: set.metadata.generation,
          replicas,
          readyReplicas: works,
          availableReplicas: works,
          terminatingReplicas: 0,
          failedReplicas: 0,
          endedReplicas: 0,
        }
      })
    },
  })
  await world.start(createGroupController(), createRolloutController(), sets)
  /** What has become of the Deployments, as it happened: an image, or a count where only that changed. */
  const told: string[] = []
  const before = new Map<string, string>()
  store.watch(Deployment).on(({ events }) => {
    for (const { type, object } of events) {
      const { name } = object.metadata
      const now = type === 'DELETED' ? 'gone' : `${object.spec.template.spec.image}×${object.spec.replicas}`
      if (before.get(name) !== now) told.push(`${name} ${now}`)
      before.set(name, now)
    }
  })
  const status = () => store.get(DeploymentGroup, shop)?.status
  return {
    env,
    store,
    broken,
    told,
    status,
    images: () =>
      Object.fromEntries(
        store.list(Deployment).items.map(({ metadata, spec }) => [metadata.name, spec.template.spec.image]),
      ),
    async start(onFailure: 'stop' | 'continue' | 'revert' = 'stop') {
      await store.create(DeploymentGroup, { metadata: shop, spec: { members: members('v1'), onFailure } })
      await env.advance(10_000)
      expect(status()?.phase).toBe('succeeded')
      told.length = 0
    },
    async change(wanted: readonly DeploymentGroupMember[], onConflict: 'supersede' | 'queue' = 'supersede') {
      await store.modify(DeploymentGroup, shop, draft => {
        Object.assign(draft.spec, { members: wanted, onConflict })
      })
    },
  }
}

describe('a DeploymentGroup', () => {
  test('starts, and changes, each member once what it depends on has arrived', async () => {
    const cluster = await createCluster()
    cluster.broken.add('v1')
    await cluster.store.create(DeploymentGroup, { metadata: shop, spec: { members: members('v1') } })
    await cluster.env.advance(10_000)
    expect(cluster.told).toEqual(['db v1×2'])
    expect(cluster.status()).toMatchObject({ phase: 'progressing', waitsFor: ['db'] })
    cluster.broken.clear()
    for (const set of cluster.store.list(ReplicaSet).items)
      await cluster.store.modify(
        ReplicaSet,
        set.metadata,
        draft => void (draft.metadata.annotations = { again: '1' }),
      )
    await cluster.env.advance(10_000)
    expect(cluster.told).toEqual(['db v1×2', 'api v1×2', 'web v1×2'])
    await cluster.change(members('v2'))
    await cluster.env.advance(10_000)
    expect(cluster.told.slice(3)).toEqual(['db v2×2', 'api v2×2', 'web v2×2'])
    expect(cluster.status()).toMatchObject({ phase: 'succeeded', observedGeneration: 2 })
  })

  test.each([
    ['stop', 'stopped', ['db v2×2', 'api v2×2'], { db: 'v2', api: 'v2', web: 'v1' }],
    [
      'revert',
      'reverted',
      ['db v2×2', 'api v2×2', 'api v1×2', 'db v1×2'],
      { db: 'v1', api: 'v1', web: 'v1' },
    ],
    ['continue', 'succeeded', ['db v2×2', 'api v2×2', 'web v2×2'], { db: 'v2', api: 'v2', web: 'v2' }],
  ] as const)('whose middle member fails, with %s: is %s', async (action, phase, told, images) => {
    const cluster = await createCluster()
    await cluster.start(action)
    const wanted = members('v2').map(member =>
      member.name === 'api'
        ? { ...member, spec: specOf('api', 'v2', { progressDeadlineSeconds: 30 }) }
        : member,
    )
    cluster.broken.add('v2')
    const mend = cluster.store.watch(Deployment)
    mend.on(() => {
      // Only api does not come up.
      if (cluster.told.some(line => line.startsWith('db v2'))) cluster.broken.delete('v2')
      if (cluster.told.at(-1)?.startsWith('api v2') === true) cluster.broken.add('v2')
      else cluster.broken.delete('v2')
    })
    await cluster.change(wanted)
    await cluster.env.advance(200_000)
    expect(cluster.told).toEqual(told)
    expect(cluster.status()).toMatchObject({ phase, failed: ['api'] })
    expect(cluster.images()).toEqual(images)
    const { revision } = cluster.store
    await cluster.env.advance(600_000)
    expect(cluster.store.revision).toBe(revision)
  })

  test('whose member goes back by itself has failed there', async () => {
    const cluster = await createCluster()
    await cluster.start('revert')
    cluster.broken.add('v2')
    await cluster.change(
      members('v2').map(member => ({ ...member, spec: { ...member.spec, onFailure: 'revert' } })),
    )
    await cluster.env.advance(300_000)
    expect(cluster.status()).toMatchObject({ phase: 'reverted', failed: ['db'] })
    expect(cluster.images()).toEqual({ db: 'v1', api: 'v1', web: 'v1' })
  })

  test('that has stopped goes on when a person has the member that failed tried again', async () => {
    const cluster = await createCluster()
    await cluster.start()
    cluster.broken.add('v2')
    await cluster.change(members('v2'))
    await cluster.env.advance(100_000)
    expect(cluster.status()).toMatchObject({ phase: 'stopped', failed: ['db'] })
    cluster.broken.clear()
    await actOnRollout(cluster.store, ref('db'), { verb: 'retry', entry: 2, by: 'ann' })
    for (const { metadata } of cluster.store.list(ReplicaSet).items)
      await cluster.store.modify(
        ReplicaSet,
        metadata,
        draft => void (draft.metadata.annotations = { again: '1' }),
      )
    await cluster.env.advance(20_000)
    expect(cluster.told).toEqual(['db v2×2', 'api v2×2', 'web v2×2'])
    expect(cluster.status()).toMatchObject({ phase: 'succeeded' })
    expect(cluster.status()?.failed).toBeUndefined()
  })

  test('lets what leaves come to rest first, what depends on others before those', async () => {
    const cluster = await createCluster()
    await cluster.start()
    await cluster.change(members('v1', ['db']))
    await cluster.env.advance(20_000)
    expect(cluster.told).toEqual(['web v1×0', 'web gone', 'api v1×0', 'api gone'])
    expect(cluster.status()?.phase).toBe('succeeded')
  })

  test('that is changed in the middle of a change goes on from what there is', async () => {
    const cluster = await createCluster()
    await cluster.start()
    cluster.broken.add('v2')
    await cluster.change(members('v2'))
    await cluster.env.advance(5_000)
    await cluster.change(members('v3'))
    await cluster.env.advance(20_000)
    expect(cluster.told).toEqual(['db v2×2', 'db v3×2', 'api v3×2', 'web v3×2'])
  })

  test('that queues makes the second change after the first', async () => {
    const cluster = await createCluster()
    await cluster.start()
    cluster.broken.add('v2')
    await cluster.change(members('v2'), 'queue')
    await cluster.env.advance(5_000)
    await cluster.change(members('v3'), 'queue')
    await cluster.env.advance(5_000)
    expect(cluster.told).toEqual(['db v2×2'])
    // The first ends when its deadline is over.
    await cluster.env.advance(120_000)
    expect(cluster.told).toEqual(['db v2×2', 'db v3×2', 'api v3×2', 'web v3×2'])
    expect(cluster.status()?.phase).toBe('succeeded')
  })

  test('leaves alone what others do between two changes, a pause, and counts that it does not change', async () => {
    const cluster = await createCluster()
    await cluster.start()
    await cluster.store.modify(Deployment, ref('api'), draft => {
      draft.spec.replicas = 7
      draft.spec.paused = false
    })
    await cluster.env.advance(20_000)
    expect(cluster.told).toEqual(['api v1×7'])
    await cluster.change(members('v2'))
    await cluster.env.advance(20_000)
    expect(cluster.store.get(Deployment, ref('api'))?.spec).toMatchObject({ replicas: 7, paused: false })
    expect(cluster.images()).toEqual({ db: 'v2', api: 'v2', web: 'v2' })
  })

  test('does not touch a Deployment that another object controls, and fails there', async () => {
    const cluster = await createCluster()
    const other = await cluster.store.create(DeploymentGroup, {
      metadata: ref('other'),
      spec: { members: members('o1', ['api']) },
    })
    await cluster.env.advance(10_000)
    await cluster.store.create(DeploymentGroup, { metadata: shop, spec: { members: members('v1') } })
    await cluster.env.advance(10_000)
    expect(cluster.status()).toMatchObject({ phase: 'stopped', failed: ['api'] })
    expect(cluster.images()).toEqual({ api: 'o1', db: 'v1' })
    expect(cluster.store.get(Deployment, ref('api'))?.metadata.ownerReferences[0]?.uid).toBe(
      other.metadata.uid,
    )
  })

  test('with two controllers at once, and one that is started anew, changes once', async () => {
    const cluster = await createCluster()
    const { env, store } = cluster
    const second = createManager({ client: store.client(env.fork('second')) })
    second.add(createGroupController())
    await env.run(() => second.start())
    await cluster.start()
    await cluster.change(members('v2'))
    await env.advance(50)
    await env.run(() => second.stop())
    await env.advance(20_000)
    expect(cluster.told).toEqual(['db v2×2', 'api v2×2', 'web v2×2'])
    expect(store.list(Event).items.filter(({ spec }) => spec.reason === 'Succeeded').length).toBeGreaterThan(
      0,
    )
  })

  test.each<[string, readonly DeploymentGroupMember[], string]>([
    [
      'a cycle',
      [
        { name: 'a', spec: specOf('a', '1'), dependsOn: ['b'] },
        { name: 'b', spec: specOf('b', '1'), dependsOn: ['a'] },
      ],
      'spec.members[0].dependsOn: is a cycle: a → b → a',
    ],
    [
      'a dependency that is not there',
      [{ name: 'a', spec: specOf('a', '1'), dependsOn: ['c'] }],
      'spec.members[0].dependsOn: is no member',
    ],
    [
      'a name twice',
      [...members('1', ['a']), ...members('2', ['a'])],
      'spec.members[1].name: is there twice',
    ],
    [
      'bounds that are none',
      [
        {
          name: 'a',
          spec: specOf('a', '1', {
            strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } },
          }),
        },
      ],
      'spec.members[0].spec.strategy.rollingUpdate',
    ],
  ])('with %s is refused', async (_what, wanted, message) => {
    const { store } = await createCluster()
    const made = store.create(DeploymentGroup, { metadata: shop, spec: { members: wanted } })
    await expect(made).rejects.toThrow(message)
    expect(store.list(DeploymentGroup).items).toEqual([])
  })
})
