import fc from 'fast-check'
import { interval, of, Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { createController, createWorkQueue, fromStream, fromTimer } from '../../src/reconcile/index.js'
import { assertKey } from '../../src/reconcile/object-key.js'
import type { ObjectRef } from '../../src/store/index.js'
import { createStore, defineKind } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { Part, ref, Widget, widget } from '../fixtures/kinds.js'
import { startWorld } from './widget-world.js'

const Zone = defineKind({ apiVersion: 'v1', kind: 'Zone', plural: 'zones', namespaced: false })

describe('a key', () => {
  test.each([
    [Widget, ref('a')],
    [Zone, { name: 'a' }],
  ])('of %o is %o', (kind, key) => {
    expect(() => assertKey(kind, key, 'a test')).not.toThrow()
  })

  test.each([
    [Widget, { name: 'a' }, 'with a namespace'],
    [Widget, { namespace: '', name: 'a' }, 'with a namespace'],
    [Widget, { ...ref('a'), uid: 'u' }, 'without uid'],
    [Widget, { namespace: 'default' }, 'with a name'],
    [Widget, 'default/a', 'must be { namespace, name }'],
    [Widget, null, 'must be { namespace, name }'],
    [Zone, ref('a'), 'without a namespace'],
    [Zone, { namespace: '', name: 'a' }, 'without a namespace'],
  ])('of %o is not %o', (kind, key, message) => {
    expect(() => assertKey(kind, key, 'a test')).toThrow(
      expect.objectContaining({ code: 'Invalid', message: expect.stringContaining(message) }),
    )
  })

  test('that is none is refused by enqueue at once', async () => {
    const { controller } = await startWorld({ reconcile: () => {} })
    expect(() => controller.enqueue({ name: 'a' })).toThrow(/widgets.*namespace/)
  })

  test('is no metadata, by the types too', async () => {
    const seen: ObjectRef[] = []
    const env = createVirtualEnv()
    const store = createStore({ kinds: [Widget, Part], env })
    const other: (name: string) => ObjectRef = ref
    const controller = createController({
      name: 'widgets',
      for: Widget,
      watches: [
        // @ts-expect-error: metadata is more than a key
        { kind: Part, map: part => [part.metadata] },
        // Among others it is an ObjectRef to the types; what it holds is looked at.
        { kind: Part, map: part => [other(part.metadata.name), part.metadata] },
        { kind: Part, map: part => [ref(part.metadata.name)] },
      ],
      reconcile: key => void seen.push(key),
    })
    await env.run(() => controller.start(store))
    await env.run(() => store.create(Part, { metadata: ref('p'), spec: {} }))
    await env.advance(60_000)
    expect(seen).toEqual([ref('p')])
    const errors = env.logs.filter(({ level }) => level === 'error')
    expect(errors.map(({ fields }) => (fields['err'] as Error).message)).toEqual([
      expect.stringMatching(/map of Part in controller widgets.*alone, without uid/),
      expect.stringMatching(/map of Part in controller widgets/),
    ])
  })
})

describe('a mapping that throws', () => {
  test('is tried again until it does not, is counted, and its change wakes its keys', async () => {
    const at: number[] = []
    const seen: string[] = []
    const { env, store } = await startWorld({
      watches: [
        {
          kind: Part,
          map: part => {
            at.push(env0().clock.monotonic())
            if (at.length < 4) throw new Error('a bug that passes')
            return [ref((part.spec as { of?: string }).of ?? 'none')]
          },
        },
      ],
      reconcile: ({ name }) => void seen.push(name),
    })
    function env0() {
      return env
    }
    await env.run(() => store.create(Part, { metadata: ref('p'), spec: { of: 'a' } }))
    await env.advance(10_000)
    expect(at.slice(1).map((ms, index) => Math.round(ms - (at[index] ?? 0)))).toEqual([100, 200, 400])
    expect(seen).toEqual(['a'])
    expect(env.metrics.value('controller_mapping_errors_total', { controller: 'widgets' })).toBe(3)
    expect(env.logs.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  test('holds up no other change, and loses none, whichever throw and how often', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }), async failures => {
        const left = [...failures]
        const seen = new Set<string>()
        const { env, store, manager } = await startWorld({
          watches: [
            {
              kind: Part,
              map: ({ metadata: { name } }) => {
                const at = Number(name.slice(1))
                if ((left[at] ?? 0) > 0) {
                  left[at] = (left[at] ?? 0) - 1
                  throw new Error('again')
                }
                return [ref(name)]
              },
            },
          ],
          reconcile: ({ name }) => void seen.add(name),
        })
        for (const at of failures.keys())
          await env.run(() => store.create(Part, { metadata: ref(`p${at}`), spec: {} }))
        await env.run(() => manager.settled())
        const atOnce = failures.flatMap((count, at) => (count === 0 ? [`p${at}`] : []))
        expect([...seen].sort()).toEqual(atOnce.sort())
        await env.advance(60_000)
        expect(seen.size).toBe(failures.length)
      }),
      { numRuns: 40 },
    )
  })

  test('is not tried any more after a stop', async () => {
    let calls = 0
    const { env, store, manager } = await startWorld({
      watches: [
        {
          kind: Part,
          map: () => {
            calls++
            throw new Error('no')
          },
        },
      ],
      reconcile: () => {},
    })
    await env.run(() => store.create(Part, { metadata: ref('p'), spec: {} }))
    await env.run(() => manager.stop())
    const before = calls
    await env.advance(3_600_000)
    expect(calls).toBe(before)
  })
})

test('a predicate that throws is counted, and the change passes', async () => {
  const seen: string[] = []
  const { env, store } = await startWorld({
    when: () => {
      throw new Error('no')
    },
    reconcile: ({ name }) => void seen.push(name),
  })
  await env.run(() => store.create(Widget, widget('a')))
  await env.settle()
  expect(seen).toEqual(['a'])
  expect(env.metrics.value('controller_predicate_errors_total', { controller: 'widgets' })).toBe(1)
})

test('a notify that throws strands no delayed key', async () => {
  const env = createVirtualEnv()
  let told = 0
  const queue = createWorkQueue({
    env,
    notify: () => {
      told++
      throw new Error('a listener of the test')
    },
  })
  queue.addAfter('a', 100)
  queue.addAfter('b', 100)
  queue.addAfter('c', 200)
  await env.advance(1_000)
  expect([queue.get(), queue.get(), queue.get()]).toEqual(['a', 'b', 'c'])
  expect(told).toBe(3)
  expect(env.logs.filter(({ level }) => level === 'error')).toHaveLength(3)
})

test('values of streams keep their type', () => {
  const key = (name: string) => [ref(name)]
  const sources = [
    fromStream('of', of(1, 2), n => key(n.toFixed())),
    fromStream('subject', new Subject<string>(), text => key(text.trim())),
    fromStream(
      'interval',
      () => interval(1000),
      n => key(n.toFixed()),
    ),
    fromStream('iterable', fiveOnce(), n => key(n.toFixed())),
    fromStream('watch', createStore({ kinds: [Widget] }).watch(Widget), batch => key(String(batch.revision))),
    // @ts-expect-error: a number has no trim
    fromStream('wrong', of(1, 2), n => key(n.trim())),
    fromTimer('timer', 1_000, () => key('a')),
  ]
  expect(() =>
    createController({ name: 'w', for: Widget, signals: sources, reconcile: () => {} }),
  ).not.toThrow()
})

async function* fiveOnce(): AsyncGenerator<number> {
  yield 5
}
