import { describe, expect, test } from 'vitest'
import { Deployment, findCondition, ReplicaSet, Revision, Task } from '../../../src/api/index.js'
import { formatTime } from '../../../src/core/index.js'
import { createController } from '../../../src/reconcile/index.js'
import { createRolloutController, describeRollout, rolloutStatus } from '../../../src/rollout/index.js'
import { createReplicaController } from '../../../src/workloads/index.js'
import { createWorld } from '../../fixtures/world.js'
import { template, web } from '../fixtures/cluster.js'

/** A cluster with the real replica loop; tasks of `v2` end after a second, in this phase. */
async function running(phase: 'Failed' | 'Succeeded', spec: Partial<Deployment['spec']> = {}) {
  const world = createWorld({ kinds: [Deployment, ReplicaSet, Revision, Task] })
  const { env, store } = world
  const node = createController({
    name: 'node',
    for: Task,
    async reconcile(key, task, { client, env: own }) {
      if (task === undefined || task.status?.phase === phase) return
      const bad = task.spec.image === 'v2'
      if (bad) await own.clock.sleep(1_000)
      const now = formatTime(own.clock.now())
      await client.modifyStatus(Task, key, draft => {
        draft.status = bad
          ? { phase, startTime: now, finishTime: now, conditions: [] }
          : {
              phase: 'Running',
              conditions: [
                { type: 'Ready', status: 'True', reason: 'Up', message: '', lastTransitionTime: now },
              ],
            }
      })
    },
  })
  await world.start(createRolloutController(), createReplicaController(), node)
  const deployment = (): Deployment => store.get(Deployment, web)!
  await store.create(Deployment, {
    metadata: web,
    spec: { replicas: 4, selector: { matchLabels: { app: 'web' } }, template: template('v1'), ...spec },
  })
  await env.runUntil(() => rolloutStatus(deployment()).done, { timeoutMs: 60_000 })
  await store.modify(Deployment, web, draft => void (draft.spec.template.spec.image = 'v2'))
  return { env, store, deployment }
}

describe('a template whose tasks keep ending', () => {
  test.each(['Failed', 'Succeeded'] as const)('is reverted within a minute when they are %s', async phase => {
    const { env, deployment } = await running(phase)
    await env.advance(60_000)
    expect(deployment().spec.template.spec.image).toBe('v1')
    expect(rolloutStatus(deployment())).toMatchObject({
      done: true,
      available: 4,
      failure: { cause: 'crash-loop', entry: 2 },
    })
  })

  test('goes back with the minReadySeconds and the soak of the way back, and forward again without', async () => {
    const rollback = { maxUnavailable: 2, minReadySeconds: 7, soakMs: 30_000 }
    const strategy = { type: 'RollingUpdate' as const, rollback }
    const { env, store, deployment } = await running('Failed', { minReadySeconds: 2, strategy })
    await env.runUntil(() => deployment().spec.template.spec.image === 'v1', { timeoutMs: 60_000 })
    const seconds = () => store.list(ReplicaSet).items.map(({ spec }) => spec.minReadySeconds)
    await env.advance(20_000)
    expect([seconds(), describeRollout(deployment())]).toEqual([
      [7, 7],
      'revision 3: 4 of 4 available (waypoint 1 waits for 30 s at the waypoint)',
    ])
    await env.advance(30_000)
    expect(rolloutStatus(deployment())).toMatchObject({ done: true, available: 4 })
    await store.modify(Deployment, web, draft => void (draft.spec.template.spec.image = 'v3'))
    await env.advance(1_000)
    expect(seconds()).toEqual([2, 2, 2])
  })

  test('is aborted where the policy says so: the template stays, what was stable serves', async () => {
    const { env, deployment } = await running('Succeeded', { onFailure: { crash: 'abort' } })
    await env.advance(60_000)
    expect(deployment().spec.template.spec.image).toBe('v2')
    expect(rolloutStatus(deployment())).toMatchObject({ rung: 'failed', available: 4, updated: 0 })
    expect(describeRollout(deployment())).toBe(
      'revision 2 failed: it had tasks that keep ending (aborted: what was stable serves)',
    )
    expect(findCondition(deployment().status?.conditions, 'Progressing')).toMatchObject({
      status: 'False',
      reason: 'CrashLoop',
      message: expect.stringContaining('what was stable before serves'),
    })
  })
})
