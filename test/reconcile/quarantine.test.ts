import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Quarantine } from '../../src/reconcile/controller/quarantine.js'
import { createController, RetryAfterError } from '../../src/reconcile/index.js'
import { ref, Widget, widget } from '../fixtures/kinds.js'
import { resize, startWorld } from './widget-world.js'

test('a key is in quarantine exactly when its last failures look alike', () => {
  const event = fc.record({
    key: fc.constantFrom('a', 'b'),
    what: fc.constantFrom('x at 1', 'x at 27', 'y at 1', undefined),
  })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(event, { maxLength: 40 }), (after, events) => {
      const quarantine = new Quarantine(after)
      const failures = new Map<string, string[]>()
      for (const { key, what } of events) {
        if (what === undefined) {
          quarantine.forget(ref(key))
          failures.delete(key)
          continue
        }
        const kinds = [...(failures.get(key) ?? []), what.slice(0, 1)]
        failures.set(key, kinds)
        const last = kinds.slice(-after)
        const isAlike = last.length === after && new Set(last).size === 1
        expect(quarantine.failed(ref(key), new Error(what))).toBe(isAlike)
        expect(quarantine.keys().some(entry => entry.key.name === key)).toBe(isAlike)
      }
    }),
  )
})

describe('a controller with quarantineAfter', () => {
  test('tries a key no more that keeps failing in the same way, until something changes', async () => {
    let runs = 0
    const world = await startWorld({
      quarantineAfter: 3,
      reconcile: (_key, object) => {
        runs++
        if ((object?.spec.size ?? 0) < 3) throw new TypeError(`no such part, try ${runs}`)
      },
    })
    const { env, store, controller } = world
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(86_400_000)
    expect(runs).toBe(3)
    expect(controller.isSettled()).toBe(true)
    expect(controller.status()).toMatchObject({ failures: 1, delayed: 0 })
    expect(controller.status().quarantined).toEqual([
      { key: ref('a'), error: expect.any(TypeError), crashes: 3 },
    ])

    await resize(world, 'a', 2)
    await env.advance(86_400_000)
    expect([runs, controller.status().quarantined.length]).toEqual([4, 1])
    controller.enqueue(ref('a'))
    await env.advance(86_400_000)
    expect(runs).toBe(5)

    await resize(world, 'a', 3)
    expect(runs).toBe(6)
    expect(controller.status()).toMatchObject({ failures: 0, quarantined: [] })
  })

  test('goes on with a key that fails in different ways, or that says when to come back', async () => {
    let runs = 0
    const errors = [() => new Error('a'), () => new Error('b'), () => new RetryAfterError(5, 'later')]
    const { env, store, controller } = await startWorld({
      quarantineAfter: 2,
      reconcile: () => {
        throw errors[runs++ % 3]?.() ?? new Error('none')
      },
    })
    await env.run(() => store.create(Widget, widget('a')))
    await env.advance(60_000)
    expect(runs).toBeGreaterThan(9)
    expect(controller.status().quarantined).toEqual([])
  })

  test('lets an object go that is created again under its name', async () => {
    let runs = 0
    const { env, store } = await startWorld({
      quarantineAfter: 2,
      reconcile: (_key, object) => {
        if (object === undefined) return
        runs++
        throw new Error('never')
      },
    })
    for (const total of [2, 4]) {
      await env.run(() => store.create(Widget, widget('a')))
      await env.advance(60_000)
      expect(runs).toBe(total)
      await env.run(() => store.delete(Widget, ref('a')))
      await env.settle()
    }
  })

  test.each([0, 1.5, Number.NaN, -1])('of %s is refused', quarantineAfter => {
    const reconcile = (): void => {}
    expect(() => createController({ name: 'c', for: Widget, quarantineAfter, reconcile })).toThrow(
      expect.objectContaining({ code: 'Invalid', message: expect.stringContaining('quarantineAfter') }),
    )
  })
})

test('a key that loses every race is a failing key, and ends in quarantine like any other', async () => {
  let runs = 0
  const { env, store, controller } = await startWorld({
    quarantineAfter: 5,
    reconcile: async (_, object, { client }) => {
      runs++
      // Whatever it read, it writes what is older.
      if (object !== undefined)
        await client.updateStatus(Widget, {
          ...object,
          metadata: { ...object.metadata, resourceVersion: '1' },
          status: { size: runs },
        })
    },
  })
  await env.run(() => store.create(Widget, widget('z')))
  await env.run(() => store.create(Widget, widget('a')))
  await env.advance(3_600_000)
  expect(controller.status()).toMatchObject({ failures: 2 })
  expect(controller.status().quarantined.map(({ error }) => error)).toMatchObject([
    { code: 'Conflict' },
    { code: 'Conflict' },
  ])
  // Ten lost races and five failures of each key; the older one was of that version once.
  expect(runs).toBe(31)
  expect(env.logs.some(({ level }) => level === 'error')).toBe(true)
})
