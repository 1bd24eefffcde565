import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../src/core/index.js'
import type { WorkQueue } from '../../src/reconcile/index.js'
import { createWorkQueue } from '../../src/reconcile/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'

interface World {
  readonly env: VirtualEnv
  readonly queue: WorkQueue<string>
  readonly events: string[]
}

function open(): World {
  const env = createVirtualEnv()
  const events: string[] = []
  return { env, events, queue: createWorkQueue({ env, name: 'q', notify: event => events.push(event) }) }
}

function takeAll(queue: WorkQueue<string>): readonly string[] {
  const taken: string[] = []
  for (let key = queue.get(); key !== undefined; key = queue.get()) {
    taken.push(key)
    queue.done(key)
  }
  return taken
}

describe('order and merging', () => {
  test('keys come out in the order in which they became ready, each once', () => {
    const { queue } = open()
    for (const key of ['b', 'a', 'b', 'c', 'a']) queue.add(key)
    expect(queue.length).toBe(3)
    expect(takeAll(queue)).toEqual(['b', 'a', 'c'])
    expect(queue.list()).toEqual([])
  })

  test('a key added while held is handed out again, behind the others, after done', () => {
    const { queue } = open()
    queue.add('a')
    expect(queue.get()).toBe('a')
    queue.add('a')
    queue.add('b')
    expect(queue.inspect('a')?.state).toBe('held')
    expect(queue.length).toBe(1)
    queue.done('a')
    expect(takeAll(queue)).toEqual(['b', 'a'])
  })

  test('adds before begin are served by the run that begins', () => {
    const { queue } = open()
    queue.add('a')
    queue.get()
    queue.add('a')
    queue.begin('a')
    queue.done('a')
    expect(queue.length).toBe(0)
  })

  test('keys that are objects are the same when their ids are', () => {
    const queue = createWorkQueue<{ n: number }>({ env: createVirtualEnv(), idOf: key => String(key.n) })
    queue.add({ n: 1 })
    queue.add({ n: 1 })
    expect(queue.length).toBe(1)
  })

  test('a key that is re-added for ever does not starve the others', () => {
    const { queue } = open()
    queue.add('hot')
    queue.add('cold')
    const first = [queue.get()]
    queue.add('hot')
    queue.done('hot')
    first.push(queue.get())
    expect(first).toEqual(['hot', 'cold'])
  })
})

describe('delays', () => {
  test('the earliest delay wins', async () => {
    const { env, queue } = open()
    queue.addAfter('a', 10_000)
    queue.addAfter('a', 5_000)
    queue.addAfter('a', 20_000)
    expect(queue.delayed).toBe(1)
    await env.advance(4_999)
    expect(queue.length).toBe(0)
    await env.advance(1)
    expect(takeAll(queue)).toEqual(['a'])
    await env.advance(60_000)
    expect(queue.length).toBe(0)
  })

  test('an immediate add takes the place of the delayed one', async () => {
    const { env, queue } = open()
    queue.addAfter('a', 1_000)
    queue.add('a')
    expect(queue.delayed).toBe(0)
    expect(takeAll(queue)).toEqual(['a'])
    await env.advance(2_000)
    expect(queue.length).toBe(0)
  })

  test('keys that fall due at one instant come out in the order in which they were added', async () => {
    const { env, queue } = open()
    for (const key of ['c', 'a', 'b']) queue.addAfter(key, 50)
    await env.advance(50)
    expect(takeAll(queue)).toEqual(['c', 'a', 'b'])
  })

  test('a delay that ends while the key is held makes it run again', async () => {
    const { env, queue } = open()
    queue.add('a')
    queue.get()
    queue.addAfter('a', 100)
    await env.advance(100)
    expect(queue.inspect('a')?.state).toBe('held')
    queue.done('a')
    expect(queue.length).toBe(1)
  })

  test('one timer is armed, however many keys wait', () => {
    const { env, queue } = open()
    for (let i = 0; i < 100; i++) queue.addAfter(`k${i}`, 1_000 - i)
    expect(env.pending().length).toBe(1)
    for (let i = 0; i < 100; i++) queue.cancel(`k${i}`)
    expect(env.pending().length).toBe(0)
  })

  test('a delay beyond the range of host timers is kept in full', async () => {
    const { env, queue } = open()
    const year = 365 * 86_400_000
    queue.addAfter('a', year)
    await env.advance(year - 1)
    expect(queue.length).toBe(0)
    await env.advance(1)
    expect(queue.length).toBe(1)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, -0.001])(
    'a delay of %s is refused and changes nothing',
    ms => {
      const { queue } = open()
      expect(() => queue.addAfter('a', ms)).toThrow(/finite number of milliseconds/)
      expect(queue.inspect('a')).toBeUndefined()
    },
  )
})

describe('failures', () => {
  test('a rate-limited add waits twice as long each time; forget starts over; other keys are not affected', async () => {
    const { env, queue } = open()
    expect([queue.addRateLimited('a'), queue.addRateLimited('a'), queue.addRateLimited('a')]).toEqual([
      5, 10, 20,
    ])
    expect(queue.addRateLimited('b')).toBe(5)
    expect(queue.failing).toBe(2)
    queue.forget('a')
    expect(queue.history('a')).toEqual({ failures: 0, conflicts: 0 })
    expect(queue.failing).toBe(1)
    await env.advance(5)
    expect(takeAll(queue)).toEqual(['a', 'b'])
    expect(queue.addRateLimited('a')).toBe(5)
  })

  test('nothing is known of a key that is idle and healthy', () => {
    const { queue } = open()
    queue.addRateLimited('a')
    queue.cancel('a')
    expect(queue.inspect('a')).toEqual({ key: 'a', state: 'resting', priority: 0, failures: 1, reasons: [] })
    queue.forget('a')
    expect(queue.inspect('a')).toBeUndefined()
    expect(queue.list()).toEqual([])
  })
})

describe('cancel', () => {
  test('drops an immediate, a delayed and a held wish, and says whether there was one', () => {
    const { queue } = open()
    queue.add('ready')
    queue.addAfter('later', 10)
    expect([queue.cancel('ready'), queue.cancel('later'), queue.cancel('unknown')]).toEqual([
      true,
      true,
      false,
    ])
    queue.add('held')
    queue.get()
    queue.add('held')
    expect(queue.cancel('held')).toBe(true)
    queue.done('held')
    expect(queue.list()).toEqual([])
  })

  test('keeps the order of the others', () => {
    const { queue } = open()
    for (const key of ['a', 'b', 'c']) queue.add(key)
    queue.cancel('b')
    expect(takeAll(queue)).toEqual(['a', 'c'])
  })
})

describe('waiting', () => {
  test('waiters are served in order, one per key', async () => {
    const { queue } = open()
    const got: string[] = []
    void queue.next().then(key => got.push(`first ${key}`))
    void queue.next().then(key => got.push(`second ${key}`))
    queue.add('a')
    queue.add('b')
    await Promise.resolve()
    expect(got).toEqual(['first a', 'second b'])
    expect(queue.inFlight).toBe(2)
  })

  test('shutting down ends every wait, and hands out what is ready first', async () => {
    const { queue } = open()
    const waiting = queue.next()
    queue.shutDown()
    await expect(waiting).resolves.toBeUndefined()
    const other = open().queue
    other.add('a')
    other.shutDown()
    await expect(other.next()).resolves.toBe('a')
    await expect(other.next()).resolves.toBeUndefined()
  })
})

describe('shutting down', () => {
  test('later adds and delayed keys are dropped', async () => {
    const { env, queue } = open()
    queue.addAfter('late', 10)
    queue.shutDown()
    queue.add('a')
    queue.addAfter('b', 1)
    await env.advance(100)
    expect(queue.list()).toEqual([])
    expect(queue.shuttingDown).toBe(true)
  })

  test('drain waits for keys that are ready, in flight and held', async () => {
    const { queue } = open()
    let isDrained = false
    const drained: boolean[] = []
    const finish = async (key: string): Promise<void> => {
      queue.done(key)
      await Promise.resolve()
      drained.push(isDrained)
    }
    queue.add('a')
    queue.get()
    queue.add('a')
    queue.add('b')
    void queue.drain().then(() => {
      isDrained = true
    })
    await finish('a')
    expect(queue.get()).toBe('b')
    await finish('b')
    expect(queue.get()).toBe('a')
    await finish('a')
    expect(drained).toEqual([false, false, true])
  })

  test('drain of an idle queue is over at once; a shutDown ends a pending one', async () => {
    const { queue } = open()
    await queue.drain()
    const busy = open().queue
    busy.add('a')
    busy.get()
    const drained = busy.drain()
    busy.shutDown()
    await drained
    expect(busy.inFlight).toBe(1)
  })
})

describe('misuse and insight', () => {
  test.each(['done', 'begin'] as const)('%s of a key that nobody holds is a usage error', call => {
    const { queue } = open()
    queue.add('a')
    for (const key of ['a', 'z']) {
      let error: unknown
      try {
        queue[call](key)
      } catch (thrown) {
        error = thrown
      }
      expect(isKeelsonError(error, 'Usage')).toBe(true)
    }
    expect(takeAll(queue)).toEqual(['a'])
  })

  test('the last four distinct reasons are kept until the key is taken', () => {
    const { queue } = open()
    for (const reason of ['r1', 'r2', 'r1', 'r3', 'r4', 'r5']) queue.add('a', { reason })
    expect(queue.inspect('a')?.reasons).toEqual(['r2', 'r3', 'r4', 'r5'])
    queue.get()
    expect(queue.inspect('a')?.reasons).toEqual([])
  })

  test('inspect tells when a delay ends', async () => {
    const { env, queue } = open()
    queue.addAfter('a', 100, { reason: 'poll' })
    await env.advance(40)
    expect(queue.inspect('a')).toEqual({
      key: 'a',
      state: 'delayed',
      priority: 0,
      dueInMs: 60,
      failures: 0,
      reasons: ['poll'],
    })
    expect(queue.isQuiet()).toBe(true)
  })

  test('notifies of every key that becomes ready, and of coming to rest', () => {
    const { queue, events } = open()
    queue.add('a')
    queue.add('a')
    queue.get()
    queue.add('a')
    queue.done('a')
    queue.get()
    queue.done('a')
    expect(events).toEqual(['ready', 'ready', 'idle'])
  })

  test('counts under the names of client-go', async () => {
    const { env, queue } = open()
    queue.add('a')
    queue.addAfter('b', 5)
    queue.get()
    queue.done('a')
    await Promise.resolve()
    const value = (name: string): number | undefined => env.metrics.value(name, { name: 'q' })
    expect(value('workqueue_adds_total')).toBe(1)
    expect(value('workqueue_retries_total')).toBe(1)
    expect(value('workqueue_depth')).toBe(0)
    expect(value('workqueue_queue_duration_seconds')).toBe(1)
    expect(value('workqueue_work_duration_seconds')).toBe(1)
  })

  test('at the end of each turn the metrics have every key that became wanted, and how many are ready', () => {
    const call = fc.record({
      name: fc.constantFrom('add', 'add', 'add', 'take', 'done', 'cancel', 'addAfter'),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    })
    const turns = fc.array(fc.array(call, { maxLength: 12 }), { maxLength: 12 })
    return fc.assert(
      fc.asyncProperty(turns, async ofTurns => {
        const { env, queue } = open()
        const held = new Set<string>()
        let wanted = 0
        for (const calls of ofTurns) {
          for (const { name, key } of calls) {
            const state = queue.inspect(key)?.state
            if (name === 'add') wanted += state === 'ready' || state === 'held' ? 0 : 1
            if (name === 'add') queue.add(key)
            else if (name === 'cancel') queue.cancel(key)
            else if (name === 'addAfter') queue.addAfter(key, 1e6)
            else if (name === 'take') held.add(queue.get() ?? '')
            else if (held.delete(key)) queue.done(key)
          }
          await Promise.resolve()
          expect(env.metrics.value('workqueue_adds_total', { name: 'q' }) ?? 0).toBe(wanted)
          expect(env.metrics.value('workqueue_depth', { name: 'q' }) ?? 0).toBe(queue.length)
        }
      }),
      { numRuns: 100 },
    )
  })

  test('metrics that throw at the end of a turn are logged: nobody is there to catch it', async () => {
    const env = createVirtualEnv()
    let isBroken = false
    let adds = 0
    const add = (by = 1): void => {
      if (isBroken) throw new Error('no such label')
      adds += by
    }
    const { gauge, histogram } = env.metrics
    const metrics = { gauge, histogram, counter: () => ({ add }) }
    const queue = createWorkQueue({ env: { ...env, metrics }, name: 'q' })
    queue.add('a')
    isBroken = true
    queue.add('b')
    await Promise.resolve()
    isBroken = false
    queue.add('c')
    await Promise.resolve()
    expect(adds).toBe(3)
    expect(env.logs.map(({ message }) => message)).toEqual(['the metrics threw'])
  })
})

describe('priorities', () => {
  test('the highest first, and in the order of becoming ready inside one', () => {
    const { queue } = open()
    queue.add('a')
    queue.add('low', { priority: -100 })
    queue.add('b')
    queue.add('high', { priority: 10 })
    expect(queue.list().map(state => state.key)).toEqual(['high', 'a', 'b', 'low'])
    expect(takeAll(queue)).toEqual(['high', 'a', 'b', 'low'])
  })

  test('a key that waits rises by a point each 100 ms, so that a steady stream cannot starve it', async () => {
    const { env, queue } = open()
    queue.add('old', { priority: -100 })
    await env.advance(9_999)
    queue.add('x')
    await env.advance(1)
    queue.add('y')
    expect(takeAll(queue)).toEqual(['x', 'y', 'old'])
    queue.add('old', { priority: -100 })
    await env.advance(10_001)
    queue.add('z')
    expect(takeAll(queue)).toEqual(['old', 'z'])
  })

  test('a failing key keeps its priority; a change of it has its own', () => {
    const { queue } = open()
    queue.add('a', { priority: -7 })
    queue.get()
    queue.addRateLimited('a')
    queue.done('a')
    expect(queue.inspect('a')).toMatchObject({ state: 'delayed', priority: -7 })
    queue.add('a')
    expect(queue.inspect('a')).toMatchObject({ state: 'ready', priority: 0 })
  })

  test('classes share by weight, however many keys each has', () => {
    const classOf = (key: string): string => key.slice(0, 1)
    const queue = createWorkQueue({ env: createVirtualEnv(), fairness: { classOf, weights: { b: 2 } } })
    for (let i = 0; i < 100; i++) queue.add(`a${i}`, { priority: 5 })
    for (let i = 0; i < 4; i++) queue.add(`b${i}`)
    expect(takeAll(queue).slice(0, 7).sort()).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'b3'])
  })

  test('a class that is served and comes back at once does not shut the others out', () => {
    const queue = createWorkQueue({ env: createVirtualEnv(), fairness: { classOf: key => key.slice(0, 1) } })
    for (let i = 0; i < 5; i++) queue.add(`a${i}`)
    const taken: (string | undefined)[] = []
    for (let i = 0; i < 6; i++) {
      queue.add('b')
      const key = queue.get() as string
      taken.push(key)
      queue.done(key)
    }
    expect(taken.filter(key => key !== 'b')).toHaveLength(3)
  })
})

describe('bounds', () => {
  test('a key beyond keysMax is refused; idle keys do not count', () => {
    const queue = createWorkQueue({ env: createVirtualEnv(), keysMax: 2 })
    for (const key of ['a', 'b', 'c']) {
      queue.add(key)
      queue.done(queue.get() as string)
    }
    queue.add('a')
    queue.add('b')
    expect(() => queue.add('c')).toThrow(expect.objectContaining({ code: 'TooLarge' }))
    expect(() => queue.addAfter('c', 5)).toThrow(/keysMax/)
    queue.add('a')
    expect(queue.list().map(state => state.key)).toEqual(['a', 'b'])
  })

  test('adds after shutdown are dropped and counted, and their refunds given', () => {
    const { env, queue } = open()
    let refunds = 0
    const refund = (): void => void refunds++
    queue.addAfter('a', 5, { refund })
    queue.shutDown()
    queue.add('a')
    queue.addAfter('b', 5, { refund })
    expect(refunds).toBe(2)
    expect(env.metrics.value('workqueue_adds_dropped_total', { name: 'q' })).toBe(2)
  })

  test.each([
    ['priority', (queue: WorkQueue<string>) => queue.add('a', { priority: 0.5 })],
    ['priority', (queue: WorkQueue<string>) => queue.addAfter('a', 1, { priority: 1_000_001 })],
    ['priority', (queue: WorkQueue<string>) => queue.addRateLimited('a', { priority: Number.NaN })],
    ['ms', (queue: WorkQueue<string>) => queue.addAfter('a', Number.NaN)],
  ])('a bad %s is refused and changes nothing', (field, call) => {
    const { queue } = open()
    expect(() => call(queue)).toThrow(expect.objectContaining({ message: expect.stringContaining(field) }))
    expect(queue.list()).toEqual([])
  })

  test.each([Number.NaN, -1])('a limiter that says %s is refused and changes nothing', ms => {
    const queue = createWorkQueue({ env: createVirtualEnv(), limiter: { delay: () => ({ ms }) } })
    expect(() => queue.addRateLimited('a')).toThrow(expect.objectContaining({ code: 'Invalid' }))
    expect(queue.list()).toEqual([])
  })

  test('an id or a class that is no text is refused and changes nothing', () => {
    const env = createVirtualEnv()
    const noText = (): never => 7 as never
    for (const options of [{ idOf: noText }, { fairness: { classOf: noText } }]) {
      const queue = createWorkQueue<string>({ env, ...options })
      expect(() => queue.add('a')).toThrow(/must be a string/)
      expect(queue.list()).toEqual([])
    }
  })

  test.each([
    ['ageMs', { ageMs: 0 }],
    ['ageMs', { ageMs: Number.NaN }],
    ['keysMax', { keysMax: 0 }],
    ['idleKeysMax', { idleKeysMax: -1 }],
    ['weights.a', { fairness: { classOf: String, weights: { a: 0 } } }],
  ])('a queue with a bad %s is refused', (field, options) => {
    expect(() => createWorkQueue(options)).toThrow(
      expect.objectContaining({ code: 'Invalid', message: expect.stringContaining(field) }),
    )
  })
})
