import { findCondition, isTaskFinished, Node, Task } from '../../api/index.js'
import type { Cancel } from '../../core/index.js'
import { UsageError } from '../../core/index.js'
import { compareText } from '../../core/internal.js'
import type { Cache, Runnable } from '../../reconcile/index.js'
import { createCache } from '../../reconcile/index.js'
import type { Client } from '../../store/index.js'
import type { AgentHandle } from '../pool/agent-handle.js'
import type { OfferPool } from '../pool/pool.js'
import { createPool } from '../pool/pool.js'
import type { PoolOptions } from '../pool/pool-options.js'
import type { TaskState } from '../pool/task-state.js'
import { ResourceSet } from '../resources/resource-set.js'
import { agentOfNode, resourcesOfTask } from './node-resources.js'
import { FRAMEWORK_LABEL, StoreDriver, TASK_LABEL } from './store-driver.js'

/** Options of {@link createStorePool}. */
export interface StorePoolOptions extends Omit<PoolOptions, 'driver' | 'env' | 'manual'> {
  /** Unique in its manager. Default `offers`. */
  readonly name?: string
  /** Where its Tasks are written. Default `default`. */
  readonly namespace?: string
}

/** A pool whose agents are the Nodes of a store and whose tasks are its Tasks; a manager can start and stop it. */
export interface StorePool extends Runnable {
  /**
   * The pool, from `start` to `stop`.
   *
   * @throws UsageError when it is not started
   */
  readonly pool: OfferPool
}

/**
 * Binds a pool to a store. Every Node whose condition `Ready` is `True` is an agent; one that is not, or is
 * unschedulable, gets no offers; one whose state is `Unknown` is unreachable. A launch is one transaction that writes a
 * Task with its node, after it has read the node and everything on it, so that a pool and a scheduling controller share
 * nodes without overcommitting them; what others run there is not offered. `LaunchSpec.data` is the template of the
 * Task, and `LaunchSpec.id` its name. A kill deletes the Task.
 *
 * Offers, filters and frameworks are of the process: they do not survive it. Its Tasks do, and are left alone by a pool
 * that does not know their framework, but count as in use.
 */
export function createStorePool(options: StorePoolOptions): StorePool {
  return new BoundPool(options)
}

interface AgentState {
  readonly handle: AgentHandle
  /** What was made of the node last. */
  spec: string
  standing: 'active' | 'inactive' | 'unreachable'
}

class BoundPool implements StorePool {
  readonly name: string
  readonly #options: StorePoolOptions
  readonly #namespace: string
  readonly #agents = new Map<string, AgentState>()
  #pool: OfferPool | undefined
  #cache: Cache | undefined
  #unlisten: Cancel | undefined

  constructor(options: StorePoolOptions) {
    const { name = 'offers', namespace = 'default' } = options
    this.name = name
    this.#namespace = namespace
    this.#options = options
  }

  get pool(): OfferPool {
    if (this.#pool === undefined) throw new UsageError(`${this.name} is not started; start it with a client`)
    return this.#pool
  }

  async start(client: Client): Promise<void> {
    if (this.#pool !== undefined) throw new UsageError(`${this.name} is started already`)
    const driver = new StoreDriver(this.#namespace, client)
    const pool = createPool({ ...this.#options, driver, env: client.env })
    const cache = createCache({ kinds: [Node, Task] })
    this.#pool = pool
    this.#cache = cache
    this.#unlisten = cache.onChange(({ changes }) => {
      for (const { before, after } of changes) {
        const object = after ?? before
        if (object === undefined) continue
        if (object.kind === Node.kind) this.#nodeChanged(object.metadata.name)
        else this.#taskChanged(object as Task, after as Task | undefined)
      }
    })
    await cache.start(client)
  }

  stop(): void {
    this.#unlisten?.()
    this.#cache?.stop()
    this.#pool?.close()
    this.#agents.clear()
    this.#pool = undefined
    this.#cache = undefined
  }

  #nodeChanged(name: string): void {
    const node = this.#cache?.get(Node, { name })
    const state = this.#agents.get(name)
    if (node === undefined) {
      state?.handle.remove({ mayReturn: true })
      this.#agents.delete(name)
      return
    }
    const ready = findCondition(node.status?.conditions, 'Ready')?.status
    const standing =
      ready === 'Unknown'
        ? 'unreachable'
        : ready === 'True' && node.spec.unschedulable !== true
          ? 'active'
          : 'inactive'
    const spec = agentOfNode(node)
    const text = JSON.stringify([spec.resources.toString(), spec.attributes])
    if (state === undefined) {
      const handle = this.pool.agent(spec)
      this.#agents.set(name, { handle, spec: text, standing: 'active' })
    }
    this.#stand(name, standing)
    if (state !== undefined && state.spec !== text && standing !== 'unreachable') {
      state.handle.update({ resources: spec.resources, attributes: spec.attributes ?? {} })
      state.spec = text
    }
    this.#occupy(name)
  }

  #stand(name: string, standing: AgentState['standing']): void {
    const state = this.#agents.get(name)
    if (state === undefined || state.standing === standing) return
    const { handle } = state
    if (standing === 'unreachable') handle.unreachable()
    else {
      if (state.standing === 'unreachable') handle.reachable(this.#running(name))
      if (standing === 'active') handle.reactivate()
      else handle.deactivate()
    }
    state.standing = standing
  }

  #running(node: string): readonly { readonly framework: string; readonly task: string }[] {
    return this.#tasksOn(node).flatMap(({ metadata: { labels } }) => {
      const [framework, task] = [labels[FRAMEWORK_LABEL], labels[TASK_LABEL]]
      return framework === undefined || task === undefined ? [] : [{ framework, task }]
    })
  }

  #taskChanged(known: Task, now: Task | undefined): void {
    const { labels } = known.metadata
    const [framework, task] = [labels[FRAMEWORK_LABEL], labels[TASK_LABEL]]
    const node = known.spec.nodeName
    const state = node === undefined ? undefined : this.#agents.get(node)
    if (state !== undefined && framework !== undefined && task !== undefined) {
      const message = now?.status?.message
      state.handle.report(framework, { task, state: stateOf(now), ...(message !== undefined && { message }) })
    }
    if (node !== undefined) this.#occupy(node)
  }

  /** What tasks of nobody in this pool use of a node. */
  #occupy(node: string): void {
    const state = this.#agents.get(node)
    if (state === undefined || state.standing === 'unreachable') return
    let used = ResourceSet.empty
    for (const task of this.#tasksOn(node)) {
      const { [FRAMEWORK_LABEL]: framework, [TASK_LABEL]: id } = task.metadata.labels
      if (framework === undefined || id === undefined || !this.pool.hasTask(framework, id))
        used = used.plus(resourcesOfTask(task))
    }
    state.handle.occupy(used)
  }

  #tasksOn(node: string): readonly Task[] {
    const tasks = this.#cache?.list(Task).items ?? []
    return tasks
      .filter(task => task.spec.nodeName === node && !isTaskFinished(task))
      .sort((a, b) => compareText(a.metadata.name, b.metadata.name))
  }
}

function stateOf(task: Task | undefined): TaskState {
  switch (task?.status?.phase) {
    case 'Running':
      return 'running'
    case 'Succeeded':
      return 'finished'
    case 'Failed':
      return 'failed'
    default:
      return task === undefined ? 'killed' : 'staging'
  }
}
