import type { Random } from '../../core/index.js'
import type { NodeDescription } from '../nodes/node-description.js'
import type { TraceArrival, WorkloadTrace } from './simulate-trace.js'

const GIB = 1024 ** 3

/** How large a generated trace is. */
export interface WorkloadSize {
  readonly nodes: number
  readonly tasks: number
}

/** Machines of Google's cluster of 2011 (clusterdata-2011-2), cpu and memory as shares of the largest, by their number. */
const GOOGLE_2011: readonly (readonly [cpu: number, memory: number, count: number])[] = [
  [0.5, 0.5, 6732],
  [0.5, 0.25, 3863],
  [0.5, 0.75, 1001],
  [1, 1, 795],
  [0.25, 0.25, 126],
  [0.5, 0.12, 52],
]

/**
 * A trace with the machine shapes of Google's cluster of 2011 and requests with a heavy tail: most are small, a few
 * take half a machine; lifetimes are Pareto distributed. Whole numbers, and equal for equal seeds.
 */
export function googleWorkload(random: Random, { nodes, tasks }: WorkloadSize): WorkloadTrace {
  const shape = weighted(
    random.fork('machines'),
    GOOGLE_2011.map(([cpu, memory, weight]) => ({ cpu, memory, weight })),
  )
  const draw = random.fork('tasks')
  return {
    nodes: named(nodes, () => {
      const { cpu, memory } = shape()
      return { cpu: Math.round(cpu * 64_000), memory: Math.round(memory * 256) * GIB }
    }),
    arrivals: arrivals(tasks, draw, () => {
      const size = Math.min(0.5, 0.005 / (1 - draw.next()) ** 0.7)
      return {
        cpu: Math.max(100, Math.round(size * 64_000)),
        memory: Math.max(1, Math.round(size * 256 * (0.5 + draw.next()))) * GIB,
      }
    }),
  }
}

/** Tiers of Google's cells of 2019, the priority that each begins with, and their part of the tasks. */
const GOOGLE_2019_TIERS: readonly { readonly priority: number; readonly weight: number }[] = [
  { priority: 0, weight: 15 },
  { priority: 100, weight: 45 },
  { priority: 116, weight: 5 },
  { priority: 120, weight: 35 },
]

/**
 * A trace as of a cell of Google in 2019 (Tirmazi et al., EuroSys 2020): four tiers of priority, from free to production,
 * and work with a very heavy tail: Pareto with α = 0.7, so that few tasks make nearly all of the load; bounded by 30 days.
 */
export function google2019Workload(random: Random, { nodes, tasks }: WorkloadSize): WorkloadTrace {
  const tier = weighted(random.fork('tiers'), GOOGLE_2019_TIERS)
  const draw = random.fork('work')
  const { nodes: machines, arrivals: sized } = googleWorkload(random.fork('sizes'), { nodes, tasks })
  return {
    nodes: machines,
    arrivals: sized.map(({ atMs, request }) => ({
      atMs,
      durationMs: Math.round(Math.min(THIRTY_DAYS_MS, 1_000 / (1 - draw.next()) ** (1 / 0.7))),
      request: { ...request, priority: tier().priority },
    })),
  }
}

const THIRTY_DAYS_MS = 2_592_000_000

/** Virtual machines as on Azure: 1 to 16 cores, mostly small, with 2, 4 or 8 GiB each, on equal nodes. */
export function azureWorkload(random: Random, { nodes, tasks }: WorkloadSize): WorkloadTrace {
  const cores = weighted(random.fork('cores'), [
    { value: 1, weight: 35 },
    { value: 2, weight: 30 },
    { value: 4, weight: 20 },
    { value: 8, weight: 10 },
    { value: 16, weight: 5 },
  ])
  const ratio = weighted(random.fork('memory'), [
    { value: 2, weight: 40 },
    { value: 4, weight: 40 },
    { value: 8, weight: 20 },
  ])
  const draw = random.fork('tasks')
  return {
    nodes: named(nodes, () => ({ cpu: 40_000, memory: 192 * GIB })),
    arrivals: arrivals(tasks, draw, () => {
      const { value } = cores()
      return { cpu: value * 1_000, memory: value * ratio().value * GIB }
    }),
  }
}

/** Jobs on nodes with 8 GPUs, as in Alibaba's GPU cluster of 2023: mostly one, some two, four or eight, and cpu with them. */
export function gpuWorkload(random: Random, { nodes, tasks }: WorkloadSize): WorkloadTrace {
  const gpus = weighted(random.fork('gpus'), [
    { value: 0, weight: 15 },
    { value: 1, weight: 60 },
    { value: 2, weight: 10 },
    { value: 4, weight: 7 },
    { value: 8, weight: 8 },
  ])
  const draw = random.fork('tasks')
  return {
    nodes: named(nodes, () => ({ cpu: 96_000, memory: 512 * GIB, 'nvidia.com/gpu': 8 })),
    arrivals: arrivals(tasks, draw, () => {
      const { value } = gpus()
      const cpu = Math.max(2, value * 8) * 1_000
      return { cpu, memory: Math.max(8, value * 48) * GIB, 'nvidia.com/gpu': value }
    }),
  }
}

function weighted<T extends { readonly weight: number }>(random: Random, choices: readonly T[]): () => T {
  const total = choices.reduce((sum, { weight }) => sum + weight, 0)
  return () => {
    let at = random.next() * total
    for (const choice of choices) {
      at -= choice.weight
      if (at < 0) return choice
    }
    return choices.at(-1) as T
  }
}

function named(count: number, allocatable: () => NodeDescription['allocatable']): readonly NodeDescription[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `node-${String(index).padStart(6, '0')}`,
    allocatable: allocatable(),
  }))
}

/** One each second on average, each with a long-tailed lifetime. */
function arrivals(
  count: number,
  random: Random,
  requests: () => Readonly<Record<string, number>>,
): readonly TraceArrival[] {
  let atMs = 0
  return Array.from({ length: count }, (_, index) => {
    atMs += Math.round(-1_000 * Math.log(1 - random.next()))
    const durationMs = Math.round(60_000 / (1 - random.next()) ** 0.6)
    return { atMs, durationMs, request: { key: `task-${index}`, requests: requests() } }
  })
}
