import { setInterval } from 'node:timers/promises'
import { Deployment, Job, ReplicaSet, Revision, Task } from 'keelson/api'
import { systemEnv } from 'keelson/core'
import type { OfferPool, Session } from 'keelson/offers'
import type { Manager } from 'keelson/reconcile'
import { createGarbageCollector, createManager } from 'keelson/reconcile'
import { createRolloutController } from 'keelson/rollout'
import type { Client } from 'keelson/store'
import { createStore } from 'keelson/store'
import { createJobController, createReplicaController } from 'keelson/workloads'
import type { Binding } from './pod-binder.js'
import { isPending, needOf, PodBinder } from './pod-binder.js'
import { createPodController, FINALIZER, notePod } from './pod-controller.js'
import { scheduledStatus } from './pod-status.js'

const KINDS = [Deployment, Job, ReplicaSet, Revision, Task]
const LOOK_EACH_MS = 100
/** A node that fails is no fault of its pods: what has run for a second is replaced at once. */
const BACKOFF = { baseMs: 1_000, stableAfterMs: 1_000 }

/**
 * Kubernetes as a framework of the pool: a store of its own, the loops that make pods of Deployments and Jobs, and in the
 * places of its scheduler and its kubelets this: pods are bound by claims, and become what the pool says of their tasks.
 */
export class Pods {
  readonly #session: Session
  readonly #store = createStore({ kinds: KINDS })
  readonly #client: Client = this.#store.client(systemEnv.fork('pods'))
  readonly #manager: Manager = createManager({ client: this.#client })
  readonly #binder: PodBinder
  /** Names of pods whose place is being written. */
  readonly #granted = new Set<string>()
  /** What was asked for last. */
  #asked = ''
  #running: Promise<unknown> = Promise.resolve()

  /** @param directory where the programs of pods are */
  constructor(pool: OfferPool, directory: string) {
    this.#session = pool.subscribe({ name: 'pods', id: 'pods', roles: ['pods'] })
    this.#session.request([])
    this.#binder = new PodBinder(this.#session, directory)
  }

  /** For what it is to run: Deployments and Jobs. */
  get client(): Client {
    return this.#client
  }

  /** Some pods have no place yet. */
  get isWaiting(): boolean {
    return this.#pods().some(isPending)
  }

  /** Starts its loops; they end with `close`. */
  async start(): Promise<void> {
    this.#manager.add(createRolloutController())
    this.#manager.add(createReplicaController({ backoff: BACKOFF }))
    this.#manager.add(createJobController())
    this.#manager.add(createGarbageCollector({ kinds: KINDS }))
    this.#manager.add(createPodController(this.#session))
    await this.#manager.start()
    this.#running = Promise.all([this.#hear(), this.#lookEach()])
  }

  async close(): Promise<void> {
    this.#session.disconnect()
    await this.#running
    await this.#manager.stop()
    await this.#store.close()
  }

  /** Reads events until the pool closes. */
  async #hear(): Promise<void> {
    for await (const event of this.#session) {
      // It is its turn: what it was offered is free again at once, for claims of its own choice.
      if (event.type === 'offers') this.#session.decline(event.offers, { refuseMs: 1_000 })
      if (event.type === 'update') {
        await notePod(this.#client, event.update)
        event.ack()
      }
      await this.#bind()
    }
  }

  /** Looks by itself, too: room may have been given back by others. */
  async #lookEach(): Promise<void> {
    for await (const _ of setInterval(LOOK_EACH_MS)) {
      if (!this.#session.connected) return
      await this.#bind()
    }
  }

  /** What is granted is launched already, and is then written down. */
  async #bind(): Promise<void> {
    if (!this.#session.connected) return
    const bindings = this.#binder.bind(this.#pods())
    const names = bindings.map(({ pod }) => pod.metadata.name)
    for (const name of names) this.#granted.add(name)
    this.#ask()
    if (bindings.length > 0) await this.#write(bindings)
    for (const name of names) this.#granted.delete(name)
  }

  /** As a scheduler does, all at once; a task whose pod was deleted meanwhile is stopped. */
  async #write(bindings: readonly Binding[]): Promise<void> {
    const scheduledAtMs = systemEnv.clock.now()
    const unwanted = await this.#client.transact(tx =>
      bindings.filter(({ pod: { metadata }, node }) => {
        const pod = tx.get(Task, metadata)
        if (pod === undefined || !isPending(pod)) return true
        tx.updateStatus(Task, { ...pod, status: scheduledStatus(pod, node, scheduledAtMs) })
        tx.modify(Task, metadata, draft => {
          draft.spec.nodeName = node
          draft.metadata.finalizers.push(FINALIZER)
        })
        return false
      }),
    )
    for (const { pod } of unwanted) if (this.#session.connected) this.#session.kill(pod.metadata.name)
  }

  /** The pool knows what waits, so that it does not count as contented. */
  #ask(): void {
    const shapes = this.#pods().filter(isPending).map(needOf)
    const asked = JSON.stringify(shapes)
    if (asked === this.#asked) return
    this.#asked = asked
    this.#session.request(shapes.map(shape => ({ shape, count: 1 })))
  }

  /** All but those whose place is being written. */
  #pods(): readonly Task[] {
    return this.#client.list(Task).items.filter(({ metadata }) => !this.#granted.has(metadata.name))
  }
}
