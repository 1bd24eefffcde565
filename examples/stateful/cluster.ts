import { Cell, EndpointSlice, Lease, Node, Revision, Service, StatefulSet, Task } from 'keelson/api'
import type { Registry } from 'keelson/discovery'
import {
  createEndpointsController,
  createRegistry,
  createRegistryFeed,
  kubernetesNames,
} from 'keelson/discovery'
import type { DnsServer } from 'keelson/discovery/node'
import { serveDns } from 'keelson/discovery/node'
import { createGarbageCollector, createManager } from 'keelson/reconcile'
import { createCellRolloutController } from 'keelson/rollout'
import { createSchedulingController } from 'keelson/scheduling'
import type { Store } from 'keelson/store'
import { createStore } from 'keelson/store'
import {
  createCellController,
  createNodeAgentController,
  createNodeHeartbeat,
  createStatefulSetController,
} from 'keelson/workloads'
import { createChildProcessRuntime } from 'keelson/workloads/node'

const kinds = [Cell, EndpointSlice, Lease, Node, Revision, Service, StatefulSet, Task]
const nodeName = 'here'

/** A store, its loops, one node that runs child processes, and a DNS server. */
export interface Cluster {
  readonly store: Store
  readonly registry: Registry
  readonly dns: DnsServer
  close(): Promise<void>
}

/** @param directory of the tasks */
export async function startCluster(directory: string): Promise<Cluster> {
  const store = createStore({ kinds })
  const registry = createRegistry({ profiles: [kubernetesNames()] })
  const dns = await serveDns(registry)
  const runtime = createChildProcessRuntime({ directory })
  const manager = createManager({ client: store })
  manager.add(createCellRolloutController({ for: StatefulSet }))
  manager.add(createStatefulSetController())
  manager.add(createCellController())
  manager.add(createSchedulingController())
  manager.add(createEndpointsController())
  manager.add(createRegistryFeed(registry))
  manager.add(createGarbageCollector({ kinds }))
  manager.add(createNodeHeartbeat({ nodeName, status: { capacity: { cpu: 4, memory: '4Gi', tasks: 20 } } }))
  manager.add(createNodeAgentController({ nodeName, runtime }))
  await manager.start()
  return {
    store,
    registry,
    dns,
    async close() {
      await manager.stop({ gracePeriodMs: 1_000 })
      await runtime.killAll()
      await dns.close()
      await store.close()
    },
  }
}
