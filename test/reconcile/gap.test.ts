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
import { breakable } from './breakable-client.js'
import { ScriptedSource } from './scripted-source.js'
import { Part, ref, Widget, widget } from './world.js'

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
  wake(name: string): Promise<void>
}

type Reading = Pick<Parameters<typeof createController>[0], 'reads' | 'ownWrites'>

/** Two widgets, a and b, and a controller that makes a part for each when asked to. */
async function startGap(reading: Reading): Promise<Gap> {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Widget, Part], env })
  for (const name of ['a', 'b']) await store.create(Widget, widget(name))
  const end = { now: new AbortController() }
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

describe.each<Reading>([
  { reads: 'client' },
  { reads: 'cache', ownWrites: 'overlay' },
  { reads: 'cache', ownWrites: 'gate' },
  { reads: 'cache', ownWrites: 'wait' },
])('what came and went while a watch was broken: %o', reading => {
  test('a child that the key made is made again', async () => {
    const gap = await startGap(reading)
    gap.wanted = true
    await gap.wake('a')
    await gap.store.delete(Part, ref('a'))
    await gap.env.advance(PAUSE_MS)
    expect(gap.store.get(Part, ref('a'))).toBeDefined()
    expect(gap.store.get(Part, ref('b'))).toBeUndefined()
  })

  test('keys that did not run meanwhile do not run again', async () => {
    const gap = await startGap(reading)
    await gap.wake('a')
    await gap.store.create(Part, { metadata: ref('other'), spec: {} })
    await gap.store.delete(Part, ref('other'))
    await gap.env.advance(PAUSE_MS)
    expect(gap.runs).toEqual(['a'])
  })

  test('a gap in which nothing was written wakes nobody', async () => {
    const gap = await startGap(reading)
    for (const name of ['a', 'b']) await gap.wake(name)
    await gap.env.advance(PAUSE_MS)
    gap.cut()
    await gap.env.advance(PAUSE_MS)
    expect(gap.runs).toEqual(['a', 'b'])
  })
})

test('a child that the key has only seen is missed too', async () => {
  const gap = await startGap({ reads: 'client' })
  await gap.store.create(Part, { metadata: ref('a'), spec: {} })
  gap.wanted = true
  await gap.wake('a')
  await gap.store.delete(Part, ref('a'))
  await gap.env.advance(PAUSE_MS)
  expect(gap.store.get(Part, ref('a'))).toBeDefined()
})

test('an attempt that began before the list runs again after it', async () => {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Widget, Part], env })
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
  await env.advance(2_000)
  expect(sizes).toEqual([0, 1, 0])
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
