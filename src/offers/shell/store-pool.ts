import { UsageError } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { Runnable } from '../../reconcile/index.js'
import type { Client } from '../../store/index.js'
import type { OfferPool } from '../pool/pool.js'
import type { PoolOptions } from '../pool/pool-options.js'
import { BoundPool } from './bound-pool.js'
import { holdName } from './pool-fence.js'

/** Options of {@link createStorePool}. */
export interface StorePoolOptions extends Omit<PoolOptions, 'driver' | 'env' | 'manual' | 'knownAgents'> {
  /** Unique in its store. Default `offers`. */
  readonly name?: string
  /** Where its Tasks are written. Default `default`. */
  readonly namespace?: string
}

/** A pool whose agents are the Nodes of a store and whose tasks are its Tasks; a manager can start and stop it. */
export interface StorePool extends Runnable {
  /**
   * The pool, from `start` to `stop`, or until another pool of its name takes over.
   *
   * @throws UsageError when it is not started
   */
  readonly pool: OfferPool
}

/**
 * Binds a pool to a store, which must know `Node`, `Task`, `Lease`, `Role`, `Framework` and `Reservation`. Every Node
 * whose condition `Ready` is `True` is an agent; one that is not, is unschedulable or has a `drain`, gets no offers; one
 * whose state is `Unknown` is unreachable.
 *
 * A launch is one transaction that writes a Task with its node, after it has read the node, what is reserved and
 * everything that runs there, so that a pool and a scheduling controller share nodes without overcommitting them; what
 * others run is not offered. Reservations and volumes are Reservation objects, changed in one transaction before the
 * operation counts. `LaunchSpec.data` is the template of the Task, and `LaunchSpec.id` its name, unique in the namespace.
 * A kill deletes the Task; its object stays until its framework has acknowledged the end, and is deleted then.
 *
 * Weights and quotas are Role objects: `pool.roles` refuses. A Role that contradicts another is not accepted, which its
 * condition says.
 *
 * Whatever must survive is in the store: a pool that starts again, or on another leader, knows roles, reservations,
 * volumes, drains, the frameworks with the rest of their failover time, their tasks, and how many grants they got. Offers
 * and filters end with the process. A framework that subscribes with its id is told the state of each of its tasks
 * again. Of two pools of one name the one that started last counts: the other one cannot write any more, and ends its
 * sessions.
 */
export function createStorePool(options: StorePoolOptions = {}): StorePool {
  assertKnown(options, STORE_POOL_OPTIONS)
  return new RunnableStorePool(options)
}

const STORE_POOL_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<StorePoolOptions>('createStorePool', {
  name: true,
  namespace: true,
  allocator: true,
  offerTimeoutMs: true,
  refuseMsMin: true,
  launchTimeoutMs: true,
  pingIntervalMs: true,
  pingsMax: true,
  removalSpacingMs: true,
  authorize: true,
  offersMax: true,
  eventsMax: true,
  tasksMax: true,
  operationsMax: true,
})

class RunnableStorePool implements StorePool {
  readonly name: string
  readonly #options: StorePoolOptions
  #bound: BoundPool | undefined
  #starts = 0
  #unhealthy: string | undefined

  constructor(options: StorePoolOptions) {
    this.name = options.name ?? 'offers'
    this.#options = options
  }

  get pool(): OfferPool {
    if (this.#bound === undefined)
      throw new UsageError(`${this.name} is not started; start it with a client`, { pool: this.name })
    return this.#bound.pool
  }

  async start(client: Client): Promise<void> {
    if (this.#bound !== undefined) throw new UsageError(`${this.name} is started already`)
    const start = ++this.#starts
    const { name = 'offers', namespace = 'default', ...options } = this.#options
    this.#unhealthy = undefined
    const held = await holdName(client, { namespace, pool: name }, () => start === this.#starts)
    if (held === undefined || start !== this.#starts) return
    const lost = (error: unknown): void => {
      this.#unhealthy = `another pool took the name ${name}: ${String(error)}`
      client.env.logger.error({ pool: name, error: String(error) }, 'another pool took over')
      this.stop()
    }
    const bound = new BoundPool({ name, namespace, held, options, lost })
    await bound.start()
    if (start === this.#starts) this.#bound = bound
    else bound.stop()
  }

  stop(): void {
    this.#starts++
    this.#bound?.stop()
    this.#bound = undefined
  }

  unhealthy(): string | undefined {
    return this.#unhealthy
  }
}
