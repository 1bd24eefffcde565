import type { Env } from '../../core/index.js'
import { ClosedError, UsageError } from '../../core/index.js'
import type { Allocator } from '../allocator/allocator.js'
import { createAllocator } from '../allocator/allocator.js'
import type { AgentSpec, Grant, RefusalFilter } from '../allocator/allocator-event.js'
import { ResourceSet } from '../resources/resource-set.js'
import { isSubrole } from '../resources/role-name.js'
import { AgentTable } from './agent-table.js'
import { AnsweredBook } from './answered-offers.js'
import { mayOffer, RECOVERY_MS_MAX } from './availability.js'
import { ChangeLog } from './change-log.js'
import { Deadlines } from './deadlines.js'
import { ExpiringReservations } from './expiring-reservations.js'
import type { FrameworkEntry } from './framework-record.js'
import type { Offer, OwnedOffer, RescindReason } from './offer.js'
import { OfferBook } from './offer-book.js'
import type { AgentConversion, PoolHooks } from './pool-hooks.js'
import type { PoolLimits, PoolOptions } from './pool-options.js'
import { poolLimits } from './pool-options.js'
import type { AgentStanding } from './reconciliation.js'
import type { RefuseFor } from './refusal.js'
import { refusalEndMs } from './refusal.js'
import type { RefusedOffer } from './refusal-streaks.js'
import type { SessionEvent } from './session-event.js'
import type { TaskRecord } from './task-table.js'
import { TaskTable } from './task-table.js'
import type { TaskUpdate } from './update-stream.js'

/** What somebody had of an agent. */
interface Returned {
  readonly framework: string
  readonly role: string
  readonly agent: string
  readonly resources: ResourceSet
  /** The grants that were offered; none when it was in use. */
  readonly grantIds: readonly number[]
}

/**
 * The state that all parts of a pool work on: who is offered what, which tasks use what. Each method is one
 * synchronous change; events and calls to the driver leave after it.
 */
export class PoolCore {
  readonly env: Env
  readonly options: PoolOptions
  /** What keeps its state, if anything does. */
  readonly hooks: PoolHooks | undefined
  readonly limits: PoolLimits
  readonly allocator: Allocator
  readonly deadlines: Deadlines
  readonly book: OfferBook = new OfferBook()
  readonly answered: AnsweredBook = new AnsweredBook()
  readonly tasks: TaskTable
  readonly frameworks: Map<string, FrameworkEntry> = new Map()
  readonly agents: AgentTable = new AgentTable()
  readonly changes: ChangeLog = new ChangeLog()
  /** What is used by others than the pool's frameworks, by agent. */
  readonly occupied: Map<string, ResourceSet> = new Map()
  readonly #reservations: ExpiringReservations
  readonly #wakes = new Set<number>()
  readonly #startMs: number
  #passIsDue = false
  #closed = false

  constructor(options: PoolOptions, env: Env, hooks?: PoolHooks) {
    this.env = env
    this.hooks = hooks
    this.options = options
    this.limits = poolLimits(options)
    this.#startMs = env.clock.now()
    this.allocator = createAllocator(options.allocator)
    this.deadlines = new Deadlines(env.clock, options.manual === true ? undefined : () => this.step())
    if (options.knownAgents !== undefined) this.deadlines.at(this.#startMs + RECOVERY_MS_MAX, () => {})
    this.#reservations = new ExpiringReservations({
      deadlines: this.deadlines,
      now: () => this.now(),
      total: agent => this.agents.registered.get(agent)?.resources,
      free: agent => this.allocator.agent(agent)?.free ?? ResourceSet.empty,
      rescind: (agent, has) => {
        for (const { id, resources } of this.book.ofAgent(agent))
          if (has(resources)) this.rescind(id, 'reservation')
      },
      convert: (agent, change) => this.#convertFree(agent, change),
      failed: (agent, error, retryMs) => {
        const about = { agent, retryMs, error: String(error) }
        if (!this.#closed) env.logger.warn(about, 'the end of a reservation was not written')
      },
    })
    this.tasks = new TaskTable(this.deadlines, {
      now: () => this.now(),
      nextUuid: () => env.ids.next('update'),
      send: (task, update) => this.#sendUpdate(task, update),
      resources: (task, change) => this.#taskResources(task, change),
      forgotten: task => this.#taskForgotten(task),
    })
  }

  get isClosed(): boolean {
    return this.#closed
  }

  now(): number {
    return this.env.clock.now()
  }

  frameworkOf(id: string): FrameworkEntry {
    const framework = this.frameworks.get(id)
    if (framework === undefined) throw new UsageError(`no framework ${id} is subscribed`)
    return framework
  }

  /** Whether the id is taken by a task that has not ended, or is about to be launched. */
  hasTask({ id: framework, launching }: FrameworkEntry, id: string): boolean {
    return launching.has(id) || this.tasks.has(framework, id) || this.hooks?.isTaskIdTaken(id) === true
  }

  /** Registers an agent, or changes it; then its offers are taken back once it is clear that it is acceptable. */
  putAgent(spec: AgentSpec, because: RescindReason = 'agent'): void {
    const { id, resources } = spec
    const held = this.book.ofAgent(id)
    this.allocator.apply({ type: 'agent', agent: spec })
    this.agents.put(spec)
    if (!this.agents.isActive(id)) this.allocator.apply({ type: 'agentState', id, active: false })
    for (const offer of held) this.rescind(offer.id, because)
    this.changes.note(id)
    this.#reservations.watch(id, resources)
    this.requestPass()
  }

  assertOpen(): void {
    if (this.#closed) throw new ClosedError('the pool')
  }

  /** Has a pass made after the current step; several requests before it make one. */
  requestPass(): void {
    if (this.#passIsDue || this.options.manual === true || !this.allocator.isDirty) return
    this.#passIsDue = true
    this.env.tasks.defer(
      () => {
        this.#passIsDue = false
        this.step()
      },
      { kind: 'call', label: 'offers' },
    )
  }

  /** Does what is due: expiries, then a pass over agents where something changed. */
  step(): void {
    if (this.#closed) return
    this.deadlines.runDue()
    if (!this.#mayOffer()) return
    this.#offer(this.allocator.run(this.now()))
    const next = this.allocator.nextDeadlineMs()
    if (next !== undefined) this.#wakeAt(next)
  }

  /** Whether it was restarted and agents that it knew may still come back. */
  get isRecovering(): boolean {
    const { knownAgents = 0 } = this.options
    return this.agents.size < knownAgents && this.now() - this.#startMs < RECOVERY_MS_MAX
  }

  /** How an agent stands; one that was never heard of may be one that is not back yet. */
  standingOf(agent: string): AgentStanding {
    const standing = this.agents.standing(agent)
    return standing === 'unknown' && this.isRecovering ? 'recovered' : standing
  }

  #mayOffer(): boolean {
    const { knownAgents = 0 } = this.options
    const elapsedMs = this.now() - this.#startMs
    const { hasQuota } = this.allocator
    return mayOffer({ known: knownAgents, returned: this.agents.size, hasQuota, elapsedMs })
  }

  /** Makes offers of grants, as far as their frameworks can hold more. */
  #offer(grants: readonly Grant[]): void {
    const byFramework = new Map<string, Offer[]>()
    for (const grant of grants) {
      const { id, framework, role, agent, resources } = grant
      this.changes.note(agent)
      const entry = this.frameworks.get(framework)
      if (entry?.queue === undefined || this.book.countOf(framework) >= this.limits.offersMax) {
        this.giveBack({ framework, role, agent, resources, grantIds: [id] }, this.filterFor(undefined))
        continue
      }
      const offer = this.#open(grant)
      const list = byFramework.get(framework)
      if (list === undefined) byFramework.set(framework, [offer])
      else list.push(offer)
    }
    for (const [framework, offers] of byFramework) {
      const entry = this.frameworkOf(framework)
      entry.servedAtMs = this.now()
      this.hooks?.frameworkGranted(framework)
      this.send(entry, { type: 'offers', offers })
    }
  }

  #open({ id: grantId, framework, role, agent, resources }: Grant): Offer {
    const { offerTimeoutMs } = this.limits
    const sinceMs = this.now()
    const id = this.env.ids.next('offer')
    const expiry = offerTimeoutMs === null ? {} : { expiresAtMs: sinceMs + offerTimeoutMs }
    const offer: Offer = { id, agent: this.agents.of(agent), role, resources, ...expiry }
    const callOff =
      offer.expiresAtMs === undefined
        ? () => {}
        : this.deadlines.at(offer.expiresAtMs, () => this.rescind(id, 'expired'))
    this.book.add({ offer: { ...offer, framework, grantId }, sinceMs, callOff })
    return offer
  }

  /** Offers a framework agents outside its turn. */
  offerDirectly(grants: readonly Grant[]): void {
    this.#offer(grants)
  }

  /** Takes an offer back, and tells its framework unless it has not read of it. */
  rescind(id: string, reason: RescindReason): void {
    const offer = this.returnOffer(id)
    if (offer === undefined) return
    const entry = this.frameworks.get(offer.framework)
    const unread = entry?.queue?.withdraw(id) === true
    if (entry !== undefined && !unread) this.send(entry, { type: 'rescind', offer: id, reason })
  }

  rescindOfAgent(agent: string, reason: RescindReason): void {
    for (const { id } of this.book.ofAgent(agent)) this.rescind(id, reason)
  }

  /** Takes an offer out of the book, and gives what is in it back; undefined when it is over. */
  returnOffer(id: string, filter?: RefusalFilter): OwnedOffer | undefined {
    const offer = this.take(id)
    if (offer === undefined) return undefined
    const { framework, role, agent, resources, grantId } = offer
    this.giveBack({ framework, role, agent: agent.id, resources, grantIds: [grantId] }, filter)
    return offer
  }

  /** Takes offers of roles back, newest first, until their limits hold again or nothing is left to be taken. */
  rescindBeyondLimits(): void {
    for (const offer of [...this.book.offers.values()].reverse()) {
      const over = this.allocator.overLimit()
      if (over.length === 0) return
      if (over.some(role => isSubrole(offer.role, role))) this.rescind(offer.id, 'quota')
    }
  }

  /** The longest time in which a framework held an offer, those that it holds now included. */
  heldMsMax({ id, heldMsMax }: FrameworkEntry): number {
    const since = this.book.ofFramework(id).map(offer => this.now() - (this.book.get(offer.id)?.sinceMs ?? 0))
    return Math.max(heldMsMax, ...since)
  }

  /** Takes an offer out of the book, because it is answered or over. */
  take(id: string): OwnedOffer | undefined {
    const open = this.book.remove(id)
    if (open === undefined) return undefined
    const entry = this.frameworks.get(open.offer.framework)
    if (entry !== undefined) entry.heldMsMax = Math.max(entry.heldMsMax, this.now() - open.sinceMs)
    return open.offer
  }

  /** Gives resources back to be allocated anew. */
  giveBack(returned: Returned, filter?: RefusalFilter): void {
    const { agent, resources } = returned
    this.changes.note(agent)
    if (this.agents.has(agent) && this.allocator.agent(agent) !== undefined)
      this.allocator.apply({ type: 'return', ...returned, ...(filter && { filter }) })
    this.#reservations.returned(agent, resources)
    this.requestPass()
    const next = this.allocator.nextDeadlineMs()
    if (next !== undefined) this.#wakeAt(next)
  }

  /** Nothing of the agent can be offered any more: it is out of reach, or gone. */
  withdrawAgent(id: string): void {
    this.#reservations.forget(id)
    this.answered.agentGone(id)
    for (const { refusals } of this.frameworks.values()) refusals.forgetAgent(id)
    if (this.allocator.agent(id) !== undefined) this.allocator.apply({ type: 'agentGone', id })
    this.changes.note(id)
  }

  /** Records that part of an agent became something else. */
  convertAgent(agent: string, { from, to }: { from: ResourceSet; to: ResourceSet }): void {
    const spec = this.agents.of(agent)
    this.agents.put({ ...spec, resources: spec.resources.minus(from).plus(to) })
    this.changes.note(agent)
    this.#reservations.watch(agent, to)
  }

  /** The filter that a framework's refusal of what it was offered leaves behind. */
  filterFor(
    refuse: RefuseFor,
    of?: RefusedOffer & { readonly framework: string },
  ): RefusalFilter | undefined {
    if (refuse === 'changed') return { untilMs: 'changed' }
    const nowMs = this.now()
    const streaks = of && this.frameworks.get(of.framework)?.refusals
    const refuseMs = refuse === 'adaptive' ? of && streaks?.refused(of, nowMs) : refuse
    const untilMs = refusalEndMs(nowMs, refuseMs, this.limits.refuseMsMin)
    return untilMs === undefined ? undefined : { untilMs }
  }

  send(entry: FrameworkEntry, event: SessionEvent): void {
    for (const { id } of entry.queue?.push(event) ?? []) this.returnOffer(id, this.filterFor(undefined))
  }

  /** Resolves when no task is left on the agent, and every end is acknowledged. */
  async whenWithoutTasks(agent: string): Promise<void> {
    if (this.tasks.ofAgent(agent).length > 0) await this.agents.drained(agent)
  }

  /** A framework that will not come back: nobody acknowledges for it any more. */
  retire(framework: string): void {
    this.allocator.apply({ type: 'framework', id: framework, roles: [] })
    const tasks = this.tasks.ofFramework(framework)
    if (tasks.length === 0) this.#forgetRetired(framework)
    // With the last of them it is forgotten, too.
    for (const task of tasks) this.tasks.acknowledgeAll(task)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.deadlines.close()
    this.agents.close()
    for (const entry of this.frameworks.values()) {
      entry.queue?.push({ type: 'closed' })
      entry.queue?.end()
    }
  }

  #sendUpdate(task: TaskRecord, update: TaskUpdate): void {
    const entry = this.frameworks.get(task.framework)
    const { uuid } = update
    if (entry === undefined) return this.tasks.acknowledgeAll(task)
    const ack = (): void => {
      if (uuid !== undefined) this.tasks.acknowledge(task, uuid)
    }
    this.send(entry, { type: 'update', update, ack })
  }

  #taskForgotten(task: TaskRecord): void {
    const { agent, framework } = task
    this.hooks?.taskForgotten(task)
    if (this.tasks.ofAgent(agent).length === 0) this.agents.withoutTasks(agent)
    this.#forgetRetired(framework)
  }

  #forgetRetired(framework: string): void {
    if (this.frameworks.has(framework) || this.tasks.countOf(framework) > 0) return
    this.allocator.apply({ type: 'frameworkGone', id: framework })
    this.answered.frameworkGone(framework)
    this.hooks?.frameworkGone(framework)
  }

  /** Makes something else of what is free on an agent; resolves when that is kept. */
  async #convertFree(agent: string, change: AgentConversion): Promise<() => void> {
    this.allocator.apply({ type: 'convert', agent, ...change })
    const kept = this.hooks?.convert(agent, [change])
    this.convertAgent(agent, change)
    this.requestPass()
    return (await kept) ?? (() => {})
  }

  #taskResources(task: TaskRecord, change: 'freed' | 'used'): void {
    const { framework, role, agent, take: resources } = task
    if (change === 'freed') this.giveBack({ framework, role, agent, resources, grantIds: [] })
    else if (this.allocator.agent(agent) !== undefined)
      this.allocator.apply({ type: 'take', framework, role, agent, resources, force: true })
    this.changes.note(agent)
  }

  /** A filter is over then. */
  #wakeAt(atMs: number): void {
    if (this.#wakes.has(atMs)) return
    this.#wakes.add(atMs)
    this.deadlines.at(atMs, () => {
      this.#wakes.delete(atMs)
      this.requestPass()
    })
  }
}
