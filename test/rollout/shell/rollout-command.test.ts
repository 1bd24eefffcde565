import { describe, expect, test } from 'vitest'
import type { RolloutCommand } from '../../../src/rollout/index.js'
import { actOnRollout, history, rolloutStatus, undo } from '../../../src/rollout/index.js'
import type { Cluster } from '../fixtures/cluster.js'
import { createCluster, web } from '../fixtures/cluster.js'

const strategy = {
  type: 'RollingUpdate',
  steps: [
    { next: '20%', gates: [{ kind: 'approve', name: 'lead' }] },
    { next: '50%', gates: [{ kind: 'approve', name: 'lead' }] },
  ],
} as const

/** Ten of v1, and v2 that waits at 20%. */
async function waiting(): Promise<Cluster> {
  const cluster = await createCluster()
  await cluster.deploy({ replicas: 10, strategy })
  await cluster.env.advance(10_000)
  await cluster.image('v2')
  await cluster.env.advance(20_000)
  expect(cluster.sizes()).toBe('v1×8/8 v2×2/2')
  return cluster
}

/** What is done, without who does it: that is always ann. */
type Verb = RolloutCommand extends infer Each
  ? Each extends RolloutCommand
    ? Omit<Each, 'by'>
    : never
  : never

const act = async (cluster: Cluster, command: Verb): Promise<void> => {
  await actOnRollout(cluster.store, web, { by: 'ann', ...command } as RolloutCommand)
  await cluster.env.advance(60_000)
}
const marksOf = (cluster: Cluster, entry: number): readonly string[] =>
  (history(cluster.store, web).find(({ number }) => number === entry)?.marks ?? []).map(({ verb }) => verb)

describe('what is done to a rollout', () => {
  test('an approval moves it one waypoint, and each waypoint needs its own', async () => {
    const cluster = await waiting()
    await act(cluster, { verb: 'approve', entry: 2, gate: 'lead' })
    expect(cluster.sizes()).toBe('v1×5/5 v2×5/5')
    await act(cluster, { verb: 'approve', entry: 2, gate: 'lead' })
    expect(cluster.sizes()).toBe('v2×10/10')
  })

  test('an approval of another entry never moves this one', async () => {
    const cluster = await waiting()
    await cluster.image('v3')
    await cluster.env.advance(60_000)
    expect(cluster.sizes()).toBe('v1×8/8 v3×2/2')
    const { revision } = cluster.store
    const approval = { verb: 'approve', entry: 2, gate: 'lead', by: 'ann' } as const
    await expect(actOnRollout(cluster.store, web, approval)).rejects.toMatchObject({
      code: 'Usage',
      details: { reason: 'stale-entry' },
    })
    expect(cluster.store.revision).toBe(revision)
    // Nor one that was asked for, and not seen by the controller yet.
    await cluster.image('v4')
    await expect(actOnRollout(cluster.store, web, { ...approval, entry: 3 })).rejects.toMatchObject({
      details: { reason: 'stale-entry' },
    })
  })

  test('a rejection goes back', async () => {
    const cluster = await waiting()
    await act(cluster, { verb: 'reject', entry: 2, gate: 'lead' })
    expect(cluster.sizes()).toBe('v1×10/10')
    expect(rolloutStatus(cluster.deployment()).failure?.cause).toBe('rejected')
  })

  test.each([
    ['step', 'v1×5/5 v2×5/5'],
    ['full', 'v2×10/10'],
  ] as const)('promote to %s', async (to, sizes) => {
    const cluster = await waiting()
    await act(cluster, { verb: 'promote', entry: 2, to })
    expect(cluster.sizes()).toBe(sizes)
  })

  test('pause keeps sizes, resume lifts it', async () => {
    const cluster = await waiting()
    await act(cluster, { verb: 'pause', entry: 2 })
    await act(cluster, { verb: 'promote', entry: 2, to: 'full' })
    expect(cluster.sizes()).toBe('v1×8/8 v2×2/2')
    await act(cluster, { verb: 'resume', entry: 2 })
    expect(cluster.sizes()).toBe('v2×10/10')
    expect(marksOf(cluster, 2)).toEqual(['pause', 'promote', 'resume'])
  })

  test('abort gives the capacity back, and a retry begins again with nothing approved', async () => {
    const cluster = await waiting()
    await act(cluster, { verb: 'approve', entry: 2, gate: 'lead' })
    await act(cluster, { verb: 'abort', entry: 2 })
    expect([cluster.sizes(), cluster.deployment().spec.template.spec.image]).toEqual(['v1×10/10', 'v2'])
    expect(rolloutStatus(cluster.deployment())).toMatchObject({
      rung: 'failed',
      failure: { cause: 'aborted' },
    })
    await act(cluster, { verb: 'retry', entry: 2 })
    expect(cluster.sizes()).toBe('v1×8/8 v2×2/2')
    await act(cluster, { verb: 'promote', entry: 2, to: 'full' })
    expect(cluster.sizes()).toBe('v2×10/10')
    expect(cluster.revisions()).toEqual(['1 v1 update succeeded', '2 v2 update succeeded'])
  })

  test('abort works while it is paused', async () => {
    const cluster = await waiting()
    await act(cluster, { verb: 'pause', entry: 2 })
    await act(cluster, { verb: 'abort', entry: 2 })
    expect(cluster.sizes()).toBe('v1×10/10')
  })

  test('a template that failed and was reverted is let through by a retry, once', async () => {
    const cluster = await createCluster()
    await cluster.deploy({ onFailure: 'revert', progressDeadlineSeconds: 60 })
    await cluster.env.advance(10_000)
    cluster.broken.add('v2')
    await cluster.image('v2')
    await cluster.env.advance(120_000)
    await cluster.image('v2')
    await cluster.env.advance(120_000)
    expect(cluster.revisions()).toHaveLength(3)
    await actOnRollout(cluster.store, web, { verb: 'retry', entry: 2, by: 'ann' })
    await cluster.env.advance(120_000)
    await cluster.image('v2')
    await cluster.env.advance(120_000)
    expect(cluster.revisions()).toEqual([
      '1 v1 update succeeded',
      '2 v2 update failed',
      '3 v1 revert of 1 succeeded',
      '4 v2 update failed',
      '5 v1 revert of 3 succeeded',
    ])
  })

  test('pinned and tagged entries are kept, and a tag is a way back', async () => {
    const cluster = await createCluster()
    await cluster.deploy({ revisionHistoryLimit: 1 })
    await cluster.env.advance(10_000)
    await act(cluster, { verb: 'tag', entry: 1, tag: 'golden' })
    for (const version of ['v2', 'v3', 'v4', 'v5']) {
      await cluster.image(version)
      await cluster.env.advance(20_000)
      if (version === 'v2') await act(cluster, { verb: 'pin', entry: 2 })
    }
    expect(history(cluster.store, web).map(({ number }) => number)).toEqual([1, 2, 4, 5])
    await undo(cluster.store, web, { toTag: 'golden' })
    await cluster.env.advance(20_000)
    expect(cluster.sizes()).toBe('v1×3/3')
    await act(cluster, { verb: 'unpin', entry: 2 })
    await cluster.image('v6')
    await cluster.env.advance(20_000)
    expect(history(cluster.store, web).map(({ number }) => number)).not.toContain(2)
  })

  test.each<[string, Verb, string]>([
    ['an unknown gate', { verb: 'approve', entry: 2, gate: 'boss' }, 'unknown-gate'],
    ['a retry of what has not failed', { verb: 'retry', entry: 2 }, 'nothing-to-retry'],
    ['a resume of what is not paused', { verb: 'resume', entry: 2 }, 'not-paused'],
    ['an abort of what is over', { verb: 'abort', entry: 1 }, 'stale-entry'],
    ['an unknown entry', { verb: 'pin', entry: 9 }, 'revision-not-found'],
    ['a tag that is not there', { verb: 'untag', entry: 2, tag: 'x' }, 'unknown-tag'],
  ])('refuses %s, and changes nothing', async (_what, command, reason) => {
    const cluster = await waiting()
    const { revision } = cluster.store
    await expect(act(cluster, command)).rejects.toMatchObject({ details: { reason } })
    expect(cluster.store.revision).toBe(revision)
  })

  test('a resume of what a failure has paused says what to do instead', async () => {
    const cluster = await createCluster()
    await cluster.deploy({ onFailure: 'pause', progressDeadlineSeconds: 60 })
    await cluster.env.advance(10_000)
    cluster.broken.add('v2')
    await cluster.image('v2')
    await cluster.env.advance(120_000)
    await expect(act(cluster, { verb: 'resume', entry: 2 })).rejects.toThrow(
      /not paused; it has failed: retry or undo/,
    )
  })

  test.each([
    [{ verb: 'abort' }, 'nothing-to-abort'],
    [{ verb: 'promote' }, 'nothing-to-promote'],
    [{ verb: 'promote', to: 'full' }, 'nothing-to-promote'],
    [{ verb: 'pause' }, 'already-paused'],
  ] as const)('%j that two give at the same time is done once', async (verb, reason) => {
    const cluster = await waiting()
    const give = () => actOnRollout(cluster.store, web, { ...verb, entry: 2, by: 'ann' })
    const given = await Promise.allSettled([give(), give()])
    expect(given.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(given[1]).toMatchObject({ reason: { code: 'Usage', details: { reason } } })
    expect(marksOf(cluster, 2)).toEqual([verb.verb])
  })

  test.each([
    ['an unknown verb', { verb: 'rollback' }, 'verb'],
    ['somebody without a name', { verb: 'pause', by: '' }, 'by'],
    ['a tag that is missing', { verb: 'tag' }, 'tag'],
    ['a promotion to nowhere', { verb: 'promote', to: 'all' }, 'to'],
    ['a story', { verb: 'pause', reason: 'x'.repeat(1_025) }, 'reason'],
    ['an entry that is no number', { verb: 'pause', entry: '2' }, 'entry'],
  ])('refuses %s, from whom types do not hold back', async (_what, command, field) => {
    const cluster = await waiting()
    const { revision } = cluster.store
    const given = { entry: 2, by: 'ann', ...command } as unknown as RolloutCommand
    await expect(actOnRollout(cluster.store, web, given)).rejects.toMatchObject({
      code: 'Invalid',
      details: { problems: [{ field }] },
    })
    expect(cluster.store.revision).toBe(revision)
  })

  test('refuses to abort and to promote what is done', async () => {
    const cluster = await waiting()
    await act(cluster, { verb: 'promote', entry: 2, to: 'full' })
    for (const verb of ['abort', 'promote'] as const)
      await expect(act(cluster, { verb, entry: 2 })).rejects.toMatchObject({
        details: { reason: `nothing-to-${verb}` },
      })
  })
})
