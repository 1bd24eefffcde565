// How many replicas, by a metric. First three behaviours meet the load of a day in virtual time, before any of them is
// used. Then the best of them is put to work: a program that serves its own /metrics is scraped, four times the load comes
// and goes, and the replicas follow.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HorizontalAutoscaler, isConditionTrue, isTaskActive, ReplicaSet, Task } from 'keelson/api'
import { formatTime } from 'keelson/core'
import { createController, createGarbageCollector, createManager, waitUntil } from 'keelson/reconcile'
import { createStore } from 'keelson/store'
import { createAutoscalerController, createReplicaController } from 'keelson/workloads'
import type { StepResponseOptions } from 'keelson/workloads/autoscaler'
import { scrapedMetrics, stepResponse } from 'keelson/workloads/autoscaler'
import { chart } from './chart.js'

const DAY_MS = 86_400_000
const ref = { namespace: 'default', name: 'web' }
const labels = { app: 'web' }

/** The load of a day, in requests per second, between its points a straight line. */
function readLoad(): (timeMs: number) => number {
  const text = readFileSync(new URL('load.csv', import.meta.url), 'utf8')
  const rows = text.trim().split('\n').slice(1)
  const points = rows.map(row => row.split(',').map(Number))
  return timeMs => {
    const minute = timeMs / 60_000
    const next = points.findIndex(([at = 0]) => at > minute)
    const [[from = 0, low = 0] = [], [to = 1, high = 0] = []] = [points.at(next - 1), points.at(next)]
    return low + ((high - low) * (minute - from)) / (to - from)
  }
}

const behaviors: Readonly<Record<string, StepResponseOptions['behavior']>> = {
  nervous: { scaleDown: { stabilizationWindowSeconds: 0 }, scaleUp: { tolerance: 0 } },
  standard: {},
  cautious: {
    scaleUp: { policies: [{ type: 'Percent', value: 50, periodSeconds: 60 }] },
    scaleDown: {
      stabilizationWindowSeconds: 1_800,
      policies: [{ type: 'Pods', value: 1, periodSeconds: 120 }],
    },
  },
}

const load = readLoad()
const answers = Object.entries(behaviors).map(([name, behavior]) => {
  const policy = behavior === undefined ? {} : { behavior }
  const answer = stepResponse({
    ...policy,
    minReplicas: 2,
    maxReplicas: 60,
    target: 50,
    load,
    durationMs: DAY_MS,
  })
  const { overshoot, settleMs, flaps, shortMs, wastedHours } = answer
  const told = [
    `overshoot ${Math.round(overshoot * 100)} %`,
    `settled after ${(settleMs / 3_600_000).toFixed(1)} h`,
    `${flaps} flaps`,
    `${Math.round(shortMs / 60_000)} min short`,
    `${Math.round(wastedHours)} replica hours to spare`,
  ]
  console.log(`${name}: ${told.join(', ')}\n${chart(answer)}\n`)
  return { name, ...answer }
})
const [nervous, standard, cautious] = answers
assert.ok(nervous && standard && cautious)
assert.ok(nervous.flaps > standard.flaps && standard.flaps >= cautious.flaps, 'windows take away flaps')
assert.ok(
  nervous.wastedHours < standard.wastedHours && standard.wastedHours < cautious.wastedHours,
  'and cost replicas',
)

// The same controller, on a clock on the wall.
let requests = 100
const kinds = [HorizontalAutoscaler, ReplicaSet, Task]
const store = createStore({ kinds })
const ready = (): readonly Task[] =>
  store
    .list(Task)
    .items.filter(task => isTaskActive(task) && isConditionTrue(task.status?.conditions, 'Ready'))
const server = createServer((request, response) => {
  const name = new URL(request.url ?? '/', 'http://localhost').searchParams.get('task')
  const serves = ready().some(({ metadata }) => metadata.name === name)
  response.end(
    serves ? `# TYPE requests_per_second gauge\nrequests_per_second ${requests / ready().length}\n` : '',
  )
})
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo

const manager = createManager({ client: store })
manager.add(createReplicaController())
manager.add(createGarbageCollector({ kinds }))
manager.add(
  createController({
    name: 'node',
    for: Task,
    async reconcile(task, object, { client, env }) {
      if (object === undefined || isConditionTrue(object.status?.conditions, 'Ready')) return
      const lastTransitionTime = formatTime(env.clock.now())
      const ready = { type: 'Ready', status: 'True', reason: 'Up', message: '', lastTransitionTime } as const
      await client.modifyStatus(
        Task,
        task,
        draft => void (draft.status = { phase: 'Running', conditions: [ready] }),
      )
    },
  }),
)
manager.add(
  createAutoscalerController({
    targets: [ReplicaSet],
    syncMs: 200,
    metrics: scrapedMetrics({
      async scrape({ metadata: { name } }, signal) {
        const answer = await fetch(`http://127.0.0.1:${port}/metrics?task=${name}`, { signal })
        return answer.text()
      },
    }),
  }),
)
await manager.start()
try {
  await store.create(ReplicaSet, {
    metadata: ref,
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: {} } },
  })
  await store.create(HorizontalAutoscaler, {
    metadata: ref,
    spec: {
      scaleTargetRef: { kind: 'ReplicaSet', name: 'web' },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [
        {
          type: 'Pods',
          pods: {
            metric: { name: 'requests_per_second' },
            target: { type: 'AverageValue', averageValue: 50 },
          },
        },
      ],
      behavior: {
        scaleUp: { policies: [{ type: 'Pods', value: 3, periodSeconds: 1 }] },
        scaleDown: { stabilizationWindowSeconds: 2 },
      },
    },
  })
  await until('two replicas for 100 requests per second', 2)
  requests = 400
  await until('eight for 400, three at most each second', 8)
  requests = 60
  await until('two for 60, after the window', 2)
  console.log('ok')
} finally {
  await manager.stop()
  server.close()
}

async function until(what: string, replicas: number): Promise<void> {
  const startMs = Date.now()
  await waitUntil(store, [Task], () => ready().length === replicas, { timeoutMs: 20_000 })
  const { currentMetrics = [], conditions = [] } = store.get(HorizontalAutoscaler, ref)?.status ?? {}
  const reasons = conditions.map(({ type, reason }) => `${type}: ${reason}`)
  console.log(
    `${what}: after ${((Date.now() - startMs) / 1000).toFixed(1)} s; ${currentMetrics[0]?.message}; ${reasons.join(', ')}`,
  )
}
