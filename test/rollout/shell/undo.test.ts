import { describe, expect, test } from 'vitest'
import type { DeploymentSpec } from '../../../src/api/index.js'
import { Revision } from '../../../src/api/index.js'
import type { UndoOptions } from '../../../src/rollout/index.js'
import { history, rolloutStatus, undo } from '../../../src/rollout/index.js'
import type { Cluster } from '../fixtures/cluster.js'
import { createCluster, template, web } from '../fixtures/cluster.js'

/** A cluster that has rolled out these versions one after the other. */
async function after(...versions: string[]): Promise<Cluster> {
  const cluster = await createCluster()
  await cluster.deploy()
  for (const version of versions) {
    await cluster.image(version)
    await finished(cluster)
  }
  return cluster
}

function finished(cluster: Cluster): Promise<unknown> {
  return cluster.env.runUntil(() => rolloutStatus(cluster.deployment()).done, { timeoutMs: 60_000 })
}

describe('undo', () => {
  test('goes back to the newest other revision that succeeded; the count stays', async () => {
    const cluster = await after('v1', 'v2')
    await cluster.change({ replicas: 5 })
    const entry = await undo(cluster.store, web)
    expect(entry).toMatchObject({ number: 3, cause: 'undo', from: 1, outcome: 'progressing' })
    expect(cluster.deployment().spec).toMatchObject({ replicas: 5, template: template('v1') })
    await finished(cluster)
    expect(cluster.sizes()).toBe('v1×5/5')
    expect(cluster.revisions()).toEqual([
      '1 v1 update succeeded',
      '2 v2 update succeeded',
      '3 v1 undo of 1 succeeded',
    ])
  })

  test('goes to a given revision, whose number still names it afterwards', async () => {
    const cluster = await after('v1', 'v2', 'v3')
    await undo(cluster.store, web, { toRevision: 1 })
    await finished(cluster)
    await undo(cluster.store, web, { toRevision: 2 })
    await finished(cluster)
    expect(
      history(cluster.store, web).map(({ number, from, template: { spec } }) => [number, from, spec.image]),
    ).toEqual([
      [1, undefined, 'v1'],
      [2, undefined, 'v2'],
      [3, undefined, 'v3'],
      [4, 1, 'v1'],
      [5, 2, 'v2'],
    ])
  })

  test('stops a rollout that is under way, which is then superseded', async () => {
    const cluster = await after('v1')
    cluster.broken.add('v2')
    await cluster.image('v2')
    await cluster.env.advance(2000)
    await undo(cluster.store, web)
    await finished(cluster)
    expect(cluster.sizes()).toBe('v1×3/3')
    expect(cluster.revisions()).toEqual([
      '1 v1 update succeeded',
      '2 v2 update superseded',
      '3 v1 undo of 1 succeeded',
    ])
  })

  test.each([
    ['an unknown revision', { toRevision: 7 }, {}, 'NotFound', 'revision-not-found'],
    ['the current revision', { toRevision: 1 }, {}, 'Usage', 'already-current'],
    ['nothing else', {}, {}, 'Usage', 'nothing-to-undo'],
    ['an unknown tag', { toTag: 'best' }, {}, 'NotFound', 'revision-not-found'],
  ])('refuses %s and changes nothing', async (_what, options, spec, code, reason) => {
    const cluster = await after('v1')
    await cluster.change(spec)
    await cluster.settle()
    const { revision } = cluster.store
    await expect(undo(cluster.store, web, options)).rejects.toMatchObject({ code, details: { reason } })
    expect(cluster.store.revision).toBe(revision)
  })

  test('works while it is paused, which it lifts, and says in the ledger who and why', async () => {
    const cluster = await after('v1')
    await cluster.image('v2')
    await cluster.env.advance(500)
    await cluster.change({ paused: true })
    await cluster.env.advance(60_000)
    await undo(cluster.store, web, { by: 'ann', reason: 'wrong build' })
    await finished(cluster)
    expect(cluster.sizes()).toBe('v1×3/3')
    expect(history(cluster.store, web).at(-1)?.marks).toMatchObject([
      { verb: 'undo', by: 'ann', reason: 'wrong build' },
    ])
  })

  test('works after a failure', async () => {
    const cluster = await after('v1')
    cluster.broken.add('v2')
    await cluster.change({ progressDeadlineSeconds: 60 })
    await cluster.image('v2')
    await cluster.env.advance(120_000)
    expect(rolloutStatus(cluster.deployment()).rung).toBe('failed')
    await undo(cluster.store, web)
    await finished(cluster)
    expect(cluster.sizes()).toBe('v1×3/3')
  })

  test.each<[NonNullable<UndoOptions['restore']> | undefined, Partial<DeploymentSpec>]>([
    [undefined, { replicas: 5, progressDeadlineSeconds: 700, readyWithinMs: 9_000 }],
    ['template', { replicas: 5, progressDeadlineSeconds: 700, readyWithinMs: 9_000 }],
    [['replicas'], { replicas: 3, progressDeadlineSeconds: 700, readyWithinMs: 9_000 }],
    [['readyWithinMs', 'progressDeadlineSeconds'], { replicas: 5 }],
    [[], { replicas: 5, progressDeadlineSeconds: 700, readyWithinMs: 9_000 }],
    ['all', { replicas: 3 }],
  ])('restores %j', async (restore, spec) => {
    const cluster = await after('v1')
    const { replicas: _replicas, ...before } = cluster.deployment().spec
    await cluster.change({ replicas: 5, progressDeadlineSeconds: 700, readyWithinMs: 9_000, paused: true })
    await cluster.image('v2')
    const entry = await undo(cluster.store, web, {
      toRevision: 1,
      ...(restore === undefined ? {} : { restore }),
    })
    expect(cluster.deployment().spec).toEqual({ ...before, ...spec, paused: false })
    // The entry has what is wanted now, so that it can be restored in its turn.
    expect(entry.settings).toEqual(spec)
    await finished(cluster)
    expect(cluster.sizes()).toBe(`v1×${spec.replicas}/${spec.replicas}`)
  })

  test('restores nothing but the template of an entry that has nothing else, and says so', async () => {
    const cluster = await after('v1', 'v2')
    const [first] = history(cluster.store, web)
    await cluster.store.modify(Revision, { ...web, name: first?.name ?? '' }, draft => {
      Reflect.deleteProperty(draft.spec, 'settings')
    })
    const { revision } = cluster.store
    await expect(undo(cluster.store, web, { toRevision: 1, restore: 'all' })).rejects.toMatchObject({
      code: 'Usage',
      details: { reason: 'settings-unknown' },
    })
    expect(cluster.store.revision).toBe(revision)
    await undo(cluster.store, web, { toRevision: 1 })
    await finished(cluster)
  })

  test.each<[unknown, string]>([
    ['spec', 'restore'],
    [['template', 'paused'], 'restore[0]'],
    [['replicas', 'selector'], 'restore[1]'],
  ])('refuses to restore %j', async (restore, field) => {
    const cluster = await after('v1')
    const options = { restore } as UndoOptions
    await expect(undo(cluster.store, web, options)).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining(field) as string,
    })
  })

  test('refuses a Deployment that does not exist', async () => {
    const cluster = await createCluster()
    await expect(undo(cluster.store, web)).rejects.toMatchObject({
      code: 'NotFound',
      details: { kind: 'Deployment', name: 'web' },
    })
    expect(() => history(cluster.store, web)).toThrow(expect.objectContaining({ code: 'NotFound' }))
  })
})
