import { controllerReference, createController } from 'keelson/reconcile'
import type { Kind } from 'keelson/store'
import { defineKind } from 'keelson/store'
import type { CheckOptions, CheckReport, CheckWorkers } from 'keelson/testing'
import { check } from 'keelson/testing'

export const App: Kind<{ readonly replicas: number }> = defineKind({
  apiVersion: 'v1',
  kind: 'App',
  plural: 'apps',
  namespaced: false,
})
export const Pod: Kind = defineKind({ apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: false })

/** How much of it is looked at. */
export type AppsBounds = Pick<CheckOptions, 'executions' | 'seed' | 'progress'>

/** One app with two pods, all faults and generic invariants on. Threads import this module and call it, too. */
export function checkApps(bounds: AppsBounds, workers?: CheckWorkers): Promise<CheckReport> {
  return check(appsController, {
    kinds: [App, Pod],
    objects: [{ kind: 'App', metadata: { name: 'web' }, spec: { replicas: 2 } }],
    ...bounds,
    ...(workers === undefined ? {} : { workers }),
  })
}

/** A planned search over so many apps with nine pods each. Threads import this module and call it, too. */
export function checkPlanned(apps: number, workers?: CheckWorkers): Promise<CheckReport> {
  const objects = Array.from({ length: apps }, (_, at) => ({
    kind: 'App',
    metadata: { name: `app-${at}` },
    spec: { replicas: 9 },
  }))
  return check(appsController, {
    kinds: [App, Pod],
    objects,
    mode: 'sieve',
    timeMs: Number.POSITIVE_INFINITY,
    ...(workers === undefined ? {} : { workers }),
  })
}

export function appsController(): ReturnType<typeof createController> {
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
