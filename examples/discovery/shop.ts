import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AddressClaim,
  Deployment,
  EndpointSlice,
  Lease,
  Node,
  ReplicaSet,
  Revision,
  Service,
  Task,
} from 'keelson/api'
import type { Env } from 'keelson/core'
import type { Registry } from 'keelson/discovery'
import {
  createAddressController,
  createEndpointsController,
  createRegistry,
  createRegistryFeed,
  kubernetesNames,
} from 'keelson/discovery'
import type { DnsServer, Haproxy } from 'keelson/discovery/node'
import { serveDns, serveHaproxy } from 'keelson/discovery/node'
import { createGarbageCollector, createManager } from 'keelson/reconcile'
import { createRolloutController } from 'keelson/rollout'
import { createSchedulingController } from 'keelson/scheduling'
import type { Client } from 'keelson/store'
import { createStore } from 'keelson/store'
import { createNodeLifecycleController, createReplicaController } from 'keelson/workloads'
import { planLoopback } from '../runtime/loopback.js'
import type { SimulatedNode } from '../runtime/simulated-node.js'
import { startNode } from '../runtime/simulated-node.js'

/** A cluster whose names are answered by our DNS server and whose addresses are served by HAProxy. */
export interface Shop {
  readonly client: Client
  readonly registry: Registry
  readonly dns: DnsServer
  readonly haproxy: Haproxy
  /** Where a service's virtual address and port are listened on. */
  dial(vip: string, port: number): { readonly host: string; readonly port: number }
  close(): Promise<void>
}

const kinds = [AddressClaim, Deployment, EndpointSlice, Lease, Node, ReplicaSet, Revision, Service, Task]
const NODES = ['node-a', 'node-b']

/** Starts everything; tasks run as child processes in `directory`. */
export async function startShop(env: Env, directory: string, ports: readonly number[]): Promise<Shop> {
  const store = createStore({ kinds, env })
  const loopback = await planLoopback(NODES.length, ports)
  const registry = createRegistry({ profiles: [kubernetesNames()], logger: env.logger })
  const files = mkdtempSync(join(tmpdir(), 'shop-'))
  const haproxy = await serveHaproxy(registry, { env, directory: files, bind: loopback.dial })
  const dns = await serveDns(registry, { env })

  const control = createManager({ client: store.client(env.fork('control-plane')) })
  control.add(createRolloutController())
  control.add(createReplicaController())
  control.add(createSchedulingController())
  control.add(createNodeLifecycleController())
  control.add(createAddressController({ pools: [{ name: 'services', cidrs: [loopback.cidr] }] }))
  control.add(createEndpointsController())
  control.add(createRegistryFeed(registry))
  control.add(createGarbageCollector({ kinds }))
  await control.start()

  const nodes: SimulatedNode[] = []
  for (const [index, name] of NODES.entries()) {
    const where = loopback.nodes[index]
    if (where === undefined) continue
    nodes.push(await startNode(store.client(env.fork(name)), { name, registry, directory, ...where }))
  }
  return {
    client: store,
    registry,
    dns,
    haproxy,
    dial: loopback.dial,
    async close() {
      await control.stop({ gracePeriodMs: 1_000 })
      await Promise.all(nodes.map(node => node.fail()))
      await Promise.all([dns.close(), haproxy.close()])
      await store.close()
      loopback.release()
      rmSync(files, { recursive: true, force: true })
    },
  }
}
