import { isConditionTrue, Task } from 'keelson/api'
import type { Env } from 'keelson/core'
import { systemEnv } from 'keelson/core'
import { createManager } from 'keelson/reconcile'
import type { Store } from 'keelson/store'
import { createNodeAgentController, createNodeHeartbeat } from 'keelson/workloads'
import type { ChildProcessRuntime } from 'keelson/workloads/node'
import { createChildProcessRuntime } from 'keelson/workloads/node'
import { planLoopback } from '../runtime/loopback.js'

const NODES = 2
const CAPACITY = { cpu: 3, memory: '2Gi' }

/** A node of a store, whose tasks are processes of this machine. */
export interface StoreNode {
  readonly env: Env
  readonly runtime: ChildProcessRuntime
}

/** @param directory where the programs of tasks are */
export async function startNodes(store: Store, directory: string): Promise<readonly StoreNode[]> {
  const plan = await planLoopback(NODES)
  return Promise.all(
    plan.nodes.map(async ({ address, ports }, index) => {
      const nodeName = `store-node-${index + 1}`
      const env = systemEnv.fork(nodeName)
      const runtime = createChildProcessRuntime({ address, ports, directory, env })
      const manager = createManager({ client: store.client(env) })
      manager.add(createNodeHeartbeat({ nodeName, status: { capacity: CAPACITY }, heartbeatMs: 500 }))
      manager.add(createNodeAgentController({ nodeName, runtime }))
      await manager.start()
      return { env, runtime }
    }),
  )
}

/** Where servers listen that answer. */
export function addressesOf(store: Store): readonly string[] {
  return store.list(Task).items.flatMap(({ status }) => {
    const port = status?.ports?.[0]?.hostPort
    return isConditionTrue(status?.conditions, 'Ready') && port !== undefined
      ? [`${status?.address}:${port}`]
      : []
  })
}

/** The processes that answer there. */
export async function pidsOf(addresses: readonly string[]): Promise<readonly number[]> {
  const answers = await Promise.all(addresses.map(address => fetch(`http://${address}/`)))
  const bodies = (await Promise.all(answers.map(answer => answer.json()))) as { pid: number }[]
  return bodies.map(({ pid }) => pid).sort((a, b) => a - b)
}
