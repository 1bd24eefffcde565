import { Framework, Lease, Node, Reservation, Role, Task } from '../../api/index.js'
import type { Cancel } from '../../core/index.js'
import { KeelsonError } from '../../core/index.js'
import type { Cache, CacheChanges } from '../../reconcile/index.js'
import { createCache, defineIndex } from '../../reconcile/index.js'
import type { OfferPool } from '../pool/pool.js'
import { poolOf } from '../pool/pool.js'
import { PoolCore } from '../pool/pool-core.js'
import type { AgentConversion, PoolHooks } from '../pool/pool-hooks.js'
import type { PoolOptions } from '../pool/pool-options.js'
import { isFinalState } from '../pool/task-state.js'
import type { TaskRecord } from '../pool/task-table.js'
import { BoundAgents } from './bound-agents.js'
import { frameworkObject, writeFramework } from './framework-object.js'
import { LastingWrites } from './lasting-writes.js'
import { convertOn } from './node-room.js'
import type { HeldName } from './pool-fence.js'
import { launchOfTask, nameOfTask, stateOfTask } from './pool-task.js'
import { restoreFrameworks } from './restore-pool.js'
import { RoleObjects, writeVerdict } from './role-objects.js'
import { StoreDriver } from './store-driver.js'

const TASKS_BY_NODE = /* @__PURE__ */ defineIndex(Task, task => task.spec.nodeName ?? '')
const RESERVATIONS_BY_NODE = /* @__PURE__ */ defineIndex(Reservation, ({ spec }) => spec.nodeName)

/** How long the numbers of grants may be behind in the store, in ms. */
const GRANTS_DELAY_MS = 1_000

/** What a pool is bound with. */
export interface BoundPoolParts {
  readonly name: string
  readonly namespace: string
  readonly held: HeldName
  readonly options: Omit<PoolOptions, 'driver' | 'env' | 'manual' | 'knownAgents'>
  /** Another pool of the name has taken over. */
  readonly lost: (error: unknown) => void
}

/** One term of a pool over a store: from the moment when it holds its name until it stops or loses it. */
export class BoundPool implements PoolHooks {
  readonly pool: OfferPool
  readonly #parts: BoundPoolParts
  readonly #core: PoolCore
  readonly #driver: StoreDriver
  readonly #cache: Cache
  readonly #writes: LastingWrites
  readonly #agents: BoundAgents
  readonly #roles: RoleObjects
  /** Revisions of what this pool wrote last of a node's reservations. */
  readonly #converted = new Map<string, number>()
  /** How many changes of a node's reservations are under way; until then what is told of them may be too old or too new. */
  readonly #converting = new Map<string, number>()
  /** Frameworks whose number of grants is to be written. */
  readonly #granted = new Set<string>()
  #unlisten: Cancel | undefined
  #writeGrants: Cancel | undefined

  constructor(parts: BoundPoolParts) {
    const { name, namespace, held, options, lost } = parts
    const { client } = held
    this.#parts = parts
    this.#driver = new StoreDriver({
      held,
      pool: name,
      namespace,
      taskOf: (framework, task) => this.#core.tasks.get(framework, task),
      frameworkObject: id => frameworkObject(this.#core.frameworkOf(id), name),
    })
    this.#core = new PoolCore({ ...options, driver: this.#driver }, client.env, this)
    this.pool = poolOf(this.#core)
    this.#writes = new LastingWrites(client.env, lost)
    this.#cache = createCache({
      name,
      kinds: [Node, Task, Lease, Role, Framework, Reservation],
      indexes: [TASKS_BY_NODE, RESERVATIONS_BY_NODE],
    })
    const cache = this.#cache
    const view = {
      node: (node: string) => cache.get(Node, { name: node }),
      tasksOn: (node: string) => cache.by(TASKS_BY_NODE, node),
      reservationsOn: (node: string) => cache.by(RESERVATIONS_BY_NODE, node),
      isCurrent: (node: string) =>
        !this.#converting.has(node) && cache.hasReached(this.#converted.get(node) ?? 0),
    }
    const { pool } = this
    this.#agents = new BoundAgents({
      core: this.#core,
      pool,
      poolName: name,
      view,
      held,
      writes: this.#writes,
    })
    this.#roles = new RoleObjects(this.#core)
  }

  /** Reads what was kept, as new as when the name was taken, and goes on from there. */
  async start(): Promise<void> {
    const { held, name } = this.#parts
    await this.#cache.start(held.client)
    if (!(await this.#cache.reach(held.revision))) {
      this.stop()
      throw new KeelsonError({ code: 'Timeout', message: `${name} could not read what was kept of it` })
    }
    const nodes = this.#cache.list(Node).items.map(({ metadata }) => metadata.name)
    this.#applyRoles()
    for (const node of nodes) this.#agents.register(node)
    restoreFrameworks(this.#core, this.#cache, { pool: name, tasks: this.#cache.list(Task).items })
    for (const node of nodes) this.#agents.changed(node)
    for (const id of this.#core.frameworks.keys()) this.frameworkChanged(id)
    this.#unlisten = this.#cache.onChange(changes => this.#heard(changes))
  }

  stop(): void {
    this.#unlisten?.()
    this.#writeGrants?.()
    this.#cache.stop()
    this.#core.close()
    this.#writes.close()
  }

  async convert(agent: string, changes: readonly AgentConversion[]): Promise<() => void> {
    const { held } = this.#parts
    this.#converting.set(agent, (this.#converting.get(agent) ?? 0) + 1)
    try {
      await held.transact(tx => convertOn(tx, agent, changes))
      this.#converted.set(agent, held.client.revision)
    } catch (error) {
      this.#convertDone(agent)
      throw error
    }
    return () => this.#convertDone(agent)
  }

  #convertDone(agent: string): void {
    const left = (this.#converting.get(agent) ?? 1) - 1
    if (left > 0) return void this.#converting.set(agent, left)
    this.#converting.delete(agent)
    if (!this.#core.isClosed) this.#agents.changed(agent)
  }

  frameworkChanged(id: string): void {
    this.#writeFramework(id)
  }

  frameworkGranted(id: string): void {
    this.#granted.add(id)
    this.#writeGrants ??= this.#core.env.clock.after(GRANTS_DELAY_MS, () => {
      this.#writeGrants = undefined
      for (const granted of this.#granted) this.#writeFramework(granted)
      this.#granted.clear()
    })
  }

  frameworkGone(id: string): void {
    this.#writeFramework(id)
  }

  taskForgotten({ spec: { id }, launch }: TaskRecord): void {
    this.#release(id, launch)
  }

  /** A name is free when the object of the task before is gone. */
  isTaskIdTaken(id: string): boolean {
    return this.#cache.get(Task, { namespace: this.#parts.namespace, name: id }) !== undefined
  }

  #release(task: string, launch: string): void {
    this.#writes.ask(`task ${task} ${launch}`, () => this.#driver.release(task, launch))
  }

  #writeFramework(id: string): void {
    const { held, name } = this.#parts
    this.#writes.ask(`framework ${id}`, () => writeFramework(held, this.#core, { id, pool: name }))
  }

  #heard({ changes }: CacheChanges): void {
    const nodes = new Set<string>()
    let rolesChanged = false
    for (const { before, after } of changes) {
      const object = after ?? before
      switch (object?.kind) {
        case Node.kind:
          nodes.add(object.metadata.name)
          break
        case Reservation.kind:
          for (const each of [before, after] as (Reservation | undefined)[])
            if (each !== undefined) nodes.add(each.spec.nodeName)
          break
        case Task.kind:
          for (const each of [before, after] as (Task | undefined)[])
            if (each?.spec.nodeName !== undefined) nodes.add(each.spec.nodeName)
          this.#taskChanged(object as Task, after as Task | undefined)
          break
        case Role.kind:
          rolesChanged = true
          break
        case Lease.kind:
          if (
            this.#isOurs(object as Lease) &&
            (after as Lease | undefined)?.spec.holderIdentity !== this.#parts.held.holder
          )
            return this.#parts.lost(new Error('its Lease has another holder'))
          break
        default:
      }
    }
    if (rolesChanged) this.#applyRoles()
    for (const node of nodes) this.#agents.changed(node)
  }

  #isOurs({ metadata }: Lease): boolean {
    const { lease } = this.#parts.held
    return metadata.name === lease.name && metadata.namespace === lease.namespace
  }

  #taskChanged(known: Task, now: Task | undefined): void {
    const { name: pool } = this.#parts
    const name = nameOfTask(known, pool)
    if (name === undefined) return
    const task = this.#core.tasks.get(name.framework, name.task)
    const launch = launchOfTask(known)
    if (task?.launch !== launch) {
      // Nobody waits for it: what became of its launch was not heard in time, or its end is acknowledged.
      if (now !== undefined) this.#release(name.task, launch)
      return
    }
    const state = stateOfTask(now)
    if (!isFinalState(state) && !this.#core.agents.has(task.agent)) return
    const message = now?.status?.message
    this.#core.tasks.report(task, {
      task: name.task,
      state,
      ...(message === undefined ? {} : { message }),
    })
  }

  #applyRoles(): void {
    const { held } = this.#parts
    for (const [name, verdict] of this.#roles.apply(this.#cache.list(Role).items))
      this.#writes.ask(`role ${name}`, () => writeVerdict(held, name, verdict))
  }
}
