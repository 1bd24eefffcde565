import { describe, expect, test } from 'vitest'
import {
  Deployment,
  Event,
  findCondition,
  ReplicaSet,
  Revision,
  TEMPLATE_HASH_LABEL,
} from '../../../src/api/index.js'
import { describeRollout, rolloutStatus } from '../../../src/rollout/index.js'
import type { Cluster } from '../fixtures/cluster.js'
import { createCluster, template, web } from '../fixtures/cluster.js'

/** A cluster that has rolled out v1 to three tasks. */
async function running(
  spec: Parameters<Cluster['deploy']>[0] = {},
  options: Parameters<typeof createCluster>[0] = {},
): Promise<Cluster> {
  const cluster = await createCluster(options)
  await cluster.deploy({
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    ...spec,
  })
  await finished(cluster)
  cluster.trace.length = 0
  return cluster
}

function finished(cluster: Cluster): Promise<unknown> {
  return cluster.env.runUntil(() => rolloutStatus(cluster.deployment()).done, { timeoutMs: 60_000 })
}

describe('a rolling update', () => {
  test('walks inside the budget, one transaction per step, and remembers both revisions', async () => {
    const cluster = await running()
    await cluster.image('v2')
    await finished(cluster)
    expect(cluster.trace).toEqual([
      'v1×3/3 v2×1/0',
      'v1×3/3 v2×1/1',
      'v1×2/3 v2×1/1',
      'v1×2/2 v2×2/1',
      'v1×2/2 v2×2/2',
      'v1×1/2 v2×2/2',
      'v1×1/1 v2×3/2',
      'v1×1/1 v2×3/3',
      'v2×3/3',
    ])
    expect(cluster.revisions()).toEqual(['1 v1 update succeeded', '2 v2 update succeeded'])
    expect(findCondition(cluster.deployment().status?.conditions, 'Progressing')).toMatchObject({
      status: 'True',
      reason: 'NewReplicaSetAvailable',
    })
    expect(cluster.deployment().status).toMatchObject({
      revision: 2,
      replicas: 3,
      updatedReplicas: 3,
      availableReplicas: 3,
    })
  })

  test('writes sets that own their tasks by the hash of the template', async () => {
    const cluster = await running({ minReadySeconds: 5 })
    const [set] = cluster.store.list(ReplicaSet).items
    const hash = set?.metadata.labels[TEMPLATE_HASH_LABEL] ?? ''
    expect(set).toMatchObject({
      metadata: {
        name: expect.stringMatching(/^web-[a-z0-9]{14}$/),
        ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true }],
      },
      spec: {
        minReadySeconds: 5,
        selector: { matchLabels: { app: 'web', [TEMPLATE_HASH_LABEL]: hash } },
        template: {
          metadata: { labels: { app: 'web', [TEMPLATE_HASH_LABEL]: hash } },
          spec: { image: 'v1' },
        },
      },
    })
    await cluster.change({ minReadySeconds: 7 })
    await cluster.settle()
    expect(cluster.store.list(ReplicaSet).items.map(({ spec }) => spec.minReadySeconds)).toEqual([7])
    expect(cluster.revisions()).toHaveLength(1)
  })

  test('a Deployment of a name that was used before is not stopped by what is left of the old one', async () => {
    const cluster = await running()
    await cluster.image('v2')
    await cluster.env.advance(60_000)
    await cluster.store.delete(Deployment, web)
    await cluster.env.advance(60_000)
    await cluster.deploy()
    await cluster.env.advance(60_000)
    const { uid } = cluster.deployment().metadata
    const own = cluster.store.list(ReplicaSet, { index: { name: 'controller', value: uid } }).items
    expect(own.map(({ spec, status }) => [spec.template.spec.image, status?.availableReplicas])).toEqual([
      ['v1', 3],
    ])
    expect(rolloutStatus(cluster.deployment())).toMatchObject({ done: true, entry: 1 })
    expect(new Set(cluster.store.list(Revision).items.map(({ metadata }) => metadata.name)).size).toBe(3)
  })

  test.each([
    [true, 19],
    [false, 30],
  ])(
    'with countStopping %s, 15 replicas that take a minute to stop are never more than %i',
    async (countStopping, most) => {
      const cluster = await createCluster({ stopMs: 60_000 })
      await cluster.deploy({
        replicas: 15,
        strategy: { type: 'RollingUpdate', rollingUpdate: { countStopping } },
      })
      await cluster.env.advance(10_000)
      let peak = 0
      cluster.store.watch(ReplicaSet).on(() => {
        const sets = cluster.store.list(ReplicaSet).items
        const running = sets.map(({ status }) => (status?.replicas ?? 0) + (status?.terminatingReplicas ?? 0))
        peak = Math.max(
          peak,
          running.reduce((sum, count) => sum + count, 0),
        )
      })
      await cluster.image('v2')
      await cluster.env.advance(1_200_000)
      expect(cluster.sizes()).toBe('v2×15/15')
      expect(rolloutStatus(cluster.deployment()).done).toBe(true)
      expect(peak).toBeLessThanOrEqual(most)
      // Where they do not count, it is well above the ceiling.
      if (!countStopping) expect(peak).toBeGreaterThan(19)
    },
  )

  test('at no replicas it is done, and has proven nothing', async () => {
    const cluster = await createCluster()
    await cluster.deploy({ replicas: 0 })
    await cluster.env.advance(10_000)
    expect(rolloutStatus(cluster.deployment())).toMatchObject({ done: true, proven: false })
    expect(describeRollout(cluster.deployment())).toBe(
      'revision 1: 0 available (scaled to zero: nothing can become available)',
    )
    await cluster.change({ replicas: 2 })
    await cluster.env.advance(500)
    expect(rolloutStatus(cluster.deployment())).toMatchObject({ done: false, proven: false })
    await cluster.env.advance(10_000)
    expect(rolloutStatus(cluster.deployment())).toMatchObject({ done: true, proven: true })
  })

  test('takes up another count midway', async () => {
    const cluster = await running()
    await cluster.image('v2')
    await cluster.env.advance(1500)
    await cluster.change({ replicas: 6 })
    await finished(cluster)
    expect(cluster.sizes()).toBe('v2×6/6')
    expect(cluster.revisions()).toEqual(['1 v1 update succeeded', '2 v2 update succeeded'])
  })

  test('gives way to a newer template', async () => {
    const cluster = await running()
    await cluster.image('v2')
    await cluster.env.advance(1500)
    await cluster.image('v3')
    await finished(cluster)
    expect(cluster.sizes()).toBe('v3×3/3')
    expect(cluster.revisions()).toEqual([
      '1 v1 update succeeded',
      '2 v2 update superseded',
      '3 v3 update succeeded',
    ])
  })

  test('of type Recreate has no two revisions side by side', async () => {
    const cluster = await running({ strategy: { type: 'Recreate' } })
    await cluster.image('v2')
    await finished(cluster)
    expect(cluster.trace.filter(line => line.includes('v1') && line.includes('v2'))).toEqual([])
    expect(cluster.sizes()).toBe('v2×3/3')
  })

  test('stands still while paused, scales nevertheless, and goes on when resumed', async () => {
    const cluster = await running()
    await cluster.image('v2')
    await cluster.env.advance(500)
    await cluster.change({ paused: true })
    await cluster.env.advance(3_600_000)
    expect(cluster.sizes()).toBe('v1×3/3 v2×1/1')
    expect(findCondition(cluster.deployment().status?.conditions, 'Progressing')).toMatchObject({
      status: 'Unknown',
      reason: 'DeploymentPaused',
    })
    await cluster.change({ replicas: 6 })
    await cluster.env.advance(5_000)
    expect(cluster.sizes()).toBe('v1×5/5 v2×2/2')
    await cluster.change({ paused: false })
    await finished(cluster)
    expect(cluster.sizes()).toBe('v2×6/6')
  })

  test('ends with its Deployment: nothing more is written', async () => {
    const cluster = await running()
    await cluster.image('v2')
    await cluster.store.delete(Deployment, web)
    const { revision } = cluster.store
    await cluster.env.advance(60_000)
    expect(cluster.store.revision).toBe(revision)
  })
})

describe('a broken revision', () => {
  test('is reverted: the spec says again what runs, and the ledger says why', async () => {
    const cluster = await running({ onFailure: 'revert', progressDeadlineSeconds: 60 })
    cluster.broken.add('v2')
    await cluster.image('v2')
    await cluster.env.advance(10_000)
    expect(rolloutStatus(cluster.deployment())).toMatchObject({
      rung: 'updating',
      blockers: [{ kind: 'ceiling' }, { kind: 'floor' }, { kind: 'unready', count: 1 }],
    })
    await cluster.env.advance(60_000)
    expect(cluster.deployment().spec.template).toEqual(template('v1'))
    expect(cluster.sizes()).toBe('v1×3/3')
    expect(cluster.revisions()).toEqual([
      '1 v1 update succeeded',
      '2 v2 update failed',
      '3 v1 revert of 1 succeeded',
    ])
    expect(rolloutStatus(cluster.deployment())).toMatchObject({
      done: true,
      entry: 3,
      failure: { entry: 2, cause: 'deadline' },
    })
    expect(describeRollout(cluster.deployment())).toBe(
      'revision 3: 3 available, after revision 2 failed and was reverted',
    )
    expect(findCondition(cluster.deployment().status?.conditions, 'Progressing')?.reason).toBe('Reverted')
    expect(cluster.trace.every(line => /v1×3\/3/.test(line))).toBe(true)
    const [v1, v2] = cluster.store
      .list(Revision)
      .items.map(({ spec }) => spec.templateHash)
      .slice(0, 2)
    const told = cluster.store.list(Event).items.filter(({ spec }) => spec.reportingController === 'rollout')
    expect(told.map(({ spec }) => `${spec.type} ${spec.reason}: ${spec.note}`)).toEqual(
      expect.arrayContaining([
        `Normal ScalingReplicaSet: scaled replica set web-${v1} to 3`,
        'Normal RolloutSucceeded: revision 1 is rolled out',
        `Normal ScalingReplicaSet: scaled replica set web-${v2} to 1`,
        'Warning RolloutFailed: revision 2 failed: deadline',
        `Warning RolloutReverted: went back to template ${v1} as revision 3`,
        'Normal RolloutSucceeded: revision 3 is rolled out',
      ]),
    )
  })

  test('is paused by default, with everything that works left alone', async () => {
    const cluster = await running({ progressDeadlineSeconds: 60 })
    cluster.broken.add('v2')
    await cluster.image('v2')
    await cluster.env.advance(100_000)
    expect(cluster.sizes()).toBe('v1×3/3 v2×1/0')
    expect(rolloutStatus(cluster.deployment()).rung).toBe('failed')
    expect(findCondition(cluster.deployment().status?.conditions, 'Progressing')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
    })
    cluster.broken.clear()
    await cluster.image('v3')
    await finished(cluster)
    expect(cluster.revisions()).toEqual([
      '1 v1 update succeeded',
      '2 v2 update failed',
      '3 v3 update succeeded',
    ])
  })

  test('fails early when more of its tasks fail than are tolerated', async () => {
    const cluster = await running({ onFailure: 'revert' }, { maxFailures: 2 })
    cluster.broken.add('v2')
    await cluster.image('v2')
    await cluster.settle()
    const set = cluster.store.list(ReplicaSet).items.find(({ spec }) => spec.template.spec.image === 'v2')
    await cluster.store.modifyStatus(ReplicaSet, set!.metadata, draft => {
      draft.status!.endedReplicas = 3
    })
    await cluster.settle()
    expect(cluster.revisions()).toEqual([
      '1 v1 update succeeded',
      '2 v2 update failed',
      '3 v1 revert of 1 succeeded',
    ])
  })
})

describe('the controller', () => {
  test('writes nothing when nothing changed', async () => {
    const cluster = await running()
    const { revision } = cluster.store
    await cluster.restart()
    await cluster.settle()
    expect(cluster.store.revision).toBe(revision)
  })

  test('goes on where another one stopped, at any point', async () => {
    const whole = await running()
    await whole.image('v2')
    await finished(whole)
    for (let stopAtMs = 0; stopAtMs <= 4000; stopAtMs += 500) {
      const cluster = await running()
      await cluster.image('v2')
      await cluster.env.advance(stopAtMs)
      await cluster.restart()
      await finished(cluster)
      expect(cluster.sizes()).toBe(whole.sizes())
      expect(cluster.revisions()).toEqual(whole.revisions())
      expect(cluster.trace.filter(line => !whole.trace.includes(line))).toEqual([])
    }
  })

  test('writes a new entry, under a new number, when somebody deletes the newest', async () => {
    const cluster = await running()
    await cluster.image('v2')
    await finished(cluster)
    const newest = cluster.store.list(Revision).items.find(({ spec }) => spec.number === 2)
    await cluster.env.run(() => cluster.store.delete(Revision, newest?.metadata ?? web))
    await cluster.settle()
    expect(cluster.revisions()).toEqual(['1 v1 update succeeded', '3 v2 update succeeded'])
    expect(cluster.sizes()).toBe('v2×3/3')
  })

  test.each([
    [{ maxSurge: 0, maxUnavailable: 0 }, 'maxUnavailable: must be above 0'],
    [{ maxUnavailable: '150%' }, 'maxUnavailable: must be at most 100%'],
  ])(
    'a stored strategy that cannot be carried out is told, and scaling still works: %j',
    async (bounds, why) => {
      const cluster = await createCluster({ isLenient: true })
      await cluster.deploy()
      await cluster.env.advance(10_000)
      await cluster.change({
        template: template('v2'),
        strategy: { type: 'RollingUpdate', rollingUpdate: bounds },
      })
      await cluster.env.advance(60_000)
      expect(cluster.sizes()).toBe('v1×3/3')
      const { conditions } = cluster.deployment().status ?? {}
      expect(findCondition(conditions, 'Progressing')).toMatchObject({
        status: 'False',
        reason: 'InvalidStrategy',
        message: expect.stringContaining(why),
      })
      expect(findCondition(conditions, 'Available')?.status).toBe('True')
      expect(rolloutStatus(cluster.deployment())).toMatchObject({ rung: 'failed', done: false })
      expect(describeRollout(cluster.deployment())).toMatch(/ is invalid: (?!.* is invalid: )/)
      await cluster.change({ replicas: 5 })
      await cluster.env.advance(60_000)
      expect(cluster.sizes()).toBe('v1×5/5')
      await cluster.change({ strategy: { type: 'RollingUpdate' } })
      await cluster.env.advance(60_000)
      expect(cluster.sizes()).toBe('v2×5/5')
      expect(rolloutStatus(cluster.deployment()).done).toBe(true)
    },
  )

  test('keeps old sets and revisions up to the limit', async () => {
    const cluster = await running({ revisionHistoryLimit: 2 })
    for (const version of ['v2', 'v3', 'v4', 'v5']) {
      await cluster.image(version)
      await finished(cluster)
    }
    await cluster.settle()
    const images = cluster.store.list(ReplicaSet).items.map(({ spec }) => spec.template.spec.image)
    expect(new Set(images)).toEqual(new Set(['v3', 'v4', 'v5']))
    expect(images).toHaveLength(3)
    expect(cluster.revisions()).toEqual([
      '3 v3 update succeeded',
      '4 v4 update succeeded',
      '5 v5 update succeeded',
    ])
  })
})
