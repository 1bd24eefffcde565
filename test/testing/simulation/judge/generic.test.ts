import { describe, expect, test } from 'vitest'
import type { Reconciler } from '../../../../src/reconcile/index.js'
import { createController, requeueAfter } from '../../../../src/reconcile/index.js'
import type { CheckOptions, InvariantName, MakeParts, ProcessSite } from '../../../../src/testing/index.js'
import { always, check, eventually } from '../../../../src/testing/index.js'
import type { AppSpec, AppStatus } from '../../fixtures/apps.js'
import { App, failureIn, oneApp, Pod, podOf } from '../../fixtures/apps.js'

const base: CheckOptions = { ...oneApp, executions: 40 }

type Reconcile = Reconciler<AppSpec, AppStatus>

function apps(reconcile: Reconcile): ReturnType<typeof createController> {
  return createController({ name: 'apps', for: App, owns: [Pod], reconcile })
}

const failureOf = (make: MakeParts, more: Partial<CheckOptions> = {}) => failureIn(make, { ...base, ...more })

const label =
  (value: (owner: App) => string | undefined): Reconcile =>
  async (key, owner, { client }) => {
    const wanted = owner && value(owner)
    if (owner === undefined || wanted === undefined || owner.metadata.labels['is'] === wanted) return
    await client.modify(App, key, draft => void (draft.metadata.labels['is'] = wanted))
  }

const observing =
  (isRight: (owner: App) => boolean): Reconcile =>
  async (key, owner, { client }) => {
    if (owner === undefined || isRight(owner)) return
    const { generation, uid } = owner.metadata
    await client.modifyStatus(App, key, draft => void (draft.status = { observedGeneration: generation }), {
      preconditions: { uid },
    })
  }

/** Copies a number of the spec, and says of which generation it is. */
const copying =
  (from: 'the draft' | 'the object', numbered: 'the draft' | 'the object'): Reconcile =>
  async (key, owner, { client }) => {
    if (owner === undefined) return
    await client.modifyStatus(
      App,
      key,
      draft => {
        const { replicas } = from === 'the draft' ? draft.spec : owner.spec
        const { generation } = (numbered === 'the draft' ? draft : owner).metadata
        draft.status = { replicas, observedGeneration: generation }
      },
      { preconditions: { uid: owner.metadata.uid } },
    )
  }

const withoutLabels: CheckOptions['compared'] = object => ({
  ...object,
  metadata: { ...object.metadata, labels: {} },
})

const making =
  (isOwner: boolean): Reconcile =>
  async (key, owner, { client }) => {
    const name = `${key.name}-${owner?.metadata.uid}`
    if (owner === undefined || client.get(Pod, { name }) !== undefined) return
    const pod = podOf(owner, name)
    await client.create(Pod, isOwner ? pod : { ...pod, metadata: { name } })
  }

const idle: Reconcile = () => {}

/** Marks the app, and makes its pod; in the wrong order a crash in between loses the pod. */
const marking =
  (order: 'mark first' | 'pod first'): Reconcile =>
  async (key, owner, { client }) => {
    if (owner === undefined || owner.status !== undefined) return
    const pod = podOf(owner, `${key.name}-${owner.metadata.uid}`)
    const mark = () => client.modifyStatus(App, key, draft => void (draft.status = { made: true }))
    if (order === 'mark first') await mark()
    if (client.get(Pod, { name: pod.metadata.name ?? '' }) === undefined) await client.create(Pod, pod)
    if (order === 'pod first') await mark()
  }

/** Each look starts another timer that starts itself again; or the first one does, until it is stopped. */
const polling =
  (isOnce: boolean) =>
  ({ client }: ProcessSite) => {
    let cancel: (() => void) | undefined
    const poll = (): void => {
      cancel = client.env.clock.after(60_000, poll)
    }
    return [
      apps(() => (isOnce && cancel !== undefined ? undefined : poll())),
      { name: 'polls', start: () => {}, stop: () => cancel?.() },
    ]
  }

/** Opens a watch at each look, and closes all at the end; or a watch that ends with the look. */
const listening =
  (isBrief: boolean) =>
  ({ client }: ProcessSite) => {
    const closes: (() => void)[] = []
    return [
      apps((_key, _owner, ctx) => {
        closes.push((isBrief ? ctx.client : client).watch(Pod).on(() => {}))
      }),
      { name: 'listening', start: () => {}, stop: () => closes.forEach(close => close()) },
    ]
  }

/** Watches all apps until it is stopped, or for ever. */
const watching =
  (closes: boolean) =>
  ({ client }: ProcessSite) => {
    let close = (): void => {}
    const start = (): void => {
      close = client.watch(App).on(() => {})
    }
    return { name: 'watcher', start, stop: () => (closes ? close() : undefined) }
  }

/** Says good-bye to each app; some time later, if it is late. */
const parting =
  (isLate: boolean) =>
  ({ client }: ProcessSite) => {
    const part = () =>
      Promise.all(
        client
          .list(App)
          .items.map(({ metadata }) =>
            client.modify(
              App,
              metadata,
              draft => void (draft.metadata.labels['parted'] = client.env.process),
            ),
          ),
      )
    const stop = async (): Promise<void> => {
      if (isLate) client.env.clock.after(1_000, () => void part())
      else await part()
    }
    return { name: 'parting', start: () => {}, stop }
  }

const memory = (isQuiet: boolean) => () => {
  let looks = 0
  return apps(label(() => (++looks > 1 && !isQuiet ? 'seen-twice' : undefined)))
}

const without = (...faults: readonly string[]): Partial<CheckOptions> => ({
  faults: Object.fromEntries(faults.map(kind => [kind, 0])),
})

const twins: readonly [InvariantName, MakeParts, MakeParts, RegExp, Partial<CheckOptions>?][] = [
  [
    'converges',
    () => apps(() => Promise.reject(new Error('no'))),
    () => apps(idle),
    /1 keys of apps fail for ever; last error: no/,
  ],
  [
    'crashConvergent',
    () => apps(marking('mark first')),
    () => apps(marking('pod first')),
    /another state than undisturbed/,
    { ...without('edit', 'remove', 'loseAnswer', 'refuse'), executions: 200 },
  ],
  [
    'historyInsensitive',
    () =>
      apps(
        label(({ metadata, spec }) =>
          String(Math.max(spec.replicas ?? 0, Number(metadata.labels['is'] ?? 0))),
        ),
      ),
    () => apps(label(({ spec }) => String(spec.replicas))),
    /another state than undisturbed/,
    { ...without('crash', 'delay', 'touch'), executions: 300 },
  ],
  [
    'idempotent',
    memory(false),
    memory(true),
    /when each key is looked at again, it writes: modify App web/,
    { compared: withoutLabels },
  ],
  [
    'levelTriggered',
    ({ name }) => apps(label(() => name)),
    () => apps(label(() => 'somebody')),
    /a process that starts anew writes: modify App web/,
    { compared: withoutLabels },
  ],
  [
    'noOrphans',
    () => apps(making(false)),
    () => apps(making(true)),
    /left over: Pod web-/,
    { compared: object => (object.kind === 'Pod' ? undefined : object) },
  ],
  [
    'noLeaks',
    watching(false),
    watching(true),
    /after the stop there are still 1 open watches of app-\d, 1 steps of app-\d \(deliver App\)/,
  ],
  ['noLeaks', listening(false), listening(true), /there are more open watches of app-\d: 2, 3, 4, 5/],
  ['noLeaks', polling(false), polling(true), /there are more timers of app-\d: \d/],
  [
    'observedGeneration',
    () => apps(observing(({ status }) => status !== undefined)),
    () => apps(observing(({ status, metadata }) => status?.['observedGeneration'] === metadata.generation)),
    /App web is at rest with observedGeneration \d, and its generation is \d/,
    { compared: ({ status: _status, ...object }) => object as App },
  ],
  [
    'observedGeneration',
    () => apps(copying('the object', 'the draft')),
    () => apps(copying('the draft', 'the draft')),
    /App web has observedGeneration 2, that of the draft; when the write was asked for, its spec had generation 1/,
  ],
  [
    'observedGeneration',
    () => apps(copying('the object', 'the draft')),
    () => apps(copying('the object', 'the object')),
    /write the generation that was acted on/,
  ],
  [
    'noStrayWork',
    () => apps(() => new Promise<void>(() => {})),
    () => apps((_key, _owner, { env }) => env.clock.sleep(1_000)),
    /reconcile apps web waits for a promise that nobody settles, made at generic.test.ts:\d+/,
  ],
  ['noWriteAfterStop', parting(true), parting(false), /app-\d has stopped, and writes: modify App web/],
]

describe.each(twins)('%s', (invariant, broken, sound, message, more = {}) => {
  test('is broken by one', async () => {
    const failure = await failureOf(broken, more)
    expect([failure.invariant, failure.message]).toEqual([invariant, expect.stringMatching(message)])
  })

  test('is all that it breaks', async () => {
    const except = [invariant] as CheckOptions['except'] & readonly unknown[]
    await expect(check(broken, { ...base, ...more, except })).resolves.toBeDefined()
  })

  test('is kept by its twin', async () => {
    await expect(check(sound, { ...base, ...more })).resolves.toBeDefined()
  })
})

describe('a world that runs in circles', () => {
  test('is reported with the steps that repeat', async () => {
    const failure = await failureOf(() =>
      apps(async (key, owner, { client }) => {
        if (owner === undefined) return
        const isOn = owner.metadata.labels['on'] === 'yes'
        await client.modify(App, key, draft => void (draft.metadata.labels['on'] = isOn ? 'no' : 'yes'))
      }),
    )
    expect(failure.invariant).toBe('noHotLoop')
    const { violation, trace } = failure.simulation
    const { from, length } = violation?.loop ?? { from: 0, length: 0 }
    expect(trace.slice(from, from + length).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['reconcile', 'commit', 'deliver']),
    )
    expect(length).toBeLessThan(8)
  })

  test('may do so without repeating itself', async () => {
    let makes = 0
    const failure = await failureOf(() => {
      let looks = 0
      const run = ++makes
      return apps(async (key, owner, { client }) => {
        if (owner !== undefined && run > 0)
          await client.create(Pod, podOf(owner, `${key.name}-${owner.metadata.uid}-${++looks}`))
      })
    })
    expect([failure.invariant, failure.simulation.violation?.loop]).toEqual(['noHotLoop', undefined])
  })
})

describe('invariants of the options', () => {
  const lit = ({ metadata }: App): boolean => metadata.labels['is'] === 'lit'
  const isLit = eventually('it is lit', ({ reader }) => reader.list(App).items.some(lit))

  test('are judged like the generic ones', async () => {
    const lights = () => apps(label(() => 'lit'))
    await expect(check(lights, { ...base, invariants: [isLit] })).resolves.toBeDefined()
    const dark = await failureOf(() => apps(idle), { invariants: [isLit] })
    expect(dark.invariant).toBe('it is lit')
  })

  test('see who did what to which object', async () => {
    const seen = new Set<string>()
    const invariants = [
      always('it is seen', ({ step, changes, timeMs, steps }) => {
        for (const { before, after } of changes)
          seen.add(
            `${step.actor.replace(/\d/, '')} ${before === undefined ? 'makes' : after === undefined ? 'ends' : 'writes'}`,
          )
        return timeMs >= steps
      }),
    ]
    await check(() => apps(label(() => 'lit')), { ...base, invariants })
    expect([...seen].sort()).toEqual(['app- writes', 'user ends', 'user makes', 'user writes'])
  })

  test('fail by their names when they throw', async () => {
    const broken = always('never asked', () => {
      throw new RangeError('out of range')
    })
    const failure = await failureOf(() => apps(idle), { invariants: [broken] })
    expect(failure.message).toMatch(/^never asked does not hold: looking at it throws: out of range/)
  })

  test('begin anew for each execution', async () => {
    let begun = 0
    const invariants = [{ name: 'counted', begin: () => (begun++, {}) }]
    const { executions } = await check(() => apps(idle), { ...base, invariants })
    expect(begun).toBeGreaterThanOrEqual(executions)
  })

  test.each([
    ['a name twice', { invariants: [isLit, isLit] }, /with a name of its own/],
    [
      'the name of a generic one',
      { invariants: [always('converges', () => true)] },
      /with a name of its own/,
    ],
    ['an exception that does not exist', { except: ['luck'] }, /must be one of converges/],
    ['an execution without an end', { except: ['noHotLoop'] }, /is what ends an execution/],
    [
      'a fault that could only break what is excepted',
      { except: ['historyInsensitive'], faults: { edit: 1 } },
      /leaves out the fault edit/,
    ],
  ])('are refused with %s', async (_what, more, message) => {
    await expect(check(() => apps(idle), { ...base, ...(more as object) })).rejects.toThrow(message)
  })
})

test('what asks to be looked at again for ever does not leak', async () => {
  const patient = () => apps((_key, owner) => (owner === undefined ? undefined : requeueAfter(60_000)))
  await expect(check(patient, base)).resolves.toBeDefined()
})
