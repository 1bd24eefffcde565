import { Service } from 'keelson/api'
import type { Env } from 'keelson/core'
import type { Registry } from 'keelson/discovery'
import {
  createAddressController,
  createRegistry,
  createRegistryFeed,
  kubernetesNames,
} from 'keelson/discovery'
import { serveDns, serveVips } from 'keelson/discovery/node'
import { createManager } from 'keelson/reconcile'
import type { RolloutControllerOptions } from 'keelson/rollout'
import type { Client, Store } from 'keelson/store'
import { createStore } from 'keelson/store'
import { connectStore } from 'keelson/store/etcd'
import { openStore } from 'keelson/store/node'
import { planLoopback } from '../runtime/loopback.js'
import type { SimulatedNode } from '../runtime/simulated-node.js'
import { startNode } from '../runtime/simulated-node.js'
import { controlLoops } from './control-plane.js'
import type { EtcdPlace } from './etcd-place.js'
import { etcdOptions } from './etcd-place.js'
import { kinds } from './kinds.js'

/** How the cluster is made up. */
export interface ClusterOptions {
  readonly nodes: readonly string[]
  /** Working directory of the tasks. */
  readonly directory: string
  /** Ports of services, looked at before anything starts. Default none. */
  readonly servicePorts?: readonly number[]
  /** How rollouts are done, beside the default. */
  readonly rollout?: (registry: Registry) => RolloutControllerOptions
  /** The directory that keeps the state. Default: it is kept in memory. */
  readonly data?: string
  /** The etcd that keeps the state; the loops that decide run in other processes then. */
  readonly etcd?: EtcdPlace
}

/** A running orchestrator. */
export interface Cluster {
  readonly env: Env
  readonly client: Client
  readonly dns: { readonly address: string; readonly port: number }
  /** Where a service's virtual address and port are listened on. */
  dial(vip: string, port: number): { readonly host: string; readonly port: number }
  /** Where the services answer. */
  addresses(): readonly { readonly service: string; readonly url: string }[]
  /** Resolves when every virtual address is listened on; rejects when one cannot be. */
  listening(): Promise<void>
  /** What differs from a cluster of machines, in one line for people; empty when nothing does. */
  readonly notice: string
  /** Process ids by task uid. */
  processes(): readonly (readonly [uid: string, pid: number])[]
  /** The node's processes and its agent are gone at once, as in a power cut. */
  failNode(name: string): Promise<void>
  /** Stops every loop and leaves no process behind. */
  close(): Promise<void>
}

/** Assembles store, loops, nodes, DNS server and proxy into one orchestrator. */
export async function startCluster(env: Env, options: ClusterOptions): Promise<Cluster> {
  const store = await openFor(env, options)
  const loopback = await planLoopback(options.nodes.length, options.servicePorts)
  const registry = createRegistry({ profiles: [kubernetesNames()], logger: env.logger })
  const proxy = serveVips(registry, { env, bind: loopback.dial })
  const dns = await serveDns(registry, { env, address: '127.0.0.1', port: 0 })

  const client = store.client(env.fork('control-plane'))
  const control =
    options.etcd === undefined ? controlLoops(client, options.rollout?.(registry)) : createManager({ client })
  // What belongs to the network of this machine stays here.
  control.add(createAddressController({ pools: [{ name: 'services', cidrs: [loopback.cidr] }] }))
  control.add(createRegistryFeed(registry))
  await control.start()

  const nodes = new Map<string, SimulatedNode>()
  for (const [index, name] of options.nodes.entries()) {
    const where = loopback.nodes[index] ?? { address: '127.0.0.1', ports: { first: 21_000, last: 21_999 } }
    const client = store.client(env.fork(name))
    nodes.set(name, await startNode(client, { name, registry, directory: options.directory, ...where }))
  }
  return {
    env,
    client: store,
    dns: { address: dns.address, port: dns.port },
    dial: loopback.dial,
    addresses: () =>
      store.list(Service).items.flatMap(({ metadata, spec: { clusterIPs = [], ports = [] } }) =>
        clusterIPs.flatMap(vip =>
          ports.map(({ port }) => {
            const { host, port: real } = loopback.dial(vip, port)
            return { service: metadata.name, url: `http://${host}:${real}/` }
          }),
        ),
      ),
    listening: () => proxy.listening(),
    notice: loopback.notice,
    processes: () => [...nodes.values()].flatMap(node => [...node.runtime.pids()]),
    failNode: async name => nodes.get(name)?.fail(),
    async close() {
      await control.stop({ gracePeriodMs: 1_000 })
      await Promise.all([...nodes.values()].map(node => node.fail()))
      await Promise.all([dns.close(), proxy.close()])
      await store.close()
      loopback.release()
    },
  }
}

async function openFor(env: Env, { data, etcd }: ClusterOptions): Promise<Store> {
  if (etcd !== undefined) return connectStore({ kinds, env, etcd: etcdOptions(etcd) })
  return data === undefined ? createStore({ kinds, env }) : openStore({ kinds, env, dir: data })
}
