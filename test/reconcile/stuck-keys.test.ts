import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ToldLag } from '../../src/reconcile/controller/told-lag.js'
import { createController, createManager, createWorkQueue } from '../../src/reconcile/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'
import { breakable } from './breakable-client.js'
import { startWorld } from './widget-world.js'

describe('a controller with a key that hangs', () => {
  async function hanging(more: object = {}) {
    const world = await startWorld({
      reconcile: (key, object) => (object && key.name === 'a' ? new Promise<void>(() => {}) : undefined),
      ...more,
    })
    const { env, store } = world
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(1_000)
    await env.run(() => store.create(Widget, widget('b')))
    await env.settle()
    return world
  }

  test('says which runs, which waits, and for how long', async () => {
    const { env, controller } = await hanging()
    await env.advance(2_000)
    expect(controller.status()).toMatchObject({
      longestRun: { key: ref('a'), forMs: 3_000 },
      longestWait: { key: ref('b'), forMs: 2_000 },
      lagMs: 0,
    })
  })

  test('is not ready after five minutes, and alive', async () => {
    const { env, manager } = await hanging()
    await env.advance(299_000)
    expect(manager.health().ready).toBe(true)
    await env.advance(1)
    expect(manager.health()).toMatchObject({
      live: true,
      ready: false,
      checks: [{ name: 'widgets', ok: false, message: 'default/a runs for 300001 ms' }],
    })
  })

  test('or after unhealthyAfterMs, or never', async () => {
    const soon = await hanging({ unhealthyAfterMs: 5_000 })
    await soon.env.advance(4_001)
    expect(soon.manager.health().ready).toBe(false)
    const never = await hanging({ unhealthyAfterMs: Number.POSITIVE_INFINITY })
    await never.env.advance(86_400_000)
    expect(never.manager.health().ready).toBe(true)
  })
})

describe('a controller that is not told what the store has', () => {
  test('is not ready until it is', async () => {
    const end = { now: new AbortController() }
    const { env, store } = createWorld()
    const manager = createManager({ client: breakable(store, end) })
    const controller = createController({
      name: 'deaf',
      for: Widget,
      unhealthyAfterMs: 10_000,
      reconcile: () => {},
    })
    manager.add(controller)
    await env.run(() => manager.start())
    await env.advance(60_000)
    expect([controller.status().lagMs, manager.health().ready]).toEqual([0, true])

    end.now.abort()
    await env.run(() => store.create(Widget, widget('a')))
    expect([controller.status().lagMs, manager.health().ready]).toEqual([0, true])
    await env.advance(10_001)
    expect(manager.health()).toMatchObject({
      ready: false,
      checks: [{ name: 'deaf', message: 'has not been told for 10001 ms what the store has' }],
    })

    end.now = new AbortController()
    await env.run(() => manager.settled())
    expect([controller.status().lagMs, manager.health().ready]).toEqual([0, true])
  })

  test('counts from the first look that found news untold, for the same news', () => {
    const look = fc.record({
      passMs: fc.integer({ min: 0, max: 10 }),
      write: fc.boolean(),
      tell: fc.boolean(),
      look: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(look, { maxLength: 40 }), events => {
        let now = 0
        let newest = 0
        let told = 0
        const clock = { monotonic: () => now }
        const lag = new ToldLag({ clock, revision: () => newest, isTold: revision => told >= revision })
        /** Revision by revision: when it was written. */
        const writtenAt = [0]
        for (const event of events) {
          now += event.passMs
          if (event.write) writtenAt[++newest] = now
          if (event.tell) told = newest
          if (!event.look) continue
          const ms = lag.ms()
          const oldestUntold = writtenAt[told + 1] ?? now
          expect(ms).toBeLessThanOrEqual(now - oldestUntold)
          if (told === newest) expect(ms).toBe(0)
        }
      }),
    )
  })
})

test('the oldest of a queue is that which has been ready longest, whatever the priorities and classes', async () => {
  const add = fc.record({
    key: fc.integer({ min: 0, max: 12 }).map(String),
    priority: fc.integer({ min: -2, max: 2 }),
    takes: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(add, { maxLength: 40 }), async (isFair, adds) => {
      const env = createVirtualEnv()
      const fairness = { classOf: (key: string) => key.slice(-1) }
      const queue = createWorkQueue<string>({ env, ...(isFair ? { fairness } : {}) })
      for (const { key, priority, takes } of adds) {
        await env.advance(1)
        queue.add(key, { priority })
        const taken = takes ? queue.get() : undefined
        if (taken !== undefined) queue.done(taken)
        const waits = queue.list().map(({ wantedForMs = 0 }) => wantedForMs)
        expect(queue.oldest()?.wantedForMs).toBe(waits.length === 0 ? undefined : Math.max(...waits))
      }
    }),
    { numRuns: 30 },
  )
})
