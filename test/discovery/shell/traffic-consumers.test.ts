import { describe, expect, test } from 'vitest'
import { EndpointSlice, Service, TrafficConsumer } from '../../../src/api/index.js'
import type { Clock } from '../../../src/core/index.js'
import { createEnv } from '../../../src/core/index.js'
import type { ConsumerReport, Registry } from '../../../src/discovery/index.js'
import {
  createRegistry,
  createRegistryFeed,
  createTrafficAck,
  createTrafficConsumers,
  createTrafficReporter,
} from '../../../src/discovery/index.js'
import type { TrafficConsumersOptions } from '../../../src/discovery/shell/traffic-consumers.js'
import type { Runnable } from '../../../src/reconcile/index.js'
import { createStore } from '../../../src/store/index.js'
import type { World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'

const namespace = 'prod'
const ports = [{ name: 'http', port: 80 }]

function world(): World {
  return createWorld({ kinds: [Service, EndpointSlice, TrafficConsumer] })
}

async function setReady(w: World, isReady: boolean): Promise<number> {
  const conditions = { ready: isReady, serving: isReady, terminating: false }
  const endpoints = [{ id: 'e', addresses: ['10.0.0.1'], ports: { http: 80 }, conditions }]
  const spec = { serviceName: 'web', addressType: 'IPv4', endpoints } as const
  const ref = { namespace, name: 'web-1' }
  if (w.store.get(EndpointSlice, ref) === undefined) {
    await w.store.create(Service, { metadata: { namespace, name: 'web' }, spec: { ports } })
    await w.store.create(EndpointSlice, { metadata: ref, spec })
  } else await w.store.modify(EndpointSlice, ref, draft => void Object.assign(draft.spec, spec))
  await w.env.settle()
  return w.store.revision
}

/** A process with a proxy that acknowledges what its registry shows when it is told to. */
function proxy(
  name: string,
  progressMs = 1000,
): { registry: Registry; parts: Runnable[]; catchUp: () => void } {
  const registry = createRegistry()
  const consumer = registry.consumer('proxy')
  const parts = [createRegistryFeed(registry, { progressMs }), createTrafficReporter(registry, { name })]
  return { registry, parts, catchUp: () => consumer.ack(registry.revision) }
}

/** A process that waits for the others. */
async function waiting(w: World, options: TrafficConsumersOptions = {}): Promise<Registry> {
  const registry = createRegistry()
  await w.start(createRegistryFeed(registry), createTrafficConsumers(registry, options))
  return registry
}

function waitFor(w: World, registry: Registry, revision: number): { report?: ConsumerReport } {
  const found: { report?: ConsumerReport } = {}
  void registry.waitForConsumers(revision, { clock: w.env.clock, timeoutMs: 60_000 }).then(report => {
    found.report = report
  })
  return found
}

/** A clock that jumps, as for a process that stood still: each timer that is due fires once, late. */
function standingClock(): { readonly clock: Clock; readonly pass: (ms: number) => Promise<void> } {
  let ms = 0
  const timers = new Map<() => void, number>()
  const clock: Clock = {
    ...createEnv().clock,
    monotonic: () => ms,
    after: (delayMs, step) => {
      const fire = (): void => step()
      timers.set(fire, ms + delayMs)
      return () => void timers.delete(fire)
    },
  }
  const pass = async (byMs: number): Promise<void> => {
    ms += byMs
    for (const [fire, dueMs] of [...timers]) {
      if (dueMs > ms || !timers.delete(fire)) continue
      fire()
    }
    await new Promise(resolve => setImmediate(resolve))
  }
  return { clock, pass }
}

describe('consumers in other processes', () => {
  test('are waited for until what they report has reached the revision', async () => {
    const w = world()
    await setReady(w, true)
    const registry = await waiting(w)
    const [one, two] = [proxy('one'), proxy('two')]
    await w.startProcess('one', ...one.parts)
    await w.startProcess('two', ...two.parts)
    const revision = await setReady(w, false)
    const found = waitFor(w, registry, revision)
    one.catchUp()
    await w.env.advance(5000)
    expect(found.report).toBeUndefined()
    two.catchUp()
    await w.env.advance(100)
    expect(found.report).toEqual({ kind: 'acknowledged', revision, silent: [] })
  })

  test('one that was killed is not waited for after 15 s, and is named; others still are', async () => {
    const w = world()
    const registry = await waiting(w)
    const [one, two] = [proxy('one'), proxy('two')]
    const { crash } = await w.startProcess('one', ...one.parts)
    await w.startProcess('two', ...two.parts)
    crash()
    const revision = await setReady(w, true)
    const found = waitFor(w, registry, revision)
    two.catchUp()
    await w.env.advance(14_000)
    expect(found.report).toBeUndefined()
    await w.env.advance(1500)
    expect(found.report).toEqual({ kind: 'acknowledged', revision, silent: ['process/one'] })
    const next = waitFor(w, registry, await setReady(w, false))
    await w.env.advance(30_000)
    expect(next.report).toBeUndefined()
  })

  test('its successor begins with nothing acknowledged, whatever was acknowledged before it', async () => {
    const w = world()
    const registry = await waiting(w)
    const first = proxy('one')
    const { crash } = await w.startProcess('one', ...first.parts)
    const revision = await setReady(w, true)
    first.catchUp()
    await w.env.advance(200)
    expect(waitFor(w, registry, revision)).toEqual({})
    await w.env.settle()
    crash()
    const second = proxy('one')
    await w.startProcess('one again', ...second.parts)
    const found = waitFor(w, registry, revision)
    await w.env.advance(20_000)
    expect(found.report).toBeUndefined()
    second.catchUp()
    await w.env.advance(100)
    expect(found.report).toMatchObject({ kind: 'acknowledged', silent: [] })
  })

  test('a wait under way does not end because a process is followed by another one of its name', async () => {
    const w = world()
    const registry = await waiting(w)
    const { crash } = await w.startProcess('one', ...proxy('one').parts)
    const found = waitFor(w, registry, await setReady(w, true))
    crash()
    const second = proxy('one')
    await w.startProcess('one again', ...second.parts)
    await w.env.advance(1000)
    expect(found.report).toBeUndefined()
    second.catchUp()
    await w.env.advance(200)
    expect(found.report).toMatchObject({ kind: 'acknowledged', silent: [] })
  })

  test('an edit of the object by somebody else is no sign of life', async () => {
    const w = world()
    const registry = await waiting(w)
    const { crash } = await w.startProcess('one', ...proxy('one').parts)
    crash()
    const found = waitFor(w, registry, await setReady(w, true))
    for (let i = 0; i < 20; i++) {
      await w.store.modify(TrafficConsumer, { name: 'one' }, draft => {
        draft.metadata.labels = { edit: String(i) }
      })
      await w.env.advance(1000)
    }
    expect(found.report).toMatchObject({ kind: 'acknowledged', silent: ['process/one'] })
  })

  test('while this process stood still nobody was silent', async () => {
    const { clock, pass } = standingClock()
    const store = createStore({ kinds: [TrafficConsumer] })
    const registry = createRegistry()
    const part = createTrafficConsumers(registry)
    await store.create(TrafficConsumer, {
      metadata: { name: 'one' },
      spec: { holderIdentity: 'a', acknowledgedRevision: 0, renewTime: '2026-01-01T00:00:00Z' },
    })
    await part.start(store.client(createEnv({ clock })), () => {})
    registry.apply(1, [])
    let report: ConsumerReport | undefined
    void registry.waitForConsumers(1, { clock, timeoutMs: 600_000 }).then(found => (report = found))
    await pass(1000)
    await pass(60_000)
    expect(report).toBeUndefined()
    for (let i = 0; i < 32; i++) await pass(500)
    expect(report).toMatchObject({ kind: 'acknowledged', silent: ['process/one'] })
    await part.stop()
  })

  test('the object of a process that never comes back goes after its time', async () => {
    const w = world()
    await waiting(w, { removeAfterMs: 600_000 })
    const { crash } = await w.startProcess('one', ...proxy('one').parts)
    await w.startProcess('two', ...proxy('two').parts)
    crash()
    await w.env.advance(590_000)
    expect(w.store.list(TrafficConsumer).items).toHaveLength(2)
    await w.env.advance(20_000)
    expect(w.store.list(TrafficConsumer).items.map(({ metadata }) => metadata.name)).toEqual(['two'])
  })

  test('one that stops in order leaves, and is not waited for from then on', async () => {
    const w = world()
    const registry = await waiting(w)
    const { manager } = await w.startProcess('one', ...proxy('one').parts)
    const found = waitFor(w, registry, await setReady(w, true))
    await w.env.run(() => manager.stop())
    await w.env.settle()
    expect(found.report).toMatchObject({ kind: 'acknowledged', silent: [] })
    expect(w.store.list(TrafficConsumer).items).toEqual([])
  })

  test('nothing that concerns a registry may be written for long: it still reaches a later revision', async () => {
    const w = world()
    await setReady(w, true)
    const one = proxy('one')
    one.registry.onChange(() => one.catchUp())
    await w.startProcess('one', ...one.parts)
    one.catchUp()
    await w.env.advance(10_000)
    // Its list is of a later revision than anything the other process was told.
    const registry = await waiting(w)
    const found = waitFor(w, registry, registry.revision)
    await w.env.advance(7000)
    expect(found.report).toMatchObject({ kind: 'acknowledged' })
  })

  test("processes that report and wait at once do not wait for each other's waiting", async () => {
    const w = world()
    const both = ['one', 'two'].map(name => {
      const { registry, parts, catchUp } = proxy(name)
      return { name, registry, parts: [...parts, createTrafficConsumers(registry)], catchUp }
    })
    for (const { name, parts } of both) await w.startProcess(name, ...parts)
    const revision = await setReady(w, true)
    const found = both.map(({ registry }) => waitFor(w, registry, revision))
    for (const { catchUp } of both) catchUp()
    await w.env.advance(300)
    expect(found.map(({ report }) => report?.kind)).toEqual(['acknowledged', 'acknowledged'])
  })
})

describe('a traffic reporter', () => {
  test('writes at most once per 100 ms while all changes, and once per 5 s while nothing does', async () => {
    const w = world()
    const one = proxy('one', 60_000)
    one.registry.onChange(() => one.catchUp())
    await w.startProcess('one', ...one.parts)
    const writtenMs: number[] = []
    w.store.watch(TrafficConsumer).on(() => writtenMs.push(w.env.clock.monotonic()))
    for (let i = 0; i < 100; i++) {
      await setReady(w, i % 2 === 0)
      await w.env.advance(10)
    }
    await w.env.advance(100)
    const gaps = writtenMs.slice(1).map((at, i) => at - (writtenMs[i] as number))
    expect(writtenMs.length).toBeGreaterThan(8)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100)
    const before = writtenMs.length
    await w.env.advance(50_000)
    expect(writtenMs.length - before).toBe(10)
  })

  test('fails when another process takes its name, and leaves that one alone', async () => {
    const w = world()
    const first = proxy('one')
    const { manager } = await w.startProcess('first', ...first.parts)
    await w.startProcess('second', ...proxy('one').parts)
    const holder = w.store.get(TrafficConsumer, { name: 'one' })?.spec.holderIdentity
    await w.env.advance(6000)
    expect(manager.health()).toMatchObject({ live: false })
    expect(JSON.stringify(manager.health())).toContain('another process reports as traffic consumer')
    await w.env.run(() => manager.stop())
    expect(w.store.get(TrafficConsumer, { name: 'one' })?.spec.holderIdentity).toBe(holder)
  })

  test.each([
    [{ name: '' }, 'name'],
    [{ name: 'a', intervalMs: 0 }, 'intervalMs'],
    [{ name: 'a', intervalMs: 100, heartbeatMs: 50 }, 'heartbeatMs'],
  ])('is refused %j', (options, field) => {
    expect(() => createTrafficReporter(createRegistry(), options)).toThrow(field)
    expect(() => createTrafficConsumers(createRegistry(), { silentMs: 0 })).toThrow('silentMs')
    expect(() => createTrafficConsumers(createRegistry(), { removeAfterMs: 5 })).toThrow('removeAfterMs')
    expect(() => createRegistryFeed(createRegistry(), { progressMs: 0 })).toThrow('progressMs')
  })
})

test('a rollout is told no while a process is behind, and yes when all follow', async () => {
  const w = world()
  const registry = await waiting(w)
  const one = proxy('one')
  await w.startProcess('one', ...one.parts)
  const revision = await setReady(w, true)
  const ack = createTrafficAck(registry, { clock: w.env.clock, timeoutMs: 1000 })
  const asked = async (): Promise<boolean | undefined> => {
    let answer: boolean | undefined
    void ack.reached(revision).then(reached => (answer = reached))
    await w.env.advance(1100)
    return answer
  }
  expect(await asked()).toBe(false)
  one.catchUp()
  expect(await asked()).toBe(true)
})
