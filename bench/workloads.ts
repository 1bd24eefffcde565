import type { HorizontalAutoscaler } from 'keelson/api'
import { Job, Task } from 'keelson/api'
import { createManager } from 'keelson/reconcile'
import { createStore } from 'keelson/store'
import { createJobController } from 'keelson/workloads'
import { defaultAutoscaleLimits, planAutoscale } from 'keelson/workloads/autoscaler'
import { compileCron, planJob } from 'keelson/workloads/jobs'
import { bench } from './frame/bench.js'
import type { Measurement } from './frame/measure.js'
import { collectGarbage, measure } from './frame/measure.js'
import type { Row, Run } from './frame/row.js'
import { workloadLoopRows } from './rows/workload-loops.js'

const INDEXES = 100_000
const PARALLELISM = 100
const AT_ONCE = 10
const TIME_ZONE = 'Europe/Berlin'
const FROM_MS = Date.UTC(2026, 0, 1)
const SCHEDULES = ['*/5 * * * *', '30 2 * * *', '0 9-17 * * 1-5', '15 3 1,15 * *', '0 0 29 2 *', '7 4 * 6 0']
const RUNS = 10_000
const AUTOSCALERS = 1_000
const METRICS = 3

/** As the peer: the next time after another. */
type OpenSchedule = (schedule: string, timeZone: string) => (afterMs: number) => number | undefined

const ours: OpenSchedule = (schedule, timeZone) => {
  const cron = compileCron({ schedule, timeZone })
  return afterMs => cron.next(afterMs)
}

const rows: readonly Row[] = [
  ...workloadLoopRows,
  {
    name: 'job-plan',
    title: `plan of an indexed job after one completion, ${PARALLELISM} at once, 500 ranges completed`,
    unit: 'ns',
    target: 200_000,
    sizes: [INDEXES],
    ours: plans,
  },
  {
    name: 'job-completion',
    title: `one completion of an indexed job, ${PARALLELISM} at once: reported, counted, replaced; store and loop included`,
    unit: 'ns',
    target: 200_000,
    sizes: [INDEXES],
    ours: size => completions(size, 1),
  },
  {
    name: 'job-completions',
    title: `one of ${AT_ONCE} completions at once of an indexed job, otherwise the same`,
    unit: 'ns',
    target: 200_000,
    sizes: [INDEXES],
    ours: size => completions(size, AT_ONCE),
  },
  {
    name: 'autoscale-plan',
    title: `plan of ${AUTOSCALERS} autoscalers with ${METRICS} metrics each, whose loads move`,
    unit: 'ns',
    target: 20_000_000,
    sizes: [AUTOSCALERS],
    ours: autoscales,
  },
  {
    name: 'cron-next',
    title: `next run of ${SCHEDULES.length} schedules in ${TIME_ZONE}, one after the other`,
    unit: 'per second',
    sizes: [RUNS],
    ours: size => nextRuns(size, ours),
    peers: { croner: peer('croner') },
    atLeast: { croner: 5 },
  },
]

await bench(rows)

/** Each plan is given the status of the one before, 15 s later. */
async function autoscales(size: number): Promise<Measurement> {
  const metric = { name: 'queue' }
  const target = { type: 'AverageValue', averageValue: 10 } as const
  const metrics = Array.from(
    { length: METRICS },
    () => ({ type: 'External', external: { metric, target } }) as const,
  )
  const metadata = {
    namespace: 'default',
    name: 'web',
    uid: 'web',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: new Date(FROM_MS).toISOString(),
    labels: {},
    annotations: {},
    ownerReferences: [],
    finalizers: [],
  }
  const known: HorizontalAutoscaler[] = Array.from({ length: size }, () => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalAutoscaler',
    metadata,
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 100, metrics },
  }))
  let round = 0
  const look = (): void => {
    round += 1
    const timeMs = FROM_MS + round * defaultAutoscaleLimits.syncMs
    for (const [at, autoscaler] of known.entries()) {
      const value = 200 + 150 * Math.sin(round / 10 + at)
      const readings = metrics.map((_, nth) => ({ samples: [{ value: value + nth, timeMs }] }))
      const view = { replicas: autoscaler.status?.desiredReplicas ?? 10, tasks: [], readings }
      const { status } = planAutoscale(autoscaler, view, defaultAutoscaleLimits, timeMs)
      known[at] = { ...autoscaler, status }
    }
  }
  return measure({
    batch: 5,
    operations: 100,
    prepare: collectGarbage,
    run: (_, count) => {
      for (let turn = 0; turn < count; turn++) look()
    },
  })
}

/** An indexed job whose first tasks are made. */
async function startJob(size: number) {
  const store = createStore({ kinds: [Job, Task] })
  const manager = createManager({ client: store, garbageCollection: 'elsewhere' })
  manager.add(createJobController())
  await manager.start()
  await store.create(Job, {
    metadata: { namespace: 'default', name: 'sums' },
    spec: {
      completionMode: 'Indexed',
      completions: size,
      parallelism: PARALLELISM,
      template: { spec: { command: ['sum'] } },
    },
  })
  await manager.settled()
  return { store, manager }
}

/** Half of the indexes have succeeded, with gaps; another one has now. */
async function plans(size: number): Promise<Measurement> {
  const { store, manager } = await startJob(size)
  const [job] = store.list(Job).items
  const tasks = store.list(Task).items
  const [first] = tasks
  if (job?.status === undefined || first === undefined) throw new Error('the job has no tasks')
  const completed = Array.from(
    { length: 500 },
    (_, at) => `${PARALLELISM + at * 100}-${PARALLELISM + at * 100 + 98}`,
  )
  const status = { ...job.status, succeeded: 500 * 99, completedIndexes: completed.join(',') }
  const ended: Task = { ...first, status: { phase: 'Succeeded' } }
  const limits = { burst: 500, historyLimit: 5 }
  const nowMs = Date.now()
  await manager.stop()
  return measure({
    batch: 100,
    operations: 100_000,
    prepare: () => undefined,
    run: (_, count) => {
      for (let plan = 0; plan < count; plan++)
        planJob({ ...job, status }, [ended, ...tasks.slice(1)], limits, nowMs)
    },
  })
}

/** Tasks end in the order in which they were made, but each tenth, which stays to the end of its turn. */
async function completions(size: number, atOnce: number): Promise<Measurement> {
  const { store, manager } = await startJob(size)
  const measured = await measure({
    batch: 200,
    operations: size / 2,
    prepare: collectGarbage,
    run: async (_, count) => {
      for (let ended = 0; ended < count; ended += atOnce) {
        const active = store.list(Task).items.filter(({ status }) => status?.phase === undefined)
        for (const task of active.slice(ended % 10, (ended % 10) + atOnce))
          await store.modifyStatus(Task, task.metadata, draft => void (draft.status = { phase: 'Succeeded' }))
        await manager.settled()
      }
    },
  })
  await manager.stop()
  return measured
}

function nextRuns(size: number, open: OpenSchedule): Promise<Measurement> {
  const next = SCHEDULES.map(schedule => open(schedule, TIME_ZONE))
  const times = SCHEDULES.map(() => FROM_MS)
  return measure({
    batch: size,
    operations: size * 100,
    prepare: collectGarbage,
    run: (_, count) => {
      for (let run = 0; run < count; run++) {
        const at = run % SCHEDULES.length
        // It begins again when a calendar of the peer ends.
        times[at] = next[at]?.(times[at] ?? FROM_MS) ?? FROM_MS
        if ((times[at] ?? 0) > FROM_MS + 3e11) times[at] = FROM_MS
      }
    },
  })
}

function peer(name: string): Run {
  return async size => {
    const { open } = (await import(`./peers/workloads/${name}.ts`)) as { readonly open: OpenSchedule }
    return nextRuns(size, open)
  }
}
