import { Framework, Node, Task } from '../../api/index.js'
import { isKeelsonError, KeelsonError } from '../../core/index.js'
import type { ObjectInput } from '../../store/index.js'
import type { LaunchSpec } from '../pool/operation.js'
import type { AgentDriver } from '../pool/pool-options.js'
import type { TaskRecord } from '../pool/task-table.js'
import type { ResourceSet } from '../resources/resource-set.js'
import { ANY_ROLE } from '../resources/role-name.js'
import { assertRoom } from './node-room.js'
import type { HeldName } from './pool-fence.js'
import type { Launching } from './pool-task.js'
import { launchOfTask, nameOfTask, POOL_FINALIZER, taskObject } from './pool-task.js'
import { assertPorts } from './port-room.js'

/** How often a launch is tried whose answer is lost. */
const ATTEMPTS_MAX = 5

/** What a driver must know of its pool. */
export interface StoreDriverOptions {
  readonly held: HeldName
  readonly pool: string
  readonly namespace: string
  /** The task of a framework, as its pool knows it. */
  readonly taskOf: (framework: string, task: string) => TaskRecord | undefined
  /** The object of a framework, should it not be there yet. */
  readonly frameworkObject: (id: string) => ObjectInput<Framework['spec'], NonNullable<Framework['status']>>
}

/** Launches by writing a Task with its node, and kills by deleting it. */
export class StoreDriver implements AgentDriver {
  readonly #options: StoreDriverOptions

  constructor(options: StoreDriverOptions) {
    this.#options = options
  }

  async launch(agent: string, task: LaunchSpec, take: ResourceSet, framework: string): Promise<void> {
    const { role = ANY_ROLE, launch = task.id } = this.#options.taskOf(framework, task.id) ?? {}
    for (let attempt = 1; ; attempt++)
      try {
        return await this.#tryLaunch({ agent, task, take, framework, role, launch })
      } catch (error) {
        // It may have happened: the next attempt looks.
        if (!isKeelsonError(error, 'Unavailable') || attempt === ATTEMPTS_MAX) throw error
      }
  }

  async kill(_agent: string, task: string, graceMs: number): Promise<void> {
    const ref = { namespace: this.#options.namespace, name: task }
    const seconds = Math.ceil(graceMs / 1_000)
    await this.#options.held.transact(tx => {
      const found = tx.get(Task, ref)
      if (found === undefined || found.metadata.deletionTimestamp !== undefined) return
      if (found.spec.terminationGracePeriodSeconds !== seconds)
        tx.modify(Task, ref, draft => {
          draft.spec.terminationGracePeriodSeconds = seconds
        })
      tx.delete(Task, ref)
    })
  }

  /** The framework knows that the task has ended: nobody needs the object of that launch any more. */
  async release(task: string, launch: string): Promise<void> {
    const { held, namespace, pool } = this.#options
    const ref = { namespace, name: task }
    await held.transact(tx => {
      const found = tx.get(Task, ref)
      if (found === undefined || nameOfTask(found, pool) === undefined) return
      if (launchOfTask(found) !== launch) return
      if (found.metadata.finalizers.includes(POOL_FINALIZER))
        tx.modify(Task, ref, draft => {
          draft.metadata.finalizers = draft.metadata.finalizers.filter(name => name !== POOL_FINALIZER)
        })
      if (found.metadata.deletionTimestamp === undefined) tx.delete(Task, ref)
    })
  }

  /** Runs inside the commit: what is on the node is read there, so that nothing is overcommitted. */
  async #tryLaunch(launching: Launching): Promise<void> {
    const { held, pool, namespace, frameworkObject } = this.#options
    const { agent, task, take, framework, launch } = launching
    await held.transact(tx => {
      const written = tx.get(Task, { namespace, name: task.id })
      if (written !== undefined && launchOfTask(written) === launch) return
      const node = tx.get(Node, { name: agent })
      if (node === undefined || node.spec.unschedulable === true || node.spec.drain !== undefined)
        throw new KeelsonError({
          code: 'PoolExhausted',
          message: `node ${agent} takes no tasks`,
          details: { pool: agent },
        })
      assertRoom(tx, node, take)
      const object = taskObject(launching, { pool, namespace })
      assertPorts(tx, agent, { namespace, name: task.id, role: launching.role, ports: object.spec.ports })
      if (tx.get(Framework, { name: framework }) === undefined)
        tx.create(Framework, frameworkObject(framework))
      tx.create(Task, object)
    })
  }
}
