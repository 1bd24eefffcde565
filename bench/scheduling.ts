import type { PlacementRequest, Profile, Scheduler } from 'keelson/scheduling'
import { createScheduler, packProfile, placeGang, spreadProfile } from 'keelson/scheduling'
import { bench } from './frame/bench.js'
import type { Measurement } from './frame/measure.js'
import { measure } from './frame/measure.js'
import type { Row } from './frame/row.js'
import type { TaskSize } from './peers/scheduling/columns.js'
import { NODE } from './peers/scheduling/columns.js'
import { fusedScan } from './peers/scheduling/fused-scan.js'
import { logScan, sampledScan } from './peers/scheduling/sampled-scan.js'
import { placementFloor } from './rows/placement-floor.js'
import { preemptionRows } from './rows/preemption.js'
import { schedulingLoopRows } from './rows/scheduling-loop.js'

const MIB = 1024 ** 2
const TASK: TaskSize = { cpu: 100, memory: 500 }
const BATCH = 500
const UNIQUE_COUNT = 100_000
/** Enough for all of them on a machine that others use. */
const BUDGET_MS = 20_000

type More = Omit<PlacementRequest, 'key' | 'requests'>

const peers = {
  'fused scan': (size: number) => placePeer(fusedScan(size), size, 1),
  'kube-scheduler port': (size: number) => placePeer(sampledScan(size), size, 1),
  'Nomad port': (size: number) => placePeer(logScan(size), size, 1),
}

const rows: readonly Row[] = [
  {
    name: 'one-class',
    title: 'placements of equal tasks, the best of so many nodes, with scores and reasons',
    unit: 'per second',
    target: 300_000,
    sizes: [10_000],
    floor: placementFloor,
    ours: size => placeOurs(size, 1),
    peers,
    atLeast: { 'fused scan': 20, 'kube-scheduler port': 1 },
  },
  {
    name: 'one-class-100k',
    title: 'the same; the cost must not grow with the nodes',
    unit: 'per second',
    target: 100_000,
    sizes: [100_000],
    ours: size => placeOurs(size, 1),
    peers,
  },
  {
    name: 'classes',
    title: 'placements of tasks of 100 sizes in turn',
    unit: 'per second',
    target: 100_000,
    sizes: [10_000],
    ours: size => placeOurs(size, 100),
    peers: { 'fused scan': size => placePeer(fusedScan(size), size, 100) },
    atLeast: { 'fused scan': 6 },
  },
  {
    name: 'unique',
    title: 'placements of tasks of which no two ask for the same',
    unit: 'per second',
    target: 100_000,
    sizes: [10_000],
    ours: size => placeUnique(clusterOf(size)),
    // A scan costs the same whatever was asked for before.
    peers: { 'fused scan': size => placePeer(fusedScan(size), size, 100) },
    atLeast: { 'fused scan': 6 },
  },
  {
    name: 'unique-pack',
    title: 'the same with the profile pack',
    unit: 'per second',
    target: 100_000,
    sizes: [10_000],
    ours: size => placeUnique(clusterOf(size, packProfile())),
  },
  {
    name: 'zone-spread',
    title: 'placements with a hard spread over ten zones',
    unit: 'per second',
    target: 300_000,
    sizes: [5_000],
    floor: placementFloor,
    ours: size => placeOurs(size, 1, { group: 'g', spread: [{ attribute: 'zone' }] }),
  },
  {
    name: 'anti-affinity',
    title: 'placements of ten groups one after the other, no two tasks of a group on one node',
    unit: 'per second',
    target: 200_000,
    sizes: [5_000],
    floor: placementFloor,
    ours: placeApart,
  },
  {
    name: 'gang',
    title: 'a gang of 100 tried on a fork, which is dropped',
    unit: 'ms',
    target: 2,
    sizes: [10_000],
    ours: gangTrials,
  },
  {
    name: 'fork',
    title: 'a fork, 100 placements on it, and back',
    unit: 'ms',
    target: 1,
    sizes: [10_000],
    ours: forkTrials,
  },
  ...preemptionRows,
  ...schedulingLoopRows,
  {
    name: 'add',
    title: 'so many nodes added to an empty scheduler',
    unit: 'ms',
    target: 1_000,
    sizes: [100_000],
    ours: async size =>
      inMs(await measure({ batch: 1, operations: 5, prepare: () => size, run: () => clusterOf(size) })),
  },
]

await bench(rows)

function clusterOf(size: number, profile: Profile = spreadProfile()): Scheduler {
  const scheduler = createScheduler({ profile })
  const allocatable = { cpu: NODE.cpu, memory: NODE.memory * MIB, pods: NODE.tasks }
  for (let index = 0; index < size; index++)
    scheduler.addNode({
      name: `n${String(index).padStart(6, '0')}`,
      labels: { zone: `z${index % 10}` },
      allocatable,
    })
  return scheduler
}

/** Sizes that differ a little, so that each is a class of its own. */
function sizesOf(classes: number): readonly TaskSize[] {
  return Array.from({ length: classes }, (_, index) => ({
    cpu: TASK.cpu + index,
    memory: TASK.memory + index,
  }))
}

function placeOurs(size: number, classes: number, more: More = {}): Promise<Measurement> {
  const scheduler = clusterOf(size)
  const requests = sizesOf(classes).map(({ cpu, memory }) => ({ cpu, memory: memory * MIB }))
  for (const one of requests) scheduler.fitsAnywhere({ key: 'warm', requests: one, ...more })
  return measure({
    batch: BATCH,
    operations: Math.min(size * 20, 200_000),
    budgetMs: BUDGET_MS,
    prepare: (from, count) =>
      Array.from({ length: count }, (_, index): PlacementRequest => {
        const at = from + index
        return { key: `t${at}`, requests: requests[at % classes] as (typeof requests)[number], ...more }
      }),
    run: batch => placeAll(scheduler, batch),
  })
}

function placeAll(scheduler: Scheduler, batch: readonly PlacementRequest[]): void {
  for (const request of batch)
    if (scheduler.place(request).kind === 'unschedulable') throw new Error('there is room for all')
}

/** Groups as large as four of five nodes; the first look of each at every node is counted in. */
function placeApart(size: number): Promise<Measurement> {
  const scheduler = clusterOf(size)
  const requests = { cpu: TASK.cpu, memory: TASK.memory * MIB }
  const affinity = [{ kind: 'antiAffinity', attribute: 'hostname' }] as const
  const groupSize = Math.floor(size * 0.8)
  return measure({
    batch: BATCH,
    operations: groupSize * 10,
    budgetMs: BUDGET_MS,
    prepare: (from, count) =>
      Array.from({ length: count }, (_, index): PlacementRequest => {
        const at = from + index
        return { key: `t${at}`, requests, group: `g${Math.floor(at / groupSize)}`, affinity }
      }),
    run: batch => placeAll(scheduler, batch),
  })
}

function placeUnique(scheduler: Scheduler): Promise<Measurement> {
  return measure({
    batch: BATCH,
    operations: UNIQUE_COUNT,
    budgetMs: BUDGET_MS,
    prepare: (from, count) =>
      Array.from({ length: count }, (_, index): PlacementRequest => {
        const at = from + index
        return { key: `t${at}`, requests: { cpu: TASK.cpu + (at % 100), memory: TASK.memory * MIB + at } }
      }),
    run: batch => placeAll(scheduler, batch),
  })
}

function placePeer(place: (task: TaskSize) => boolean, size: number, classes: number): Promise<Measurement> {
  const sizes = sizesOf(classes)
  return measure({
    batch: BATCH,
    operations: Math.min(size * 20, 200_000),
    prepare: from => from,
    run: (from, count) => {
      for (let at = from; at < from + count; at++)
        if (!place(sizes[at % classes] as TaskSize)) throw new Error('there is room for all')
    },
  })
}

async function gangTrials(size: number): Promise<Measurement> {
  const scheduler = clusterOf(size)
  const requests = { cpu: TASK.cpu, memory: TASK.memory * MIB }
  const members = Array.from({ length: 100 }, (_, index) => ({ key: `m${index}`, requests }))
  const timing = { batch: 1, operations: 200, prepare: () => scheduler.fork() }
  const run = (copy: Scheduler): void => {
    placeGang(copy, { name: 'gang', members })
    // Looking at the first version again takes back what the fork did.
    scheduler.fitsAnywhere({ key: 'probe', requests })
  }
  return inMs(await measure({ ...timing, run }))
}

async function forkTrials(size: number): Promise<Measurement> {
  const scheduler = clusterOf(size)
  const requests = { cpu: TASK.cpu, memory: TASK.memory * MIB }
  const timing = { batch: 1, operations: 200, prepare: () => scheduler }
  const run = (from: Scheduler): void => {
    const copy = from.fork()
    for (let at = 0; at < 100; at++) copy.place({ key: `t${at}`, requests })
    // Looking at the first version again takes back what the fork did.
    from.fitsAnywhere({ key: 'probe', requests })
  }
  return inMs(await measure({ ...timing, run }))
}

function inMs({ samples, mean, ...rest }: Measurement): Measurement {
  return { ...rest, samples: samples.map(sample => sample / 1e6), mean: mean / 1e6 }
}
