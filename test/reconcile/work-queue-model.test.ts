import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createWorkQueue, type WorkQueue } from '../../src/reconcile/index.js'
import { createVirtualEnv, type VirtualEnv } from '../../src/testing/index.js'

/** The same laws with plain sets and a sorted array: slow and obvious. */
class NaiveQueue {
  now = 0
  ready: string[] = []
  readonly processing = new Set<string>()
  readonly again = new Set<string>()
  delayed: { key: string; at: number; rank: number }[] = []
  rank = 0

  add(key: string): void {
    this.delayed = this.delayed.filter(entry => entry.key !== key)
    this.want(key)
  }
  want(key: string): void {
    if (this.processing.has(key)) this.again.add(key)
    else if (!this.ready.includes(key)) this.ready.push(key)
  }
  addAfter(key: string, ms: number): void {
    if (ms === 0) return this.add(key)
    if (this.ready.includes(key) || this.again.has(key)) return
    const known = this.delayed.find(entry => entry.key === key)
    if (known === undefined) this.delayed.push({ key, at: this.now + ms, rank: this.rank++ })
    else known.at = Math.min(known.at, this.now + ms)
  }
  cancel(key: string): boolean {
    const had =
      this.ready.includes(key) || this.again.has(key) || this.delayed.some(entry => entry.key === key)
    this.ready = this.ready.filter(other => other !== key)
    this.again.delete(key)
    this.delayed = this.delayed.filter(entry => entry.key !== key)
    return had
  }
  get(): string | undefined {
    const key = this.ready.shift()
    if (key !== undefined) this.processing.add(key)
    return key
  }
  done(key: string): void {
    this.processing.delete(key)
    if (this.again.delete(key)) this.ready.push(key)
  }
  advance(ms: number): void {
    this.now += ms
    this.delayed.sort((a, b) => a.at - b.at || a.rank - b.rank)
    const due = this.delayed.filter(entry => entry.at <= this.now)
    this.delayed = this.delayed.filter(entry => entry.at > this.now)
    for (const { key } of due) this.want(key)
  }
}

interface World {
  readonly env: VirtualEnv
  readonly queue: WorkQueue<string>
  readonly model: NaiveQueue
}

const key = fc.constantFrom('a', 'b', 'c', 'd')
const ms = fc.constantFrom(0, 1, 2, 5, 10)
const operation = fc.oneof(
  fc.tuple(fc.constant('add' as const), key, fc.constant(0)),
  fc.tuple(fc.constant('addAfter' as const), key, ms),
  fc.tuple(fc.constant('cancel' as const), key, fc.constant(0)),
  fc.tuple(fc.constant('get' as const), key, fc.constant(0)),
  fc.tuple(fc.constant('done' as const), key, fc.constant(0)),
  fc.tuple(fc.constant('advance' as const), key, ms),
)

async function step(
  { env, queue, model }: World,
  [name, on, delay]: readonly [string, string, number],
): Promise<void> {
  switch (name) {
    case 'add':
      queue.add(on)
      return model.add(on)
    case 'addAfter':
      queue.addAfter(on, delay)
      return model.addAfter(on, delay)
    case 'cancel':
      expect(queue.cancel(on)).toBe(model.cancel(on))
      return
    case 'get':
      expect(queue.get()).toBe(model.get())
      return
    case 'done':
      if (!model.processing.has(on)) {
        expect(() => queue.done(on)).toThrow(/no worker holds/)
        return
      }
      queue.done(on)
      return model.done(on)
    default:
      await env.advance(delay)
      model.advance(delay)
  }
}

test('the queue behaves as sets and a sorted array do', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async operations => {
      const env = createVirtualEnv()
      const world: World = { env, queue: createWorkQueue({ env }), model: new NaiveQueue() }
      for (const each of operations) {
        await step(world, each)
        const { queue, model } = world
        const states = queue.list()
        expect(states.filter(state => state.state === 'ready').map(state => state.key)).toEqual(model.ready)
        expect(queue.inFlight).toBe(model.processing.size)
        expect(queue.delayed).toBe(model.delayed.length)
        const known = new Set([...model.ready, ...model.processing, ...model.delayed.map(entry => entry.key)])
        expect(states.map(state => state.key).sort()).toEqual([...known].sort())
      }
    }),
    { numRuns: 150 },
  )
})
