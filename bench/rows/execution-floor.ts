import { systemEnv } from 'keelson/core'
import { createManager } from 'keelson/reconcile'
import type { Store } from 'keelson/store'
import { createStore } from 'keelson/store'
import { App, appsController, Pod } from '../threads/apps-check.js'

const APP = { name: 'web' }

/**
 * What happens in an execution of `checkApps`, by the mean, without a simulator: three starts in two executions, an app
 * that is made, edited, annotated and deleted, its pods made and taken away, and the reconciles that this leads to.
 */
export async function runUnsimulated(executions: number): Promise<void> {
  for (let execution = 0; execution < executions; execution++) {
    const store = createStore({ kinds: [App, Pod] })
    let app = await startApp(store)
    await store.create(App, { metadata: APP, spec: { replicas: 1 } })
    await app.settled()
    if (execution % 2 === 1) {
      await app.stop()
      app = await startApp(store)
    }
    await store.modify(App, APP, draft => {
      draft.spec = { replicas: 2 }
    })
    await app.settled()
    await store.modify(App, APP, draft => {
      draft.metadata.annotations['touched'] = 'yes'
    })
    await store.delete(App, APP)
    for (const { metadata } of store.list(Pod).items) await store.delete(Pod, metadata)
    await app.settled()
    await app.stop()
    await store.close()
  }
}

/** A process of the controller, which leaves nothing behind. */
async function startApp(store: Store): Promise<{ settled(): Promise<void>; stop(): Promise<void> }> {
  const env = systemEnv.fork('app')
  const manager = createManager({ client: store.client(env), garbageCollection: 'elsewhere' })
  manager.add(appsController())
  await manager.start()
  return {
    settled: () => manager.settled(),
    stop: async () => {
      await manager.stop()
      env.close()
    },
  }
}
