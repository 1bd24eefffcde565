import { systemEnv } from 'keelson/core'
import type { Controller, Reconciler } from 'keelson/reconcile'
import { createController, createManager } from 'keelson/reconcile'
import type { Kind, Store } from 'keelson/store'
import { createStore, defineKind } from 'keelson/store'
import type { Measurement } from '../frame/measure.js'
import { collectGarbage, measure } from '../frame/measure.js'
import { amount, quantile } from '../frame/report.js'
import type { Row } from '../frame/row.js'
import { refFloor } from './queue-floor.js'

interface Size {
  readonly size: number
}

const Widget: Kind<Size, Size> = defineKind({
  apiVersion: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
})

/** What controllers do, from a key that is wanted to a world that has settled. */
export const controllerRows: readonly Row[] = [
  {
    name: 'reconciles',
    title: 'reconciles of an async function that does nothing, 10 at once',
    unit: 'per second',
    target: 1_000_000,
    sizes: [10_000],
    ours: size => reconciles(size, then => async () => then()),
    floor: refFloor(4.7),
  },
  {
    name: 'reconciles-sync',
    title: 'reconciles of a function that does nothing and returns at once, 10 at once',
    unit: 'per second',
    target: 1_600_000,
    sizes: [10_000],
    ours: size => reconciles(size, then => () => then()),
    floor: refFloor(3.2),
  },
  {
    name: 'latency',
    title: 'from a store write to the start of its reconcile, at 10,000 writes per second',
    unit: 'ms',
    headline: 'p99',
    target: 1,
    sizes: [10_000],
    ours: latency,
  },
  {
    name: 'storm',
    title: 'how late a timer of 5 ms is while every key of a controller is wanted at once',
    unit: 'ms',
    headline: 'p99',
    target: 10,
    runs: 3,
    sizes: [1_000_000],
    heapMiB: () => 4096,
    ours: storm,
  },
]

async function reconciles(
  size: number,
  reconciler: (then: () => void) => Reconciler<Size, Size>,
): Promise<Measurement> {
  let left = 0
  let finish = (): void => {}
  const count = (): void => {
    if (--left === 0) finish()
  }
  const { controller, stop } = await run(createStore({ kinds: [Widget] }), 10, reconciler(count))
  const keys = Array.from({ length: size }, (_, index) => ({ namespace: 'default', name: `w${index}` }))
  const measured = await measure({
    batch: size,
    operations: size * 1_000,
    warm: 500_000,
    prepare: from => {
      if (from === 0) collectGarbage()
    },
    run: () =>
      new Promise<void>(resolve => {
        left = size
        finish = resolve
        for (const key of keys) controller.enqueue(key)
      }),
  })
  await stop()
  return measured
}

/** Ten writes each millisecond, for two seconds after one of warming up. */
async function latency(size: number): Promise<Measurement> {
  const store = await filled(size)
  const writtenAt = new Map<string, number>()
  let samples: number[] = []
  const { stop } = await run(store, 10, async ({ name }) => {
    const at = writtenAt.get(name)
    if (at !== undefined) samples.push(performance.now() - at)
    writtenAt.delete(name)
  })
  let written = 0
  const write = (): void => {
    const name = `w${(written * 7919) % size}`
    written++
    writtenAt.set(name, performance.now())
    void store.modify(Widget, { namespace: 'default', name }, draft => void (draft.spec.size = written))
  }
  const begin = performance.now()
  while (written < 30_000) {
    if (written === 10_000) samples = []
    while (written < (performance.now() - begin) * 10) write()
    await new Promise(resolve => setImmediate(resolve))
  }
  await new Promise(resolve => setTimeout(resolve, 50))
  await stop()
  return { samples, mean: samples.reduce((sum, ms) => sum + ms, 0) / samples.length }
}

async function storm(size: number): Promise<Measurement> {
  let left = size
  let finish = (): void => {}
  const over = new Promise<void>(resolve => {
    finish = resolve
  })
  const { controller, stop } = await run(createStore({ kinds: [Widget] }), 10, async () => {
    if (--left === 0) finish()
  })
  const keys = Array.from({ length: size }, (_, index) => ({ namespace: 'default', name: `w${index}` }))
  collectGarbage()
  // The caller's own loop is not what is measured: keys come in pieces of a millisecond or so.
  const late: number[] = []
  let isOver = false
  const tick = (): void => {
    const due = systemEnv.clock.monotonic() + 5
    systemEnv.clock.after(5, () => {
      late.push(systemEnv.clock.monotonic() - due)
      if (!isOver) tick()
    })
  }
  tick()
  const turns = watchTurns()
  for (let at = 0; at < size; at += 1_000) {
    for (const key of keys.slice(at, at + 1_000)) controller.enqueue(key)
    await new Promise(resolve => setImmediate(resolve))
  }
  await over
  isOver = true
  const heldMs = turns.stop()
  await stop()
  const ms = (value: number): string => amount('ms', value)
  const held = `turns hold the processor for ${ms(quantile(heldMs, 0.99))} at p99, ${ms(Math.max(...heldMs))} at most`
  const note = `${late.length} timers, the latest by ${ms(Math.max(...late))}; ${held}`
  return { samples: late, mean: late.reduce((sum, each) => sum + each, 0) / late.length, note }
}

/**
 * How long each turn of the event loop holds it, in ms of processor time, garbage and compiler included: what the
 * neighbours on the machine take is in how late timers are, and says nothing of the loop.
 */
function watchTurns(): { stop(): readonly number[] } {
  const heldMs: number[] = []
  let before = process.cpuUsage()
  let next = setImmediate(turned)
  function turned(): void {
    const { user, system } = process.cpuUsage(before)
    heldMs.push((user + system) / 1_000)
    before = process.cpuUsage()
    next = setImmediate(turned)
  }
  return {
    stop: () => {
      clearImmediate(next)
      return heldMs
    },
  }
}

async function filled(size: number): Promise<Store> {
  const store = createStore({ kinds: [Widget] })
  for (let index = 0; index < size; index++)
    await store.create(Widget, { metadata: { namespace: 'default', name: `w${index}` }, spec: { size: 0 } })
  return store
}

interface Run {
  readonly controller: Controller
  readonly stop: () => Promise<unknown>
}

async function run(store: Store, concurrency: number, reconcile: Reconciler<Size, Size>): Promise<Run> {
  const controller = createController({ name: 'widgets', for: Widget, concurrency, reconcile })
  const manager = createManager({ client: store })
  manager.add(controller)
  await manager.start()
  await manager.settled()
  return { controller, stop: () => manager.stop() }
}
