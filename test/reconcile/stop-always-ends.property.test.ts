import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Event, Lease } from '../../src/api/index.js'
import type { Manager, Runnable, StopReport } from '../../src/reconcile/index.js'
import { createController, createManager } from '../../src/reconcile/index.js'
import type { Client } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { ref, Widget, widget } from '../fixtures/kinds.js'

const RENEW_DEADLINE_MS = 10_000
/** A lease, a candidate's longest pause, and room for the part's own delays. */
const QUIET_MS = 120_000

type How = 'works' | 'throws' | 'takes a while' | 'hangs'
const how = fc.constantFrom<How>('works', 'throws', 'takes a while', 'hangs')

interface Misbehaviour {
  readonly start: How
  readonly stop: How
  readonly needsLeadership: boolean
  readonly restart: 'never' | 'onFailure'
}

const misbehaviour: fc.Arbitrary<Misbehaviour> = fc.record({
  start: how,
  stop: how,
  needsLeadership: fc.boolean(),
  restart: fc.constantFrom<Misbehaviour['restart']>('never', 'onFailure'),
})

/** What befalls the candidate, after `afterMs`. */
const event = fc.record({
  kind: fc.constantFrom('the fence is deleted', 'the lease is taken', 'the store hangs', 'the store answers'),
  afterMs: fc.constantFrom(0, 1, 1_500, 20_000),
})

const scene = fc.record({
  elects: fc.boolean(),
  parts: fc.array(misbehaviour, { minLength: 1, maxLength: 3 }),
  reconcile: how,
  throwingListener: fc.boolean(),
  events: fc.array(event, { maxLength: 4 }),
  graceMs: fc.constantFrom(0, 1, 5_000),
  closesEnv: fc.constantFrom('never', 'before the stop', 'while it stops'),
})

function behave(way: How, client: Client): Promise<void> | void {
  if (way === 'throws') throw new Error('no')
  if (way === 'takes a while') return client.env.clock.sleep(3_000)
  return way === 'hangs' ? new Promise(() => {}) : undefined
}

/** Its writes never end while `isHanging`. */
function hanging(client: Client, isHanging: () => boolean): Client {
  return new Proxy(client, {
    get(target, member) {
      const value: unknown = Reflect.get(target, member)
      if (typeof value !== 'function') return value
      if (member === 'client')
        return (...given: Parameters<Client['client']>) => hanging(target.client(...given), isHanging)
      return (...given: unknown[]) =>
        isHanging() && ['create', 'update', 'transact', 'modifyStatus'].includes(String(member))
          ? new Promise(() => {})
          : Reflect.apply(value, target, given)
    },
  })
}

function open({
  elects,
  parts,
  reconcile,
  throwingListener,
}: typeof scene extends fc.Arbitrary<infer S> ? S : never) {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Event, Lease, Widget], env: env.fork('store') })
  const world = { env, store, isHanging: false, process: env.fork('a') }
  const client = hanging(store.client(world.process), () => world.isHanging)
  const election = { kind: Lease, lease: 'x', identity: 'a', renewDeadlineMs: RENEW_DEADLINE_MS }
  const manager = createManager({ client, ...(elects ? { leaderElection: election } : {}) })
  for (const [at, part] of parts.entries()) {
    const unit: Runnable = {
      name: `part ${at}`,
      start: given => behave(part.start, given),
      stop: () => behave(part.stop, client),
    }
    const { needsLeadership, restart } = part
    manager.add(unit, { needsLeadership, restart })
  }
  const controller = createController({
    name: 'widgets',
    for: Widget,
    events: Event,
    reconcile: async (_key, _object, { record }) => {
      record({ reason: 'Seen', note: 'it was looked at' })
      await behave(reconcile, client)
    },
  })
  if (throwingListener)
    controller.onProgress(() => {
      throw new Error('a listener of the test')
    })
  manager.add(controller)
  return { ...world, world, manager }
}

async function stopped(manager: Manager, advance: (ms: number) => Promise<unknown>, graceMs: number) {
  let report: StopReport | undefined
  void manager.stop({ gracePeriodMs: graceMs }).then(given => {
    report = given
  })
  await advance(graceMs + RENEW_DEADLINE_MS)
  return report
}

test('from any state, stop ends within its grace period and one renew deadline', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(scene, async given => {
      const { env, store, world, manager, process } = open(given)
      await env.run(() => store.create(Widget, widget('a')))
      void manager.start().catch(() => {})
      for (const { kind, afterMs } of given.events) {
        await env.advance(afterMs)
        await befall(kind)
      }
      if (given.closesEnv === 'while it stops') void manager.stop({ gracePeriodMs: 30_000 })
      if (given.closesEnv !== 'never') process.close()
      const report = await stopped(manager, ms => env.advance(ms), given.graceMs)
      expect(report).toBeDefined()
      expect(manager.status().state).toBe('stopped')

      async function befall(kind: string): Promise<void> {
        if (kind === 'the store hangs') world.isHanging = true
        if (kind === 'the store answers') world.isHanging = false
        const lease = { namespace: 'default', name: 'x' }
        if (kind === 'the fence is deleted')
          await env.run(() => store.delete(Lease, { ...lease, name: 'x-term' }).catch(() => {}))
        if (kind === 'the lease is taken' && store.get(Lease, lease) !== undefined)
          await env.run(() =>
            store.modify(Lease, lease, draft => {
              draft.spec = { ...draft.spec, holderIdentity: 'b' }
            }),
          )
      }
    }),
    { numRuns: 150 },
  )
})

test('a candidate that is alive campaigns, whatever its parts do', { timeout: 60_000 }, async () => {
  const led = misbehaviour.map(part => ({ ...part, needsLeadership: true, restart: 'onFailure' as const }))
  const alive = scene.map(given => ({ ...given, elects: true, closesEnv: 'never' as const }))
  await fc.assert(
    fc.asyncProperty(alive, fc.array(led, { minLength: 1, maxLength: 3 }), async (given, parts) => {
      const { env, store, manager } = open({ ...given, parts })
      void manager.start().catch(() => {})
      for (const { afterMs } of given.events) {
        await env.advance(afterMs)
        await env.run(() => store.delete(Lease, { namespace: 'default', name: 'x-term' }).catch(() => {}))
      }
      await env.advance(QUIET_MS)
      expect(manager.status().election?.leading).toBe(true)
      expect(await stopped(manager, ms => env.advance(ms), given.graceMs)).toBeDefined()
    }),
    { numRuns: 100 },
  )
})

test('what a controller had queued before a stop that found its env closed is not reconciled', async () => {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Widget], env: env.fork('store') })
  const process = env.fork('a')
  const manager = createManager({ client: store.client(process) })
  const seen: string[] = []
  manager.add(createController({ name: 'w', for: Widget, reconcile: ({ name }) => void seen.push(name) }))
  await env.run(() => manager.start())
  await store.create(Widget, widget('a'))
  process.close()
  expect(await env.run(() => manager.stop())).toEqual([{ name: 'w', outcome: 'stopped' }])
  expect(store.get(Widget, ref('a'))).toBeDefined()
  expect(seen).toEqual([])
})
