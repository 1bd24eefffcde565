import type { Reservation, Task } from '../../api/index.js'
import { findCondition, Node } from '../../api/index.js'
import { formatTime, setCondition } from '../../core/index.js'
import { compareText, deepEqual } from '../../core/internal.js'
import type { AgentHandle } from '../pool/agent-handle.js'
import type { RunningTaskRef } from '../pool/agent-table.js'
import type { OfferPool } from '../pool/pool.js'
import type { PoolCore } from '../pool/pool-core.js'
import { ResourceSet } from '../resources/resource-set.js'
import type { LastingWrites } from './lasting-writes.js'
import { agentOfNode } from './node-resources.js'
import type { HeldName } from './pool-fence.js'
import { hasEnded, nameOfTask, takeOfTask } from './pool-task.js'

/** What a store has told of its nodes. */
export interface NodeView {
  readonly node: (name: string) => Node | undefined
  readonly tasksOn: (node: string) => readonly Task[]
  readonly reservationsOn: (node: string) => readonly Reservation[]
  /** Whether everything that this pool has written of a node's reservations was told. */
  readonly isCurrent: (node: string) => boolean
}

interface AgentState {
  readonly handle: AgentHandle
  standing: 'active' | 'inactive' | 'unreachable'
  draining: boolean
}

/** What agents of a pool are made from. */
export interface BoundAgentsParts {
  readonly core: PoolCore
  readonly pool: OfferPool
  readonly poolName: string
  readonly view: NodeView
  readonly held: HeldName
  readonly writes: LastingWrites
}

/** The Nodes of a store as the agents of a pool. */
export class BoundAgents {
  readonly #parts: BoundAgentsParts
  readonly #agents = new Map<string, AgentState>()

  constructor(parts: BoundAgentsParts) {
    this.#parts = parts
  }

  /** Registers a node as it is, as if it answered; `changed` says how it stands. */
  register(name: string): void {
    const { view, pool } = this.#parts
    const node = view.node(name)
    if (node === undefined || this.#agents.has(name)) return
    const handle = pool.agent(agentOfNode(node, view.reservationsOn(name)))
    this.#agents.set(name, { handle, standing: 'active', draining: false })
  }

  /** A node, what is kept on it, or what runs there has changed. */
  changed(name: string): void {
    const node = this.#parts.view.node(name)
    if (node === undefined) {
      this.#agents.get(name)?.handle.remove({ mayReturn: true })
      this.#agents.delete(name)
      return
    }
    this.register(name)
    const state = this.#agents.get(name) as AgentState
    this.#update(state, node)
    this.#stand(state, node)
    this.#occupy(state)
    this.#drain(state, node)
  }

  #update({ handle, standing }: AgentState, node: Node): void {
    const { core, view } = this.#parts
    const { name } = node.metadata
    if (standing === 'unreachable' || !view.isCurrent(name)) return
    const { resources, attributes = {} } = agentOfNode(node, view.reservationsOn(name))
    const before = core.agents.of(name)
    if (before.resources.equals(resources) && deepEqual(before.attributes, attributes)) return
    handle.update({ resources, attributes })
  }

  #stand(state: AgentState, node: Node): void {
    const { handle } = state
    const standing = standingOf(node)
    if (state.standing === standing) return
    if (standing === 'unreachable') handle.unreachable()
    else {
      if (state.standing === 'unreachable') {
        handle.reachable(this.#running(handle.id))
        state.standing = standing
        this.#update(state, node)
      }
      if (standing === 'active') handle.reactivate()
      else handle.deactivate()
    }
    state.standing = standing
  }

  /** What tasks of others use of a node. */
  #occupy({ handle, standing }: AgentState): void {
    const { core, poolName, view } = this.#parts
    if (standing === 'unreachable') return
    let used = ResourceSet.empty
    for (const task of view.tasksOn(handle.id)) {
      const name = nameOfTask(task, poolName)
      if (hasEnded(task)) continue
      if (name === undefined || !core.tasks.has(name.framework, name.task)) used = used.plus(takeOfTask(task))
    }
    handle.occupy(used)
  }

  #running(node: string): readonly RunningTaskRef[] {
    const { poolName, view } = this.#parts
    return [...view.tasksOn(node)]
      .sort((a, b) => compareText(a.metadata.name, b.metadata.name))
      .flatMap(task => (hasEnded(task) ? [] : (nameOfTask(task, poolName) ?? [])))
  }

  #drain(state: AgentState, { metadata: { name }, spec: { drain } }: Node): void {
    const { writes, held } = this.#parts
    if ((drain !== undefined) === state.draining) return
    state.draining = drain !== undefined
    if (drain === undefined) return writes.ask(`drained ${name}`, () => writeDrained(held, name, false))
    const { gracePeriodSeconds } = drain
    const options = gracePeriodSeconds === undefined ? {} : { graceMs: gracePeriodSeconds * 1_000 }
    state.handle.drain(options).then(
      () => writes.ask(`drained ${name}`, () => writeDrained(held, name, true)),
      () => {},
    )
  }
}

function standingOf({ spec, status }: Node): AgentState['standing'] {
  const ready = findCondition(status?.conditions, 'Ready')?.status
  if (ready === 'Unknown') return 'unreachable'
  const open = spec.unschedulable !== true && spec.drain === undefined
  return ready === 'True' && open ? 'active' : 'inactive'
}

async function writeDrained(held: HeldName, name: string, drained: boolean): Promise<void> {
  const now = formatTime(held.client.env.clock.now())
  await held.transact(tx => {
    const node = tx.get(Node, { name })
    if (node === undefined) return
    if (!drained && findCondition(node.status?.conditions, 'Drained') === undefined) return
    const condition = drained
      ? ({ type: 'Drained', status: 'True', reason: 'NoTasks', message: 'the last task has ended' } as const)
      : ({
          type: 'Drained',
          status: 'False',
          reason: 'Reactivated',
          message: 'it takes tasks again',
        } as const)
    const conditions = setCondition(node.status?.conditions, condition, now)
    if (conditions !== node.status?.conditions)
      tx.updateStatus(Node, { ...node, status: { ...node.status, conditions } })
  })
}
