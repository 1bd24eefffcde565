import { describe, expect, test } from 'vitest'
import { KeelsonError } from '../../src/core/index.js'
import { decideOutcome } from '../../src/reconcile/controller/outcome.js'
import type { ControllerOptions } from '../../src/reconcile/index.js'
import {
  createController,
  exponentialLimiter,
  giveUpLimiter,
  RetryAfterError,
  TerminalError,
} from '../../src/reconcile/index.js'
import { ref, Widget, widget } from '../fixtures/kinds.js'
import type { WidgetWorld } from './widget-world.js'
import { startWorld } from './widget-world.js'

type Rules = NonNullable<ControllerOptions<unknown, unknown>['errors']>

class QuotaError extends Error {
  readonly code = 'OutOfQuota'
}
class HugeQuotaError extends QuotaError {}
class Refused extends Error {
  readonly code = 'ECONNREFUSED'
}

const slow = exponentialLimiter({ baseMs: 1_000 })
const conflict = new KeelsonError({
  code: 'Conflict',
  message: 'stale',
  details: { kind: 'Widget', name: 'a' },
})

describe('what follows from an error', () => {
  test.each<[string, Error, Rules, object]>([
    ['of a code', new QuotaError('x'), [{ code: 'OutOfQuota', then: 'terminal' }], { kind: 'terminal' }],
    [
      'of one of several codes',
      new Refused('x'),
      [{ code: ['ETIMEDOUT', 'ECONNREFUSED'], then: 'pause', pauseMs: 7 }],
      { kind: 'pause', pauseMs: 7 },
    ],
    ['of a class', new HugeQuotaError('x'), [{ class: QuotaError, then: 'terminal' }], { kind: 'terminal' }],
    [
      'of a class and a code',
      new QuotaError('x'),
      [{ class: QuotaError, code: 'Other', then: 'terminal' }],
      { kind: 'retry', afterMs: 5 },
    ],
    [
      'that two rules fit: the first decides',
      new QuotaError('x'),
      [
        { code: 'OutOfQuota', then: 'retry', limiter: slow },
        { class: Error, then: 'terminal' },
      ],
      { kind: 'retry', afterMs: 1_000 },
    ],
    [
      'that a limiter gives up',
      new QuotaError('x'),
      [{ code: 'OutOfQuota', then: 'retry', limiter: giveUpLimiter(slow, 0) }],
      { kind: 'terminal' },
    ],
    ['that no rule fits', new Error('x'), [{ code: 'OutOfQuota', then: 'terminal' }], { kind: 'retry' }],
    ['Conflict, by a rule', conflict, [{ code: 'Conflict', then: 'retry' }], { kind: 'retry', afterMs: 5 }],
    ['Conflict, without one', conflict, [{ class: QuotaError, then: 'retry' }], { kind: 'conflict' }],
    [
      'TerminalError, by a rule',
      new TerminalError('x'),
      [{ code: 'Terminal', then: 'retry' }],
      { kind: 'retry' },
    ],
    [
      'RetryAfterError, by a rule',
      new RetryAfterError(50, 'x'),
      [{ code: 'RetryAfter', then: 'pause' }],
      { kind: 'pause', pauseMs: 30_000 },
    ],
  ])('%s', (_what, error, rules, outcome) => {
    const end = { kind: 'threw', error } as const
    const decided = decideOutcome(end, { failures: 0, conflicts: 0 }, exponentialLimiter(), rules)
    expect(decided).toMatchObject({ ...outcome, error })
  })
})

interface Outage extends WidgetWorld {
  isDown: boolean
  /** Times and keys of the attempts. */
  readonly attempts: (readonly [number, string])[]
}

/** Three widgets whose service may be down. */
async function outage(more: object = {}): Promise<Outage> {
  const attempts: (readonly [number, string])[] = []
  const state = { isDown: false }
  const world = await startWorld({
    errors: [{ code: 'ECONNREFUSED', then: 'pause', pauseMs: 1_000 }],
    reconcile: (key, object, { env }) => {
      if (object === undefined) return
      attempts.push([env.clock.monotonic(), key.name])
      if (state.isDown) throw new Refused('no answer')
    },
    ...more,
  })
  for (const name of ['a', 'b', 'c']) await world.env.run(() => world.store.create(Widget, widget(name)))
  await world.env.run(() => world.manager.settled())
  attempts.length = 0
  return Object.assign(state, world, { attempts })
}

describe('a pause', () => {
  test('lets no other key begin; then one at a time is tried, later and later, until one passes', async () => {
    const world = await outage()
    const { env, controller, attempts } = world
    const startMs = env.clock.monotonic()
    world.isDown = true
    for (const name of ['a', 'b', 'c']) controller.enqueue(ref(name))
    await env.advance(6_999)
    expect(attempts.map(([at]) => at - startMs)).toEqual([0, 1_000, 3_000])
    expect(controller.status()).toMatchObject({ failures: 3 })
    expect(controller.status().pause).toMatchObject({ leftMs: 1, error: { message: 'no answer' } })
    world.isDown = false
    await env.advance(1)
    await env.run(() => world.manager.settled())
    expect(new Set(attempts.slice(3).map(([, name]) => name))).toEqual(new Set(['a', 'b', 'c']))
    expect(controller.status()).toMatchObject({ failures: 0 })
    expect(controller.status().pause).toBeUndefined()
  })

  test('is told by health, and ends there with it', async () => {
    const world = await outage()
    const { env, controller, manager } = world
    world.isDown = true
    controller.enqueue(ref('a'))
    await env.settle()
    expect(manager.health()).toMatchObject({
      live: true,
      ready: false,
      checks: [{ name: 'widgets', ok: false, message: 'begins nothing for 1000 ms: no answer' }],
    })
    world.isDown = false
    await env.advance(1_000)
    expect(manager.health().ready).toBe(true)
  })

  test('begins again at its first length after a success', async () => {
    const world = await outage()
    const { env, controller, attempts } = world
    world.isDown = true
    controller.enqueue(ref('a'))
    await env.advance(1_500)
    world.isDown = false
    await env.advance(10_000)
    world.isDown = true
    attempts.length = 0
    const startMs = env.clock.monotonic()
    controller.enqueue(ref('a'))
    await env.advance(1_000)
    expect(attempts.map(([at]) => at - startMs)).toEqual([0, 1_000])
  })

  test('is not lengthened by attempts that began before it, nor ended by their success', async () => {
    const world = await outage({
      concurrency: 3,
      reconcile: async (key: { readonly name: string }, _object: unknown, { env }: WidgetWorld) => {
        const { [key.name]: ms = 0 } = { a: 10, b: 20, c: 30 } as Record<string, number>
        await env.clock.sleep(ms)
        if (key.name !== 'c') throw new Refused(key.name)
      },
    })
    const { env, controller } = world
    await env.advance(60_000)
    for (const name of ['c', 'b', 'a']) controller.enqueue(ref(name))
    await env.advance(30)
    expect(controller.status().pause?.leftMs).toBeGreaterThan(0)
    expect(controller.status().inFlight).toBe(0)
  })
})

test.each<[unknown, string]>([
  [[{ then: 'retry' }], 'errors[0].code: must be a code'],
  [
    [
      { code: 'A', then: 'retry' },
      { code: 'B', then: 'ignore' },
    ],
    'errors[1].then: must be one of retry',
  ],
  [[{ class: 'Error', then: 'retry' }], 'errors[0].class: must be a class of errors'],
  [[{ code: 'A', then: 'terminal', limiter: slow }], 'errors[0].limiter: has no effect with terminal'],
  [[{ code: 'A', then: 'retry', pauseMs: 5 }], 'errors[0].pauseMs: has no effect with retry'],
  [
    [{ code: 'A', then: 'pause', pauseMs: 0 }],
    'errors[0].pauseMs: must be a finite number of milliseconds above 0',
  ],
])('rules that cannot work are refused: %j', (errors, message) => {
  const make = () =>
    createController({ name: 'c', for: Widget, errors: errors as Rules, reconcile: () => {} })
  expect(make).toThrow(expect.objectContaining({ code: 'Invalid' }))
  expect(make).toThrow(message)
})
