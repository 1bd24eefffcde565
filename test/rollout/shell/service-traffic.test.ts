import { describe, expect, test } from 'vitest'
import type { TrafficAck } from '../../../src/api/index.js'
import { Deployment, findCondition, ReplicaSet, Revision, Service } from '../../../src/api/index.js'
import { createController } from '../../../src/reconcile/index.js'
import { createRolloutController, describeRollout, rolloutStatus } from '../../../src/rollout/index.js'
import { ref } from '../../fixtures/kinds.js'
import { createWorld } from '../../fixtures/world.js'
import { createCluster, template, web } from '../fixtures/cluster.js'

const front = ref('front')
const strategy = {
  type: 'RollingUpdate',
  service: 'front',
  steps: [{ next: '50%', gates: [{ kind: 'soak', ms: 60_000 }] }],
} as const

/** Four of v1 behind a Service, and v2 asked for; sets are filled at once. */
async function divided(ack?: TrafficAck) {
  const world = createWorld({ kinds: [Deployment, ReplicaSet, Revision, Service] })
  const { env, store } = world
  const sets = createController({
    name: 'replicas',
    for: ReplicaSet,
    reconcile: async (key, set, { client }) => {
      if (set === undefined) return
      const replicas = set.spec.replicas
      await client.modifyStatus(ReplicaSet, key, draft => {
        draft.status = {
          observedGeneration: set.metadata.generation,
          replicas,
          readyReplicas: replicas,
          availableReplicas: replicas,
          terminatingReplicas: 0,
          failedReplicas: 0,
          endedReplicas: 0,
        }
      })
    },
  })
  await world.start(createRolloutController({ traffic: ack === undefined ? {} : { ack } }), sets)
  await store.create(Service, { metadata: front, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } })
  await store.create(Deployment, {
    metadata: web,
    spec: { replicas: 4, selector: { matchLabels: { app: 'web' } }, template: template('v1'), strategy },
  })
  await env.advance(10_000)
  await store.modify(Deployment, web, draft => void (draft.spec.template.spec.image = 'v2'))
  await env.advance(10_000)
  const image = (hash: string): string | undefined =>
    store.list(Revision).items.find(({ spec }) => spec.templateHash === hash)?.spec.template.spec.image
  return {
    env,
    store,
    deployment: () => store.get(Deployment, web)!,
    weights: () =>
      store
        .get(Service, front)
        ?.spec.backends?.map(one => `${image(one.template)} ${one.weight}`)
        .sort(),
    sizes: () =>
      store
        .list(ReplicaSet)
        .items.map(({ spec }) => `${spec.template.spec.image}×${spec.replicas}`)
        .sort(),
  }
}

describe('the traffic of a Service', () => {
  test('is divided as the rollout walks', async () => {
    const { env, weights, sizes, deployment } = await divided()
    expect([weights(), sizes()]).toEqual([
      ['v1 50', 'v2 50'],
      ['v1×2', 'v2×2'],
    ])
    await env.advance(70_000)
    expect([weights(), sizes()]).toEqual([['v2 100'], ['v1×0', 'v2×4']])
    expect(rolloutStatus(deployment()).done).toBe(true)
  })

  test('of one that does not exist keeps the rollout until it does, and that is told', async () => {
    const { env, store, deployment, sizes, weights } = await divided()
    await env.advance(70_000)
    await store.delete(Service, front)
    await store.modify(Deployment, web, draft => void (draft.spec.template.spec.image = 'v3'))
    await env.advance(70_000)
    expect(sizes()).toEqual(['v1×0', 'v2×4', 'v3×0'])
    expect(describeRollout(deployment())).toContain(
      'service: does not exist; create it, or take it out of the strategy',
    )
    expect(findCondition(deployment().status?.conditions, 'Progressing')).toMatchObject({ status: 'False' })
    await store.create(Service, {
      metadata: front,
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    })
    await env.advance(70_000)
    expect(weights()).toEqual(['v3 100'])
    expect(rolloutStatus(deployment()).done).toBe(true)
  })

  test('is divided by one Deployment: another one that names it is told so', async () => {
    const { env, store, weights } = await divided()
    const before = weights()
    const other = ref('other')
    const labels = { app: 'other' }
    await store.create(Deployment, {
      metadata: other,
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { image: 'o1' } },
        strategy,
      },
    })
    await env.advance(10_000)
    const { revision } = store
    await env.advance(10_000)
    expect([store.revision - revision, weights()]).toEqual([0, before])
    expect(rolloutStatus(store.get(Deployment, other)!).blockers.map(({ kind }) => kind)).toContain('invalid')
    await env.advance(70_000)
    expect(weights()).toEqual(['v2 100'])
    await store.delete(Deployment, web)
    await env.advance(10_000)
    expect(weights()).toEqual(['o1 100'])
  })

  test('that another writer divides differently is divided again', async () => {
    const { env, store, weights } = await divided()
    await env.advance(70_000)
    await store.modify(Service, front, draft => void delete draft.spec.backends)
    await env.advance(1_000)
    expect(weights()).toEqual(['v2 100'])
  })

  test.each<[string, readonly number[]]>([
    ['to nothing', [0, 0]],
    ['to no round number', [3, 4.5]],
    ['to more than all', [100, 100]],
  ])(
    'whose weights add up %s is shared by their proportion, and divided as the rollout wants',
    async (_to, [a = 0, b = 0]) => {
      const { env, store, weights, deployment } = await divided()
      await store.modify(Service, front, draft => {
        const [one, two] = draft.spec.backends ?? []
        draft.spec.backends = [
          { template: one?.template ?? '', weight: a },
          { template: two?.template ?? '', weight: b },
          { template: 'nobody', weight: 1 },
        ]
      })
      await env.advance(1_000)
      expect(weights()).toEqual(['v1 50', 'v2 50'])
      await env.advance(70_000)
      expect([weights(), rolloutStatus(deployment()).done]).toEqual([['v2 100'], true])
    },
  )

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])(
    'of a weight of %d is refused, and nothing changes',
    async weight => {
      const { store, weights } = await divided()
      const before = weights()
      const change = store.modify(Service, front, draft => void (draft.spec.backends![0]!.weight = weight))
      await expect(change).rejects.toThrow(/spec\.backends\[0\]\.weight/)
      expect(weights()).toEqual(before)
    },
  )

  test('is waited for until it is acknowledged; an answer that fails is asked for again', async () => {
    const asked: number[] = []
    let isReached = false
    const ack: TrafficAck = {
      reached: async revision => {
        asked.push(revision)
        if (asked.length === 1) throw new Error('no proxy has answered')
        return isReached
      },
    }
    const { env, sizes, weights, deployment } = await divided(ack)
    expect(asked.length).toBeGreaterThan(1)
    expect([weights(), sizes()]).toEqual([['v1 100'], ['v1×4', 'v2×0']])
    await env.advance(60_000)
    expect(sizes()).toEqual(['v1×4', 'v2×0'])
    expect(describeRollout(deployment())).toContain('has not been acknowledged yet')
    isReached = true
    await env.advance(120_000)
    expect([weights(), sizes()]).toEqual([['v2 100'], ['v1×0', 'v2×4']])
  })

  test('is told to be nobody’s business when the controller does not divide any', async () => {
    const cluster = await createCluster()
    await cluster.deploy({ strategy })
    await cluster.env.advance(10_000)
    expect(describeRollout(cluster.deployment())).toContain('make it with the option traffic')
  })
})
