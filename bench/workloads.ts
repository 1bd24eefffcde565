import type { HorizontalAutoscaler } from 'keelson/api'
import { defaultAutoscaleLimits, planAutoscale } from 'keelson/workloads/autoscaler'
import { compileCron } from 'keelson/workloads/jobs'
import { bench } from './frame/bench.js'
import type { Measurement } from './frame/measure.js'
import { collectGarbage, measure } from './frame/measure.js'
import type { Row, Run } from './frame/row.js'
import { jobRows } from './rows/jobs.js'
import { workloadLoopRows } from './rows/workload-loops.js'

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
  ...jobRows,
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
