import { createStore } from 'keelson/store'
import { connectStore } from 'keelson/store/etcd'
import { bench } from './frame/bench.js'
import type { Measurement } from './frame/measure.js'
import { measure } from './frame/measure.js'
import type { Row, Run } from './frame/row.js'
import { makePod, Pod, podRef } from './objects/pod.js'
import type { BareClient } from './peers/etcd/bare-client.js'
import { openOwnCalls } from './peers/etcd/bare-client.js'
import { openGrpcJs } from './peers/etcd/grpc-js.js'
import { bareUpdates } from './rows/bare-updates.js'
import { concurrentWriters } from './rows/concurrent-writers.js'
import { withEtcd } from './rows/etcd-server.js'
import { ETCD_STAGES } from './rows/etcd-stages.js'

// Needs an etcd that is installed; each subject has one of its own.

const SIZE = 1_000

/** 0.9 times as fast. */
const TIMES_MAX = 1 / 0.9

const BARE = 'bare client that watches, parses, freezes and keeps'

const rows: readonly Row[] = [1, 16, 128].map(writers => ({
  name: `writers-${writers}`,
  title: `updates of 1.2 KB through etcd by ${writers === 1 ? 'one writer' : `${writers} writers at once`}`,
  unit: 'per second',
  sizes: [SIZE],
  runs: 1,
  ours: updates(writers),
  floor: {
    title: `${BARE}, over the store's own calls`,
    run: bare(writers, openOwnCalls),
    timesMax: TIMES_MAX,
  },
  peers: { 'grpc-js': bare(writers, openGrpcJs) },
  atLeast: { 'grpc-js': 0.9 },
}))

await bench([
  ...rows,
  {
    name: 'read',
    title: 'get from the replica',
    unit: 'ns',
    sizes: [SIZE],
    runs: 3,
    ours: reads,
    floor: { title: 'get from a store in memory', run: readsInMemory, timesMax: TIMES_MAX },
  },
])

function updates(writers: number): Run {
  return size =>
    withEtcd(async endpoint => {
      const store = await filled(endpoint, size)
      const measurement = await measureWriters(writers, index =>
        store.modify(Pod, podRef(index % size), draft => void (draft.spec.priority = index)),
      )
      await store.close()
      return measurement
    })
}

function bare(writers: number, open: (endpoint: string) => BareClient | Promise<BareClient>): Run {
  return size =>
    withEtcd(async endpoint => {
      const client = await open(endpoint)
      const { put } = await bareUpdates(client, size)
      const measurement = await measureWriters(writers, put)
      client.close()
      return measurement
    })
}

function reads(size: number): Promise<Measurement> {
  return withEtcd(async endpoint => {
    const store = await filled(endpoint, size)
    const measurement = await measureReads(store, size)
    await store.close()
    return measurement
  })
}

async function readsInMemory(size: number): Promise<Measurement> {
  const store = createStore({ kinds: [Pod] })
  await Promise.all(Array.from({ length: size }, (_, index) => store.create(Pod, makePod(index))))
  return measureReads(store, size)
}

function measureReads(
  store: Pick<ReturnType<typeof createStore>, 'get'>,
  size: number,
): Promise<Measurement> {
  const refs = Array.from({ length: size }, (_, index) => podRef(index))
  return measure({
    batch: 10_000,
    operations: 2_000_000,
    warm: 200_000,
    prepare: () => undefined,
    run: (_input, count) => {
      for (let index = 0; index < count; index++) store.get(Pod, refs[index % size] as (typeof refs)[number])
    },
  })
}

async function filled(endpoint: string, size: number) {
  const store = await connectStore({ kinds: [Pod], etcd: { endpoints: [endpoint] } })
  await Promise.all(Array.from({ length: size }, (_, index) => store.create(Pod, makePod(index))))
  return store
}

/** Each writer has one write under way. */
function measureWriters(writers: number, put: (index: number) => Promise<unknown>): Promise<Measurement> {
  const perBatch = writers * (writers === 1 ? 20 : 5)
  return measure({
    batch: perBatch,
    operations: 20_000,
    warm: writers === 1 ? 2_000 : 6_400,
    stages: ETCD_STAGES,
    prepare: () => undefined,
    run: concurrentWriters(writers, put),
  })
}
