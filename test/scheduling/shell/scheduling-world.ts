import type { NodeStatus, TaskSpec } from '../../../src/api/index.js'
import { findCondition, Node, Task } from '../../../src/api/index.js'
import type { Condition, Env } from '../../../src/core/index.js'
import { createManager } from '../../../src/reconcile/index.js'
import type { SchedulingControllerOptions } from '../../../src/scheduling/index.js'
import { createSchedulingController } from '../../../src/scheduling/index.js'
import type { Client, ClientOptions, Kind, Transaction } from '../../../src/store/index.js'
import type { World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'

export const namespace = 'default'

/** A store on virtual time with nodes and tasks. */
export interface Cluster extends World {
  addNode(
    name: string,
    allocatable: NodeStatus['allocatable'],
    ready?: 'True' | 'False' | 'Unknown',
  ): Promise<void>
  addTask(name: string, spec?: TaskSpec): Promise<void>
  nodeOf(name: string): string | undefined
  scheduled(name: string): string
}

export function createCluster(seed = 1, taskKind: typeof Task = Task, more: readonly Kind[] = []): Cluster {
  const world = createWorld({ kinds: [Node, taskKind, ...more], seed })
  const { env, store } = world
  const act = async (work: () => Promise<unknown>): Promise<void> => {
    await env.run(work)
    await env.settle()
  }
  return {
    ...world,
    addNode: (name, allocatable = {}, ready = 'True') =>
      act(async () => {
        await store.create(Node, { metadata: { name }, spec: {} })
        await store.modifyStatus(Node, { name }, draft => {
          draft.status = { allocatable: { ...allocatable }, conditions: [readiness(ready)] }
        })
      }),
    addTask: (name, spec = {}) => act(() => store.create(Task, { metadata: { namespace, name }, spec })),
    nodeOf: name => store.get(Task, { namespace, name })?.spec.nodeName,
    scheduled(name) {
      const condition = findCondition(store.get(Task, { namespace, name })?.status?.conditions, 'Scheduled')
      return condition === undefined
        ? 'none'
        : `${condition.status} ${condition.reason}: ${condition.message}`
    },
  }
}

export function readiness(status: 'True' | 'False' | 'Unknown'): Condition {
  return { type: 'Ready', status, reason: 'Test', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }
}

/** Starts a scheduler in its own manager. */
export async function run(
  world: World,
  options: SchedulingControllerOptions = {},
  client: Client = world.store.client(world.env),
): Promise<void> {
  const manager = createManager({ client })
  manager.add(createSchedulingController(options))
  await world.env.run(() => manager.start())
  await world.env.settle()
}

/** Deletes a task. */
export async function deleteTask(world: World, name: string): Promise<void> {
  await world.env.run(() => world.store.delete(Task, { namespace, name }))
  await world.env.settle()
}

/** Names of the tasks that have a node, in order. */
export function boundTasks(world: World): readonly string[] {
  return world.store
    .list(Task)
    .items.filter(({ spec }) => spec.nodeName !== undefined)
    .map(({ metadata }) => metadata.name)
    .sort()
}

/** Asks for so much cpu. */
export function cpu(amount: string): TaskSpec {
  return { resources: { requests: { cpu: amount } } }
}

/** A client that lets somebody else act between every decision and its commit. */
export function intrudedClient(client: Client, intrude: () => Promise<unknown>): Client {
  return Object.create(client, {
    transact: {
      value: async (body: (tx: Transaction) => unknown) => intrude().then(() => client.transact(body)),
    },
    client: {
      value: (env: Env, options?: ClientOptions) => intrudedClient(client.client(env, options), intrude),
    },
  }) as Client
}
