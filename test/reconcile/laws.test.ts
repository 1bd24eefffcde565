import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createController, requeueAfter } from '../../src/reconcile/index.js'
import { ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const names = ['a', 'b', 'c'] as const
const change = fc.record({
  name: fc.constantFrom(...names),
  kind: fc.constantFrom('create', 'resize', 'delete'),
  size: fc.integer({ min: 1, max: 5 }),
  thenMs: fc.constantFrom(0, 0, 0, 0, 1, 7, 50),
})
const run = fc.record({
  sleepMs: fc.constantFrom(0, 0, 1, 3, 20),
  end: fc.constantFrom('return', 'return', 'throw', 'requeue', 'hang'),
})

interface Plan {
  readonly changes: readonly { name: string; kind: string; size: number; thenMs: number }[]
  readonly runs: readonly { sleepMs: number; end: string }[]
  readonly concurrency: number
  readonly logCapacity: number
}

/** Plays random changes against a reconciler that sleeps, fails, hangs and comes back at random. */
async function play({ changes, runs, concurrency, logCapacity }: Plan) {
  const { env, store, start } = createWorld({ logCapacity })
  const active = new Map<string, number>()
  const lastSeen = new Map<string, string | undefined>()
  const failures: string[] = []
  let busy = 0
  let at = 0
  const enter = (name: string, by: 1 | -1): void => {
    active.set(name, (active.get(name) ?? 0) + by)
    busy += by
    if ((active.get(name) ?? 0) > 1) failures.push(`two attempts of ${name}`)
    if (busy > concurrency) failures.push('more attempts than workers')
  }
  const manager = await start(
    createController({
      name: 'w',
      for: Widget,
      concurrency,
      timeoutMs: 100,
      reconcile: async (key, object, ctx) => {
        const { sleepMs, end } = runs[at++] ?? { sleepMs: 0, end: 'return' }
        enter(key.name, 1)
        // A given-up attempt no longer counts as one: its client is dead.
        ctx.signal.addEventListener('abort', () => enter(key.name, -1))
        if (sleepMs > 0) await ctx.env.clock.sleep(sleepMs)
        if (end === 'hang') await new Promise(() => {})
        enter(key.name, -1)
        if (end === 'throw') throw new Error('chance')
        lastSeen.set(key.name, object?.metadata.resourceVersion)
        return end === 'requeue' ? requeueAfter(10) : undefined
      },
    }),
  )
  for (const { name, kind, size, thenMs } of changes) {
    const exists = store.get(Widget, ref(name)) !== undefined
    if (kind === 'create' && !exists) void store.create(Widget, widget(name, { size }))
    if (kind === 'resize' && exists)
      void store.modify(Widget, ref(name), draft => void (draft.spec.size = size))
    if (kind === 'delete' && exists) void store.delete(Widget, ref(name))
    if (thenMs > 0) await env.advance(thenMs)
  }
  // Long enough for every backoff that so few failures can cause.
  await env.advance(3_600_000)
  await env.run(() => manager.settled())
  const stored = new Map(
    names.map(name => [name, store.get(Widget, ref(name))?.metadata.resourceVersion] as const),
  )
  return { failures, stored, lastSeen, env, manager }
}

const plan = fc.record({
  changes: fc.array(change, { maxLength: 25 }),
  runs: fc.array(run, { maxLength: 25 }),
  concurrency: fc.integer({ min: 1, max: 3 }),
  logCapacity: fc.constantFrom(2, 1_000),
})

describe('under random changes, failures, hangs and broken watches', () => {
  test('no key is reconciled twice at once, and no change is lost', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async chosen => {
        const { failures, stored, lastSeen, env, manager } = await play(chosen)
        expect(failures).toEqual([])
        for (const [name, version] of stored) {
          if (lastSeen.has(name) || version !== undefined)
            expect([name, lastSeen.get(name)]).toEqual([name, version])
        }
        await env.run(() => manager.stop())
        expect(env.pending()).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})
