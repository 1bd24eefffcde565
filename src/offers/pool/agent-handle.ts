import type { AgentSpec } from '../allocator/allocator-event.js'
import { ResourceSet } from '../resources/resource-set.js'
import { occupyAgent } from './occupancy.js'
import type { PoolCore } from './pool-core.js'
import { killTask } from './run-tasks.js'
import { isFinalState } from './task-state.js'
import type { TaskReport } from './task-table.js'

/** An agent as whoever runs it sees it. */
export interface AgentHandle {
  readonly id: string
  /** Other resources, attributes or plans. Its offers are rescinded. */
  update(spec: Partial<Omit<AgentSpec, 'id'>>): void
  /** News of a task that runs here. False for a task that the pool does not know, and while the agent is away. */
  report(framework: string, report: TaskReport): boolean
  /** What others than the pool's frameworks use of it now, in place of what was said before: it is not offered. */
  occupy(used: ResourceSet): void
  /** No offers any more; tasks go on. */
  deactivate(): void
  reactivate(): void
  /** It does not answer: its tasks are `unreachable`, and its resources leave the pool. */
  unreachable(): void
  /** It answers again, with the tasks that run. Others of its tasks are lost. */
  reachable(running: readonly { readonly framework: string; readonly task: string }[]): void
  /**
   * Deactivates and stops all tasks. Resolves when all have ended and their frameworks know it.
   *
   * @param options `graceMs` overrides longer ones of tasks; `gone`: the agent is removed for good then
   */
  drain(options?: { readonly graceMs?: number; readonly gone?: boolean }): Promise<void>
  /**
   * It is gone for good, with all its tasks, which are `goneByOperator`. Its id cannot be registered again.
   *
   * @param options `mayReturn`: another agent of the same id may be registered later, such as a node of the same name.
   * Default false
   */
  remove(options?: { readonly mayReturn?: boolean }): void
}

export function agentHandle(core: PoolCore, id: string): AgentHandle {
  return new PoolAgent(core, id)
}

class PoolAgent implements AgentHandle {
  readonly id: string
  readonly #core: PoolCore

  constructor(core: PoolCore, id: string) {
    this.#core = core
    this.id = id
  }

  update(spec: Partial<Omit<AgentSpec, 'id'>>): void {
    const core = this.#core
    const after: AgentSpec = { ...core.agentOf(this.id), ...spec }
    core.rescindOfAgent(this.id, spec.unavailability === undefined ? 'agent' : 'maintenance')
    core.putAgent(after)
  }

  report(framework: string, report: TaskReport): boolean {
    const task = this.#core.tasks.get(framework, report.task)
    if (task === undefined || task.agent !== this.id || !this.#core.agents.has(this.id)) return false
    this.#core.tasks.report(task, report)
    return true
  }

  occupy(used: ResourceSet): void {
    occupyAgent(this.#core, this.id, used)
  }

  deactivate(): void {
    this.#core.rescindOfAgent(this.id, 'agent')
    this.#setActive(false)
  }

  reactivate(): void {
    this.#setActive(true)
    this.#core.requestPass()
  }

  unreachable(): void {
    const core = this.#core
    if (core.standingOf(this.id) !== 'registered') return
    core.rescindOfAgent(this.id, 'agent')
    for (const task of core.tasks.ofAgent(this.id))
      core.tasks.report(task, { task: task.spec.id, state: 'unreachable', reason: 'agentUnreachable' })
    core.unreachableAgents.set(this.id, core.agentOf(this.id))
    occupyAgent(core, this.id, ResourceSet.empty)
    core.removeAgent(this.id)
  }

  reachable(running: readonly { readonly framework: string; readonly task: string }[]): void {
    const core = this.#core
    const spec = core.unreachableAgents.get(this.id)
    if (spec === undefined) return
    core.unreachableAgents.delete(this.id)
    core.putAgent(spec)
    for (const task of core.tasks.ofAgent(this.id)) {
      if (isFinalState(task.state)) continue
      const runs = running.some(
        ({ framework, task: id }) => framework === task.framework && id === task.spec.id,
      )
      const state = runs ? 'running' : 'gone'
      core.tasks.report(task, { task: task.spec.id, state, reason: 'agentReturned' })
      if (runs && task.killWhenBackMs !== undefined) killTask(core, task, task.killWhenBackMs)
    }
    core.requestPass()
  }

  async drain({
    graceMs,
    gone = false,
  }: {
    readonly graceMs?: number
    readonly gone?: boolean
  } = {}): Promise<void> {
    const core = this.#core
    this.deactivate()
    for (const task of core.tasks.ofAgent(this.id)) {
      if (isFinalState(task.state)) continue
      const own = task.spec.kill?.graceMs ?? 5_000
      killTask(core, task, graceMs === undefined ? own : Math.min(own, graceMs))
    }
    await core.whenWithoutTasks(this.id)
    if (gone) this.remove()
  }

  remove({ mayReturn = false }: { readonly mayReturn?: boolean } = {}): void {
    const core = this.#core
    core.rescindOfAgent(this.id, 'agent')
    for (const task of core.tasks.ofAgent(this.id))
      core.tasks.report(task, { task: task.spec.id, state: 'goneByOperator', reason: 'agentRemoved' })
    if (core.agents.has(this.id)) occupyAgent(core, this.id, ResourceSet.empty)
    core.unreachableAgents.delete(this.id)
    core.removeAgent(this.id)
    if (!mayReturn) core.markGone(this.id)
    core.requestPass()
  }

  #setActive(active: boolean): void {
    this.#core.agentOf(this.id)
    this.#core.allocator.apply({ type: 'agentState', id: this.id, active })
    this.#core.changes.note(this.id)
  }
}
