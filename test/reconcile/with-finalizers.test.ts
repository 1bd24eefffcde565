import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Finalizer } from '../../src/reconcile/index.js'
import {
  exponentialLimiter,
  poll,
  RetryAfterError,
  requeueAfter,
  withFinalizers,
} from '../../src/reconcile/index.js'
import type { WidgetSpec, WidgetStatus } from '../fixtures/kinds.js'
import { ref, Widget, widget } from '../fixtures/kinds.js'
import { startWorld } from './widget-world.js'

type WidgetFinalizer = Finalizer<WidgetSpec, WidgetStatus>

const done = (name: string, events: string[]): WidgetFinalizer => ({
  name: `example.com/${name}`,
  cleanup: () => void events.push(name),
})

describe('finalizers', () => {
  test('are stored before the first run, all at once, and kept with those of others', async () => {
    const seen: (readonly string[])[] = []
    const { env, store } = await startWorld({
      reconcile: withFinalizers(Widget, [done('a', []), done('b', [])], (_, object) => {
        if (object !== undefined) seen.push(object.metadata.finalizers)
      }),
    })
    await env.run(() =>
      store.create(Widget, { metadata: { ...ref('x'), finalizers: ['other.org/c'] }, spec: { size: 1 } }),
    )
    await env.settle()
    expect(seen[0]).toEqual(['other.org/c', 'example.com/a', 'example.com/b'])
  })

  test('of an object that was deleted since it was read: it is cleaned up, and not run any more', async () => {
    const events: string[] = []
    const run = withFinalizers(Widget, [done('a', events)], (_, object) => {
      events.push(object === undefined ? 'gone' : 'run')
    })
    const { env, store } = await startWorld({
      reconcile: async (key, object, ctx) => {
        if (object?.metadata.finalizers.length === 0) {
          const { client } = ctx
          await client.modify(Widget, key, draft => void (draft.metadata.finalizers = ['example.com/a']))
          await client.delete(Widget, key)
        }
        return run(key, object, ctx)
      },
    })
    await env.run(() => store.create(Widget, widget('x')))
    await env.settle()
    expect(events).toEqual(['a', 'gone'])
  })

  test('are worked off in order, each before the next begins; then the object goes', async () => {
    const events: string[] = []
    const slow: WidgetFinalizer = {
      name: 'example.com/slow',
      cleanup: async (_, { env }) => {
        events.push('slow begins')
        await env.clock.sleep(1_000)
        events.push('slow ends')
      },
    }
    const { env, store } = await startWorld({
      reconcile: withFinalizers(Widget, [slow, done('b', events)], () => {}),
    })
    await env.run(() => store.create(Widget, widget('x')))
    await env.settle()
    await env.run(() => store.delete(Widget, ref('x')))
    await env.advance(500)
    expect(store.get(Widget, ref('x'))?.metadata.finalizers).toEqual(['example.com/slow', 'example.com/b'])
    await env.advance(600)
    expect(events).toEqual(['slow begins', 'slow ends', 'b'])
    expect(store.get(Widget, ref('x'))).toBeUndefined()
  })

  test('wait for a cleanup that fails or is not over, and say when a deletion is stuck', async () => {
    let tries = 0
    const stubborn: WidgetFinalizer = {
      name: 'example.com/stubborn',
      cleanup: () => {
        tries += 1
        if (tries === 1) throw new RetryAfterError(10_000, 'busy')
        return tries < 4 ? requeueAfter(200_000) : undefined
      },
    }
    const { env, store } = await startWorld({ reconcile: withFinalizers(Widget, [stubborn], () => {}) })
    await env.run(() => store.create(Widget, widget('x')))
    await env.settle()
    await env.run(() => store.delete(Widget, ref('x')))
    await env.advance(500_000)
    expect(tries).toBe(4)
    expect(store.get(Widget, ref('x'))).toBeUndefined()
    const stuck = env.logs.filter(log => JSON.stringify(log).includes('a deletion is stuck'))
    expect(stuck).toHaveLength(1)
  })

  test('are given up by force when that was asked for', async () => {
    const broken: WidgetFinalizer = {
      name: 'example.com/broken',
      cleanup: () => {
        throw new RetryAfterError(1_000, 'never')
      },
      forceAfterMs: 60_000,
    }
    const { env, store } = await startWorld({ reconcile: withFinalizers(Widget, [broken], () => {}) })
    await env.run(() => store.create(Widget, widget('x')))
    await env.settle()
    await env.run(() => store.delete(Widget, ref('x')))
    await env.advance(59_000)
    expect(store.get(Widget, ref('x'))).toBeDefined()
    await env.advance(2_000)
    expect(store.get(Widget, ref('x'))).toBeUndefined()
  })

  const never: Record<string, WidgetFinalizer['cleanup']> = {
    throws: () => {
      throw new Error('no')
    },
    'asks to come back': () => requeueAfter(3_600_000),
    polls: () => poll({ minMs: 1_000, maxMs: 10_000 }),
    hangs: () => new Promise(() => {}),
  }
  test.each(
    Object.keys(never).flatMap(how => [undefined, 1_000, 30_000].map(timeoutMs => [how, timeoutMs] as const)),
  )('are given up when cleanup %s, and attempts take %s ms at most', async (how, timeoutMs) => {
    const stubborn: WidgetFinalizer = {
      name: 'example.com/stubborn',
      cleanup: never[how] ?? (() => {}),
      forceAfterMs: 60_000,
    }
    const { env, store } = await startWorld({
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      limiter: exponentialLimiter({ maxMs: 10_000 }),
      reconcile: withFinalizers(Widget, [stubborn], () => {}),
    })
    await env.run(() => store.create(Widget, widget('x')))
    await env.settle()
    await env.run(() => store.delete(Widget, ref('x')))
    await env.advance(59_000)
    expect(store.get(Widget, ref('x'))).toBeDefined()
    await env.advance(25_000)
    expect(store.get(Widget, ref('x'))).toBeUndefined()
    expect(env.logs.some(({ message }) => message.startsWith('gave up a cleanup'))).toBe(true)
  })

  test('try a cleanup once before they give it up', async () => {
    const cleaned: string[] = []
    const { env, store } = await startWorld({
      reconcile: withFinalizers(
        Widget,
        [
          {
            name: 'example.com/late',
            cleanup: async ({ metadata }, ctx) => {
              await ctx.env.clock.sleep(2_000)
              cleaned.push(metadata.name)
            },
            forceAfterMs: 0,
          },
        ],
        () => {},
      ),
    })
    await env.run(() => store.create(Widget, widget('x')))
    await env.settle()
    await env.run(() => store.delete(Widget, ref('x')))
    await env.advance(3_000)
    expect(cleaned).toEqual(['x'])
    expect(store.get(Widget, ref('x'))).toBeUndefined()
  })

  test('do not touch an object that took the name meanwhile', async () => {
    const slow: WidgetFinalizer = {
      name: 'example.com/slow',
      cleanup: (_, { env }) => env.clock.sleep(1_000),
    }
    const { env, store } = await startWorld({ reconcile: withFinalizers(Widget, [slow], () => {}) })
    await env.run(() => store.create(Widget, widget('x')))
    await env.settle()
    await env.run(() => store.delete(Widget, ref('x')))
    await env.advance(500)
    // Somebody removes the finalizer by hand, and the object goes and comes again.
    await env.run(() => store.modify(Widget, ref('x'), draft => void (draft.metadata.finalizers = [])))
    await env.run(() => store.create(Widget, widget('x')))
    await env.advance(5_000)
    expect(store.get(Widget, ref('x'))?.metadata.finalizers).toEqual(['example.com/slow'])
  })

  test('whatever users do, what was made is taken away once its object is gone, and not before', async () => {
    const action = fc.record({
      do: fc.constantFrom('create', 'delete', 'touch', 'pass'),
      name: fc.constantFrom('x', 'y'),
    })
    const property = fc.asyncProperty(
      fc.array(action, { maxLength: 25 }),
      fc.nat(),
      async (actions, seed) => {
        const made = new Map<string, string>()
        const { env, store } = await startWorld(
          {
            reconcile: withFinalizers(
              Widget,
              [{ name: 'example.com/made', cleanup: ({ metadata }) => void made.delete(metadata.name) }],
              async ({ name }, object, ctx) => {
                if (object === undefined) return
                await ctx.env.clock.sleep(5)
                made.set(name, object.metadata.uid)
              },
            ),
          },
          seed,
        )
        for (const { do: verb, name } of actions) {
          const at = ref(name)
          if (verb === 'create') await env.run(() => store.create(Widget, widget(name)).catch(() => {}))
          if (verb === 'delete') await env.run(() => store.delete(Widget, at).catch(() => {}))
          if (verb === 'touch')
            await env.run(() =>
              store
                .modify(Widget, at, draft => void (draft.metadata.annotations = { at: String(seed) }))
                .catch(() => {}),
            )
          if (verb === 'pass') await env.advance(7)
        }
        await env.advance(60_000)
        expect([...made.keys()].sort()).toEqual(store.list(Widget).items.map(item => item.metadata.name))
      },
    )
    await fc.assert(property, { numRuns: 60 })
  })

  test.each([
    [[{ name: 'plain', cleanup: () => {} }], {}, /must be qualified/],
    [[done('a', []), done('a', [])], {}, /in the list twice/],
    [[{ name: 'x.y/z', cleanup: () => {}, forceAfterMs: Number.NaN }], {}, /forceAfterMs/],
    [[], { stuckAfterMs: -1 }, /stuckAfterMs/],
  ])('%o is refused', (finalizers, options, message) => {
    expect(() => withFinalizers(Widget, finalizers, () => {}, options)).toThrow(message)
  })
})
