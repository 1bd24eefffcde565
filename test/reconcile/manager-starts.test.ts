import { describe, expect, test } from 'vitest'
import { Lease } from '../../src/api/index.js'
import type { Runnable, StopReport } from '../../src/reconcile/index.js'
import { createController, createManager, fromStream } from '../../src/reconcile/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { Part, Secret, Widget, widget } from '../fixtures/kinds.js'

const election = { kind: Lease, lease: 'x', identity: 'a' }
const lease = { namespace: 'default', name: 'x' }

function open(elects: boolean) {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Widget, Lease], env })
  return {
    env,
    store,
    manager: createManager({ client: store, ...(elects ? { leaderElection: election } : {}) }),
  }
}

const hangs: Runnable = { name: 'hangs', start: () => new Promise(() => {}), stop: () => {} }

describe('a part that does not end its start', () => {
  test.each([true, false])('does not hold up a stop beyond its grace period; led: %s', async elects => {
    const { env, manager } = open(elects)
    manager.add(hangs)
    const starting = manager.start().catch((error: unknown) => error)
    await env.advance(1_000)
    let report: StopReport | undefined
    void manager.stop({ gracePeriodMs: 1_000 }).then(given => {
      report = given
    })
    await env.advance(1_000)
    expect(report).toEqual([{ name: 'hangs', outcome: 'abandoned' }])
    expect(await starting).toMatchObject({ code: 'Closed' })
    expect(manager.status()).toMatchObject({ state: 'stopped' })
  })

  test('and loses its leadership meanwhile is started again when it leads again', async () => {
    const { env, store, manager } = open(true)
    let starts = 0
    manager.add({ ...hangs, start: () => (++starts === 1 ? new Promise<void>(() => {}) : undefined) })
    void manager.start()
    await env.advance(1_000)
    expect(manager.health()).toMatchObject({ ready: false })
    await env.run(() =>
      store.modify(Lease, lease, draft => {
        draft.spec = { ...draft.spec, holderIdentity: 'b' }
      }),
    )
    await env.advance(60_000)
    expect(manager.status().election).toMatchObject({ leading: true })
    expect(starts).toBe(2)
    expect(manager.health()).toMatchObject({ live: true, ready: true })
  })
})

describe('a stop during a start', () => {
  function server(env: ReturnType<typeof createVirtualEnv>, calls: string[]): Runnable {
    return {
      name: 'server',
      start: async () => {
        await env.clock.sleep(5_000)
        calls.push('opened')
      },
      stop: () => void calls.push('closed'),
    }
  }

  test('waits for it, and stops what it opened', async () => {
    const { env, manager } = open(false)
    const calls: string[] = []
    manager.add(server(env, calls))
    void manager.start().catch(() => {})
    await env.advance(1_000)
    expect(await env.run(() => manager.stop())).toEqual([{ name: 'server', outcome: 'stopped' }])
    expect(calls).toEqual(['closed', 'opened', 'closed'])
  })

  test('that is over before it stops what it opens later all the same', async () => {
    const { env, manager } = open(false)
    const calls: string[] = []
    manager.add(server(env, calls))
    void manager.start().catch(() => {})
    await env.advance(1_000)
    const report = await env.run(() => manager.stop({ gracePeriodMs: 10 }))
    expect(report).toEqual([{ name: 'server', outcome: 'abandoned' }])
    await env.advance(10_000)
    expect(calls).toEqual(['closed', 'opened', 'closed'])
  })
})

test('a controller on standby is in the report', async () => {
  const { env, store, manager } = open(true)
  const other = createManager({ client: store, leaderElection: { ...election, identity: 'b' } })
  await env.run(() => other.start())
  manager.add(createController({ name: 'led', for: Widget, reconcile: () => {} }))
  manager.add({ name: 'always', start: () => {}, stop: () => {} }, { needsLeadership: false })
  await env.run(() => manager.start())
  expect(await env.run(() => manager.stop())).toEqual([
    { name: 'led', outcome: 'stopped' },
    { name: 'always', outcome: 'stopped' },
  ])
})

test('a part whose `unhealthy` throws is unhealthy', async () => {
  const { env, manager } = open(false)
  manager.add({
    name: 'a',
    start: () => {},
    stop: () => {},
    unhealthy: () => {
      throw new Error('no answer')
    },
  })
  await env.run(() => manager.start())
  expect(manager.health()).toMatchObject({ ready: false, checks: [{ name: 'a', message: 'no answer' }] })
})

describe('a kind that the store does not know', () => {
  const reconcile = (): void => {}
  const controllers = {
    for: () => createController({ name: 'w', for: Part, reconcile }),
    owns: () => createController({ name: 'w', for: Widget, owns: [Part], reconcile }),
    watches: () =>
      createController({ name: 'w', for: Widget, watches: [{ kind: Part, map: () => [] }], reconcile }),
  }
  test.each(['for', 'owns', 'watches'] as const)('of `%s` fails the start and is named', async where => {
    for (const elects of [true, false])
      for (const restart of ['never', 'onFailure'] as const) {
        const { env, manager } = open(elects)
        manager.add(controllers[where](), { restart })
        await expect(env.run(() => manager.start())).rejects.toMatchObject({
          code: 'Usage',
          message: expect.stringContaining('Part'),
        })
        expect(manager.status().state).toBe('stopped')
      }
  })

  test('of an election does too', async () => {
    const env = createVirtualEnv()
    const store = createStore({ kinds: [Secret], env })
    const manager = createManager({ client: store, leaderElection: election })
    await expect(env.run(() => manager.start())).rejects.toThrow('Lease')
  })
})

test('a start that fails leaves no signal subscribed', async () => {
  const { env, store } = open(false)
  let subscribed = 0
  const stream = {
    subscribe: () => {
      subscribed++
      return { unsubscribe: () => void subscribed-- }
    },
  }
  const controller = createController({
    name: 'w',
    for: Widget,
    signals: [fromStream<string>('s', stream, () => [])],
    reconcile: () => {},
  })
  await store.close()
  await expect(env.run(() => controller.start(store))).rejects.toMatchObject({ code: 'Closed' })
  expect(subscribed).toBe(0)
})

describe('a part that is added after the start', () => {
  const seeing = (name: string, seen: string[]) =>
    createController({ name, for: Widget, reconcile: key => void seen.push(`${name} ${key.name}`) })

  test.each([true, false])('runs, settles, stops and depends as the others; led: %s', async elects => {
    const { env, store, manager } = open(elects)
    const seen: string[] = []
    await env.run(() => store.create(Widget, widget('w')))
    await env.run(() => manager.start())
    manager.add(seeing('late', seen))
    manager.add(hangsNot('later', seen), { dependsOn: ['late'] })
    await env.run(() => manager.settled())
    expect(seen).toEqual(['later starts', 'late w'])
    expect(() => manager.add(hangsNot('x', seen), { dependsOn: ['nothing'] })).toThrow(/nothing/)
    expect(await env.run(() => manager.stop())).toEqual([
      { name: 'later', outcome: 'stopped' },
      { name: 'late', outcome: 'stopped' },
    ])
  })

  test('stands by, starts with the next reign, and is stopped with it', async () => {
    const { env, store, manager } = open(true)
    const other = createManager({ client: store, leaderElection: { ...election, identity: 'b' } })
    await env.run(() => other.start())
    await env.run(() => store.create(Widget, widget('w')))
    await env.run(() => manager.start())
    const seen: string[] = []
    manager.add(seeing('late', seen))
    await env.advance(1_000)
    expect(seen).toEqual([])
    await env.run(() => other.stop())
    await env.advance(10_000)
    expect(seen).toEqual(['late w'])
    expect(await env.run(() => manager.stop())).toEqual([{ name: 'late', outcome: 'stopped' }])
  })

  test('while the others start waits its turn', async () => {
    const { env, manager } = open(false)
    const seen: string[] = []
    const slow = { ...hangs, name: 'slow', start: () => env.clock.sleep(1_000) }
    manager.add(slow)
    const started = manager.start()
    manager.add(hangsNot('late', seen))
    await env.advance(999)
    expect(seen).toEqual([])
    await env.run(() => started)
    expect(seen).toEqual(['late starts'])
  })

  test('and cannot be started stops the manager, as its options say', async () => {
    const { env, manager } = open(false)
    await env.run(() => manager.start())
    manager.add(createController({ name: 'unknown', for: Part, reconcile: () => {} }))
    const report = await env.run(() => manager.finished())
    expect(report).toMatchObject([])
    expect(manager.health()).toMatchObject({ live: false, checks: [{ name: 'unknown', ok: false }] })
  })
})

function hangsNot(name: string, seen: string[]): Runnable {
  return { name, start: () => void seen.push(`${name} starts`), stop: () => {} }
}
