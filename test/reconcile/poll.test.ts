import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PollOptions } from '../../src/reconcile/attempt/result.js'
import { nextPause } from '../../src/reconcile/controller/poll-pauses.js'
import type { Result } from '../../src/reconcile/index.js'
import { poll, requeueAfter } from '../../src/reconcile/index.js'
import { ref, Widget, widget } from '../fixtures/kinds.js'
import type { WidgetWorld } from './widget-world.js'
import { resize, startWorld } from './widget-world.js'

const options = { minMs: 100, maxMs: 1_000, factor: 2 }

/** A world of one widget, whose runs are noted by their times since the first. */
async function polled(result: (run: number) => Result | undefined, more: object = {}): Promise<Polled> {
  const runs: number[] = []
  const world = await startWorld({
    reconcile: (_key, object, { env }) => {
      if (object === undefined) return
      runs.push(env.clock.monotonic())
      return result(runs.length - 1)
    },
    ...more,
  })
  await world.env.run(() => world.store.create(Widget, widget('a')))
  await world.env.settle()
  return { ...world, pauses: () => runs.slice(1).map((at, index) => at - (runs[index] ?? 0)) }
}

interface Polled extends WidgetWorld {
  /** Between one run and the next. */
  readonly pauses: () => readonly number[]
}

describe('a key that polls', () => {
  test('is looked at less and less often, down to once per maxMs', async () => {
    const { env, pauses } = await polled(() => poll(options))
    await env.advance(4_499)
    expect(pauses()).toEqual([100, 200, 400, 800, 1_000, 1_000])
  })

  test('begins at minMs again when a change wakes it', async () => {
    const world = await polled(() => poll(options))
    await world.env.advance(1_000)
    await resize(world, 'a', 2)
    await world.env.advance(350)
    expect(world.pauses()).toEqual([100, 200, 400, 300, 100, 200])
  })

  test('and when it is enqueued, though not when a resync looks at it', async () => {
    const { env, controller, pauses } = await polled(() => poll({ minMs: 600, maxMs: 9_600 }), {
      resyncMs: 5_000,
    })
    await env.advance(600)
    controller.enqueue(ref('a'))
    await env.advance(4_399)
    expect(pauses()).toEqual([600, 0, 600, 1_200, 2_400])
    expect(controller.inspect(ref('a'))?.dueInMs).toBe(4_601)
    await env.advance(1)
    expect(pauses().slice(-1)).toEqual([200])
    expect(controller.inspect(ref('a'))?.dueInMs).toBe(9_600)
  })

  test.each([
    ['a failure', () => Promise.reject(new Error('not now'))],
    ['another wish', () => requeueAfter(5)],
  ])('begins at minMs again after %s', async (_, other) => {
    const { env, pauses } = await polled(run => (run === 2 ? (other() as Result) : poll(options)))
    await env.advance(305 + 150)
    expect(pauses()).toEqual([100, 200, 5, 100])
  })

  test('is healthy, at rest between two looks, and waits as inspect says', async () => {
    const { controller } = await polled(() => poll(options))
    expect(controller.isSettled()).toBe(true)
    expect(controller.inspect(ref('a'))).toMatchObject({
      state: 'delayed',
      dueInMs: 100,
      failures: 0,
      reasons: ['poll'],
    })
  })

  test('is forgotten with its object', async () => {
    const { env, store, pauses } = await polled(() => poll(options))
    await env.advance(300)
    await env.run(() => store.delete(Widget, ref('a')))
    await env.settle()
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(100)
    expect(pauses().slice(-1)).toEqual([100])
  })
})

test('pauses never shrink, and stay between minMs and maxMs', () => {
  const bounds = fc.record({
    minMs: fc.double({ min: 0.1, max: 1e4, noNaN: true }),
    over: fc.double({ min: 0, max: 1e5, noNaN: true }),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
  })
  fc.assert(
    fc.property(bounds, ({ minMs, over, factor }) => {
      const maxMs = minMs + over
      let last = nextPause({ minMs, maxMs, factor }, undefined)
      expect(last).toBe(minMs)
      for (let run = 0; run < 50; run++) {
        const next = nextPause({ minMs, maxMs, factor }, last)
        expect(next).toBe(Math.min(maxMs, last * factor))
        last = next
      }
    }),
  )
})

test.each<[Partial<PollOptions>, string]>([
  [{ minMs: 0 }, 'minMs'],
  [{ minMs: Number.NaN }, 'minMs'],
  [{ minMs: -1 }, 'minMs'],
  [{ maxMs: 99 }, 'maxMs'],
  [{ maxMs: Number.POSITIVE_INFINITY }, 'maxMs'],
  [{ factor: 0.5 }, 'factor'],
  [{ factor: Number.NaN }, 'factor'],
])('a poll with %o is refused', (wrong, field) => {
  expect(() => poll({ ...options, ...wrong })).toThrow(
    expect.objectContaining({ code: 'Invalid', message: expect.stringContaining(field) }),
  )
})
