import { describe, expect, test } from 'vitest'
import { Deployment, ReplicaSet, Revision, Task } from '../../../src/api/index.js'
import {
  createRolloutController,
  kubernetesProgram,
  rolloutStatus,
  scaleView,
} from '../../../src/rollout/index.js'
import { createReplicaController } from '../../../src/workloads/index.js'
import { createWorld } from '../../fixtures/world.js'
import { kubelet } from '../../testing/own/neighbours.js'
import { createCluster, template, web } from '../fixtures/cluster.js'
import { runningCluster } from '../fixtures/instant-cluster.js'

describe('what an autoscaler sees of a rollout', () => {
  test('is what is wanted and what serves, never the surge, what stops, or what has just come up', async () => {
    const world = createWorld({ kinds: [Deployment, ReplicaSet, Revision, Task] })
    const { env, store } = world
    await world.start(createRolloutController(), createReplicaController(), kubelet())
    const deployment = (): Deployment => store.get(Deployment, web)!
    const view = () => scaleView(deployment(), store.list(Task).items, env.clock.now())
    await store.create(Deployment, {
      metadata: web,
      spec: {
        replicas: 4,
        selector: { matchLabels: { app: 'web' } },
        template: template('v1'),
        minReadySeconds: 30,
      },
    })
    await env.advance(10_000)
    expect(view()).toMatchObject({ desired: 4, servingAvailable: 0, wakeAtMs: expect.any(Number) as number })
    await env.advance(60_000)
    expect(view()).toEqual({ desired: 4, servingAvailable: 4, exclude: [] })
    await store.modify(Deployment, web, draft => void (draft.spec.template.spec.image = 'v2'))
    for (let second = 0; second < 200 && !(rolloutStatus(deployment()).done && second > 5); second++) {
      await env.advance(1_000)
      const { desired, servingAvailable, exclude } = view()
      expect(desired).toBe(4)
      expect(servingAvailable).toBeGreaterThanOrEqual(3)
      expect(servingAvailable + exclude.length).toBe(store.list(Task).items.length)
    }
    expect(rolloutStatus(deployment()).done).toBe(true)
    expect(view()).toMatchObject({ desired: 4, servingAvailable: 4 })
  })
})

describe('a lower count in the middle of a rollout', () => {
  test.each([
    ['allow', { a: 2, b: 3 }],
    ['defer', { a: 5, b: 5 }],
  ] as const)(
    'with scaleDownDuringRollout %s leaves %j until it has ended',
    (scaleDownDuringRollout, sizes) => {
      const gates = [{ kind: 'approve', name: 'lead' }] as const
      const program = kubernetesProgram({
        strategy: { type: 'RollingUpdate', steps: [{ next: '50%', gates }], scaleDownDuringRollout },
      })
      const cluster = runningCluster(10, program)
      cluster.roll('b')
      cluster.settle()
      expect(cluster.sizes()).toEqual({ a: 5, b: 5 })
      cluster.spec = { ...cluster.spec, desired: 5 }
      cluster.settle()
      expect(cluster.sizes()).toEqual(sizes)
      cluster.spec = { ...cluster.spec, answers: [{ gate: 'lead', answer: 'pass', by: 'ann', atMs: 0 }] }
      cluster.settle()
      expect([cluster.sizes(), cluster.outcomes.at(-1)]).toEqual([{ b: 5 }, '2 succeeded'])
    },
  )

  test('that waits says so; 0 waits for nothing, nor does a rollout that a person has paused', async () => {
    const cluster = await createCluster({ startMs: 60_000 })
    await cluster.deploy({
      replicas: 10,
      strategy: { type: 'RollingUpdate', scaleDownDuringRollout: 'defer' },
    })
    await cluster.env.advance(100_000)
    await cluster.image('v2')
    await cluster.env.advance(1_000)
    await cluster.change({ replicas: 6 })
    await cluster.env.advance(1_000)
    const blockers = rolloutStatus(cluster.deployment()).blockers
    expect(blockers).toContainEqual({ kind: 'scale-down', desired: 6, kept: 10 })
    await cluster.change({ paused: true })
    await cluster.env.advance(1_000)
    expect(rolloutStatus(cluster.deployment()).blockers.map(({ kind }) => kind)).not.toContain('scale-down')
    await cluster.change({ paused: false, replicas: 0 })
    await cluster.env.advance(1_000)
    expect(cluster.sizes()).toBe('')
  })
})
