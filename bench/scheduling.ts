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
import { PLACEMENT_STAGES } from './rows/scheduling-stages.js'

const MIB = 1024 ** 2
const TASK: TaskSize = { cpu: 100, memory: 500 }
const APART = [{ kind: 'antiAffinity', attribute: 'hostname' }] as const
const REQUESTS = { cpu: TASK.cpu, memory: TASK.memory * MIB }
const BATCH = 500
/** Placed before on a cluster of its own, until what they run through is compiled. */
const WARM = 10_000
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
    ours: size => placeUnique(() => clusterOf(size)),
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
    ours: size => placeUnique(() => clusterOf(size, packProfile())),
  },
  {
    name: 'group',
    title: 'placements of equal tasks of one group',
    unit: 'per second',
    target: 300_000,
    sizes: [5_000],
    floor: placementFloor,
    ours: size => placeOurs(size, 1, { group: 'g' }),
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
    title:
      'placements of ten groups one after the other, no two tasks of a group on one node, first looks included',
    unit: 'per second',
    target: 200_000,
    sizes: [5_000],
    floor: placementFloor,
    ours: placeApart,
  },
  {
    name: 'first-look',
    title: 'the first placement of such a group, for which every node is looked at',
    unit: 'ms',
    sizes: [5_000],
    ours: firstLooks,
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
  const sizes = sizesOf(classes).map(({ cpu, memory }) => ({ cpu, memory: memory * MIB }))
  const start = (): Scheduler => {
    const scheduler = clusterOf(size)
    for (const requests of sizes) scheduler.fitsAnywhere({ key: 'first', requests, ...more })
    return scheduler
  }
  const requestAt = (at: number): PlacementRequest => {
    const requests = sizes[at % classes] as (typeof sizes)[number]
    return { key: `t${at}`, requests, ...more }
  }
  return placeEach(start, Math.min(size * 20, 200_000), requestAt)
}

function placeEach(
  start: () => Scheduler,
  operations: number,
  requestAt: (at: number) => PlacementRequest,
  warm: number = WARM,
): Promise<Measurement> {
  const prepare = (from: number, count: number): readonly PlacementRequest[] =>
    Array.from({ length: count }, (_, index) => requestAt(from + index))
  placeAll(start(), prepare(0, warm))
  const scheduler = start()
  return measure({
    batch: BATCH,
    operations,
    budgetMs: BUDGET_MS,
    prepare,
    run: batch => placeAll(scheduler, batch),
    stages: PLACEMENT_STAGES,
  })
}

function placeAll(scheduler: Scheduler, batch: readonly PlacementRequest[]): void {
  for (const request of batch)
    if (scheduler.place(request).kind === 'unschedulable') throw new Error('there is room for all')
}

/** Groups as large as four of five nodes; the first look of each at every node is counted in. */
function placeApart(size: number): Promise<Measurement> {
  const groupSize = Math.floor(size * 0.8)
  const requestAt = (at: number): PlacementRequest => apart(`t${at}`, Math.floor(at / groupSize))
  return placeEach(() => clusterOf(size), groupSize * 10, requestAt, groupSize * 2)
}

function apart(key: string, group: number): PlacementRequest {
  return { key, requests: REQUESTS, group: `g${group}`, affinity: APART }
}

async function firstLooks(size: number): Promise<Measurement> {
  const scheduler = clusterOf(size)
  const place = (group: number): void => placeAll(scheduler, [apart(`g${group}`, group)])
  const since = performance.now()
  place(-1)
  const firstMs = performance.now() - since
  const note = `the first of the process: ${firstMs.toFixed(0)} ms`
  const timing = { batch: 1, operations: 50, warm: 20, note }
  // Those that are not timed have names of their own.
  let groups = 0
  return inMs(await measure({ ...timing, prepare: () => groups++, run: place }))
}

function placeUnique(start: () => Scheduler): Promise<Measurement> {
  return placeEach(start, UNIQUE_COUNT, at => ({
    key: `t${at}`,
    requests: { cpu: TASK.cpu + (at % 100), memory: TASK.memory * MIB + at },
  }))
}

function placePeer(place: (task: TaskSize) => boolean, size: number, classes: number): Promise<Measurement> {
  const sizes = sizesOf(classes)
  return measure({
    batch: BATCH,
    operations: Math.min(size * 20, 200_000),
    warm: WARM,
    prepare: from => from,
    run: (from, count) => {
      for (let at = from; at < from + count; at++)
        if (!place(sizes[at % classes] as TaskSize)) throw new Error('there is room for all')
    },
  })
}

async function gangTrials(size: number): Promise<Measurement> {
  const scheduler = clusterOf(size)
  const requests = REQUESTS
  const members = Array.from({ length: 100 }, (_, index) => ({ key: `m${index}`, requests }))
  const timing = { batch: 1, operations: 200, warm: 200, prepare: () => scheduler.fork() }
  const run = (copy: Scheduler): void => {
    placeGang(copy, { name: 'gang', members })
    // Looking at the first version again takes back what the fork did.
    scheduler.fitsAnywhere({ key: 'probe', requests })
  }
  return inMs(await measure({ ...timing, run }))
}

async function forkTrials(size: number): Promise<Measurement> {
  const scheduler = clusterOf(size)
  const requests = REQUESTS
  const timing = { batch: 1, operations: 200, warm: 200, prepare: () => scheduler }
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
