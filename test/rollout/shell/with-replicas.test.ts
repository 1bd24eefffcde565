import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Deployment, isConditionTrue, ReplicaSet, Revision, Task } from '../../../src/api/index.js'
import { formatTime, parseTime } from '../../../src/core/index.js'
import { createController, requeueAfter } from '../../../src/reconcile/index.js'
import { createRolloutController, resolveBudget, rolloutStatus } from '../../../src/rollout/index.js'
import { createReplicaController } from '../../../src/workloads/index.js'
import { createWorld } from '../../fixtures/world.js'
import { template, web } from '../fixtures/cluster.js'

interface Scenario {
  readonly desired: number
  readonly maxSurge: number
  readonly maxUnavailable: number
  /** After how many milliseconds each next version is asked for. */
  readonly gapsMs: readonly number[]
  readonly minReadySeconds: number
}

/** Rolls through versions with real tasks; watches every single revision of the store. */
async function run({
  desired,
  maxSurge,
  maxUnavailable,
  gapsMs,
  minReadySeconds,
}: Scenario): Promise<{ least: number; most: number; images: Set<string> }> {
  const { env, store, start } = createWorld({ kinds: [Deployment, ReplicaSet, Revision, Task] })
  await start(
    createRolloutController(),
    createReplicaController(),
    createController({
      name: 'node',
      for: Task,
      async reconcile(key, task, { client }) {
        if (task === undefined) return
        // Each task takes its own time to start.
        const startMs = 300 + (task.metadata.name.charCodeAt(task.metadata.name.length - 1) % 7) * 100
        const now = env.clock.now()
        const readyAtMs = parseTime(task.metadata.creationTimestamp) + startMs
        if (now < readyAtMs) return requeueAfter(readyAtMs - now)
        await client.modifyStatus(Task, key, draft => {
          const known = task.status?.conditions?.[0]?.lastTransitionTime ?? formatTime(now)
          draft.status = {
            phase: 'Running',
            conditions: [
              { type: 'Ready', status: 'True', reason: 'Up', message: '', lastTransitionTime: known },
            ],
          }
        })
      },
    }),
  )
  const done = (): boolean => rolloutStatus(store.get(Deployment, web)!).done
  const rollingUpdate = { maxSurge, maxUnavailable }
  await store.create(Deployment, {
    metadata: web,
    spec: {
      replicas: desired,
      selector: { matchLabels: { app: 'web' } },
      template: template('v1'),
      strategy: { type: 'RollingUpdate', rollingUpdate },
      minReadySeconds,
    },
  })
  await env.runUntil(done, { timeoutMs: 60_000 })

  let least = desired
  let most = desired
  store.watch(Task).on(() => {
    const tasks = store.list(Task).items
    least = Math.min(least, tasks.filter(task => isConditionTrue(task.status?.conditions, 'Ready')).length)
    most = Math.max(most, tasks.length)
  })
  for (const [index, gapMs] of gapsMs.entries()) {
    await store.modify(Deployment, web, draft => {
      draft.spec.template.spec.image = `v${index + 2}`
    })
    await env.advance(gapMs)
  }
  await env.runUntil(done, { timeoutMs: 600_000 })
  return { least, most, images: new Set(store.list(Task).items.map(task => task.spec.image ?? '')) }
}

describe('a rollout with real tasks', () => {
  test('keeps floor and ceiling at every revision of the store, however often the template changes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          desired: fc.integer({ min: 1, max: 6 }),
          maxSurge: fc.integer({ min: 0, max: 3 }),
          maxUnavailable: fc.integer({ min: 1, max: 2 }),
          gapsMs: fc.array(fc.nat(1500), { minLength: 1, maxLength: 4 }),
          minReadySeconds: fc.constantFrom(0, 1),
        }),
        async scenario => {
          const { floor, ceil } = resolveBudget(scenario, scenario.desired)
          const { least, most, images } = await run(scenario)
          expect(least).toBeGreaterThanOrEqual(floor)
          expect(most).toBeLessThanOrEqual(ceil)
          expect([...images]).toEqual([`v${scenario.gapsMs.length + 1}`])
        },
      ),
      { numRuns: 25 },
    )
  })
})
