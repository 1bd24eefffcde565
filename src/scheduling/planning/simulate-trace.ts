import type { FieldProblem } from '../../core/index.js'
import { assertValid } from '../../core/internal.js'
import type { NodeDescription } from '../nodes/node-description.js'
import type { Profile } from '../plugins/plugin.js'
import type { QueuedRequest } from '../queue/queued-request.js'
import { schedulePass } from '../queue/schedule-pass.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import { createScheduler } from '../scheduler.js'
import { findViolations } from './rebalance.js'

/** What happens to a cluster, in any order. */
export interface WorkloadTrace {
  readonly nodes: readonly NodeDescription[]
  readonly arrivals: readonly TraceArrival[]
}

/** A request that comes, and for how long it runs once it is placed. */
export interface TraceArrival {
  readonly atMs: number
  readonly request: PlacementRequest
  /** Default: for good. */
  readonly durationMs?: number
}

/** How a profile did. */
export interface SimulationReport {
  readonly profile: string
  readonly placed: number
  /** Never placed. */
  readonly waiting: number
  /** Of those placed, from arrival to placement. */
  readonly waitMs: { readonly mean: number; readonly p95: number; readonly max: number }
  /** Share of each resource in use, over time; from 0 to 1. */
  readonly utilization: Readonly<Record<string, number>>
  /** Most nodes with a task at a time. */
  readonly nodesUsed: number
  /** Placements that break their own rules at the end. */
  readonly violations: number
}

/**
 * Plays a trace in virtual time: whatever comes or goes, the queue is served. Equal traces and profiles give equal
 * reports.
 *
 * @throws InvalidError for a time that is none, or a key that comes twice; as `addNode` and `place`
 */
export function simulateTrace(trace: WorkloadTrace, profile: Profile): SimulationReport {
  assertValid('trace', trace.arrivals.flatMap(timeProblems))
  assertValid('trace', repeatedKeys(trace.arrivals))
  const scheduler = createScheduler({ profile })
  for (const node of trace.nodes) scheduler.addNode(node)
  const arrivals = [...trace.arrivals].sort((a, b) => a.atMs - b.atMs)
  const ends: { readonly atMs: number; readonly key: string }[] = []
  const waiting = new Map<string, TraceArrival>()
  const waits: number[] = []
  const use = new UtilizationMeter(scheduler)
  let [next, nodesUsed] = [0, 0]
  while (next < arrivals.length || ends.length > 0) {
    ends.sort((a, b) => a.atMs - b.atMs)
    const nowMs = Math.min(
      arrivals[next]?.atMs ?? Number.POSITIVE_INFINITY,
      ends[0]?.atMs ?? Number.POSITIVE_INFINITY,
    )
    use.advance(nowMs)
    while (ends[0]?.atMs === nowMs) scheduler.removeTask(ends.shift()?.key ?? '')
    while (arrivals[next]?.atMs === nowMs) {
      const arrival = arrivals[next++] as TraceArrival
      waiting.set(arrival.request.key, arrival)
    }
    const queue = [...waiting.values()].map(
      ({ request, atMs }): QueuedRequest => ({ request, createdAtMs: atMs }),
    )
    for (const key of schedulePass(scheduler, queue).placed.keys()) {
      const { atMs, durationMs } = waiting.get(key) as TraceArrival
      waiting.delete(key)
      waits.push(nowMs - atMs)
      if (durationMs !== undefined) ends.push({ atMs: nowMs + durationMs, key })
    }
    nodesUsed = Math.max(nodesUsed, usedNodes(scheduler))
  }
  waits.sort((a, b) => a - b)
  return {
    profile: profile.name,
    placed: waits.length,
    waiting: waiting.size,
    waitMs: {
      mean: waits.length === 0 ? 0 : waits.reduce((sum, wait) => sum + wait, 0) / waits.length,
      p95: waits[Math.min(waits.length - 1, Math.floor(waits.length * 0.95))] ?? 0,
      max: waits.at(-1) ?? 0,
    },
    utilization: use.shares(),
    nodesUsed,
    violations: findViolations(scheduler).length,
  }
}

function timeProblems({ atMs, durationMs = 0 }: TraceArrival, index: number): FieldProblem[] {
  const message = 'must be a finite number of milliseconds ≥ 0'
  return Object.entries({ atMs, durationMs }).flatMap(([field, value]) =>
    Number.isFinite(value) && value >= 0 ? [] : [{ field: `arrivals[${index}].${field}`, value, message }],
  )
}

function repeatedKeys(arrivals: readonly TraceArrival[]): FieldProblem[] {
  const seen = new Set<string>()
  return arrivals.flatMap(({ request: { key } }, index) => {
    const isTwice = seen.has(key)
    seen.add(key)
    return isTwice ? [{ field: `arrivals[${index}].request.key`, value: key, message: 'comes twice' }] : []
  })
}

/** The numbers of the second report less those of the first; a resource that only one of them has is 0 in the other. */
export function compareSimulations(
  a: SimulationReport,
  b: SimulationReport,
): Readonly<Record<string, number>> {
  const numbers = ({ placed, waiting, waitMs, nodesUsed, violations, utilization }: SimulationReport) => ({
    placed,
    waiting,
    meanWaitMs: waitMs.mean,
    p95WaitMs: waitMs.p95,
    maxWaitMs: waitMs.max,
    nodesUsed,
    violations,
    ...Object.fromEntries(Object.entries(utilization).map(([name, share]) => [`utilization.${name}`, share])),
  })
  const [before, after]: Readonly<Record<string, number>>[] = [numbers(a), numbers(b)]
  return Object.fromEntries(
    Object.keys({ ...before, ...after }).map(name => [name, (after?.[name] ?? 0) - (before?.[name] ?? 0)]),
  )
}

function usedNodes(scheduler: Scheduler): number {
  return scheduler.nodes().filter(({ name }) => scheduler.tasksOn(name).length > 0).length
}

/** Adds up what is in use over time. */
class UtilizationMeter {
  readonly #scheduler: Scheduler
  readonly #there: ReadonlyMap<string, number>
  readonly #used = new Map<string, number>()
  #sinceMs: number | undefined
  #totalMs = 0

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
    this.#there = sumOf(scheduler.nodes().map(({ allocatable }) => allocatable))
  }

  advance(nowMs: number): void {
    const passed = nowMs - (this.#sinceMs ?? nowMs)
    this.#sinceMs = nowMs
    if (passed <= 0) return
    this.#totalMs += passed
    const { nodes } = { nodes: this.#scheduler.nodes() }
    const tasks = nodes.flatMap(({ name }) => this.#scheduler.tasksOn(name))
    for (const [name, amount] of sumOf(tasks.map(({ requests = {} }) => requests)))
      this.#used.set(name, (this.#used.get(name) ?? 0) + amount * passed)
  }

  shares(): Readonly<Record<string, number>> {
    const names = [...this.#there.keys()].filter(name => name !== 'pods').sort()
    return Object.fromEntries(
      names.map(name => {
        const most = (this.#there.get(name) ?? 0) * this.#totalMs
        return [name, most === 0 ? 0 : (this.#used.get(name) ?? 0) / most]
      }),
    )
  }
}

function sumOf(vectors: readonly Readonly<Record<string, number>>[]): ReadonlyMap<string, number> {
  const sum = new Map<string, number>()
  for (const vector of vectors)
    for (const [name, amount] of Object.entries(vector)) sum.set(name, (sum.get(name) ?? 0) + amount)
  return sum
}
