import fc from 'fast-check'
import { Observable, Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { SignalSource } from '../../src/reconcile/index.js'
import { createController, fromStream, fromTimer } from '../../src/reconcile/index.js'
import { resyncShare } from '../../src/reconcile/sources/resync.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { ref, Widget, widget } from '../fixtures/kinds.js'
import { stallableProcess } from './election/stallable-env.js'
import { startWorld } from './widget-world.js'

async function startWith(signals: readonly SignalSource[], resyncMs?: number) {
  const ran: string[] = []
  const world = await startWorld({
    signals,
    ...(resyncMs === undefined ? {} : { resyncMs }),
    reconcile: key => void ran.push(key.name),
  })
  const logged = (level: string) =>
    world.env.logs.filter(line => line.level === level).map(line => line.message)
  return { ...world, ran, logged }
}

const named = (name: string) => [ref(name)]

describe('streams wake keys', () => {
  test('an rxjs observable, which is unsubscribed at the stop', async () => {
    const subject = new Subject<string>()
    const { env, manager, ran } = await startWith([fromStream('s', subject, named)])
    subject.next('a')
    subject.next('b')
    subject.next('a')
    await env.settle()
    expect(ran).toEqual(['a', 'b'])
    await env.run(() => manager.stop())
    expect(subject.observed).toBe(false)
  })

  test('an async iterable, which is returned at the stop', async () => {
    const values = ['a', 'b', 'a']
    let isReturned = false
    const source: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          const value = values.shift()
          return value === undefined ? new Promise(() => {}) : Promise.resolve({ value })
        },
        return: () => {
          isReturned = true
          return Promise.reject(new Error('already gone'))
        },
      }),
    }
    const { env, manager, ran } = await startWith([fromStream('s', source, named)])
    await env.settle()
    expect([new Set(ran), isReturned]).toEqual([new Set(['a', 'b']), false])
    await env.run(() => manager.stop())
    expect(isReturned).toBe(true)
  })

  test('an iterable that always has a next value keeps nobody else waiting', async () => {
    let given = 0
    async function* endless(): AsyncGenerator<string> {
      for (;;) yield `n${given++ % 10}`
    }
    const { env, manager, ran } = await startWith([fromStream('s', endless(), named)])
    await env.advance(5)
    expect(new Set(ran).size).toBe(10)
    expect(given).toBeLessThanOrEqual(7_000)
    await env.run(() => manager.stop())
    const before = given
    await env.advance(1_000)
    expect(given).toBe(before)
  })

  test('a watch of another store, since a watch is an observable too', async () => {
    const other = await startWorld({ reconcile: () => {} })
    const watch = other.store.watch(Widget)
    const map = (batch: { events: readonly { object: { metadata: { name: string } } }[] }) =>
      batch.events.map(event => ref(event.object.metadata.name))
    const { env, ran } = await startWith([fromStream('other', watch, map)])
    await other.env.run(() => other.store.create(Widget, widget('x')))
    await other.env.settle()
    await env.settle()
    expect(ran).toEqual(['x'])
  })

  test('a stream that ends or fails is logged; one that can be opened again is', async () => {
    let opened = 0
    const once = new Observable<string>(observer => {
      opened++
      observer.next(`n${opened}`)
      if (opened % 2 === 0) observer.complete()
      else observer.error(new Error('lost'))
    })
    const first = await startWith([fromStream('s', once, named)])
    await first.env.advance(60_000)
    expect([opened, first.ran, first.logged('error').length]).toEqual([1, ['n1'], 1])
    opened = 0
    const second = await startWith([fromStream('s', () => once, named)])
    await second.env.advance(1_000)
    expect(opened).toBeGreaterThan(2)
    expect(second.ran.slice(0, 3)).toEqual(['n1', 'n2', 'n3'])
    await second.env.run(() => second.manager.stop())
    const before = opened
    await second.env.advance(60_000)
    expect(opened).toBe(before)
  })

  test.each([
    ['a mapping that throws', new Error('bad')],
    ['no list', 7],
    ['no key', [undefined]],
    ['a name of nothing', [{ namespace: 'default', name: '' }]],
    ['a key without its namespace', [{ name: 'a' }]],
  ])('garbage wakes nothing and is logged: %s', async (_what, keys) => {
    const subject = new Subject<string>()
    const map = (name: string) => {
      if (name === 'good') return [ref(name)]
      if (keys instanceof Error) throw keys
      return keys as never
    }
    const { env, ran, logged } = await startWith([fromStream('s', subject, map)])
    subject.next('bad')
    subject.next('good')
    await env.settle()
    expect([ran, logged('error').length]).toEqual([['good'], 1])
  })

  test.each([['a text'], [7], [null], [{}], [Promise.resolve()]])('%s is no stream', async stream => {
    const failed = startWith([fromStream('s', stream as never, named)])
    await expect(failed).rejects.toMatchObject({ code: 'Usage' })
  })
})

describe('timers wake keys', () => {
  test('again and again until the stop', async () => {
    const { env, manager, ran } = await startWith([fromTimer('t', 1_000, () => [ref('a')])])
    await env.advance(3_500)
    expect(ran).toEqual(['a', 'a', 'a'])
    await env.run(() => manager.stop())
    await env.advance(10_000)
    expect([ran.length, env.pending()]).toEqual([3, []])
  })

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('%s is no period', period => {
    expect(() => fromTimer('t', period, () => [])).toThrow(expect.objectContaining({ code: 'Invalid' }))
  })
})

describe('a resync', () => {
  test('looks at every key once per period, spread over it', async () => {
    const { env, store, manager, ran } = await startWith([], 100_000)
    for (let n = 0; n < 50; n++) await env.run(() => store.create(Widget, widget(`w${n}`)))
    await env.run(() => manager.settled())
    await env.advance(100_000)
    for (let period = 0; period < 2; period++) {
      ran.length = 0
      const perTenth: number[] = []
      for (let tenth = 0; tenth < 10; tenth++) {
        const before = ran.length
        await env.advance(10_000)
        perTenth.push(ran.length - before)
      }
      expect(new Set(ran).size).toBe(50)
      expect(ran.length).toBe(50)
      expect(Math.max(...perTenth)).toBeLessThanOrEqual(6)
    }
  })

  test('does not make up for the periods of a stall', async () => {
    const world = createVirtualEnv()
    const { env, stall, resume } = stallableProcess(world, 'a')
    const store = createStore({ kinds: [Widget], env: world })
    for (let n = 0; n < 100; n++) await world.run(() => store.create(Widget, widget(`w${n}`)))
    let runs = 0
    const controller = createController({
      name: 'w',
      for: Widget,
      resyncMs: 60_000,
      reconcile: () => void runs++,
    })
    await world.run(() => controller.start(store.client(env)))
    await world.advance(600_000)
    stall()
    await world.advance(36_000_000)
    runs = 0
    await resume()
    expect(runs).toBeLessThanOrEqual(11)
    await world.advance(60_000)
    expect(runs).toBeGreaterThanOrEqual(99)
    expect(runs).toBeLessThanOrEqual(111)
  })

  test('shares grow evenly and reach everything with the period', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.integer({ min: 1, max: 1e6 }), fc.nat(2e6), (size, period, elapsed) => {
        const share = resyncShare(size, elapsed, period)
        expect(share).toBeGreaterThanOrEqual(Math.min(size, (size * elapsed) / period) - 1)
        expect(share).toBeLessThanOrEqual(Math.min(size, (size * elapsed) / period))
        expect(resyncShare(size, period, period)).toBe(size)
      }),
    )
  })

  test.each([999, Number.NaN, Number.POSITIVE_INFINITY])('%s ms is no period', async resyncMs => {
    await expect(startWith([], resyncMs)).rejects.toMatchObject({ code: 'Invalid' })
  })
})
