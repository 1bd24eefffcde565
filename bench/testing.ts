import type { Client } from 'keelson/store'
import type { CheckReport, CheckWorkers, FaultOptions, MakeParts } from 'keelson/testing'
import { CheckFailedError, check } from 'keelson/testing'
import { gallery } from '../test/testing/gallery/gallery.js'
import { bench } from './frame/bench.js'
import type { Measurement } from './frame/measure.js'
import { startProfile } from './frame/profile.js'
import { amount } from './frame/report.js'
import type { Row, Unit } from './frame/row.js'
import { runUnsimulated } from './rows/execution-floor.js'
import { SIMULATOR_STAGES } from './rows/simulator-stages.js'
import type { AppsBounds } from './threads/apps-check.js'
import { App, appsController, checkApps, checkPlanned, Pod } from './threads/apps-check.js'

const EXECUTIONS = 2_000
const ROUNDS = 4
/** Until the engine has compiled what they run: some 7,000 executions, or as many steps of searches. */
const WARM_STEPS = 100_000
/** Of an execution of `checkApps`, by the mean. */
const STEPS = 15
const NS_PER_MS = 1e6
const NS_PER_US = 1e3
const NS_PER_S = 1e9

const TRIVIAL_STEPS = 100
const THREADS = { module: new URL('threads/apps-check.mjs', import.meta.url) }

const TITLE = 'real store and controller, one app with two pods; all faults and generic invariants on'

const rows: readonly Row[] = [
  {
    name: 'executions',
    title: `executions of a check, once compiled: ${TITLE}`,
    unit: 'per second',
    target: 3_000,
    sizes: [EXECUTIONS],
    ours: size => checks(checkApps, size, ({ executions }) => executions),
    floor: {
      title: 'the same store, manager, writes and reconciles, without a simulator',
      timesMax: 2.5,
      run: unsimulated,
    },
  },
  {
    name: 'executions-threads',
    title: 'one long check, shared by a thread for each processor: its second half; then by one thread alone',
    unit: 'per second',
    target: 4_000,
    sizes: [10 * EXECUTIONS],
    // Each thread compiles for itself, and a check begins with new ones, so only a long one has warm threads.
    runs: 1,
    ours: sharedAndAlone,
  },
  {
    name: 'steps',
    title: `steps of one check: ${TITLE}`,
    unit: 'per second',
    target: 60_000,
    sizes: [EXECUTIONS],
    ours: size => checks(checkApps, size, ({ steps }) => steps),
  },
  {
    name: 'explorer',
    title: `steps of the explorer alone: a process of two walkers with ${TRIVIAL_STEPS} steps each, nothing is written`,
    unit: 'per second',
    target: 60_000,
    sizes: [EXECUTIONS / 10],
    ours: size => checks(walk, size, ({ steps }) => steps),
  },
  {
    name: 'gallery',
    title: 'a bug of the gallery is found, shrunk and told; the slowest',
    unit: 'ms',
    target: 4_000,
    headline: 'p99',
    sizes: [gallery.length],
    runs: 1,
    ours: findEach,
  },
  {
    name: 'exhaustive',
    title: 'everything that can happen to one app with so many pods, one edit up or down, one crash',
    unit: 'ms',
    target: 1_000,
    sizes: [3],
    runs: 1,
    ours: size => proofs(size, { crash: 1, edit: 1 }),
  },
  {
    name: 'exhaustive-crashes',
    title: 'everything that can happen to one app with so many pods, two crashes',
    unit: 'ms',
    target: 1_000,
    sizes: [5],
    runs: 1,
    ours: size => proofs(size, { crash: 2, edit: 0 }),
  },
  {
    name: 'sieve',
    title: 'a planned search over a workload: so many apps with nine pods each, about ten writes an app',
    unit: 'ms',
    target: 2_000,
    sizes: [10],
    runs: 1,
    ours: apps => searches(() => checkPlanned(apps)),
  },
  {
    name: 'sieve-threads',
    title: 'the same, shared by a thread for each processor, with their start',
    unit: 'ms',
    target: 2_000,
    sizes: [10],
    runs: 1,
    ours: apps => planned(apps, { ...THREADS, exportName: 'checkPlanned', args: [apps] }),
  },
]

await bench(rows)

async function checks(
  run: (bounds: AppsBounds) => Promise<CheckReport>,
  executions: number,
  count: (report: CheckReport) => number,
): Promise<Measurement> {
  return timed('per second', async round => {
    const report = await run({ executions, seed: 1 + round * executions })
    const { elapsedMs, steps } = report
    return { elapsedMs, operations: count(report), steps }
  })
}

function unsimulated(executions: number): Promise<Measurement> {
  return timed('per second', async () => {
    const startedMs = performance.now()
    await runUnsimulated(executions)
    const elapsedMs = performance.now() - startedMs
    return { elapsedMs, operations: executions, steps: executions * STEPS }
  })
}

/** The threads first: they compile for themselves, as the one that asks does by then, too. */
async function sharedAndAlone(executions: number): Promise<Measurement> {
  const shared = await secondHalf(executions, progress =>
    checkApps({ executions, seed: 1, progress }, threadsFor({ executions, seed: 1 })),
  )
  const alone = await secondHalf(executions, progress => checkApps({ executions, seed: 1, progress }))
  const faster = (alone.mean / shared.mean).toFixed(2)
  const cpu = `${((shared.cpuNs ?? 0) / NS_PER_US).toFixed(0)} µs of processor time each, and ${((alone.cpuNs ?? 0) / NS_PER_US).toFixed(0)}`
  const inOne = `${amount('per second', NS_PER_S / alone.mean)} in one thread: ${faster} times as many, ${cpu}`
  return { ...shared, note: `${inOne}; ${shared.note}` }
}

/** The note says what the first half took. */
async function secondHalf(
  executions: number,
  run: (progress: NonNullable<AppsBounds['progress']>) => Promise<CheckReport>,
): Promise<Measurement & { readonly note: string }> {
  let half: { readonly executions: number; readonly elapsedMs: number } | undefined
  let cpu = process.cpuUsage()
  const report = await run(done => {
    if (half !== undefined || done.executions < executions / 2) return
    half = done
    cpu = process.cpuUsage()
  })
  const { user, system } = process.cpuUsage(cpu)
  const { executions: before = 0, elapsedMs = 0 } = half ?? {}
  const count = report.executions - before
  const mean = ((report.elapsedMs - elapsedMs) * NS_PER_MS) / count
  const note = `the first ${before}, from a cold start: ${amount('per second', (before * 1_000) / elapsedMs)}`
  return { samples: [mean], mean, cpuNs: ((user + system) * NS_PER_US) / count, note }
}

function threadsFor(bounds: AppsBounds): CheckWorkers {
  return { ...THREADS, exportName: 'checkApps', args: [bounds] }
}

function walk(bounds: AppsBounds): Promise<CheckReport> {
  return check(twoWalkers, { kinds: [App], objects: [], ...bounds })
}

/** What one round took, for how many operations, and how many steps they were. */
interface Round {
  readonly elapsedMs: number
  readonly operations: number
  readonly steps: number
}

/** Times rounds, after those that warm up; the note says what the first of these took. */
async function timed(
  unit: Extract<Unit, 'ms' | 'per second'>,
  run: (round: number) => Promise<Round>,
): Promise<Measurement> {
  const costOf = ({ elapsedMs, operations }: Round): number =>
    (elapsedMs * (unit === 'ms' ? 1 : NS_PER_MS)) / operations
  let round = 0
  let steps = 0
  let cold: Round | undefined
  while (steps < WARM_STEPS) {
    const done = await run(round++)
    cold ??= done
    steps += done.steps
  }
  const profile = await startProfile(SIMULATOR_STAGES)
  const samples: number[] = []
  let cpuNs = 0
  while (samples.length < ROUNDS) {
    const cpu = process.cpuUsage()
    const done = await run(round++)
    const { user, system } = process.cpuUsage(cpu)
    samples.push(costOf(done))
    cpuNs += ((user + system) * NS_PER_US) / done.operations / ROUNDS
  }
  const shares = await profile?.stop()
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length
  const first = cold === undefined ? 0 : unit === 'ms' ? costOf(cold) : NS_PER_S / costOf(cold)
  const note = `the first ${cold?.operations}, from a cold start: ${amount(unit, first)}`
  return { samples, mean, cpuNs, note, ...(shares === undefined ? {} : { shares }) }
}

/** From a cold start, as a test has it. */
async function findEach(): Promise<Measurement> {
  const samples: number[] = []
  let worst = ''
  for (const { name, buggy, kinds, objects } of gallery) {
    const startedMs = performance.now()
    const failure: unknown = await check(buggy, { kinds, objects, executions: 300 }).catch(
      (error: unknown) => error,
    )
    if (!(failure instanceof CheckFailedError)) throw new Error(`${name} was not found`)
    const tookMs = performance.now() - startedMs
    if (tookMs > Math.max(0, ...samples)) worst = name
    samples.push(tookMs)
  }
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length
  return { samples, mean, note: `slowest: ${worst}` }
}

/** Two walkers of which any may be next. */
function twoWalkers(): ReturnType<MakeParts> {
  return ['one', 'two'].map(name => ({
    name,
    start: ({ env }: Client) => {
      const step = (left: number): void => {
        if (left > 0) env.tasks.defer(() => step(left - 1), { kind: 'call', label: name })
      }
      step(TRIVIAL_STEPS)
    },
    stop: () => {},
  }))
}

function proofs(replicas: number, faults: FaultOptions): Promise<Measurement> {
  return searches(async round => {
    const report = await check(appsController, {
      kinds: [App, Pod],
      objects: [{ kind: 'App', metadata: { name: 'web' }, spec: { replicas } }],
      mode: 'exhaustive',
      timeMs: Number.POSITIVE_INFINITY,
      faults,
      seed: 1 + round,
    })
    if (!report.complete) throw new Error(`not complete: ${report.bounds}`)
    return report
  })
}

/** Whole searches, one operation each. */
function searches(run: (round: number) => Promise<CheckReport>): Promise<Measurement> {
  return timed('ms', async round => {
    const { elapsedMs, steps } = await run(round)
    return { elapsedMs, operations: 1, steps }
  })
}

/** A whole planned search; the note says how many executions it took. */
async function planned(apps: number, workers: CheckWorkers): Promise<Measurement> {
  const { elapsedMs, executions, steps } = await checkPlanned(apps, workers)
  return { samples: [elapsedMs], mean: elapsedMs, note: `${executions} executions, ${steps} steps` }
}
