import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { DurableStore, OpenStoreOptions } from 'keelson/store/node'
import { openStore } from 'keelson/store/node'
import { bench } from './frame/bench.js'
import type { Measurement } from './frame/measure.js'
import { collectGarbage } from './frame/measure.js'
import type { Share } from './frame/profile.js'
import { startProfile } from './frame/profile.js'
import { quantile } from './frame/report.js'
import type { Row, Run } from './frame/row.js'
import { makePod, Pod, podRef } from './objects/pod.js'
import type { DurablePeer, OpenDurablePeer } from './peers/durable/peer.js'
import { openOwnCalls } from './peers/etcd/bare-client.js'
import { bareSyncs, byWallTime, handWritten, measureWriters } from './rows/durable-writes.js'
import { withEtcd } from './rows/etcd-server.js'
import { cpuMsSince } from './rows/process-cpu.js'
import { writeCheckpointOf } from './rows/recovery-directory.js'
import { parseAndKeepMs, RECOVERY_STAGES, recoveryStages } from './rows/recovery-stages.js'

const PEERS = ['better-sqlite3', 'lmdb', 'classic-level'] as const
const ETCD = 'etcd, 64 in flight'
const KEY = { secret: Buffer.alloc(32, 7), id: 'bench' }

const PARSING = {
  title: 'JSON.parse of as many texts of 1.2 KB, frozen, in a Map',
  run: parsing,
  timesMax: 1,
}

const rows: readonly Row[] = [
  {
    name: 'writers-100',
    title: 'updates of 1.2 KB by 100 writers at once, each on the disk before it is acknowledged',
    unit: 'per second',
    sizes: [1_000],
    runs: 2,
    ours: updates(100),
    floor: {
      title: 'a write and a fdatasync of as many bytes as the log has of these updates',
      run: () => inDirectory(dir => bareSyncs(dir, 100)),
      timesMax: 2,
    },
    peers: { ...durablePeers(100), ...etcdPeer(64) },
    atLeast: { 'better-sqlite3': 3, [ETCD]: 2 },
  },
  {
    name: 'writers-100-made',
    title: 'the same, beside the least that one process does for objects that it keeps',
    unit: 'per second',
    sizes: [1_000],
    runs: 3,
    ours: updates(100),
    floor: {
      title: 'a frozen copy, a Map, the text of the change; a write and a fdatasync for all who wait',
      run: size => inDirectory(dir => madeAndSynced(dir, size)),
      timesMax: 2,
    },
  },
  {
    name: 'lone-writer',
    title: 'the same by one writer',
    unit: 'per second',
    sizes: [1_000],
    runs: 3,
    ours: updates(1),
    floor: {
      title: 'a write and a fdatasync of as many bytes, one after the other',
      run: () => inDirectory(dir => bareSyncs(dir, 1)),
      timesMax: 1.5,
    },
    peers: durablePeers(1),
  },
  {
    name: 'writers-100-encrypted',
    title: '100 writers, encrypted',
    unit: 'per second',
    target: 5_000,
    sizes: [1_000],
    runs: 1,
    ours: updates(100, { encryption: { keys: [KEY] } }),
  },
  {
    name: 'recovery-log',
    title: 'start from a log of as many creates',
    unit: 'ms',
    target: 2_000,
    sizes: [100_000],
    runs: 1,
    ours: size => recovery(size, false),
    floor: PARSING,
  },
  {
    name: 'recovery',
    title: 'start from a checkpoint of as many objects',
    unit: 'ms',
    target: 2_000,
    sizes: [100_000],
    runs: 1,
    ours: size => recovery(size, true),
    floor: PARSING,
  },
  {
    name: 'recovery-1m',
    title: 'the same',
    unit: 'ms',
    target: 20_000,
    sizes: [1_000_000],
    runs: 1,
    heapMiB: () => 8_192,
    ours: size => recovery(size, true),
    floor: {
      title: `${PARSING.title}: of a tenth of them, times ten`,
      run: async size => tenfold(await parsing(size / 10)),
      timesMax: 1,
    },
  },
  {
    name: 'checkpoint-stall',
    title: 'the longest that the loop was held between two turns of others while a checkpoint was written',
    unit: 'ms',
    target: 10,
    sizes: [100_000],
    runs: 1,
    ours: checkpointStall,
  },
  {
    name: 'bytes',
    title: 'of the journal for an update of 1.2 KB, 100 writers',
    unit: 'bytes',
    target: 300,
    sizes: [1_000],
    runs: 1,
    ours: size => bytesPerUpdate(size, {}),
  },
  {
    name: 'bytes-encrypted',
    title: 'the same, encrypted, a lone writer: the most that it can cost',
    unit: 'bytes',
    target: 400,
    sizes: [1_000],
    runs: 1,
    ours: size => bytesPerUpdate(size, { encryption: { keys: [KEY] } }, 1),
  },
]

await bench(rows)

/** Opens a store in a directory of its own, which is gone afterwards. */
async function inDirectory<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'keelson-bench-'))
  try {
    return await use(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function filled(
  dir: string,
  size: number,
  options: Partial<OpenStoreOptions> = {},
): Promise<DurableStore> {
  const store = await openStore({ kinds: [Pod], dir, ...options })
  for (let index = 0; index < size; index++) {
    const created = store.create(Pod, makePod(index))
    // What a million writes wait with at once would be collected again and again.
    if (index % 1_000 === 999) await created
  }
  await store.durable()
  collectGarbage()
  return store
}

function updates(writers: number, options: Partial<OpenStoreOptions> = {}): Run {
  return size =>
    inDirectory(async dir => {
      const store = await filled(dir, size, options)
      const measurement = await measureWriters(writers, index =>
        store.modify(Pod, podRef(index % size), draft => void (draft.spec.priority = index)),
      )
      await store.close()
      return measurement
    })
}

/** Tells how much of the speed of a bare disk the least of a process leaves. */
async function madeAndSynced(dir: string, size: number): Promise<Measurement> {
  const made = await handWritten(dir, size, 100)
  const bare = await bareSyncs(dir, 100)
  const medians = [bare, made].map(({ samples }) => quantile(samples, 0.5))
  const share = (medians[0] ?? 0) / (medians[1] ?? Number.NaN)
  return {
    ...made,
    note: `by the median ${share.toFixed(2)} times as fast as the write and the fdatasync alone`,
  }
}

function durablePeers(writers: number): Record<string, Run> {
  return Object.fromEntries(PEERS.map(name => [name, durablePeer(name, writers)]))
}

/** Where it is installed. */
function etcdPeer(writers: number): Record<string, Run> {
  const isInstalled = spawnSync('etcd', ['--version']).status === 0
  const run: Run = size =>
    withEtcd(async endpoint => {
      const { txn, close } = openOwnCalls(endpoint)
      const measured = await peerUpdates((key, value) => txn([], [{ put: key, value }]), size, writers)
      close()
      return measured
    })
  return isInstalled ? { [ETCD]: run } : {}
}

function durablePeer(name: string, writers: number): Run {
  return size =>
    inDirectory(async dir => {
      const { open } = (await import(`./peers/durable/${name}.ts`)) as { open: OpenDurablePeer }
      const peer = await open(dir)
      return peerUpdates((key, value) => peer.put(key, value), size, writers)
    })
}

/** What the store does to an object besides, a peer leaves to its user: no versions, no watches, no checks. */
async function peerUpdates(put: DurablePeer['put'], size: number, writers: number): Promise<Measurement> {
  const pods = Array.from({ length: size }, (_, index) => makePod(index))
  const update = async (index: number): Promise<void> => {
    const pod = pods[index % size] as (typeof pods)[number]
    await put(keyOf(index % size), JSON.stringify({ ...pod, spec: { ...pod.spec, priority: index } }))
  }
  return byWallTime(await measureWriters(writers, update, 1))
}

function keyOf(index: number): string {
  const { namespace, name } = podRef(index)
  return `${namespace}/${name}`
}

function recovery(size: number, checkpoint: boolean): Promise<Measurement> {
  return inDirectory(async dir => {
    const options = { logCapacity: checkpoint ? 1_000 : size, checkpointBytes: 1e12 }
    if (checkpoint) await writeCheckpointOf(dir, size)
    else await (await filled(dir, size, { ...options, fsync: 'never' })).close()
    const samples: number[] = []
    const cpuMs: number[] = []
    let shares: readonly Share[] | undefined
    for (let round = 0; round < (size > 200_000 ? 1 : 3); round++) {
      collectGarbage()
      const profile = await startProfile(RECOVERY_STAGES)
      const start = performance.now()
      const cpu = process.cpuUsage()
      const store = await openStore({ kinds: [Pod], dir, ...options })
      cpuMs.push(cpuMsSince(cpu))
      samples.push(performance.now() - start)
      shares = await profile?.stop()
      if (store.count(Pod) !== size) throw new Error('objects are missing')
      await store.close()
    }
    const least = Math.min(...cpuMs)
    const each = `${((least * 100) / size).toFixed(2)} s of the processor for 100,000 objects`
    const stages = checkpoint ? `; of each: ${await recoveryStages(dir, size, least)}` : ''
    const measured = { samples, mean: Math.min(...samples), cpuNs: least * 1e6 }
    return { ...measured, note: `best; ${each}${stages}`, ...(shares === undefined ? {} : { shares }) }
  })
}

function tenfold({ samples, mean, cpuNs = Number.NaN }: Measurement): Measurement {
  return { samples: samples.map(sample => sample * 10), mean: mean * 10, cpuNs: cpuNs * 10 }
}

/** Objects that are written one by one are parsed, frozen and kept: the least that a start can do with them. */
function parsing(size: number): Promise<Measurement> {
  collectGarbage()
  const ms = parseAndKeepMs(size)
  return Promise.resolve({ samples: [ms], mean: ms, cpuNs: ms * 1e6 })
}

function checkpointStall(size: number): Promise<Measurement> {
  return inDirectory(async dir => {
    const store = await filled(dir, size, { fsync: 'never', checkpointBytes: 1e12 })
    // Made before, so that taking samples makes no garbage that lives.
    const taken = new Float64Array(4_000_000)
    let turns = 0
    let last = process.cpuUsage()
    let lastMs = performance.now()
    let running = true
    const tick = (): void => {
      const { user, system } = process.cpuUsage(last)
      // Of the clock, what neighbours take counts too; of the processor, what threads of the engine take.
      taken[turns++ % taken.length] = Math.min(performance.now() - lastMs, (user + system) / 1_000)
      last = process.cpuUsage()
      lastMs = performance.now()
      if (running) setImmediate(tick)
    }
    setImmediate(tick)
    await store.checkpoint()
    running = false
    await store.close()
    const samples = [...taken.subarray(0, turns)]
    const mean = samples.reduce((a, b) => Math.max(a, b), 0)
    return { samples, mean, note: `in ${turns} turns` }
  })
}

function bytesPerUpdate(
  size: number,
  options: Partial<OpenStoreOptions>,
  writers = 100,
): Promise<Measurement> {
  return inDirectory(async dir => {
    const store = await filled(dir, size, options)
    await store.close()
    const before = bytesIn(dir)
    const again = await openStore({ kinds: [Pod], dir, ...options })
    const count = 2_000
    let next = 0
    const writer = async (): Promise<void> => {
      while (next < count) {
        const index = next++
        await again.modify(Pod, podRef(index % size), draft => void (draft.spec.priority = index))
      }
    }
    await Promise.all(Array.from({ length: writers }, writer))
    await again.close()
    const mean = (bytesIn(dir) - before) / count
    const json = JSON.stringify(makePod(0)).length
    return { samples: [mean], mean, note: `the object that is given has ${json}` }
  })
}

function bytesIn(dir: string): number {
  return readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0)
}
