import { describe, expect, test } from 'vitest'
import type { DisruptionBudgetSpec } from '../../../src/api/index.js'
import {
  Deployment,
  DisruptionBudget,
  isTaskActive,
  ReplicaSet,
  Revision,
  Task,
  takeDisruption,
} from '../../../src/api/index.js'
import { isHealthyTask } from '../../../src/api/internal.js'
import {
  createDisruptionController,
  createRolloutController,
  describeRollout,
  rolloutStatus,
} from '../../../src/rollout/index.js'
import { createReplicaController } from '../../../src/workloads/index.js'
import { ref } from '../../fixtures/kinds.js'
import { createWorld } from '../../fixtures/world.js'
import { kubelet } from '../../testing/own/neighbours.js'

const web = ref('web')
const labels = { app: 'web' }

/** Four tasks of v1 under a budget, and a rollout that would take two at once. */
async function guarded(bound: Partial<DisruptionBudgetSpec>, disruptionBudgets = true) {
  const world = createWorld({ kinds: [Deployment, DisruptionBudget, ReplicaSet, Revision, Task] })
  const { env, store } = world
  await world.start(
    createRolloutController({ disruptionBudgets }),
    createDisruptionController(),
    createReplicaController(),
    kubelet(),
  )
  const healthy = (): number => store.list(Task).items.filter(isHealthyTask).length
  await store.create(DisruptionBudget, {
    metadata: web,
    spec: { selector: { matchLabels: labels }, ...bound },
  })
  await store.create(Deployment, {
    metadata: web,
    spec: {
      replicas: 4,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { image: 'v1' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 2 } },
    },
  })
  await env.advance(30_000)
  expect(healthy()).toBe(4)
  const least = { healthy: 4 }
  store.watch(Task).on(() => {
    least.healthy = Math.min(least.healthy, healthy())
  })
  return {
    env,
    store,
    least,
    healthy,
    deployment: () => store.get(Deployment, web)!,
    image: async (image: string) => {
      await store.modify(Deployment, web, draft => void (draft.spec.template.spec.image = image))
    },
    /** Takes as many as it may, as a drain does. */
    drain: () =>
      store.transact(tx => {
        const tasks = tx.list(Task).items.filter(isTaskActive)
        const granted = takeDisruption(
          tx,
          { tasks: tasks.map(({ metadata }) => metadata) },
          { by: 'drain n7', nowMs: env.clock.now() },
        )
        for (const task of granted.tasks) tx.delete(Task, task)
        return granted.tasks.length
      }),
  }
}

describe('a rollout that asks the DisruptionBudgets', () => {
  test.each([
    [false, 2],
    [true, 3],
  ])('%j: leaves at least %i of four working', async (asks, least) => {
    const world = await guarded({ maxUnavailable: 1 }, asks)
    await world.image('v2')
    await world.env.advance(300_000)
    expect(rolloutStatus(world.deployment()).done).toBe(true)
    expect(world.least.healthy).toBe(least)
  })

  test('shares one budget with a drain that takes what it may all the while', async () => {
    const world = await guarded({ maxUnavailable: 1 })
    await world.image('v2')
    let drained = 0
    for (let round = 0; round < 12; round++) {
      drained += await world.drain()
      await world.env.advance(2_000)
    }
    expect(drained).toBeGreaterThan(0)
    expect(world.least.healthy).toBe(3)
    await world.env.advance(300_000)
    expect(rolloutStatus(world.deployment()).done).toBe(true)
  })

  test('two rollouts and a drain on one ledger: together they take no more than it allows, and all arrive', async () => {
    const world = await guarded({ maxUnavailable: 1 })
    const { store, env } = world
    const api = ref('api')
    await store.create(Deployment, {
      metadata: api,
      spec: {
        ...world.deployment().spec,
        selector: { matchLabels: { ...labels, tier: 'api' } },
        template: { metadata: { labels: { ...labels, tier: 'api' } }, spec: { image: 'v1' } },
      },
    })
    await env.advance(60_000)
    expect(world.healthy()).toBe(8)
    world.least.healthy = 8
    for (const one of [web, api])
      await store.modify(Deployment, one, draft => void (draft.spec.template.spec.image = 'v2'))
    let drained = 0
    for (let round = 0; round < 12; round++) {
      drained += await world.drain()
      await env.advance(2_000)
    }
    await env.advance(300_000)
    expect(drained).toBeGreaterThan(0)
    expect(world.least.healthy).toBe(7)
    for (const one of [web, api]) expect(rolloutStatus(store.get(Deployment, one)!).done).toBe(true)
  })

  test('says which one stands in its way, and goes on when that is gone', async () => {
    const world = await guarded({ minAvailable: 4 })
    await world.image('v2')
    await world.env.advance(60_000)
    expect(describeRollout(world.deployment())).toContain(
      'must stay: DisruptionBudget web allows no more now',
    )
    expect(world.healthy()).toBe(4)
    const { revision } = world.store
    await world.env.advance(60_000)
    expect(world.store.revision).toBe(revision)
    await world.store.delete(DisruptionBudget, web)
    await world.env.advance(120_000)
    expect(rolloutStatus(world.deployment()).done).toBe(true)
  })

  test('asks for no leave to scale', async () => {
    const world = await guarded({ minAvailable: '100%' })
    await world.store.modify(Deployment, web, draft => void (draft.spec.replicas = 2))
    await world.env.advance(60_000)
    expect(world.healthy()).toBe(2)
  })
})
