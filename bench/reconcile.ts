import { createEnv, createMemoryMetrics, systemEnv } from 'keelson/core'
import type { WorkQueue } from 'keelson/reconcile'
import { createWorkQueue, exponentialLimiter } from 'keelson/reconcile'
import { Delays } from '../src/reconcile/queue/delays.js'
import { KeyRecord } from '../src/reconcile/queue/key-record.js'
import { PriorityLevels } from '../src/reconcile/queue/priority-levels.js'
import { bench } from './frame/bench.js'
import type { Measurement } from './frame/measure.js'
import { collectGarbage, measure } from './frame/measure.js'
import type { Row, Run } from './frame/row.js'
import { CLIENT_GO, clientGo } from './peers/reconcile/client-go.js'
import type { OpenPeer } from './peers/reconcile/peer.js'
import { cacheRows } from './rows/cache.js'
import { controllerRows } from './rows/controllers.js'
import { delayByKeyFloor, delayByRecordFloor, delayPartRows, delayRounds } from './rows/delay-floor.js'
import { machineRows } from './rows/machine.js'
import { queueFloor } from './rows/queue-floor.js'
import { queuePartRows } from './rows/queue-parts.js'

const FEW = 10_000
const HUNDRED_THOUSAND = 100_000
const MANY = 1_000_000

/** Each of them makes a million records, and collects all garbage between its batches. */
const DELAY_RUNS = 3

/** Operations until what they run through is compiled. */
const WARM = 500_000

/** User events, the keys of a first list, and one more. */
const PRIORITIES = [0, -100, 10].map(priority => ({ priority }))

const rows: readonly Row[] = [
  {
    name: 'queue',
    title: 'add, get, forget and done by key; limiter, three priorities and metrics on',
    unit: 'per second',
    sizes: [FEW],
    ours: cycles,
    floor: queueFloor(4),
    peers: { ...clientGo('metered'), ...peerRows() },
    atLeast: { [CLIENT_GO]: 3 },
  },
  {
    name: 'queue-many',
    title: 'the same with 1,000,000 keys',
    unit: 'per second',
    sizes: [MANY],
    ours: cycles,
    floor: queueFloor(4),
    peers: clientGo('metered'),
    atLeast: { [CLIENT_GO]: 2 },
  },
  {
    name: 'queue-records',
    title: 'the order of ready keys alone, by record: push and shift; three priorities',
    unit: 'per second',
    target: 30_000_000,
    sizes: [FEW],
    ours: recordCycles,
  },
  {
    name: 'duplicates',
    title: '100 adds for each key that is taken',
    unit: 'per second',
    target: 16_000_000,
    sizes: [FEW],
    ours: duplicates,
  },
  {
    name: 'delayed',
    title: 'addAfter of known keys, each another delay',
    unit: 'per second',
    target: 4_000_000,
    sizes: [HUNDRED_THOUSAND],
    ours: delayedByKey,
    floor: delayByKeyFloor(2),
    runs: DELAY_RUNS,
  },
  {
    name: 'delayed-many',
    title: 'the same with 1,000,000 keys',
    unit: 'per second',
    sizes: [MANY],
    ours: delayedByKey,
    floor: delayByKeyFloor(2),
    runs: DELAY_RUNS,
  },
  {
    name: 'delayed-records',
    title: 'the delays alone, by record, 1,000,000 of them',
    unit: 'per second',
    target: 4_000_000,
    sizes: [MANY],
    ours: delayedByRecord,
    floor: delayByRecordFloor(4),
    runs: DELAY_RUNS,
  },
  {
    name: 'idle-bytes',
    title: 'heap for a key at rest that is kept, without the text of the key',
    unit: 'bytes',
    target: 200,
    sizes: [MANY],
    ours: idleBytes,
  },
]

await bench([...rows, ...queuePartRows, ...delayPartRows, ...cacheRows, ...controllerRows, ...machineRows])

/** Every row rotates through all keys, so that none of them is in a cache by favour. */
function cycles(size: number): Promise<Measurement> {
  const keys = keysOf(size)
  const queue = metered(size)
  const cycle = (): void => {
    for (let index = 0; index < size; index++) queue.add(keys[index] as string, PRIORITIES[index % 3])
    for (let key = queue.get(); key !== undefined; key = queue.get()) {
      queue.forget(key)
      queue.done(key)
    }
  }
  cycle()
  return rounds(size, cycle)
}

function recordCycles(size: number): Promise<Measurement> {
  const records = keysOf(size).map(key => new KeyRecord(key))
  for (const [index, record] of records.entries())
    record.priority = (PRIORITIES[index % 3] as { priority: number }).priority
  const levels = new PriorityLevels<string>(100)
  return rounds(size, () => {
    for (let index = 0; index < size; index++) levels.push(records[index] as KeyRecord<string>, index)
    while (levels.shift() !== undefined);
  })
}

function duplicates(size: number): Promise<Measurement> {
  const keys = keysOf(size)
  const queue = metered(size)
  return rounds(size * 100, () => {
    for (let round = 0; round < 100; round++)
      for (let index = 0; index < size; index++) queue.add(keys[index] as string)
    for (let key = queue.get(); key !== undefined; key = queue.get()) queue.done(key)
  })
}

function delayedByKey(size: number): Promise<Measurement> {
  const keys = keysOf(size)
  const delays = delaysOf(size)
  const queue = metered(size)
  for (const key of keys) queue.addAfter(key, 1e9)
  return delayRounds(
    size,
    () => {
      for (let index = 0; index < size; index++)
        queue.addAfter(keys[index] as string, delays[index] as number)
    },
    () => {
      for (const key of keys) queue.cancel(key)
    },
  )
}

function delayedByRecord(size: number): Promise<Measurement> {
  const records = keysOf(size).map(key => new KeyRecord(key))
  const delays = delaysOf(size)
  const waiting = new Delays<string>({ clock: systemEnv.clock, due: () => {} })
  return delayRounds(
    size,
    () => {
      for (let index = 0; index < size; index++)
        waiting.waitAtMost(records[index] as KeyRecord<string>, delays[index] as number)
    },
    () => waiting.clear(),
  )
}

function idleBytes(size: number): Promise<Measurement> {
  const keys = keysOf(size)
  // A text that was joined takes more room from its first use as a key on.
  new Set(keys).clear()
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const queue = metered(size)
  for (const key of keys) queue.add(key)
  for (let key = queue.get(); key !== undefined; key = queue.get()) queue.done(key)
  collectGarbage()
  const bytes = (process.memoryUsage().heapUsed - before) / size
  // The queue must be alive when the heap is measured.
  if (queue.inspect(keys[0] as string) !== undefined) throw new Error('a key that was done is at rest')
  return Promise.resolve({ samples: [bytes], mean: bytes })
}

function metered(idleKeysMax: number): WorkQueue<string> {
  const env = createEnv({ metrics: createMemoryMetrics() })
  return createWorkQueue({ env, limiter: exponentialLimiter(), idleKeysMax })
}

function rounds(operations: number, run: () => void): Promise<Measurement> {
  const warm = Math.max(operations, WARM)
  return measure({ batch: operations, operations: operations * 1_000, warm, prepare: () => undefined, run })
}

function keysOf(size: number): readonly string[] {
  return Array.from({ length: size }, (_, index) => `default/key-${index}`)
}

/** From a quarter of an hour on, so that nothing falls due meanwhile; scattered by a multiplier coprime to 2^20. */
function delaysOf(size: number): readonly number[] {
  return Array.from({ length: size }, (_, index) => 1e6 + (Math.imul(index, 0x9e3779b1) >>> 12))
}

function peerRows(): Readonly<Record<string, Run>> {
  const run =
    (name: string): Run =>
    async size => {
      const { open } = (await import(`./peers/reconcile/${name}.ts`)) as { readonly open: OpenPeer }
      const queue = open()
      let runs = 0
      const measured = await measure({
        batch: size,
        operations: size * 100,
        prepare: collectGarbage,
        run: (_, count) => queue.runAll(count, () => void runs++),
      })
      return { ...measured, note: 'no keys, no merging' }
    }
  return { fastq: run('fastq'), 'p-queue': run('p-queue') }
}
