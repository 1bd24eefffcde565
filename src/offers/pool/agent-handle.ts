import type { AgentSpec } from '../allocator/allocator-event.js'
import { ResourceSet } from '../resources/resource-set.js'
import type { RunningTaskRef } from './agent-table.js'
import { occupyAgent } from './occupancy.js'
import type { PoolCore } from './pool-core.js'
import { graceMsOf, killTask } from './run-tasks.js'
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
  /** No offers any more, also after it was out of reach; tasks go on. */
  deactivate(): void
  /** Offers again; calls off a drain. */
  reactivate(): void
  /** It does not answer: its tasks are `unreachable`, and its resources leave the pool. */
  unreachable(): void
  /** It answers again, with the tasks that run. Others of its tasks are lost. */
  reachable(running: readonly RunningTaskRef[]): void
  /**
   * Deactivates and stops all tasks; those of an agent that is out of reach when it is back. Resolves when all have
   * ended and their frameworks know it.
   *
   * @param options `graceMs` overrides longer ones of tasks; `gone`: the agent is removed for good then
   * @throws ClosedError, as a rejection, when the agent is reactivated meanwhile, or the pool closed
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
    const core = this.#open()
    core.putAgent(
      { ...core.agents.of(this.id), ...spec },
      spec.unavailability === undefined ? 'agent' : 'maintenance',
    )
  }

  report(framework: string, report: TaskReport): boolean {
    const core = this.#core
    const task = core.tasks.get(framework, report.task)
    if (task === undefined || task.agent !== this.id) return false
    if (core.isClosed || !core.agents.has(this.id)) return false
    core.tasks.report(task, report)
    return true
  }

  occupy(used: ResourceSet): void {
    occupyAgent(this.#open(), this.id, used)
  }

  deactivate(): void {
    this.#setActive(false)
    this.#core.rescindOfAgent(this.id, 'agent')
  }

  reactivate(): void {
    this.#setActive(true)
    this.#core.requestPass()
  }

  unreachable(): void {
    const core = this.#open()
    if (!core.agents.has(this.id)) return
    core.rescindOfAgent(this.id, 'agent')
    for (const task of core.tasks.ofAgent(this.id))
      core.tasks.report(task, { task: task.spec.id, state: 'unreachable', reason: 'agentUnreachable' })
    occupyAgent(core, this.id, ResourceSet.empty)
    core.agents.lose(this.id)
    core.withdrawAgent(this.id)
  }

  reachable(running: readonly RunningTaskRef[]): void {
    const core = this.#open()
    const spec = core.agents.unreachable.get(this.id)
    if (spec === undefined) return
    core.putAgent(spec)
    for (const task of core.tasks.ofAgent(this.id)) {
      if (isFinalState(task.state)) continue
      const runs = running.some(
        ({ framework, task: id }) => framework === task.framework && id === task.spec.id,
      )
      const state = runs ? 'running' : 'gone'
      core.tasks.report(task, { task: task.spec.id, state, reason: 'agentReturned' })
      if (runs && task.killWithMs !== undefined) killTask(core, task, task.killWithMs)
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
    const core = this.#open()
    this.deactivate()
    for (const task of core.tasks.ofAgent(this.id)) {
      const own = graceMsOf(task)
      killTask(core, task, graceMs === undefined ? own : Math.min(own, graceMs))
    }
    await core.whenWithoutTasks(this.id)
    if (gone) this.remove()
  }

  remove({ mayReturn = false }: { readonly mayReturn?: boolean } = {}): void {
    const core = this.#open()
    core.rescindOfAgent(this.id, 'agent')
    for (const task of core.tasks.ofAgent(this.id))
      core.tasks.report(task, { task: task.spec.id, state: 'goneByOperator', reason: 'agentRemoved' })
    if (core.agents.has(this.id)) occupyAgent(core, this.id, ResourceSet.empty)
    core.agents.remove(this.id, !mayReturn)
    core.withdrawAgent(this.id)
    core.requestPass()
  }

  #setActive(active: boolean): void {
    const { agents, allocator, changes } = this.#open()
    agents.assertPresent(this.id)
    agents.setActive(this.id, active)
    if (agents.has(this.id)) allocator.apply({ type: 'agentState', id: this.id, active })
    changes.note(this.id)
  }

  #open(): PoolCore {
    this.#core.assertOpen()
    return this.#core
  }
}
