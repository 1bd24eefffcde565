import { ClosedError, InvalidError, UsageError } from '../../core/index.js'
import { wholeNumber } from '../../core/internal.js'
import type { AgentSpec, Unavailability } from '../allocator/allocator-event.js'
import type { AgentStanding } from './reconciliation.js'

/** Most ids of removed agents that are remembered; about Mesos' `registry_max_agent_count`. */
const GONE_MAX = 100_000

/** A time in which agents will not be there. */
export interface MaintenanceWindow extends Unavailability {
  readonly agents: readonly string[]
}

/** A task as whoever runs it names it. */
export interface RunningTaskRef {
  readonly framework: string
  readonly task: string
}

/** Somebody who waits until an agent has no tasks. */
interface Drain {
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** How the agents of a pool stand, and what is planned for them. What is planned outlives their absence. */
export class AgentTable {
  readonly #registered = new Map<string, AgentSpec>()
  readonly #unreachable = new Map<string, AgentSpec>()
  readonly #gone = new Set<string>()
  readonly #deactivated = new Set<string>()
  readonly #drains = new Map<string, Drain[]>()
  #plans: ReadonlyMap<string, Unavailability> = new Map()

  /** How many are registered. */
  get size(): number {
    return this.#registered.size
  }

  /** Those that are registered. */
  get registered(): ReadonlyMap<string, AgentSpec> {
    return this.#registered
  }

  /** Those that do not answer, as they were. */
  get unreachable(): ReadonlyMap<string, AgentSpec> {
    return this.#unreachable
  }

  has(id: string): boolean {
    return this.#registered.has(id)
  }

  /** @throws InvalidError unless it is registered */
  of(id: string): AgentSpec {
    const agent = this.#registered.get(id)
    if (agent !== undefined) return agent
    throw new InvalidError('agent', [{ field: 'id', value: id, message: 'must be registered' }])
  }

  standing(id: string): AgentStanding {
    if (this.#registered.has(id)) return 'registered'
    if (this.#unreachable.has(id)) return 'unreachable'
    return this.#gone.has(id) ? 'gone' : 'unknown'
  }

  /** @throws UsageError unless it is registered or out of reach */
  assertPresent(id: string): void {
    const standing = this.standing(id)
    if (standing !== 'registered' && standing !== 'unreachable')
      throw new UsageError(`agent ${id} is ${standing}; register it with pool.agent`, { agent: id })
  }

  put(spec: AgentSpec): void {
    this.#unreachable.delete(spec.id)
    this.#registered.set(spec.id, spec)
  }

  /** It does not answer: it keeps its place. */
  lose(id: string): void {
    this.#unreachable.set(id, this.of(id))
    this.#registered.delete(id)
  }

  /**
   * It is no longer there.
   *
   * @param forGood its id is never taken again; the latest 100,000 such ids are remembered
   */
  remove(id: string, forGood: boolean): void {
    this.#registered.delete(id)
    this.#unreachable.delete(id)
    this.#deactivated.delete(id)
    if (!forGood) return
    this.#gone.add(id)
    const [oldest] = this.#gone
    if (this.#gone.size > GONE_MAX && oldest !== undefined) this.#gone.delete(oldest)
  }

  /** Whether offers of it are wanted, also while it is out of reach. */
  isActive(id: string): boolean {
    return !this.#deactivated.has(id)
  }

  setActive(id: string, active: boolean): void {
    if (!active) this.#deactivated.add(id)
    else {
      this.#deactivated.delete(id)
      this.#callOffDrain(id)
    }
  }

  /**
   * Resolves when the agent's tasks have ended.
   *
   * @throws ClosedError, as a rejection, when the drain is called off: the agent is active again, or the pool closed
   */
  async drained(id: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#drains.set(id, [...(this.#drains.get(id) ?? []), { resolve, reject }])
    })
  }

  /** The last task of the agent has ended. */
  withoutTasks(id: string): void {
    for (const { resolve } of this.#drains.get(id) ?? []) resolve()
    this.#drains.delete(id)
  }

  /** Ends everything that waits. */
  close(): void {
    for (const id of [...this.#drains.keys()]) this.#callOffDrain(id)
  }

  /** The agent with what is planned for it. */
  planned({ unavailability: _before, ...spec }: AgentSpec): AgentSpec {
    const plan = this.#plans.get(spec.id)
    return plan === undefined ? spec : { ...spec, unavailability: plan }
  }

  hasPlan(id: string): boolean {
    return this.#plans.has(id)
  }

  /** Replaces all plans, also those of agents that are not there yet. */
  plan(windows: readonly MaintenanceWindow[]): void {
    const plans = new Map<string, Unavailability>()
    for (const { agents, startMs, durationMs } of windows)
      for (const agent of agents) {
        if (plans.has(agent)) throw fault('agents', agent, 'must be in one window only')
        if (!Number.isFinite(startMs)) throw fault('startMs', startMs, 'must be a finite number of epoch ms')
        const [problem] = durationMs === undefined ? [] : wholeNumber('durationMs', durationMs)
        if (problem !== undefined) throw new InvalidError('maintenance', [problem])
        plans.set(agent, { startMs, ...(durationMs === undefined ? {} : { durationMs }) })
      }
    this.#plans = plans
    for (const [id, spec] of this.#unreachable) this.#unreachable.set(id, this.planned(spec))
  }

  #callOffDrain(id: string): void {
    for (const { reject } of this.#drains.get(id) ?? []) reject(new ClosedError(`the drain of ${id}`))
    this.#drains.delete(id)
  }
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('maintenance', [{ field, value, message }])
}
