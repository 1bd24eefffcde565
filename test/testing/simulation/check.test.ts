import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Reconciler } from '../../../src/reconcile/index.js'
import { requeueAfter } from '../../../src/reconcile/index.js'
import type { StoredObject } from '../../../src/store/index.js'
import type { CheckOptions, MakeParts } from '../../../src/testing/index.js'
import { always, atRest, check, simulate } from '../../../src/testing/index.js'
import { FAULT_KINDS } from '../../../src/testing/simulation/actions/faults/faults.js'
import type { AppSpec, AppStatus } from '../fixtures/apps.js'
import { App, app, apps, failureIn, oneApp, Pod, podOf, podsOf } from '../fixtures/apps.js'

const options = { ...oneApp, executions: 40 }

const healthy = apps(async (_key, owner, { client }) => {
  if (owner === undefined || podsOf(owner, client.list(Pod).items).length > 0) return
  await client.create(Pod, podOf(owner, `${owner.metadata.name}-${owner.metadata.uid}`))
})

/** Loses its pod in a crash between two writes. */
const fragile = apps(async (key, owner, { client }) => {
  if (owner === undefined || owner.status !== undefined) return
  await client.modifyStatus(App, key, draft => void (draft.status = { made: true }))
  await client.create(Pod, podOf(owner, `${key.name}-${owner.metadata.uid}`))
})

const failureOf = (make: MakeParts, more: object = {}) => failureIn(make, { ...options, ...more })

describe('an execution', () => {
  test.each([1, 2, 3, 4, 5])('of seed %i is the same each time, and when replayed', async seed => {
    const first = await simulate(healthy, { ...options, seed })
    expect(first.violation).toBeUndefined()
    for (const how of [{ seed }, { replay: first.replay }]) {
      const again = await simulate(healthy, { ...options, ...how })
      expect(again.trace).toEqual(first.trace)
      expect([again.timeline, again.state]).toEqual([first.timeline, first.state])
    }
  })

  test('differs from seed to seed', async () => {
    const runs = await Promise.all([1, 2, 3, 4, 5, 6].map(seed => simulate(healthy, { ...options, seed })))
    expect(new Set(runs.map(({ timeline }) => timeline)).size).toBeGreaterThan(3)
  })

  test('has every kind of fault in some seed, and none that has no budget', async () => {
    const kinds = async (faults: object, seeds: number): Promise<Set<string>> => {
      const seen = new Set<string>()
      for (let seed = 1; seed <= seeds; seed++) {
        const { trace } = await simulate(waiting, { ...options, seed, faults })
        for (const { kind, isFault } of trace) if (isFault) seen.add(kind)
      }
      return seen
    }
    const waiting = apps(async (_key, owner, { client }) => {
      if (owner === undefined) return undefined
      await client.create(Pod, podOf(owner, `pod-${owner.metadata.uid}`)).catch(() => {})
      return requeueAfter(60_000)
    })
    // The others need a word in the options, or processes that elect a leader.
    const apart = ['incident', 'stale', 'shutdown', 'overlap', 'stall', 'skew', 'depose']
    const all = FAULT_KINDS.filter(kind => !apart.includes(kind))
    expect(await kinds({}, 30)).toEqual(new Set(all))
    const none = Object.fromEntries(FAULT_KINDS.map(kind => [kind, 0]))
    expect(await kinds({ ...none, touch: 2 }, 10)).toEqual(new Set(['touch']))
  })
})

/** Notes which of the apps it saw first. */
const firstCome = apps(async (key, owner, { client }) => {
  if (owner === undefined || owner.status !== undefined) return
  const place = client.list(App).items.filter(({ status }) => status !== undefined).length
  await client.modifyStatus(App, key, draft => void (draft.status = { place }))
})

describe("what is the reconciler's own choice", () => {
  const objects = [app('web', {}), app('db', {})]
  const faults = { remove: 0 }

  test('counts as another rest', async () => {
    expect((await failureOf(firstCome, { objects, faults })).invariant).toBe('converges')
  })

  test('does not count where it is not compared', async () => {
    const compared = ({ status: _own, ...others }: StoredObject): StoredObject => others
    await expect(check(firstCome, { ...options, objects, faults, compared })).resolves.toBeDefined()
  })
})

test('what is not promised is not judged, and everything else is', async () => {
  const noPod = always('no pod', ({ reader }) => reader.count(Pod) === 0)
  await expect(check(fragile, { ...options, except: ['converges'] })).resolves.toBeDefined()
  const faults = { loseAnswer: 0, refuse: 0 }
  expect((await failureOf(fragile, { faults, except: ['crashConvergent'], executions: 200 })).invariant).toBe(
    'historyInsensitive',
  )
  expect(
    (await failureOf(fragile, { faults, except: ['historyInsensitive'], executions: 200 })).invariant,
  ).toBe('crashConvergent')
  const except = ['historyInsensitive', 'crashConvergent']
  await expect(check(fragile, { ...options, faults, except } as CheckOptions)).resolves.toBeDefined()
  const failure = await failureOf(fragile, { invariants: [noPod], except: ['converges'] })
  expect(failure.invariant).toBe('no pod')
})

test('what is owned by nobody is left where the world does not collect', async () => {
  await expect(check(healthy, options)).resolves.toBeDefined()
  expect((await failureOf(healthy, { collects: false })).invariant).toBe('noOrphans')
})

describe('a check', () => {
  afterEach(() => vi.unstubAllEnvs())

  test('of a sound reconciler says what it has looked at', async () => {
    const report = await check(healthy, options)
    expect(report.executions).toBe(43)
    expect(report.steps).toBeGreaterThan(300)
    expect(report.bounds).toBe(
      '9 planned at rest; 31 executions (seeds 1 to 31), at most 2000 steps each; ' +
        'faults in one execution, at most: crash 1, outage 1, delay 1, touch 2, edit 2, remove 1, incident 2, ' +
        'loseAnswer 1, refuse 1, lateAnswer 1, freeze 1, disconnect 1, expire 1, stale 1, shutdown 1, overlap 1, stall 1, skew 1, depose 1',
    )
  })

  test('of all that can happen is complete, or says that it is not', async () => {
    const faults = { crash: 1, edit: 0 }
    const report = await check(healthy, { ...options, mode: 'exhaustive', faults, timeMs: Infinity })
    expect(report).toMatchObject({ complete: true })
    expect(report.bounds).toMatch(
      /^\d planned at rest; every order of events: \d+ executions, \d+ states, complete, at most 2000/,
    )
    const few = await check(healthy, { ...options, mode: 'exhaustive', faults, executionsMax: 10 })
    expect(few).toMatchObject({ executions: 13, complete: false })
    expect((await check(healthy, options)).complete).toBe(false)
  })

  test('of all that can happen has a replay, too', async () => {
    const { replay, invariant } = await failureOf(fragile, { mode: 'exhaustive' })
    expect(invariant).toBe('historyInsensitive')
    const again = await failureOf(fragile, { mode: 'exhaustive', replay })
    expect([again.invariant, again.replay]).toEqual([invariant, replay])
  })

  test('that fails has a replay that fails in the same way', async () => {
    const { replay, invariant, simulation } = await failureOf(fragile)
    expect(invariant).toBe('historyInsensitive')
    expect(simulation.trace.filter(({ isFault }) => isFault)).toHaveLength(1)
    const again = await failureOf(fragile, { replay })
    expect([again.invariant, again.simulation.timeline]).toEqual([invariant, simulation.timeline])
    vi.stubEnv('KEELSON_REPLAY', replay)
    expect((await failureOf(fragile)).replay).toBe(replay)
  })

  describe('with a replay', () => {
    const corrected = apps(async (key, owner, { client }) => {
      if (owner === undefined) return
      const name = `${key.name}-${owner.metadata.uid}`
      if (client.get(Pod, { name }) === undefined) await client.create(Pod, podOf(owner, name))
      await client.modifyStatus(App, key, draft => void (draft.status = { made: true }))
    })

    test('of the environment leaves checks of something else alone', async () => {
      vi.stubEnv('KEELSON_REPLAY', (await failureOf(fragile)).replay)
      const others = { ...options, objects: [app('db', { replicas: 1 })] }
      expect((await check(healthy, others)).executions).toBe(43)
    })

    test('of the environment is refused when the code has changed', async () => {
      const { replay } = await failureOf(fragile)
      vi.stubEnv('KEELSON_REPLAY', replay)
      await expect(check(corrected, options)).rejects.toThrow(/differs from the recorded one: the code or/)
      await expect(simulate(corrected, { ...options, replay })).rejects.toThrow(/differs from the recorded/)
    })

    test('among the options is followed by everything else when the code has changed', async () => {
      const { replay } = await failureOf(fragile)
      expect((await check(corrected, { ...options, replay })).executions).toBe(44)
    })

    test('of the environment that is still as recorded is all that is run', async () => {
      const { replay } = await simulate(healthy, { ...options, seed: 3 })
      vi.stubEnv('KEELSON_REPLAY', replay)
      expect(await check(healthy, options)).toMatchObject({ executions: 4, bounds: 'one recorded execution' })
    })

    test('among the options is followed by everything else when it is still as recorded', async () => {
      const { replay } = await simulate(healthy, { ...options, seed: 3 })
      expect((await check(healthy, { ...options, replay })).executions).toBe(44)
    })

    test('is told as it is, and nothing is run to make it simpler', async () => {
      const failure = await failureOf(fragile, { replay: (await failureOf(fragile)).replay })
      expect(failure.message).toMatch(/made shorter in 0 runs/)
    })

    test('is refused by simulate when the options have changed', async () => {
      const { replay } = await failureOf(fragile)
      const more = { ...options, faults: { crash: 2 }, replay }
      await expect(simulate(fragile, more)).rejects.toThrow(/recorded with other options/)
    })
  })

  test('counts what was reconciled and written, and which faults came about', async () => {
    const { reconciles, writes, faults } = await check(healthy, options)
    expect(reconciles).toBeGreaterThan(80)
    expect(writes).toBeGreaterThan(20)
    expect(faults).toMatchObject({ remove: expect.any(Number), crash: expect.any(Number) })
    expect((await check(healthy, { ...options, faults: { crash: 0 } })).faults).not.toHaveProperty('crash')
  })

  test.each([
    [
      'no objects',
      { objects: [] },
      /apps reconciled no key; objects is empty: give what a user would create/,
    ],
    [
      'objects of other kinds alone',
      { objects: [{ kind: 'Pod', metadata: { name: 'a' }, spec: { app: 'b' } }] },
      /apps reconciled no key; none of the objects is of a kind that a controller is for/,
    ],
    ['a kind that is owned missing', { kinds: [App] }, /Pod.*kinds/],
    ['a kind that is watched missing', { kinds: [Pod], objects: [] }, /App.*kinds/],
  ])('that can look at nothing is refused: %s', async (_what, more, message) => {
    const looking = { ...options, ...more, timeMs: Infinity }
    await expect(check(healthy, looking)).rejects.toMatchObject({
      code: 'Usage',
      message: expect.stringMatching(message),
    })
  })

  test('finds the same each time', async () => {
    expect((await failureOf(fragile)).message).toBe((await failureOf(fragile)).message)
  })

  test.each([
    [
      'waits for a promise of nobody',
      async () => new Promise<void>(() => {}),
      'noStrayWork',
      /reconcile apps web waits for a promise that nobody settles, made at check\.test\.ts:\d+/,
    ],
    ['always fails', () => Promise.reject(new Error('boom')), 'converges', /fail for ever; last error: boom/],
    [
      'changes what it was given',
      async (_key, owner) => void (owner && ((owner.spec as { replicas: number }).replicas = 3)),
      'converges',
      /last error: Cannot assign to read only property 'replicas'/,
    ],
    [
      'asks to run again at once',
      async (_key, owner) => (owner ? requeueAfter(0) : undefined),
      'noHotLoop',
      /no rest after 2000 steps; most often: apps web/,
    ],
    [
      'asks to run again soon, each time',
      async (_key, owner) => (owner ? requeueAfter(20) : undefined),
      'noHotLoop',
      /41 timers within/,
    ],
    [
      'claims to have seen what is yet to come',
      async (key, owner, { client }) => {
        if (owner?.status === undefined && owner !== undefined)
          await client.modifyStatus(App, key, draft => void (draft.status = { observedGeneration: 7 }))
      },
      'observedGeneration',
      /observedGeneration 7, above its generation 1/,
    ],
    [
      'never lets go',
      async (key, owner, { client }) => {
        if (owner === undefined || owner.metadata.finalizers.length > 0) return
        await client.modify(App, key, draft => void draft.metadata.finalizers.push('example/held'))
      },
      'converges',
      /App web is never gone: example\/held holds it/,
    ],
  ] satisfies [string, Reconciler<AppSpec, AppStatus>, string, RegExp][])(
    'of one that %s says so',
    async (_what, reconcile, invariant, message) => {
      const failure = await failureOf(apps(reconcile))
      expect(failure.invariant).toBe(invariant)
      expect(failure.message).toMatch(message)
    },
  )

  test('holds what is expected of it after each step, and at rest', async () => {
    const alone = always('no pod is alone', ({ reader }) => reader.count(Pod) <= reader.count(App))
    const orphaning = await failureOf(healthy, { invariants: [alone] })
    expect([orphaning.invariant, orphaning.message.split('\n')[0]]).toEqual([
      'no pod is alone',
      expect.stringMatching(/^no pod is alone does not hold: not so, at \d+ ms, user: delete App web$/),
    ])
    const onePod = atRest('one pod', ({ reader }) => reader.count(Pod) === 1 || 'there is none')
    await expect(check(healthy, { ...options, invariants: [onePod] })).resolves.toMatchObject({
      executions: 43,
    })
    const idle = apps(() => {})
    expect((await failureOf(idle, { invariants: [onePod] })).message).toMatch(
      /^one pod does not hold: there is none/,
    )
  })

  test('refuses code that is not deterministic, and says where it differs', async () => {
    let runs = 0
    const counting = apps(async (_key, owner, { client }) => {
      if (owner !== undefined && podsOf(owner, client.list(Pod).items).length === 0)
        await client.create(Pod, podOf(owner, `pod-${++runs}`))
    })
    await expect(check(counting, options)).rejects.toThrow(/not deterministic: step \d+ of one execution was/)
  })

  test('passes on what the start of the code under test throws', async () => {
    const broken: MakeParts = () => {
      throw new RangeError('no such plan')
    }
    await expect(check(broken, options)).rejects.toThrow('no such plan')
  })

  test.each([
    ['a fault that does not exist', { faults: { quake: 1 } }, /must be one of crash, outage, delay/],
    ['half an execution', { executions: 0.5 }, /must be a whole number/],
    ['deviations below zero', { mode: 'exhaustive', deviationsMax: -1 }, /must be a whole number/],
    ['half a fault', { faults: { crash: 0.5 } }, /must be a whole number/],
    ['a replay of another make', { replay: 'v9:1' }, /must be a replay string.*format v9/],
    ['nothing that the user wants', { objects: undefined }, /objects: must be a list/],
    ['an object without a kind', { objects: [{ metadata: { name: 'a' }, spec: {} }] }, /needs a kind/],
    [
      'an object of an unknown kind',
      { objects: [{ kind: 'Disk', metadata: { name: 'a' }, spec: {} }] },
      /no kind is called Disk; kinds has .*\//,
    ],
  ])('refuses %s', async (_what, more: object, message) => {
    await expect(check(healthy, { ...options, ...more })).rejects.toThrow(message)
  })
})
