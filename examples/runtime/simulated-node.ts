import type { Task } from 'keelson/api'
import type { Env } from 'keelson/core'
import type { Registry } from 'keelson/discovery'
import { createManager } from 'keelson/reconcile'
import type { Client } from 'keelson/store'
import { createNodeAgentController, createNodeHeartbeat } from 'keelson/workloads'
import type { ChildProcessRuntime } from 'keelson/workloads/node'
import { createChildProcessRuntime } from 'keelson/workloads/node'

/** Where and how a node runs its tasks. */
export interface SimulatedNodeOptions {
  readonly name: string
  readonly address: string
  readonly ports: { readonly first: number; readonly last: number }
  readonly directory: string
  /** Asked whether a task is still in use before its process is stopped. */
  readonly registry: Registry
}

/** A node on this machine. */
export interface SimulatedNode {
  readonly runtime: ChildProcessRuntime
  /** Agent, heartbeat and processes are gone at once; resolves when the last process is. */
  fail(): Promise<void>
}

const CAPACITY = { cpu: 4, memory: '4Gi', tasks: 20 }
const DRAIN_TIMEOUT_MS = 5_000

/** A loopback address, a heartbeat twice a second, and an agent over child processes, with a life of their own. */
export async function startNode(client: Client, options: SimulatedNodeOptions): Promise<SimulatedNode> {
  const { name, registry, address, ports, directory } = options
  const { env } = client
  const runtime = createChildProcessRuntime({ address, ports, directory, env })
  const drain = (task: Task): Promise<void> => drained(registry, task.metadata.name, env)
  const manager = createManager({ client })
  manager.add(
    createNodeHeartbeat({
      nodeName: name,
      status: { capacity: CAPACITY },
      heartbeatMs: 500,
      leaseDurationSeconds: 2,
    }),
  )
  manager.add(createNodeAgentController({ nodeName: name, runtime, drain }))
  await manager.start()
  return {
    runtime,
    fail() {
      env.close()
      return runtime.killAll()
    },
  }
}

/** Waits until no service hands new traffic to the endpoint, and all who route have acted on that. */
async function drained(registry: Registry, endpoint: string, env: Env): Promise<void> {
  const used = (): boolean =>
    [...registry.snapshot().services.entries()].some(([key]) =>
      registry.endpoints(key).some(({ id }) => id === endpoint),
    )
  await new Promise<void>(resolve => {
    const check = (): void => {
      if (used()) return
      cancel()
      resolve()
    }
    const cancel = registry.onChange(check)
    check()
  })
  await registry.waitForConsumers(registry.revision, { clock: env.clock, timeoutMs: DRAIN_TIMEOUT_MS })
}
