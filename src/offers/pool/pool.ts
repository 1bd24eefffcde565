import type { Reason } from '../../core/index.js'
import { InvalidError, systemEnv, UsageError } from '../../core/index.js'
import { assertKnown, deepEqual } from '../../core/internal.js'
import type { Allocator } from '../allocator/allocator.js'
import type { AgentSpec, Quota, RoleSubscription } from '../allocator/allocator-event.js'
import type { AuditEntry } from '../allocator/audit.js'
import type { Explanation } from '../allocator/explain-grants.js'
import type { Quantities } from '../resources/quantities.js'
import type { AgentHandle } from './agent-handle.js'
import { agentHandle } from './agent-handle.js'
import { AgentHealth } from './agent-health.js'
import type { MaintenanceWindow } from './agent-table.js'
import { takeOver } from './framework-connection.js'
import type { FrameworkEntry, SubscribeOptions } from './framework-record.js'
import { newFramework, SUBSCRIBE_OPTIONS } from './framework-record.js'
import { PoolCore } from './pool-core.js'
import type { PoolOptions } from './pool-options.js'
import type { Session } from './session.js'
import { PoolSession } from './session.js'
import { EventQueue } from './session-event.js'
import { setQuotas } from './set-quotas.js'

/** How a framework stands, with what only time shows. */
export interface PoolAuditEntry extends AuditEntry {
  /** Longest time in which it held an offer before it answered, or had to give it back. */
  readonly heldMsMax: number
  /** Offers that it holds now. */
  readonly offersHeld: number
  /** For how long it has asked for something and got no offer; 0 when it does not wait. */
  readonly starvingMs: number
}

/** Roles of a pool. */
export interface PoolRoles {
  /**
   * Weight of a role in the order, from 0.001 to 1,000,000, from the next pass on; nobody's offers are taken back. Default 1.
   *
   * @throws InvalidError for a weight that is not
   */
  weight(role: string, weight: number): void
  /**
   * Sets the quotas of roles, all or none; `{}` takes one away. Offers of a role beyond a lower limit are rescinded;
   * running tasks stay.
   *
   * @param options `force`: also guarantees that the cluster cannot meet
   * @returns warnings, such as `GuaranteeUnmet`
   * @throws InvalidError for quotas that contradict each other, or that the cluster cannot meet
   */
  quota(quotas: Readonly<Record<string, Quota>>, options?: { readonly force?: boolean }): readonly Reason[]
}

/** Agents and frameworks, and who of them gets what. */
export interface OfferPool extends AsyncDisposable {
  /**
   * Registers an agent.
   *
   * @throws InvalidError for resources, attributes or a plan that are malformed
   * @throws UsageError when one of this id is registered or was removed for good
   */
  agent(spec: AgentSpec): AgentHandle
  /**
   * Connects a framework, at most 1,000 roles each. One of an id that is connected takes its place: the old session
   * hears `failedOver` and ends, its offers go back, its tasks and filters stay, and what it did not acknowledge is told
   * again.
   *
   * @throws InvalidError for roles, constraints or demands that are not acceptable
   * @throws UsageError when it was there before with another principal
   */
  subscribe(options: SubscribeOptions): Session
  readonly roles: PoolRoles
  /**
   * Plans in which agents will not be there, in place of all plans before; those of agents that are not registered count
   * when they are. Offers of agents whose plan changes are rescinded.
   *
   * @throws InvalidError for times that are none, or an agent in two windows; the plans before stay then
   */
  maintenance(windows: readonly MaintenanceWindow[]): void
  /**
   * Why a framework gets nothing, agent by agent, and what would help. O(agents).
   *
   * @param need one task's amounts, in the units of `resources`; default: the framework's own demand
   * @throws InvalidError for an unknown framework
   */
  explain(framework: string, need?: Quantities): Explanation
  /** Whether the framework has a task of this id, or its end is not acknowledged. */
  hasTask(framework: string, task: string): boolean
  /** Shares, unmet guarantees, waiting demand, envy, held and starving times of all roles and frameworks. */
  audit(): readonly PoolAuditEntry[]
  /** Does what is due now; needed with `manual: true` only. */
  step(): void
  /** Who decides, to be looked at, forked or snapshotted. Change nothing in it. */
  readonly allocator: Allocator
  /**
   * Ends all sessions, with the event `closed`, and all timers. Tasks are left running; calls that would change
   * something throw `ClosedError` from then on.
   */
  close(): void
}

/** Longest time for which tasks go on without their framework. */
const FAILOVER_MS_MAX = 10 * 365 * 86_400_000

/**
 * A pool of agents that frameworks share: offers and claims over one state, tasks and their updates.
 *
 * Freed room, new agents and new demand start an allocation pass by themselves, once for all that happened in the same
 * step. All state is in memory: it ends with the pool, and there is no standby. Agents, frameworks and roles are as
 * many as the program brings; whatever grows beside them has a bound.
 *
 * @throws InvalidError for a time or a limit out of bounds
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createPool, resources } from 'keelson/offers'
 *
 * const started: string[] = []
 * const driver = { launch: async (_agent: string, task: { id: string }) => void started.push(task.id), kill: async () => {} }
 * const pool = createPool({ driver, manual: true })
 * pool.agent({ id: 'a1', resources: resources('cpus:4;mem:8192') })
 * const session = pool.subscribe({ name: 'web', roles: ['prod'] })
 * pool.step()
 * const [event] = session.take()
 * assert(event?.type === 'offers')
 * const [launch] = await session.accept(event.offers, [{ op: 'launch', tasks: [{ id: 't1', need: { cpus: 1 } }] }])
 * assert.deepEqual(launch.launched, ['t1'])
 * assert.deepEqual(started, ['t1'])
 * pool.close()
 * ```
 */
export function createPool(options: PoolOptions): OfferPool {
  return new Pool(new PoolCore(options, options.env ?? systemEnv))
}

/** The pool of a core that somebody else has made, and keeps. Its roles are set by whoever keeps it. */
export function poolOf(core: PoolCore): OfferPool {
  return new Pool(core)
}

class Pool implements OfferPool {
  readonly #core: PoolCore
  readonly #health: AgentHealth
  readonly roles: PoolRoles

  constructor(core: PoolCore) {
    this.#core = core
    this.#health = new AgentHealth(core)
    this.roles = {
      weight: (role, weight) => {
        this.#assertOwnRoles()
        core.allocator.apply({ type: 'weight', role, weight })
        core.requestPass()
      },
      quota: (quotas, { force = false } = {}) => {
        this.#assertOwnRoles()
        return setQuotas(core, quotas, force)
      },
    }
  }

  get allocator(): Allocator {
    return this.#core.allocator
  }

  agent(spec: AgentSpec): AgentHandle {
    const core = this.#core
    core.assertOpen()
    const standing = core.agents.standing(spec.id)
    if (standing !== 'unknown')
      throw new UsageError(`agent ${spec.id} is ${standing} already`, { agent: spec.id })
    core.putAgent(core.agents.hasPlan(spec.id) ? core.agents.planned(spec) : spec)
    this.#health.watch(spec.id)
    return agentHandle(core, spec.id)
  }

  subscribe(options: SubscribeOptions): Session {
    assertKnown(options, SUBSCRIBE_OPTIONS)
    const core = this.#core
    core.assertOpen()
    const { name, roles, capabilities = [], uses = [], principal, failoverMs = 0 } = options
    if (!(failoverMs >= 0 && failoverMs <= FAILOVER_MS_MAX))
      throw fault('failoverMs', failoverMs, `must be from 0 to ${FAILOVER_MS_MAX}`)
    if (roles.length === 0) throw fault('roles', roles, 'must name at least one role')
    const id = options.id ?? core.env.ids.next('framework')
    const before = core.frameworks.get(id)
    if (before !== undefined && before.principal !== principal)
      throw new UsageError(`framework ${id} belongs to another principal`, { framework: id })
    const subscriptions = roles.map((role): RoleSubscription => (typeof role === 'string' ? { role } : role))
    core.allocator.apply({ type: 'framework', id, roles: subscriptions, capabilities, uses })
    const queue = new EventQueue(core.limits.eventsMax)
    const entry: FrameworkEntry = {
      ...newFramework({ id, name, principal, failoverMs, roles: subscriptions, capabilities, uses }),
      queue,
      heldMsMax: before?.heldMsMax ?? 0,
      askedAtMs: subscriptions.some(({ demand = [] }) => demand.length > 0) ? core.now() : undefined,
    }
    if (before !== undefined) takeOver(core, before)
    core.frameworks.set(id, entry)
    core.allocator.apply({ type: 'frameworkState', id, active: true })
    if (before !== undefined) core.tasks.sendAgain(id)
    core.hooks?.frameworkChanged(id)
    core.requestPass()
    return new PoolSession(core, entry, queue)
  }

  maintenance(windows: readonly MaintenanceWindow[]): void {
    const { agents } = this.#core
    this.#core.assertOpen()
    agents.plan(windows)
    for (const spec of agents.registered.values()) {
      const planned = agents.planned(spec)
      if (!deepEqual(planned.unavailability, spec.unavailability)) this.#core.putAgent(planned, 'maintenance')
    }
  }

  explain(framework: string, need?: Quantities): Explanation {
    return this.#core.allocator.explain({ framework, ...(need !== undefined && { need }) })
  }

  hasTask(framework: string, task: string): boolean {
    return this.#core.tasks.has(framework, task)
  }

  audit(): readonly PoolAuditEntry[] {
    const core = this.#core
    const nowMs = core.now()
    return core.allocator.audit().map(entry => {
      const framework = entry.framework === undefined ? undefined : core.frameworks.get(entry.framework)
      return {
        ...entry,
        heldMsMax: framework === undefined ? 0 : core.heldMsMax(framework),
        offersHeld: framework === undefined ? 0 : core.book.countOf(framework.id),
        starvingMs: framework === undefined ? 0 : starvingMs(framework, nowMs),
      }
    })
  }

  step(): void {
    this.#core.step()
  }

  close(): void {
    this.#core.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  #assertOwnRoles(): void {
    this.#core.assertOpen()
    if (this.#core.hooks !== undefined)
      throw new UsageError('the roles of this pool are objects: create or update a Role in its store')
  }
}

/** Since it asked, or was offered something last. */
function starvingMs({ askedAtMs, servedAtMs = 0 }: FrameworkEntry, nowMs: number): number {
  return askedAtMs === undefined ? 0 : nowMs - Math.max(askedAtMs, servedAtMs)
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('pool', [{ field, value, message }])
}
