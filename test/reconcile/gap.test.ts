import { describe, expect, test } from 'vitest'
import {
  controllerReference,
  createCache,
  createController,
  createManager,
} from '../../src/reconcile/index.js'
import type { Store } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { Part, ref, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'
import { breakable } from './breakable-client.js'
import { ScriptedSource } from './scripted-source.js'

/** The longest pause before a watch that broke is opened again. */
const PAUSE_MS = 100

interface Gap {
  readonly env: VirtualEnv
  readonly store: Store
  readonly runs: string[]
  /** Whether a widget should have its part. */
  wanted: boolean
  /** Ends the watch; it is opened again after `PAUSE_MS` at the latest. */
  cut(): void
  /** Waits until the watch is open again. */
  reopened(): Promise<void>
  wake(name: string): Promise<void>
}

/** Whether the store still has what was written while the watch was broken, so that it can be told one by one. */
type Log = 'kept' | 'compacted'

type Reading = Pick<Parameters<typeof createController>[0], 'reads' | 'ownWrites'>

/** Two widgets, a and b, and a controller that makes a part for each when asked to. */
async function startGap(reading: Reading, log: Log): Promise<Gap> {
  const { env, store } = createWorld()
  for (const name of ['a', 'b']) await store.create(Widget, widget(name))
  const end = { now: new AbortController() }
  let compacted = 0
  const manager = createManager({ client: breakable(store, end) })
  const gap: Gap = {
    env,
    store,
    runs: [],
    wanted: false,
    cut: () => {
      const broken = end.now
      end.now = new AbortController()
      broken.abort(new Error('connection lost'))
    },
    reopened: async () => {
      // There is nothing to compact when nothing was written since the last time.
      if (log === 'compacted' && store.revision > compacted) await store.compact(store.revision)
      compacted = store.revision
      await env.advance(PAUSE_MS)
    },
    wake: async name => {
      controller.enqueue(ref(name))
      await env.settle()
    },
  }
  const controller = createController({
    name: 'widgets',
    for: Widget,
    owns: [Part],
    ...reading,
    reconcile: async (key, object, { client }) => {
      gap.runs.push(key.name)
      if (!gap.wanted || object === undefined || client.get(Part, key) !== undefined) return
      const metadata = { ...ref(key.name), ownerReferences: [controllerReference(Widget, object)] }
      await client.create(Part, { metadata, spec: {} })
    },
  })
  manager.add(controller)
  await env.run(() => manager.start())
  await env.settle()
  gap.runs.length = 0
  gap.cut()
  return gap
}

const readings: readonly Reading[] = [
  { reads: 'client' },
  { reads: 'cache', ownWrites: 'overlay' },
  { reads: 'cache', ownWrites: 'gate' },
  { reads: 'cache', ownWrites: 'wait' },
]

describe.each(
  readings.flatMap(reading => (['kept', 'compacted'] as const).map(log => ({ log, ...reading }))),
)('what came and went while a watch was broken: %o', ({ log, ...reading }) => {
  test('a child that the key made is made again', async () => {
    const gap = await startGap(reading, log)
    gap.wanted = true
    await gap.wake('a')
    await gap.store.delete(Part, ref('a'))
    await gap.reopened()
    expect(gap.store.get(Part, ref('a'))).toBeDefined()
    expect(gap.store.get(Part, ref('b'))).toBeUndefined()
  })

  test('keys that did not run meanwhile do not run again', async () => {
    const gap = await startGap(reading, log)
    await gap.wake('a')
    await gap.store.create(Part, { metadata: ref('other'), spec: {} })
    await gap.store.delete(Part, ref('other'))
    await gap.reopened()
    expect(gap.runs).toEqual(['a'])
  })

  test('a gap in which nothing was written wakes nobody', async () => {
    const gap = await startGap(reading, log)
    for (const name of ['a', 'b']) await gap.wake(name)
    await gap.reopened()
    gap.cut()
    await gap.reopened()
    expect(gap.runs).toEqual(['a', 'b'])
  })
})

describe('a key sees a child without an owner, which goes in a gap', () => {
  test('it runs again after a list, which cannot show that it went', async () => {
    const gap = await startGap({ reads: 'client' }, 'compacted')
    await gap.store.create(Part, { metadata: ref('a'), spec: {} })
    gap.wanted = true
    await gap.wake('a')
    await gap.store.delete(Part, ref('a'))
    await gap.reopened()
    expect(gap.store.get(Part, ref('a'))).toBeDefined()
  })

  test('so does an attempt that began before the list', async () => {
    const { env, store } = createWorld()
    await store.create(Widget, widget('a'))
    const end = { now: new AbortController() }
    const manager = createManager({ client: breakable(store, end) })
    const sizes: number[] = []
    const controller = createController({
      name: 'slow',
      for: Widget,
      owns: [Part],
      reconcile: async (_key, _object, { client, env: own }) => {
        sizes.push(client.list(Part).items.length)
        await own.clock.sleep(1_000)
      },
    })
    manager.add(controller)
    await env.run(() => manager.start())
    await env.advance(1_000)
    end.now.abort(new Error('connection lost'))
    end.now = new AbortController()
    await store.create(Part, { metadata: ref('p'), spec: {} })
    controller.enqueue(ref('a'))
    await env.settle()
    await store.delete(Part, ref('p'))
    await store.compact(store.revision)
    await env.advance(2_000)
    expect(sizes).toEqual([0, 1, 0])
  })
})

test('a cache says after which revision it may have skipped states', async () => {
  const env = createVirtualEnv()
  const source = new ScriptedSource()
  const store = createStore({ kinds: [Widget], env })
  const cache = createCache({ kinds: [Widget], source })
  const told: (number | undefined)[] = []
  cache.onChange(({ since }) => told.push(since))
  await env.run(() => cache.start(store))
  source.write('a', 1)
  const { revision } = source
  source.cut({ compact: true })
  source.write('b', 1, { silent: true })
  source.write('b', undefined, { silent: true })
  source.cut({ compact: true })
  await env.advance(1_000)
  source.write('c', 1)
  expect(told.filter(since => since !== undefined)).toEqual([revision])
  expect([cache.revision, told.at(-1)]).toEqual([source.revision, undefined])
})
