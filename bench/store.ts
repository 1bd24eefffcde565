import type { IntervalHistogram } from 'node:perf_hooks'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Store, StoredObject } from 'keelson/store'
import { createStore } from 'keelson/store'
import { bench } from './frame/bench.js'
import type { Measurement } from './frame/measure.js'
import { collectGarbage, isPromise, measure } from './frame/measure.js'
import type { Floor, Row, Run } from './frame/row.js'
import type { PodSpec } from './objects/pod.js'
import { appOf, makePod, NAMESPACES, PODS_PER_APP, Pod, podRef } from './objects/pod.js'
import { memdb } from './peers/store/go-memdb.js'
import type { OpenPeer, PodInput, StorePeer } from './peers/store/peer.js'

const SIZE = 100_000
const BATCH = 500
const UPDATES = 200_000
const PEERS = ['lokijs', 'rxdb', 'tinybase'] as const

type StoredPod = StoredObject<PodSpec>

const rows: readonly Row[] = [
  {
    name: 'create',
    title: 'schema, four labels and one index; own commit, awaited',
    unit: 'per second',
    sizes: [SIZE],
    ours: async size => createPods(await warmStore(0), size),
    floor: floor('exact frozen copy, Map.set, one index, four labels', 2.5, createPeer),
    peers: { ...withPeers(createPeer), ...memdb('create') },
    atLeast: { 'go-memdb': 3, lokijs: 0.5 },
  },
  {
    name: 'update-outside',
    title: 'compare-and-swap with an object from outside, awaited',
    unit: 'per second',
    sizes: [SIZE],
    ours: async size => updateOutside(await warmStore(size), size),
    floor: floor('exact frozen copy and Map.set', 1.4, updatePeer, { load: true }),
    peers: { ...withPeers(updatePeer, { load: true, note: 'no old versions' }), ...memdb('update') },
  },
  {
    name: 'update-shared',
    title: 'compare-and-swap with a copy that shares the stored subtrees, awaited',
    unit: 'per second',
    sizes: [SIZE],
    ours: async size => updateShared(await warmStore(size), size),
    floor: floor('reading, copying what is new, Map.set', 2, updateSharedPeer, { load: true }),
  },
  {
    name: 'update-shared-kept',
    title:
      'the floor of update-shared, with a revision in each state, a log of old states and a promise that is awaited',
    unit: 'per second',
    sizes: [SIZE],
    ours: onPeer('plain-map', updateKeptPeer, { load: true }),
  },
  {
    name: 'get',
    title: 'by namespace and name, 1,000 hot objects',
    unit: 'per second',
    sizes: [SIZE],
    ours: async size => {
      const store = await warmStore(size)
      return hotReads(size, ref => store.get(Pod, ref))
    },
    floor: floor('a look into a Map by a joined key', 1, readPeer, { load: true }),
    peers: withPeers(readPeer, { load: true }),
  },
  {
    name: 'snapshot',
    title: 'taken and closed',
    unit: 'ns',
    target: 50,
    sizes: [SIZE],
    ours: async size => {
      const store = await warmStore(size)
      const run = (_: undefined, count: number): void => {
        for (let index = 0; index < count; index++) store.snapshot().close()
      }
      return repeated(run, 1_000, 2_000_000)
    },
  },
  {
    name: 'list',
    title: `${PODS_PER_APP} objects by label, in key order`,
    unit: 'ns',
    target: 4_000,
    sizes: [SIZE],
    ours: async size => {
      const store = await warmStore(size)
      return listApps(size, app => store.list(Pod, { labelSelector: `app=${app}` }).items)
    },
    peers: withPeers((peer, size) => listApps(size, app => peer.listByApp(app)), { load: true }),
  },
  {
    name: 'list-namespace',
    title: `the ${SIZE / NAMESPACES} objects of a namespace, in key order`,
    unit: 'ns',
    target: 250_000,
    sizes: [SIZE],
    ours: async size => {
      const store = await warmStore(size)
      const spaces = Array.from({ length: NAMESPACES }, (_, index) => `team-${index}`)
      return repeated(() => each(spaces, namespace => store.list(Pod, { namespace })), NAMESPACES, 10_000)
    },
  },
  {
    name: 'fan-out',
    title: '1,000 watchers that want everything; bursts of 100 writes',
    unit: 'per second',
    target: 50_000_000,
    sizes: [1_000],
    ours: size => fanOut(size, 100),
    floor: floor('a loop over callbacks', 4, (peer, size) => fanOutPeer(peer, size, 100), { load: true }),
    peers: withPeers((peer, size) => fanOutPeer(peer, size, 100), { load: true }),
  },
  {
    name: 'fan-out-single',
    title: '1,000 watchers that want everything; every write awaited',
    unit: 'per second',
    target: 25_000_000,
    sizes: [1_000],
    ours: size => fanOut(size, 1),
    floor: floor('a loop over callbacks', 4, (peer, size) => fanOutPeer(peer, size, 1), { load: true }),
  },
  {
    name: 'silent-names',
    title: 'what 100,000 watchers of other objects add to a write',
    unit: 'ns',
    target: 300,
    runs: 1,
    sizes: [10_000],
    ours: size =>
      addedCost(size, store => {
        for (let index = 0; index < SILENT; index++)
          store.watch(Pod, { namespace: `team-${index % NAMESPACES}`, name: `other-${index}` }).on(() => {})
      }),
  },
  {
    name: 'silent-labels',
    title: 'what 100,000 watchers of other labels add to a write',
    unit: 'ns',
    target: 300,
    runs: 1,
    sizes: [10_000],
    ours: size =>
      addedCost(size, store => {
        for (let index = 0; index < SILENT; index++)
          store.watch(Pod, { labelSelector: `app=other-${index}` }).on(() => {})
      }),
  },
  {
    name: 'stalled',
    title: 'what 1,000 watchers that do not read keep of 20,000 events',
    unit: 'bytes',
    target: 10_000_000,
    runs: 1,
    sizes: [1_000],
    ours: stalledWatchers,
  },
  {
    name: 'object-bytes',
    title: 'what the store keeps of an object beside the object itself',
    unit: 'bytes',
    target: 1_000,
    runs: 1,
    sizes: [SIZE],
    ours: objectBytes,
  },
  {
    name: 'watch-bytes',
    title: 'what is kept of a watch of one name, each another one',
    unit: 'bytes',
    target: 2_000,
    runs: 1,
    sizes: [20_000],
    ours: watchBytes,
  },
  {
    name: 'compaction',
    title: 'event-loop delay while 1,000,000 revisions are let go',
    unit: 'ms',
    target: 10,
    headline: 'p99',
    runs: 1,
    sizes: [1_000],
    heapMiB: () => 6_144,
    ours: compaction,
  },
  {
    name: 'curve-create',
    title: 'cost of a create by number of objects',
    unit: 'times',
    target: 3,
    sizes: [1_000, 10_000, 100_000, 1_000_000],
    heapMiB: heapOfCurve,
    ours: async size => createTail(await warmStore(size), size),
  },
  {
    name: 'curve-update',
    title: 'cost of a compare-and-swap update by number of objects',
    unit: 'times',
    target: 3,
    sizes: [1_000, 10_000, 100_000, 1_000_000],
    heapMiB: heapOfCurve,
    ours: async size => updateShared(await warmStore(size), size),
  },
]

const WATCHERS = 1_000
const SILENT = 100_000
/** As many revisions as a store keeps by default. */
const LOG_CAPACITY = 100_000
const CHANGED = 1_000
/** A delivery that has not come by then never will. */
const DELIVERY_MS_MAX = 30_000

/** Node's own limit is too low for a million objects and their history. */
function heapOfCurve(size: number): number | undefined {
  return size >= 1_000_000 ? 8_192 : undefined
}

/** A store with `size` pods whose code is compiled; the pods were made one by one, so nothing is shared. */
async function warmStore(size: number): Promise<Store> {
  const practice = createStore({ kinds: [Pod] })
  await createPods(practice, 2_000)
  const store = createStore({ kinds: [Pod] })
  for (let index = 0; index < size; index++) await store.create(Pod, makePod(index))
  collectGarbage()
  return store
}

function createPods(store: Store, size: number): Promise<Measurement> {
  return measure({
    batch: BATCH,
    operations: size,
    prepare: podsFrom,
    run: async pods => {
      for (const pod of pods) await store.create(Pod, pod)
    },
  })
}

/** Creates a tenth on top of `size` pods. */
function createTail(store: Store, size: number): Promise<Measurement> {
  return measure({
    batch: BATCH,
    operations: Math.max(10_000, Math.min(size / 10, SIZE)),
    prepare: (from, count) => podsFrom(size + from, count),
    run: async pods => {
      for (const pod of pods) await store.create(Pod, pod)
    },
  })
}

async function updateOutside(store: Store, size: number): Promise<Measurement> {
  const prepare = (from: number, count: number): readonly StoredPod[] =>
    Array.from({ length: count }, (_, offset) => {
      const stored = store.get(Pod, podRef(scatter(from + offset, size))) as StoredPod
      const copy = JSON.parse(JSON.stringify(stored)) as StoredPod
      return { ...copy, spec: { ...copy.spec, priority: copy.spec.priority + 1 } }
    })
  const run = async (pods: readonly StoredPod[]): Promise<void> => {
    for (const pod of pods) await store.update(Pod, pod)
  }
  await run(prepare(0, Math.min(size, 2_000)))
  return measure({ batch: BATCH, operations: UPDATES, prepare, run })
}

async function updateShared(store: Store, size: number): Promise<Measurement> {
  const run = async (refs: ReadonlyArray<ReturnType<typeof podRef>>): Promise<void> => {
    for (const ref of refs) {
      const pod = store.get(Pod, ref) as StoredPod
      await store.update(Pod, { ...pod, spec: { ...pod.spec, priority: pod.spec.priority + 1 } })
    }
  }
  await run(refsFrom(0, 2_000, size))
  return measure({
    batch: BATCH,
    operations: UPDATES,
    prepare: (from, count) => refsFrom(from, count, size),
    run,
    note: 'reading and copying included',
  })
}

function hotReads(
  size: number,
  read: (ref: ReturnType<typeof podRef>) => unknown,
): Promise<Measurement> | Measurement {
  const refs = refsFrom(0, Math.min(1_000, size), size)
  return repeated(() => each(refs, read), refs.length, 5_000_000)
}

function listApps(
  size: number,
  list: (app: string) => PromiseLike<readonly unknown[]> | readonly unknown[],
): Promise<Measurement> {
  const apps = Array.from({ length: 20 }, (_, index) => appOf(scatter(index, size)))
  return repeated(() => each(apps, list), apps.length, 100_000)
}

/** Times `run` after a round that lets it be compiled. */
async function repeated(
  run: (input: undefined, count: number) => unknown,
  batch: number,
  operations: number,
): Promise<Measurement> {
  const timing = { batch, prepare: () => undefined, run }
  await measure({ ...timing, operations: Math.ceil(operations / 10), budgetMs: 500 })
  collectGarbage()
  return measure({ ...timing, operations })
}

/** Writes until what a delivery runs through is compiled. */
const WARM_WRITES = 1_000

async function fanOut(size: number, writes: number): Promise<Measurement> {
  const store = await warmStore(size)
  let heard = 0
  for (let index = 0; index < WATCHERS; index++)
    store.watch(Pod).on(batch => {
      heard += batch.events.length
    })
  let round = CHANGED
  return deliveries(writes, {
    heard: () => heard,
    prepare: from => refsFrom(from, writes, size),
    run: refs =>
      Promise.all(
        refs.map(ref => {
          const pod = store.get(Pod, ref) as StoredPod
          return store.update(Pod, { ...pod, spec: { ...pod.spec, priority: ++round } })
        }),
      ),
  })
}

interface Deliveries<Input> {
  readonly heard: () => number
  readonly prepare: (from: number) => Input
  readonly run: (input: Input) => unknown
}

/** Cost of one delivery, the writes' own cost included; every one of them must have arrived. */
async function deliveries<Input>(
  writes: number,
  { heard, prepare, run }: Deliveries<Input>,
): Promise<Measurement> {
  let expected = 0
  let written = 0
  const next = (): Input => {
    const input = prepare(written)
    written += writes
    return input
  }
  const round = async (input: Input): Promise<void> => {
    expected += writes * WATCHERS
    await run(input)
    const start = performance.now()
    while (heard() < expected) {
      if (performance.now() - start > DELIVERY_MS_MAX)
        throw new Error(`${expected - heard()} of ${expected} deliveries never came`)
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  while (written < WARM_WRITES) await round(next())
  collectGarbage()
  return measure({
    batch: writes * WATCHERS,
    operations: writes === 1 ? 10_000_000 : 50_000_000,
    prepare: next,
    run: round,
    note: `${writes === 1 ? 'one write' : `${writes} writes`} a round`,
  })
}

/** Alternates batches of updates on a store with the watchers and one without. */
async function addedCost(size: number, watch: (store: Store) => void): Promise<Measurement> {
  const stores = { plain: await warmStore(size), watched: await warmStore(size) }
  watch(stores.watched)
  const costs = { plain: [] as number[], watched: [] as number[] }
  for (let round = 0; round < 100; round++) {
    for (const which of round % 2 === 0 ? (['plain', 'watched'] as const) : (['watched', 'plain'] as const)) {
      const { mean } = await updatesOf(stores[which], round * BATCH, size)
      if (round >= 20) costs[which].push(mean)
    }
  }
  const samples = costs.watched.map((cost, index) => cost - (costs.plain[index] as number))
  const median = (list: readonly number[]): number =>
    list.toSorted((a, b) => a - b)[list.length >> 1] as number
  return {
    samples,
    mean: median(costs.watched) - median(costs.plain),
    note: `medians: ${Math.round(median(costs.plain))} ns without, ${Math.round(median(costs.watched))} ns with them`,
  }
}

async function updatesOf(store: Store, from: number, size: number): Promise<{ readonly mean: number }> {
  const refs = refsFrom(from, BATCH, size)
  const start = performance.now()
  for (const ref of refs) {
    const pod = store.get(Pod, ref) as StoredPod
    await store.update(Pod, { ...pod, spec: { ...pod.spec, priority: pod.spec.priority + 1 } })
  }
  return { mean: ((performance.now() - start) * 1e6) / refs.length }
}

/** Memory that is free again once watchers which have stopped reading are closed and forgotten. */
async function stalledWatchers(size: number): Promise<Measurement> {
  const samples: number[] = []
  const store = await warmStore(size)
  for (let round = 0; round < 4; round++) {
    const watches = Array.from({ length: WATCHERS }, () => store.watch(Pod)[Symbol.asyncIterator]())
    const first = watches.map(watch => watch.next())
    await updatesOf(store, 0, size)
    await Promise.all(first)
    for (let from = BATCH; from <= 20_000; from += BATCH) await updatesOf(store, from, size)
    const kept = await heapUsed()
    for (const watch of watches) await watch.return?.()
    watches.length = 0
    first.length = 0
    // The first round fills what the store itself keeps.
    if (round > 0) samples.push(kept - (await heapUsed()))
  }
  return {
    samples,
    mean: Math.max(1, ...samples),
    note: 'the largest of three, the watchers themselves included',
  }
}

/** Once the log has let go of how the objects came. */
async function objectBytes(size: number): Promise<Measurement> {
  const before = await heapUsed()
  const pods = podsFrom(0, size)
  const plain = (await heapUsed()) - before
  const store = createStore({ kinds: [Pod], logCapacity: 1 })
  for (const pod of pods) await store.create(Pod, pod)
  // The pods are still there: what came is the copies of the store, and what it keeps besides.
  const stored = (await heapUsed()) - before - plain
  const mean = (stored - plain) / size
  return {
    samples: [mean],
    mean,
    note: `${pods.length} plain objects take ${Math.round(plain / size)} bytes each, ${store.count(Pod)} stored ones ${Math.round(stored / size)}`,
  }
}

/** Once nothing is told any more. */
async function watchBytes(size: number): Promise<Measurement> {
  const store = await warmStore(1_000)
  const names = Array.from({ length: size }, (_, index) => ({ namespace: 'team-0', name: `other-${index}` }))
  const listener = (): void => {}
  const open = (from: number): void => {
    for (const name of names.slice(from)) store.watch(Pod, name).on(listener)
  }
  // The texts of names take more room from their first use as keys on.
  new Set(names.map(({ name }) => name)).clear()
  open(size - 100)
  const before = await heapUsed()
  open(0)
  const mean = ((await heapUsed()) - before) / size
  await store.close()
  return { samples: [mean], mean, note: 'the text of the name left out' }
}

/** Bytes in use once everything that waits for a turn of the event loop is gone. */
async function heapUsed(): Promise<number> {
  await new Promise(resolve => setTimeout(resolve, 20))
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** Fills the log with a million revisions, then lets go of them while timers are watched. */
async function compaction(size: number): Promise<Measurement> {
  const revisions = 1_000_000
  const store = createStore({ kinds: [Pod], logCapacity: revisions })
  for (let index = 0; index < size; index++) await store.create(Pod, makePod(index))
  for (let from = 0; from < revisions; from += BATCH) await updatesOf(store, from, size)
  collectGarbage()
  const idle = await eventLoopDelay(() => new Promise(resolve => setTimeout(resolve, 500)))
  const busy = await eventLoopDelay(() => store.compact(store.revision))
  const ms = (nanoseconds: number): number => Math.round(nanoseconds / 1e5) / 10
  return {
    samples: Array.from({ length: 1_000 }, (_, index) => busy.percentile((index + 1) / 10) / 1e6),
    mean: busy.mean / 1e6,
    note: `longest ${ms(busy.max)} ms; idle p99 ${ms(idle.percentile(99))} ms, longest ${ms(idle.max)} ms`,
  }
}

/** Lateness of a timer of 1 ms, that millisecond included, while `work` goes on. */
async function eventLoopDelay(work: () => Promise<unknown>): Promise<IntervalHistogram> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await new Promise(resolve => setTimeout(resolve, 20))
  await work()
  await new Promise(resolve => setTimeout(resolve, 20))
  delay.disable()
  return delay
}

/** Runs a row on something that stands for a store. */
type PeerRun = (peer: StorePeer, size: number) => Promise<Measurement> | Measurement

interface PeerSetup {
  /** Whether the pods are in it when the row begins. Default false. */
  readonly load?: boolean
  readonly note?: string
}

function withPeers(run: PeerRun, setup: PeerSetup = {}): Readonly<Record<string, Run>> {
  return Object.fromEntries(PEERS.map(name => [name, onPeer(name, run, setup)]))
}

function floor(title: string, timesMax: number, run: PeerRun, setup: PeerSetup = {}): Floor {
  return { title, timesMax, run: onPeer('plain-map', run, setup) }
}

function onPeer(name: string, run: PeerRun, { load = false, note }: PeerSetup): Run {
  return async size => {
    const { open } = (await import(`./peers/store/${name}.ts`)) as { readonly open: OpenPeer }
    const peer = await open()
    if (load) await each(podsFrom(0, size), pod => peer.create(pod))
    collectGarbage()
    const measurement = await run(peer, size)
    return note === undefined ? measurement : { ...measurement, note }
  }
}

function createPeer(peer: StorePeer, size: number): Promise<Measurement> {
  return measure({
    batch: BATCH,
    operations: size,
    prepare: podsFrom,
    run: pods => each(pods, pod => peer.create(pod)),
  })
}

function updatePeer(peer: StorePeer, size: number): Promise<Measurement> {
  return measure({
    batch: BATCH,
    operations: UPDATES,
    prepare: (from, count) => outsidePods(from, count, size),
    run: pods => each(pods, pod => peer.update(pod)),
  })
}

function updateSharedPeer(peer: StorePeer, size: number): Promise<Measurement> {
  return measure({
    batch: BATCH,
    operations: UPDATES,
    prepare: (from, count) => refsFrom(from, count, size),
    run: refs =>
      each(refs, ref => {
        const pod = peer.get(ref) as StoredPod
        return peer.update({ ...pod, spec: { ...pod.spec, priority: pod.spec.priority + 1 } })
      }),
  })
}

/** What the store keeps of each update: the state before it, a version, and a record of the log. */
function updateKeptPeer(peer: StorePeer, size: number): Promise<Measurement> {
  const kept = new Array<unknown>(LOG_CAPACITY)
  let revision = 0
  return measure({
    batch: BATCH,
    operations: UPDATES,
    prepare: (from, count) => refsFrom(from, count, size),
    run: async refs => {
      for (const ref of refs) {
        const pod = peer.get(ref) as StoredPod
        revision++
        const metadata = { ...pod.metadata, resourceVersion: String(revision), generation: revision }
        await peer.update({ ...pod, metadata, spec: { ...pod.spec, priority: pod.spec.priority + 1 } })
        const version = { revision, before: pod, after: peer.get(ref) }
        kept[revision % LOG_CAPACITY] = { revision, version }
      }
    },
  })
}

function readPeer(peer: StorePeer, size: number): Promise<Measurement> | Measurement {
  return hotReads(size, ref => peer.get(ref))
}

function fanOutPeer(peer: StorePeer, size: number, writes: number): Promise<Measurement> {
  let heard = 0
  for (let index = 0; index < WATCHERS; index++) peer.subscribe(() => heard++)
  return deliveries(writes, {
    heard: () => heard,
    prepare: from => outsidePods(from, writes, size),
    run: pods => each(pods, pod => peer.update(pod)),
  })
}

function podsFrom(from: number, count: number): readonly PodInput[] {
  return Array.from({ length: count }, (_, offset) => makePod(from + offset))
}

/** Fresh pods with names that exist. */
function outsidePods(from: number, count: number, size: number): readonly PodInput[] {
  return Array.from({ length: count }, (_, offset) => {
    const pod = makePod(scatter(from + offset, size))
    // Above every priority that pods are made with: a write that changes nothing is no event to some.
    return { ...pod, spec: { ...pod.spec, priority: CHANGED + from + offset } }
  })
}

function refsFrom(from: number, count: number, size: number): ReadonlyArray<ReturnType<typeof podRef>> {
  return Array.from({ length: count }, (_, offset) => podRef(scatter(from + offset, size)))
}

/** Visits every number below `size`, far from the one before; the multiplier is a prime above any size. */
function scatter(step: number, size: number): number {
  return Number((BigInt(step) * 2_147_483_647n) % BigInt(size))
}

/** Awaits only what is a promise, so that synchronous packages do not pay for it. */
async function each<Item>(items: readonly Item[], visit: (item: Item) => unknown): Promise<void> {
  for (const item of items) {
    const result = visit(item)
    if (isPromise(result)) await result
  }
}

await bench(rows)
