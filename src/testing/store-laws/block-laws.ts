import type { Client, WatchBatch } from '../../store/index.js'
import { claim, claimEqual, claimMatch } from './claims.js'
import type { WidgetObject } from './kinds.js'
import { refOf, Widget, widget } from './kinds.js'
import type { StoreLaw } from './law.js'
import { record } from './tape.js'

const HOLD = { slowConsumer: 'block', bufferLimit: 2 } as const
const WRITES = 12
const SIZES: readonly number[] = /* @__PURE__ */ Array.from({ length: WRITES }, (_, index) => index)
/** Much less than a write waits. */
const MOMENT_MS = 100
/** More than a write waits. */
const LONG_MS = 1_500

/** What a watcher may do to writers. */
export const blockLaws: readonly StoreLaw[] = [
  {
    name: 'a watcher that blocks holds writes back until it has read, and nothing is lost',
    movesTime: true,
    check: async world => {
      const store = await world.open()
      const reader = store.watch(Widget, HOLD)[Symbol.asyncIterator]()
      const writes = writeLoop(store)
      await world.pass(MOMENT_MS)
      claim(writes.done < WRITES, 'writes wait')
      const batches: WatchBatch<WidgetObject>[] = []
      for (let read = 0; read < WRITES; read++) {
        const { value } = await world.soon('a batch', reader.next())
        if (value !== undefined) batches.push(value as WatchBatch<WidgetObject>)
      }
      await world.soon('the last write', writes.ended)
      claimEqual(sizesIn(batches), SIZES, 'what was read')
    },
  },
  {
    name: 'a watcher that blocks is given up after a second, and told where to go on',
    movesTime: true,
    check: async world => {
      const store = await world.open()
      const watch = store.watch(Widget, HOLD)
      const writes = writeLoop(store)
      await world.pass(LONG_MS)
      await world.soon('the last write', writes.ended)
      const error = await record(world, watch).end()
      claimMatch(error, { code: 'SlowConsumer' }, 'the end of the watch')
      const since = Number((error as { readonly lastResourceVersion: string }).lastResourceVersion)
      const batches = await record(world, store.watch(Widget, { since })).through(store.revision)
      const sizes = sizesIn(batches)
      claimEqual(sizes, SIZES.slice(-sizes.length), 'a watch from there')
    },
  },
  {
    name: 'a client is not held back by its own watch, others are',
    movesTime: true,
    check: async world => {
      const store = await world.open()
      const consumer = store.client(store.env.fork('consumer'))
      const watch = consumer.watch(Widget, HOLD)
      await world.soon('its own writes', writeLoop(consumer).ended)
      const others = writeLoop(store.client(store.env.fork('producer')))
      await world.pass(MOMENT_MS)
      claimEqual(others.done, 0, 'writes of another client')
      watch.close()
      await world.soon('they', others.ended)
    },
  },
  {
    name: 'what a client has asked for in order is written in that order, also when a watch had held it back',
    check: async world => {
      const store = await world.open()
      await store.create(Widget, widget('a', { size: 0 }))
      const watch = store.watch(Widget, { slowConsumer: 'block', bufferLimit: 1 })
      const resize = (size: number): Promise<unknown> =>
        store.modify(Widget, refOf('a'), draft => void (draft.spec.size = size))
      for (const size of [1, 2]) await world.soon('a write that fits', resize(size))
      const first = resize(3)
      watch.close()
      await world.soon('both writes', Promise.all([first, resize(4)]))
      claimEqual(store.get(Widget, refOf('a'))?.spec.size, 4, 'the size')
    },
  },
]

function sizesIn(batches: readonly WatchBatch<WidgetObject>[]): readonly (number | undefined)[] {
  return batches.flatMap(({ events }) => events.map(({ object }) => object.spec.size))
}

/** Writes one after the other, as a loop with `await` does. */
function writeLoop(client: Client): { readonly done: number; readonly ended: Promise<void> } {
  const progress = { done: 0, ended: Promise.resolve() }
  const write = async (): Promise<void> => {
    for (const size of SIZES) {
      if (client.get(Widget, refOf('a')) === undefined) await client.create(Widget, widget('a', { size }))
      else await client.modify(Widget, refOf('a'), draft => void (draft.spec.size = size))
      progress.done++
    }
  }
  progress.ended = write()
  // Whoever waits for the end is told.
  progress.ended.catch(() => {})
  return progress
}
