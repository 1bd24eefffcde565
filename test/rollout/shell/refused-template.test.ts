import { describe, expect, test } from 'vitest'
import { Deployment, Event, findCondition } from '../../../src/api/index.js'
import { createController, createManager } from '../../../src/reconcile/index.js'
import { describeRollout, rolloutStatus } from '../../../src/rollout/index.js'
import type { Cluster } from '../fixtures/cluster.js'
import { createCluster, template, web } from '../fixtures/cluster.js'

/** A cluster that runs v1, and an owner that puts back what it wants within a second. */
async function fought(): Promise<{ readonly cluster: Cluster; want(image: string): Promise<void> }> {
  const cluster = await createCluster({ events: Event })
  let wanted = 'v1'
  const owner = createManager({ client: cluster.store.client(cluster.env.fork('owner')) })
  const apply = createController({
    name: 'owner',
    for: Deployment,
    reconcile: async (key, deployment, { client, env }) => {
      if (deployment === undefined || deployment.spec.template.spec.image === wanted) return
      await env.clock.sleep(1_000)
      await client.modify(
        Deployment,
        key,
        draft => void Object.assign(draft.spec, { template: template(wanted) }),
      )
    },
  })
  owner.add(apply)
  await cluster.env.run(() => owner.start())
  await cluster.deploy({ onFailure: 'revert', progressDeadlineSeconds: 60 })
  await cluster.env.runUntil(() => rolloutStatus(cluster.deployment()).done, { timeoutMs: 60_000 })
  return {
    cluster,
    want: async image => {
      wanted = image
      apply.enqueue(web)
      await cluster.env.settle()
    },
  }
}

const refusal = (cluster: Cluster) =>
  findCondition(cluster.deployment().status?.conditions, 'TemplateRefused')

describe('a template that failed and is put back by its owner', () => {
  test('is refused: few revisions, what worked runs on, a condition and one event say why', async () => {
    const { cluster, want } = await fought()
    cluster.broken.add('v2')
    await want('v2')
    await cluster.env.advance(5 * 3_600_000)
    expect(cluster.revisions()).toEqual([
      '1 v1 update succeeded',
      '2 v2 update failed',
      '3 v1 revert of 1 succeeded',
    ])
    expect(cluster.sizes()).toBe('v1×3/3')
    expect(cluster.deployment().spec.template.spec.image).toBe('v2')
    expect(refusal(cluster)).toMatchObject({ status: 'True', reason: 'FailedBefore' })
    expect(describeRollout(cluster.deployment())).toBe(
      'revision 3: 3 available (the template is that of revision 2, which failed and was reverted; change it)',
    )
    expect(rolloutStatus(cluster.deployment())).toMatchObject({ rung: 'failed', done: false })
    const events = cluster.store.list(Event).items.filter(({ spec }) => spec.reason === 'TemplateRefused')
    expect(events).toHaveLength(1)
  })

  test('is rolled out when it changes', async () => {
    const { cluster, want } = await fought()
    cluster.broken.add('v2')
    await want('v2')
    await cluster.env.advance(600_000)
    await want('v3')
    await cluster.env.advance(600_000)
    expect(cluster.sizes()).toBe('v3×3/3')
    expect(refusal(cluster)).toBeUndefined()
    expect(rolloutStatus(cluster.deployment()).done).toBe(true)
    // Another update has succeeded since: the failed template may try again.
    cluster.broken.delete('v2')
    await want('v2')
    await cluster.env.advance(600_000)
    expect(cluster.sizes()).toBe('v2×3/3')
  })

  test('is refused too when two of them take turns', async () => {
    const { cluster, want } = await fought()
    cluster.broken.add('v2').add('v3')
    for (let round = 0; round < 5; round++) {
      await want('v2')
      await cluster.env.advance(600_000)
      await want('v3')
      await cluster.env.advance(600_000)
    }
    expect(cluster.revisions()).toEqual([
      '1 v1 update succeeded',
      '2 v2 update failed',
      '3 v1 revert of 1 succeeded',
      '4 v3 update failed',
      '5 v1 revert of 3 succeeded',
    ])
  })

  test.each([
    ['refuse', 3],
    ['retry', 21],
  ] as const)(
    'ten times in an hour by a pipeline, with onRepeat %s: %i revisions',
    async (onRepeat, count) => {
      const cluster = await createCluster()
      const onFailure = { action: 'revert', onRepeat } as const
      await cluster.deploy({ onFailure, progressDeadlineSeconds: 60, revisionHistoryLimit: 100 })
      await cluster.env.advance(10_000)
      cluster.broken.add('v2')
      for (let time = 0; time < 10; time++) {
        await cluster.image('v2')
        await cluster.env.advance(360_000)
      }
      expect(cluster.revisions().length).toBe(count)
      expect(cluster.sizes()).toBe('v1×3/3')
    },
  )

  test('is what runs when a failure is not answered by a revert any more', async () => {
    const { cluster, want } = await fought()
    cluster.broken.add('v2')
    await want('v2')
    await cluster.env.advance(600_000)
    cluster.broken.delete('v2')
    await cluster.change({ onFailure: 'pause' })
    await cluster.env.advance(600_000)
    expect(cluster.sizes()).toBe('v2×3/3')
    expect(refusal(cluster)).toBeUndefined()
  })
})
