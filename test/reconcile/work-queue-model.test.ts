import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { WorkQueue } from '../../src/reconcile/index.js'
import { createWorkQueue } from '../../src/reconcile/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import type { NaiveOrder } from './naive-queue.js'
import { NaiveQueue } from './naive-queue.js'

interface World {
  readonly env: VirtualEnv
  readonly queue: WorkQueue<string>
  readonly model: NaiveQueue
  /** Refunds that each of the two has given. */
  readonly refunds: { queue: string[]; model: string[] }
}

interface Operation {
  readonly name: 'add' | 'addAfter' | 'cancel' | 'get' | 'begin' | 'done' | 'advance' | 'fail' | 'forget'
  readonly key: string
  readonly ms: number
  readonly priority: number | undefined
}

const operation: fc.Arbitrary<Operation> = fc.record({
  name: fc.constantFrom(
    'add',
    'add',
    'addAfter',
    'cancel',
    'get',
    'get',
    'begin',
    'done',
    'advance',
    'fail',
    'forget',
  ),
  key: fc.constantFrom('a1', 'a2', 'a3', 'b1', 'b2', 'c1'),
  ms: fc.constantFrom(0, 1, 2, 5, 10),
  priority: fc.constantFrom(undefined, -3, -1, 0, 1, 2),
})

/** Turns of half a unit and of one are exact in binary, so equal sums are equal. */
const orders: readonly NaiveOrder[] = [
  { ageMs: Number.POSITIVE_INFINITY, classOf: () => '', weights: {} },
  { ageMs: 4, classOf: () => '', weights: {} },
  { ageMs: 4, classOf: key => key.slice(0, 1), weights: { a: 2, c: 0.5 } },
]

async function step({ env, queue, model, refunds }: World, operation: Operation, at: number): Promise<void> {
  const { name, key, ms, priority } = operation
  const options = priority === undefined ? {} : { priority }
  switch (name) {
    case 'add':
      queue.add(key, options)
      return model.add(key, priority)
    case 'addAfter': {
      const refundTo = (list: string[]) => (): void => void list.push(`${at}`)
      queue.addAfter(key, ms, { ...options, refund: refundTo(refunds.queue) })
      return model.addAfter(key, ms, { priority, refund: refundTo(refunds.model) })
    }
    case 'cancel':
      expect(queue.cancel(key)).toBe(model.cancel(key))
      return
    case 'get':
      expect(queue.get()).toBe(model.get())
      return
    case 'begin':
    case 'done':
      if (model.processing.has(key)) {
        queue[name](key)
        model[name](key)
      } else expect(() => queue[name](key)).toThrow(/no worker holds/)
      return
    case 'advance':
      await env.advance(ms)
      return model.advance(ms)
    case 'fail':
      return queue.countFailure(key)
    case 'forget':
      return queue.forget(key)
  }
}

function compare({ queue, model, refunds }: World): void {
  const states = queue.list()
  const ready = states.filter(state => state.state === 'ready')
  expect(ready.map(state => state.key)).toEqual(model.inOrder())
  for (const { key, priority } of ready) expect([key, priority]).toEqual([key, model.priorities.get(key)])
  expect(queue.length).toBe(model.ready.length)
  expect(queue.inFlight).toBe(model.processing.size)
  expect(queue.delayed).toBe(model.delayed.length)
  expect(refunds.queue).toEqual(refunds.model)
  const known = [...model.inOrder(), ...model.processing, ...model.delayed.map(entry => entry.key)]
  const shown = states.filter(state => state.state !== 'resting').map(state => state.key)
  expect(shown.sort()).toEqual([...new Set(known)].sort())
}

test.each(orders)('the queue behaves as sets and sorted arrays do: %o', async order => {
  const operations = fc.array(operation, { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(operations, fc.constantFrom(0, 1, 100), async (all, idleKeysMax) => {
      const env = createVirtualEnv()
      const { ageMs, classOf, weights } = order
      const queue = createWorkQueue({ env, ageMs, fairness: { classOf, weights }, idleKeysMax })
      const refunds = { queue: [], model: [] }
      const world: World = { env, queue, model: new NaiveQueue(order), refunds }
      for (const [at, each] of all.entries()) {
        await step(world, each, at)
        compare(world)
      }
    }),
    { numRuns: 150 },
  )
})

test('without classes the queue is that of one class', async () => {
  const [, order] = orders as [NaiveOrder, NaiveOrder]
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async all => {
      const env = createVirtualEnv()
      const queue = createWorkQueue({ env, ageMs: order.ageMs })
      const world: World = { env, queue, model: new NaiveQueue(order), refunds: { queue: [], model: [] } }
      for (const [at, each] of all.entries()) {
        await step(world, each, at)
        compare(world)
      }
    }),
    { numRuns: 150 },
  )
})
