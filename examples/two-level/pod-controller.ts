import { isTaskFinished, Task } from 'keelson/api'
import type { Session, TaskUpdate } from 'keelson/offers'
import type { Controller } from 'keelson/reconcile'
import { createController, requeueAfter } from 'keelson/reconcile'
import type { Client } from 'keelson/store'
import { isOver, isStopping, probeAddress, readyStatus, statusAfter } from './pod-status.js'
import { healthOf } from './services.js'

/** Keeps the object of a pod as long as its process may run. */
export const FINALIZER = 'two-level/pool'
/** Where all pods are. */
export const NAMESPACE = 'default'
const PROBE_PERIOD_SECONDS = 10

/** Writes what the pool said of a task into its pod, which is let go with its end. */
export async function notePod(client: Client, update: TaskUpdate): Promise<void> {
  const ref = { namespace: NAMESPACE, name: update.task }
  await client.transact(tx => {
    const pod = tx.get(Task, ref)
    if (pod === undefined) return
    tx.updateStatus(Task, { ...pod, status: statusAfter(pod, update) })
    if (!isOver(update.state)) return
    tx.modify(Task, ref, draft => {
      draft.metadata.finalizers = draft.metadata.finalizers.filter(name => name !== FINALIZER)
    })
  })
}

/** A kubelet's part: stops in the pool what is deleted, and finds out what is ready. */
export function createPodController(session: Session): Controller {
  return createController({
    name: 'pods',
    for: Task,
    reconcile: async (ref, pod, { client, env }) => {
      if (pod?.spec.nodeName === undefined || isTaskFinished(pod) || !session.connected) return
      if (isStopping(pod)) return
      if (pod.metadata.deletionTimestamp !== undefined) return void session.kill(ref.name)
      const { readinessProbe } = pod.spec
      const address = probeAddress(pod)
      if (address === undefined || readinessProbe === undefined) return
      const isHealthy = await healthOf(address, readinessProbe.httpGet?.path).then(
        ({ ok }) => ok,
        () => false,
      )
      if (!isHealthy) return requeueAfter(1_000 * (readinessProbe.periodSeconds ?? PROBE_PERIOD_SECONDS))
      await client.transact(tx => {
        const now = tx.get(Task, ref)
        if (now === undefined || probeAddress(now) !== address) return
        tx.updateStatus(Task, { ...now, status: readyStatus(now, env.clock.now()) })
      })
    },
  })
}
