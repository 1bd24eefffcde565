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
  readonly #runtimes: ChildProcessRuntime[] = []
  readonly #nodes: Manager[] = []
  #control: Manager | undefined

  /** @param directory of the tasks */
  async startNodes(directory: string): Promise<void> {
    for (const nodeName of NODES) {
      const runtime = createChildProcessRuntime({ directory })
      const manager = createManager({ client: this.store })
      manager.add(createNodeHeartbeat({ nodeName, status: { capacity: CAPACITY } }))
      manager.add(createNodeAgentController({ nodeName, runtime }))
      await manager.start()
      this.#runtimes.push(runtime)
      this.#nodes.push(manager)
    }
  }

  /** New controllers: they know what the store knows. */
  async startControllers(): Promise<void> {
    const manager = createManager({ client: this.store })
    manager.add(createJobController())
    manager.add(createCronJobController())
    manager.add(createSchedulingController())
    manager.add(createNodeLifecycleController())
    manager.add(createGarbageCollector({ kinds }))
    await manager.start()
    this.#control = manager
  }

  async stopControllers(): Promise<void> {
    await this.#control?.stop()
  }

  async close(): Promise<void> {
    await this.stopControllers()
    await Promise.all(this.#nodes.map(node => node.stop()))
    await Promise.all(this.#runtimes.map(runtime => runtime.killAll()))
    await this.store.close()
  }
}
