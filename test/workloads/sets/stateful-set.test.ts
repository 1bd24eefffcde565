import { beforeEach, describe, expect, test } from 'vitest'
import { Cell, Revision, StatefulSet, Task } from '../../../src/api/index.js'
import { actOnRollout, history, undo } from '../../../src/rollout/index.js'
import { ref } from '../../fixtures/kinds.js'
import type { SetWorld } from './set-world.js'
import { createSetWorld, withImage } from './set-world.js'

let world: SetWorld

beforeEach(async () => {
  world = await createSetWorld()
})

/** What the tasks were like, one after the other, whenever one was made, became ready or went. */
function trace(): string[] {
  const seen: string[] = []
  world.store.watch(Task).on(() => {
    if (seen.at(-1) !== world.tasks()) seen.push(world.tasks())
  })
  return seen
}

const status = () => world.store.get(StatefulSet, ref('web'))?.status

describe('a stateful set', () => {
  test('comes up one after the other, with names that stay', async () => {
    const seen = trace()
    await world.stateful()
    await world.after(20_000)
    expect(seen).toEqual([
      'web-0:a!',
      'web-0:a',
      'web-0:a web-1:a!',
      'web-0:a web-1:a',
      'web-0:a web-1:a web-2:a!',
      'web-0:a web-1:a web-2:a',
    ])
    expect(world.store.list(Task).items.map(({ spec }) => spec.hostname)).toEqual(['web-0', 'web-1', 'web-2'])
    expect(status()).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      updatedReplicas: 3,
      revision: 1,
      observedGeneration: 1,
    })
  })

  test('rolls from the top, one at a time, and goes down from the top', async () => {
    await world.stateful({ replicas: 2 })
    await world.after(20_000)
    const seen = trace()
    await world.change('stateful', withImage('b'))
    await world.after(20_000)
    expect(seen).toEqual([
      'web-0:a web-1:a-',
      'web-0:a',
      'web-0:a web-1:b!',
      'web-0:a web-1:b',
      'web-0:a- web-1:b',
      'web-1:b',
      'web-0:b! web-1:b',
      'web-0:b web-1:b',
    ])
    expect(status()?.currentRevision).toBe(status()?.updateRevision)
    seen.length = 0
    await world.change('stateful', { replicas: 0 })
    await world.after(20_000)
    expect(seen).toEqual(['web-0:b web-1:b-', 'web-0:b', 'web-0:b-', ''])
    expect(world.store.count(Cell)).toBe(0)
  })

  test('all at once when parallel, from another first ordinal', async () => {
    const seen = trace()
    await world.stateful({ podManagementPolicy: 'Parallel', ordinals: { start: 5 } })
    await world.after(20_000)
    expect(seen[0]).toBe('web-5:a! web-6:a! web-7:a!')
    expect(world.tasks()).toBe('web-5:a web-6:a web-7:a')
  })

  test('a bad image from the start, then a good one: 0 is replaced, then 1 comes (kubernetes#60164)', async () => {
    world.broken.add('bad')
    await world.stateful({ replicas: 2, ...withImage('bad') })
    await world.after(60_000)
    expect(world.tasks()).toBe('web-0:bad!')
    await world.change('stateful', withImage('good'))
    await world.after(60_000)
    expect(world.tasks()).toBe('web-0:good web-1:good')
  })

  test('a broken revision in the middle is left for the next one (kubernetes#67250)', async () => {
    await world.stateful()
    await world.after(20_000)
    world.broken.add('bad')
    await world.change('stateful', withImage('bad'))
    await world.after(60_000)
    expect(world.tasks()).toBe('web-0:a web-1:a web-2:bad!')
    await world.change('stateful', withImage('c'))
    await world.after(60_000)
    expect(world.tasks()).toBe('web-0:c web-1:c web-2:c')
    const outcomes = world.store
      .list(Revision)
      .items.map(({ spec, status: of }) => `${spec.number} ${of?.outcome}`)
    expect(outcomes.sort()).toEqual(['1 succeeded', '2 superseded', '3 succeeded'])
  })

  test('reverts when it is asked to, and does not try the same again', async () => {
    await world.stateful({ onFailure: 'revert', progressDeadlineSeconds: 30 })
    await world.after(20_000)
    world.broken.add('bad')
    await world.change('stateful', withImage('bad'))
    await world.after(60_000)
    expect(world.tasks()).toBe('web-0:a web-1:a web-2:a')
    expect(world.store.get(StatefulSet, ref('web'))?.spec.template.spec.image).toBe('a')
    await world.change('stateful', withImage('bad'))
    await world.after(60_000)
    expect(world.tasks()).toBe('web-0:a web-1:a web-2:a')
    expect(status()?.conditions).toMatchObject([
      { type: 'Progressing', status: 'False', reason: 'TemplateRefused' },
    ])
  })

  test('is undone to what it ran before, paused or not, and its ledger tells so', async () => {
    await world.stateful()
    await world.after(20_000)
    await world.change('stateful', withImage('b'))
    await world.after(20_000)
    await world.change('stateful', { paused: true })
    const told = await undo(world.store, ref('web'), { kind: StatefulSet, by: 'ann' })
    expect(told).toMatchObject({ number: 3, cause: 'undo', from: 1, marks: [{ verb: 'undo', by: 'ann' }] })
    await world.after(20_000)
    expect(world.tasks()).toBe('web-0:a web-1:a web-2:a')
    expect(history(world.store, ref('web'), StatefulSet).map(({ outcome }) => outcome)).toEqual([
      'succeeded',
      'succeeded',
      'succeeded',
    ])
    const { revision } = world.store
    await expect(undo(world.store, ref('web'), { kind: StatefulSet, toRevision: 3 })).rejects.toMatchObject({
      details: { reason: 'already-current' },
    })
    await expect(undo(world.store, ref('web'))).rejects.toMatchObject({ code: 'Usage' })
    await expect(undo(world.store, ref('none'), { kind: StatefulSet })).rejects.toMatchObject({
      code: 'NotFound',
    })
    expect(world.store.revision).toBe(revision)
  })

  test('changes nothing below the partition, and all that is left when it goes', async () => {
    await world.stateful({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } })
    await world.after(20_000)
    await world.change('stateful', withImage('b'))
    await world.after(20_000)
    expect(world.tasks()).toBe('web-0:a web-1:a web-2:b')
    await world.store.delete(Task, ref('web-0'))
    await world.after(20_000)
    expect(world.tasks()).toBe('web-0:a web-1:a web-2:b')
    await world.change('stateful', { updateStrategy: { type: 'RollingUpdate' } })
    await world.after(20_000)
    expect(world.tasks()).toBe('web-0:b web-1:b web-2:b')
  })

  test.each([
    ['below the partition', { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }],
    ['with nothing wanted', { replicas: 0 }],
  ] as const)('waits without a deadline %s', async (_what, spec) => {
    await world.stateful({ onFailure: 'revert', progressDeadlineSeconds: 30 })
    await world.after(20_000)
    await world.change('stateful', spec)
    await world.after(20_000)
    await world.change('stateful', withImage('b'))
    const before = world.tasks()
    await world.after(3_600_000)
    expect([world.store.get(StatefulSet, ref('web'))?.spec.template.spec.image, before]).toEqual([
      'b',
      before,
    ])
    await world.change('stateful', { replicas: 3, updateStrategy: { type: 'RollingUpdate' } })
    await world.after(29_000)
    expect(world.tasks()).toBe('web-0:b web-1:b web-2:b')
    expect(status()?.conditions).toMatchObject([{ reason: 'NewRevisionAvailable' }])
  })

  test('as many at once as may be unavailable', async () => {
    await world.stateful({
      replicas: 5,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '50%' } },
    })
    await world.after(20_000)
    const seen = trace()
    await world.change('stateful', withImage('b'))
    await world.after(20_000)
    expect(seen[0]).toBe('web-0:a web-1:a web-2:a web-3:a- web-4:a-')
    expect(world.tasks()).toBe('web-0:b web-1:b web-2:b web-3:b web-4:b')
  })

  test('that has failed is tried again when somebody asks for it, and marked with who', async () => {
    await world.stateful()
    await world.after(20_000)
    world.broken.add('b')
    await world.change('stateful', withImage('b'))
    await world.after(700_000)
    world.broken.delete('b')
    await world.store.delete(Task, ref('web-2'))
    await world.after(60_000)
    expect(world.tasks()).toBe('web-0:a web-1:a web-2:b')
    const act = (verb: 'retry' | 'abort') =>
      actOnRollout(world.store, ref('web'), { verb, entry: 2, by: 'ann' }, StatefulSet)
    await expect(act('abort')).rejects.toMatchObject({ code: 'Usage', details: { reason: 'no-waypoints' } })
    expect((await act('retry')).marks).toMatchObject([{ verb: 'retry', by: 'ann', attempt: 1 }])
    await world.after(60_000)
    expect(world.tasks()).toBe('web-0:b web-1:b web-2:b')
    await expect(act('retry')).rejects.toMatchObject({ details: { reason: 'nothing-to-retry' } })
  })

  test('that was reverted is let through once, when somebody asks for it', async () => {
    await world.stateful({ onFailure: 'revert' })
    await world.after(20_000)
    world.broken.add('b')
    await world.change('stateful', withImage('b'))
    await world.after(700_000)
    expect(world.tasks()).toBe('web-0:a web-1:a web-2:a')
    world.broken.delete('b')
    await world.change('stateful', withImage('b'))
    await world.after(60_000)
    expect(world.tasks()).toBe('web-0:a web-1:a web-2:a')
    expect(status()?.conditions).toMatchObject([{ reason: 'TemplateRefused' }])
    await actOnRollout(world.store, ref('web'), { verb: 'retry', entry: 2, by: 'ann' }, StatefulSet)
    await world.after(60_000)
    expect(world.tasks()).toBe('web-0:b web-1:b web-2:b')
  })

  test('writes nothing when nothing changes', async () => {
    await world.stateful()
    await world.after(20_000)
    const { revision } = world.store
    await world.after(3_600_000)
    expect(world.store.revision).toBe(revision)
  })

  test('paused, it heals and scales, and rolls out nothing', async () => {
    await world.stateful({ paused: true })
    await world.after(20_000)
    await world.change('stateful', withImage('b'))
    await world.store.delete(Task, ref('web-1'))
    await world.change('stateful', { replicas: 4 })
    await world.after(20_000)
    expect(world.tasks()).toBe('web-0:a web-1:a web-2:a web-3:a')
  })
})

test.each([
  [{ replicas: -1 }, 'replicas'],
  [{ replicas: 100_001 }, 'replicas'],
  [{ podManagementPolicy: 'Random' }, 'podManagementPolicy'],
  [{ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0 } } }, 'maxUnavailable'],
  [{ minReadySeconds: 600 }, 'spec.progressDeadlineSeconds'],
  [{ selector: { matchLabels: { app: 'db' } } }, 'spec.selector'],
  [{ serviceName: 'web' }, 'serviceName'],
])('a stateful set is refused with %o', async (spec, field) => {
  await expect(world.stateful(spec as object)).rejects.toMatchObject({
    code: 'Invalid',
    message: expect.stringContaining(field),
  })
})
