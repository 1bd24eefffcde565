import { check, type CheckReport } from 'keelson/testing'
import { controllerReference, createController } from 'keelson/reconcile'
import { defineKind, type Kind } from 'keelson/store'
import { bench } from './frame/bench.js'
import type { Measurement } from './frame/measure.js'
import type { Row } from './frame/row.js'

const EXECUTIONS = 2_000
const ROUNDS = 4
const NS_PER_MS = 1e6

const App: Kind<{ readonly replicas: number }> = defineKind({
  apiVersion: 'v1',
  kind: 'App',
  plural: 'apps',
  namespaced: false,
})
const Pod: Kind = defineKind({ apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: false })

const title = 'real store and controller, one app with two pods; all faults and invariants on'
const rows: readonly Row[] = [
  {
    name: 'executions',
    title: `executions of one check: ${title}`,
    unit: 'per second',
    target: 3_000,
    sizes: [EXECUTIONS],
    ours: size => checks(size, ({ executions }) => executions),
  },
  {
    name: 'steps',
    title: `steps of one check: ${title}`,
    unit: 'per second',
    target: 60_000,
    sizes: [EXECUTIONS],
    ours: size => checks(size, ({ steps }) => steps),
  },
]

await bench(rows)

/** The first round warms up. */
async function checks(executions: number, count: (report: CheckReport) => number): Promise<Measurement> {
  const samples: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const report = await check(apps, {
      kinds: [App, Pod],
      objects: [{ kind: 'App', metadata: { name: 'web' }, spec: { replicas: 2 } }],
      executions,
      seed: 1 + round * executions,
    })
    if (round > 0) samples.push((report.elapsedMs * NS_PER_MS) / count(report))
  }
  return { samples, mean: samples.reduce((sum, sample) => sum + sample, 0) / samples.length }
}

function apps(): ReturnType<typeof createController> {
  return createController({
    name: 'apps',
    for: App,
    owns: [Pod],
    reconcile: async ({ name }, app, { client }) => {
      if (app === undefined) return
      const wanted = Array.from({ length: app.spec.replicas }, (_, at) => `${name}-${at}`)
      const found = client.list(Pod, { owner: app.metadata.uid }).items.map(({ metadata }) => metadata.name)
      const ownerReferences = [controllerReference(App, app)]
      for (const pod of wanted)
        if (!found.includes(pod))
          await client.create(Pod, { metadata: { name: pod, ownerReferences }, spec: {} })
      for (const pod of found)
        if (!wanted.includes(pod) && client.get(Pod, { name: pod }) !== undefined)
          await client.delete(Pod, { name: pod })
    },
  })
}
