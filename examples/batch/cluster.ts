import { CronJob, Event, Job, Lease, Node, Task } from 'keelson/api'
import type { Manager } from 'keelson/reconcile'
import { createGarbageCollector, createManager } from 'keelson/reconcile'
import { createSchedulingController } from 'keelson/scheduling'
import type { Store } from 'keelson/store'
import { createStore } from 'keelson/store'
import {
  createCronJobController,
  createJobController,
  createNodeAgentController,
  createNodeHeartbeat,
  createNodeLifecycleController,
} from 'keelson/workloads'
import type { ChildProcessRuntime } from 'keelson/workloads/node'
import { createChildProcessRuntime } from 'keelson/workloads/node'

const NODES = ['node-1', 'node-2']
const CAPACITY = { cpu: 4, memory: '4Gi', tasks: 20 }
const kinds = [CronJob, Event, Job, Lease, Node, Task]

/** A store, two nodes that run child processes, and the controllers, which may be replaced. */
export class Cluster {
  readonly store: Store = createStore({ kinds })
  readonly #runtimes: ReadonlyMap<string, ChildProcessRuntime>
  #managers: Manager[] = []

  /** @param directory of the tasks */
  constructor(directory: string) {
    this.#runtimes = new Map(NODES.map(nodeName => [nodeName, createChildProcessRuntime({ directory })]))
  }

  /** New controllers and node agents: they know what the store knows, and what the runtimes run. */
  async startControllers(): Promise<void> {
    for (const [nodeName, runtime] of this.#runtimes) {
      const node = createManager({ client: this.store })
      node.add(createNodeHeartbeat({ nodeName, status: { capacity: CAPACITY } }))
      node.add(createNodeAgentController({ nodeName, runtime }))
      await node.start()
      this.#managers.push(node)
    }
    const manager = createManager({ client: this.store })
    manager.add(createJobController())
    manager.add(createCronJobController())
    manager.add(createSchedulingController())
    manager.add(createNodeLifecycleController())
    manager.add(createGarbageCollector({ kinds }))
    await manager.start()
    this.#managers.push(manager)
  }

  /** What runs goes on. */
  async stopControllers(): Promise<void> {
    const managers = this.#managers
    this.#managers = []
    await Promise.all(managers.map(manager => manager.stop()))
  }

  async close(): Promise<void> {
    await this.stopControllers()
    await Promise.all([...this.#runtimes.values()].map(runtime => runtime.killAll()))
    await this.store.close()
  }
}
