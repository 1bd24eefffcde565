import type { Cancel } from '../../core/index.js'
import { ClosedError, UsageError } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, assertValid, callListener, knownOptions, offerObservable } from '../../core/internal.js'
import type { AgentView } from '../allocator/allocator.js'
import type { Demand } from '../allocator/allocator-event.js'
import type { Explanation } from '../allocator/explain-grants.js'
import type { Quantities } from '../resources/quantities.js'
import type { AcceptOptions } from './accept-offers.js'
import { acceptOffers } from './accept-offers.js'
import { disconnectFramework } from './framework-connection.js'
import type { FrameworkEntry } from './framework-record.js'
import type { Offer } from './offer.js'
import type { Operation, Outcomes } from './operation.js'
import type { PoolCore } from './pool-core.js'
import { reconciledState } from './reconciliation.js'
import { refuseProblems } from './refusal.js'
import { killTask, launchTask } from './run-tasks.js'
import type { EventQueue, SessionEvent } from './session-event.js'
import type { ClaimItem, ClaimOptions, ClaimResult } from './take-claims.js'
import { assertClaimOptions, mayClaim, refuseClaims, takeClaims } from './take-claims.js'
import { isFinalState } from './task-state.js'
import type { TaskUpdate } from './update-stream.js'

const DECLINE_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<Pick<AcceptOptions, 'refuseMs'>>(
  'decline',
  {
    refuseMs: true,
  },
)

/** Claims in a row that conflict before the agents are offered. */
const CONFLICTS_MAX = 3

/** What everybody may see of a pool. */
export interface PoolView {
  /** Counts changes of agents. */
  readonly version: number
  agents(): Iterable<AgentView>
  agent(id: string): AgentView | undefined
  /** Ids of agents that changed after a version, each once; `all` when that is too long ago. O(changes). */
  changes(since: number): readonly string[] | 'all'
}

/**
 * A framework's connection to a pool. Events are read by one reader, with `for await`, `on` or `take`; after the last one,
 * `failedOver` or `closed`, the loop ends. Calls on a session that is not connected throw `ClosedError`.
 */
export interface Session extends AsyncIterable<SessionEvent>, AsyncDisposable {
  readonly id: string
  /** False once it was disconnected, taken over, or its pool was closed. */
  readonly connected: boolean
  /** Events that came and were not read, without waiting. */
  take(): readonly SessionEvent[]
  /**
   * Calls `listener` with each event, one after the other, soon after it happened; what it throws is logged. A session is
   * an observable of its events too, under `Symbol.observable`; `fromSession` of `keelson/rxjs` makes one of rxjs.
   *
   * @param ended called once when no more events come
   * @returns ends the listening; events that come after it wait for the next reader
   * @throws UsageError when the session has a reader already
   */
  on(listener: (event: SessionEvent) => void, ended?: () => void): Cancel
  /**
   * Uses offers of one agent and role for operations, in order, each on what the ones before left over. The rest is
   * declined for `refuseMs`. What cannot be done is an outcome with a problem, never an exception. When the offers
   * themselves are no good (`duplicate`, `unknown`, `notOwner`, `roleMismatch`, `agentMismatch`), every operation fails
   * with that, and those of the offers that are the caller's go back to be offered again.
   *
   * @param operations at most `operationsMax`
   * @throws KeelsonError `TooLarge` for more operations; nothing has happened then, and the offers stay held
   * @throws InvalidError for an operation without its tasks or resources; likewise
   * @throws ClosedError when the session is not connected
   */
  accept<const T extends readonly Operation[]>(
    offers: readonly (Offer | string)[],
    operations: T,
    options?: AcceptOptions,
  ): Promise<Outcomes<T>>
  /**
   * Gives offers back. One that is over already is passed over.
   *
   * @param options `refuseMs`: for how long they are not wanted, see {@link AcceptOptions}
   * @throws UsageError for an offer of another framework; none is given back then
   * @throws InvalidError for a `refuseMs` that is another word; likewise
   */
  decline(offers: readonly (Offer | string)[], options?: Pick<AcceptOptions, 'refuseMs'>): void
  /** No offers for these roles, or for all. */
  suppress(...roles: string[]): void
  /** Offers again, and forgets what was refused. */
  revive(...roles: string[]): void
  /**
   * What waits to be launched; replaces what was said before. From then on offers come only where one of the shapes
   * fits. `[]`: nothing waits, no offers; `undefined`: unknown again, whatever is free is offered.
   *
   * @param role default: the framework's only one
   * @throws UsageError when it has several and none is named
   * @throws InvalidError for amounts or counts that are malformed, or a role that it does not have
   */
  request(demand: readonly Demand[] | undefined, role?: string): void
  /** All agents, for decisions of one's own that end in claims. */
  view(): PoolView
  /**
   * Launches on free resources without an offer, through the same gates: quotas, fair share, reservations. Each task is
   * taken or refused with a problem. Refused claims in a row, three of them with a
   * `conflict`, earn an offer of the agents that were named.
   *
   * @throws UsageError when the framework has several roles and none is named
   * @throws InvalidError for a role that it does not have
   * @throws ClosedError when the session is not connected
   */
  claim(items: readonly ClaimItem[], options?: ClaimOptions): ClaimResult
  /**
   * Stops a task. One on an agent that is unreachable is stopped when that returns.
   *
   * @param options `graceMs`: default that of the task, or 5,000
   * @returns false when there is no such task, or it has ended
   */
  kill(task: string, options?: { readonly graceMs?: number }): boolean
  /**
   * The latest state of tasks: of all that are known, or of those asked for. A task that cannot be told yet is left out.
   */
  reconcile(tasks?: readonly { readonly id: string; readonly agent?: string }[]): readonly TaskUpdate[]
  /** Like `reconcile` of all tasks, but only of those whose state differs from what the framework believes. */
  differences(believed: Readonly<Record<string, TaskUpdate['state']>>): readonly TaskUpdate[]
  explain(need?: Quantities, role?: string): Explanation
  /** Leaves; tasks go on for `failoverMs`. Offers go back, filters stay. */
  disconnect(): void
  /** Leaves for good: tasks are killed at once, whatever `failoverMs` is. */
  teardown(): void
}

export class PoolSession implements Session {
  readonly #core: PoolCore
  readonly #entry: FrameworkEntry
  readonly #queue: EventQueue
  #isRead = false

  constructor(core: PoolCore, entry: FrameworkEntry, queue: EventQueue) {
    this.#core = core
    this.#entry = entry
    this.#queue = queue
    offerObservable<PoolSession, SessionEvent>(this, (session, observer) =>
      session.on(
        event => observer.next?.(event),
        () => observer.complete?.(),
      ),
    )
  }

  get id(): string {
    return this.#entry.id
  }

  get connected(): boolean {
    return this.#entry.queue === this.#queue && !this.#core.isClosed
  }

  async *[Symbol.asyncIterator](): AsyncIterator<SessionEvent> {
    this.#claimReading()
    try {
      for (;;) {
        const event = await this.#queue.next()
        if (event === undefined) return
        yield event
      }
    } finally {
      this.#isRead = false
    }
  }

  on(listener: (event: SessionEvent) => void, ended?: () => void): Cancel {
    this.#claimReading()
    const reading = { isOver: false }
    void this.#read(reading, listener, ended)
    return () => {
      if (reading.isOver) return
      reading.isOver = true
      this.#isRead = false
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disconnect()
  }

  take(): readonly SessionEvent[] {
    return this.#queue.take()
  }

  async accept<const T extends readonly Operation[]>(
    offers: readonly (Offer | string)[],
    operations: T,
    options: AcceptOptions = {},
  ): Promise<Outcomes<T>> {
    const core = this.#connected()
    const outcomes = await acceptOffers(core, this.#entry, { ids: offers.map(idOf), operations, options })
    return outcomes as unknown as Outcomes<T>
  }

  decline(offers: readonly (Offer | string)[], options: Pick<AcceptOptions, 'refuseMs'> = {}): void {
    assertKnown(options, DECLINE_OPTIONS)
    const { refuseMs } = options
    assertValid('decline', refuseProblems(refuseMs))
    const core = this.#connected()
    const ids = offers.map(idOf)
    const foreign = ids.find(id => {
      const owner = core.book.offers.get(id)?.framework
      return owner !== undefined && owner !== this.id
    })
    if (foreign !== undefined)
      throw new UsageError(`offer ${foreign} is another framework's`, { offer: foreign })
    for (const id of ids) {
      const offer = core.book.offers.get(id)
      if (offer === undefined) continue
      const of = { framework: this.id, role: offer.role, agent: offer.agent.id }
      core.returnOffer(id, core.filterFor(refuseMs, of))
    }
  }

  suppress(...roles: string[]): void {
    this.#connected().allocator.apply({ type: 'suppress', framework: this.id, roles })
  }

  revive(...roles: string[]): void {
    const core = this.#connected()
    core.allocator.apply({ type: 'revive', framework: this.id, roles })
    this.#entry.refusals.forgetRoles(roles)
    core.requestPass()
  }

  request(demand: readonly Demand[] | undefined, role: string = this.#onlyRole()): void {
    const core = this.#connected()
    core.allocator.apply({ type: 'demand', framework: this.id, role, demand })
    this.#entry.askedAtMs = demand === undefined || demand.length === 0 ? undefined : core.now()
    core.requestPass()
  }

  view(): PoolView {
    const { allocator, changes } = this.#core
    return {
      version: changes.version,
      agents: () => allocator.agents(),
      agent: id => allocator.agent(id),
      changes: since => changes.since(since),
    }
  }

  claim(items: readonly ClaimItem[], options: ClaimOptions = {}): ClaimResult {
    assertClaimOptions(options)
    const core = this.#connected()
    const role = options.role ?? this.#onlyRole()
    if (!mayClaim(core, this.#entry, role)) return refuseClaims(items)
    const input = {
      allocator: core.allocator,
      framework: this.id,
      role,
      hasTask: (id: string) => core.hasTask(this.#entry, id),
      tasksMax: core.limits.tasksMax - core.tasks.countOf(this.id),
    }
    const { committed, rejected, tasks } = takeClaims(input, items, options)
    for (const { agent, spec, take } of tasks) {
      core.changes.note(agent)
      launchTask(core, { framework: this.id, role, agent, spec, take })
    }
    this.#countConflicts({ committed, rejected }, items, role)
    core.requestPass()
    return { committed, rejected }
  }

  kill(task: string, { graceMs }: { readonly graceMs?: number } = {}): boolean {
    const core = this.#connected()
    const found = core.tasks.get(this.id, task)
    if (found === undefined || isFinalState(found.state)) return false
    killTask(core, found, graceMs)
    return true
  }

  reconcile(tasks?: readonly { readonly id: string; readonly agent?: string }[]): readonly TaskUpdate[] {
    const core = this.#connected()
    const atMs = core.now()
    if (tasks === undefined)
      return core.tasks
        .ofFramework(this.id)
        .map(({ spec, state, agent }) => ({ task: spec.id, state, agent, atMs }))
    return tasks.flatMap(({ id, agent }) => {
      const latest = core.tasks.get(this.id, id)?.state
      const standing = agent === undefined ? undefined : core.standingOf(agent)
      const state = reconciledState({ latest, agent: standing, anyRecovered: core.isRecovering })
      return state === undefined ? [] : [{ task: id, state, atMs, ...(agent !== undefined && { agent }) }]
    })
  }

  differences(believed: Readonly<Record<string, TaskUpdate['state']>>): readonly TaskUpdate[] {
    const known = this.reconcile()
    const ids = new Set(known.map(({ task }) => task))
    const missing = Object.keys(believed).filter(id => !ids.has(id))
    return [
      ...known.filter(({ task, state }) => believed[task] !== state),
      ...this.reconcile(missing.map(id => ({ id }))),
    ]
  }

  explain(need?: Quantities, role?: string): Explanation {
    const query = {
      framework: this.id,
      ...(need !== undefined && { need }),
      ...(role !== undefined && { role }),
    }
    return this.#core.allocator.explain(query)
  }

  disconnect(): void {
    if (this.connected) disconnectFramework(this.#core, this.#entry)
  }

  teardown(): void {
    if (this.connected) disconnectFramework(this.#core, this.#entry, 0)
  }

  /** Who loses three times in a row gets the agents as an offer, so that slow deciders do not starve. */
  #countConflicts({ committed, rejected }: ClaimResult, items: readonly ClaimItem[], role: string): void {
    const entry = this.#entry
    if (committed.length > 0) entry.conflicts = 0
    if (!rejected.some(({ problem }) => problem.code === 'conflict')) return
    entry.conflicts++
    if (entry.conflicts < CONFLICTS_MAX) return
    entry.conflicts = 0
    const agents = [...new Set(items.map(({ agent }) => agent))]
    this.#core.offerDirectly(this.#core.allocator.offerTo({ framework: this.id, role }, agents))
  }

  async #read(
    reading: { isOver: boolean },
    listener: (event: SessionEvent) => void,
    ended: (() => void) | undefined,
  ): Promise<void> {
    const failed = (error: unknown): void =>
      this.#core.env.logger.error({ framework: this.id, error: String(error) }, 'a listener failed')
    for (;;) {
      await this.#queue.ready()
      if (reading.isOver) return
      const event = this.#queue.shift()
      if (event === undefined) break
      callListener(() => listener(event), failed)
    }
    reading.isOver = true
    this.#isRead = false
    callListener(() => ended?.(), failed)
  }

  #claimReading(): void {
    if (this.#isRead)
      throw new UsageError(`the session of ${this.id} has a reader already; end that one first`, {
        framework: this.id,
      })
    this.#isRead = true
  }

  #connected(): PoolCore {
    this.#core.assertOpen()
    if (!this.connected) throw new ClosedError(`the session of ${this.id}`)
    return this.#core
  }

  #onlyRole(): string {
    const [first, second] = this.#entry.roles
    if (first === undefined || second !== undefined)
      throw new UsageError('a framework of several roles must say which one it means')
    return first.role
  }
}

function idOf(offer: Offer | string): string {
  return typeof offer === 'string' ? offer : offer.id
}
