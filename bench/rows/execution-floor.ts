import { systemEnv } from 'keelson/core'
import type { Manager } from 'keelson/reconcile'
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
    let manager = await startManager(store)
    await store.create(App, { metadata: APP, spec: { replicas: 1 } })
    await manager.settled()
    if (execution % 2 === 1) {
      await manager.stop()
      manager = await startManager(store)
    }
    await store.modify(App, APP, draft => {
      draft.spec = { replicas: 2 }
    })
    await manager.settled()
    await store.modify(App, APP, draft => {
      draft.metadata.annotations['touched'] = 'yes'
    })
    await store.delete(App, APP)
    for (const { metadata } of store.list(Pod).items) await store.delete(Pod, metadata)
    await manager.settled()
    await manager.stop()
    await store.close()
  }
}

async function startManager(store: Store): Promise<Manager> {
  const client = store.client(systemEnv.fork('app'))
  const manager = createManager({ client, garbageCollection: 'elsewhere' })
  manager.add(appsController())
  await manager.start()
  return manager
}
