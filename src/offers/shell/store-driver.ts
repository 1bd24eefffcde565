import type { TaskTemplate } from '../../api/index.js'
import { isTaskFinished, Node, Task } from '../../api/index.js'
import { KeelsonError } from '../../core/index.js'
import type { Client, Transaction } from '../../store/index.js'
import type { LaunchSpec } from '../pool/operation.js'
import type { AgentDriver } from '../pool/pool-options.js'
import { ResourceSet } from '../resources/resource-set.js'
import { agentOfNode, requestsOf, resourcesOfTask } from './node-resources.js'

/** Labels of a task that a pool launched: whose it is, and which of its tasks. */
export const FRAMEWORK_LABEL = 'keelson.dev/framework'
export const TASK_LABEL = 'keelson.dev/framework-task'

interface Launching {
  readonly agent: string
  readonly task: LaunchSpec
  readonly take: ResourceSet
  readonly framework: string
}

/** Launches by writing a Task with its node, and kills by deleting it. */
export class StoreDriver implements AgentDriver {
  readonly #namespace: string
  readonly #client: Client

  constructor(namespace: string, client: Client) {
    this.#namespace = namespace
    this.#client = client
  }

  async launch(agent: string, task: LaunchSpec, take: ResourceSet, framework: string): Promise<void> {
    await this.#client.transact(tx => this.#launchIn(tx, { agent, task, take, framework }))
  }

  async kill(_agent: string, task: string): Promise<void> {
    await this.#client.delete(Task, { namespace: this.#namespace, name: task })
  }

  /** Runs inside the commit: what is on the node is read there, so that nothing is overcommitted. */
  #launchIn(tx: Transaction, { agent, task, take, framework }: Launching): void {
    const node = tx.get(Node, { name: agent })
    if (node === undefined || node.spec.unschedulable === true) throw refusal(agent, 'takes no tasks')
    let used = ResourceSet.empty
    for (const other of tx.list(Task, { index: { name: 'node', value: agent } }).items)
      if (!isTaskFinished(other)) used = used.plus(resourcesOfTask(other))
    const { metadata = {}, spec } = task.data as TaskTemplate
    const asked = resourcesOfTask({ spec: { resources: { requests: requestsOf(take) } } } as Task)
    if (!agentOfNode(node).resources.contains(used.plus(asked).quantities()))
      throw refusal(agent, 'has no room for it any more')
    const labels = { ...metadata.labels, [FRAMEWORK_LABEL]: framework, [TASK_LABEL]: task.id }
    tx.create(Task, {
      metadata: { ...metadata, name: task.id, namespace: this.#namespace, labels },
      spec: { ...spec, nodeName: agent, resources: { ...spec.resources, requests: requestsOf(take) } },
    })
  }
}

function refusal(node: string, message: string): KeelsonError {
  return new KeelsonError({
    code: 'PoolExhausted',
    message: `node ${node} ${message}`,
    details: { pool: node },
  })
}
