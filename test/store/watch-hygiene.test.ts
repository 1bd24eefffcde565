import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import type { LabelSelector } from '../../src/core/index.js'
import { parseLabelSelector } from '../../src/core/index.js'
import { storeOn } from '../../src/store/client/engine-client.js'
import { Engine } from '../../src/store/engine/engine.js'
import type { SlowConsumerPolicy } from '../../src/store/watch/watch.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { ref as at, Widget } from '../fixtures/kinds.js'

function world() {
  const env = createVirtualEnv()
  const engine = new Engine({ kinds: [Widget], env, logCapacity: 1_000 })
  return { env, engine, store: storeOn(engine) }
}

/** Throws for an object that is as large as `bad`. */
function faulty(bad: number): LabelSelector {
  const all = parseLabelSelector('app')
  return {
    ...all,
    matches: labels => {
      if (Number(labels?.['size']) === bad) throw new Error('bad selector')
      return all.matches(labels)
    },
  }
}

describe('a watch whose selector throws', () => {
  test.each<SlowConsumerPolicy>(['close', 'coalesce', 'block'])(
    'ends, and hurts nobody else: %s',
    async slowConsumer => {
      const { env, store } = world()
      const ended: unknown[] = []
      const told: number[] = []
      store.watch(Widget).on(batch => told.push(batch.revision))
      const options = {
        slowConsumer,
        ...(slowConsumer === 'close' ? {} : { bufferLimit: 1 }),
        labelSelector: faulty(3),
      }
      const listening = store.watch(Widget, options)
      listening.on(
        () => {},
        error => ended.push(error),
      )
      const reader = store.client(env.fork('reader')).watch(Widget, options)[Symbol.asyncIterator]()
      const writer = store.client(env.fork('writer'))
      for (let size = 1; size <= 6; size++)
        void writer.create(Widget, {
          metadata: { ...at(`w${size}`), labels: { app: 'x', size: String(size) } },
          spec: {},
        })
      await env.settle()
      const read = (async () => {
        for (;;) await reader.next()
      })()
      const failed = expect(read).rejects.toThrow('bad selector')
      await env.advance(5_000)
      await failed
      expect(ended).toEqual([new Error('bad selector')])
      expect([store.revision, told]).toEqual([6, [1, 2, 3, 4, 5, 6]])
    },
  )

  test('is refused with the error where it meets what exists, and leaves nothing open', async () => {
    const { store, engine } = world()
    await store.create(Widget, { metadata: { ...at('a'), labels: { app: 'x', size: '3' } }, spec: {} })
    expect(() => store.watch(Widget, { sendInitialEvents: true, labelSelector: faulty(3) })).toThrow(
      'bad selector',
    )
    expect(engine.tables.of(Widget).watchers.size).toBe(0)
  })
})

describe('a watch that is over', () => {
  test.each<SlowConsumerPolicy>(['close', 'coalesce', 'block'])(
    'leaves nothing behind: %s',
    async slowConsumer => {
      const { store, engine } = world()
      for (const name of ['a', 'b']) await store.create(Widget, { metadata: at(name), spec: {} })
      for (let round = 0; round < 10; round++)
        store.watch(Widget, { since: 0, slowConsumer, bookmarks: true }).close()
      expect([engine.alarms.size, engine.tables.of(Widget).watchers.size]).toEqual([0, 0])
    },
  )

  test('because its env was closed is found by those that are opened later, though nothing it watches is written', () => {
    const { env, store, engine } = world()
    const { watchers } = engine.tables.of(Widget)
    const living = store.watch(Widget, { name: 'living' })
    for (let attempt = 0; attempt < 1_000; attempt++) {
      const own = env.fork('attempt')
      store
        .client(own)
        .watch(Widget, { namespace: 'default', name: `w${attempt}` })
        .on(() => {})
      own.close()
      expect(watchers.size).toBeLessThanOrEqual(66)
    }
    expect(living.revision).toBe(0)
    living.close()
  })
})

test('a watch lets go of its initial events when it has told them', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const { env, store } = world()
  await store.create(Widget, { metadata: at('a'), spec: { size: 1 } })
  let initial: WeakRef<object> | undefined
  const watch = store.watch(Widget, { sendInitialEvents: true })
  watch.on(batch => {
    initial ??= new WeakRef(batch)
  })
  await env.settle()
  expect(initial).toBeDefined()
  // What a WeakRef was asked for in a job stays until that job is over.
  await new Promise(resolve => setImmediate(resolve))
  collectGarbage()
  expect(initial?.deref()).toBeUndefined()
  watch.close()
})
