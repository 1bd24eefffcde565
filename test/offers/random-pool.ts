import { expect } from 'vitest'
import type { Random } from '../../src/core/index.js'
import { createSeededRandom } from '../../src/core/index.js'
import type {
  AgentHandle,
  AllocatorOptions,
  AuditEntry,
  Offer,
  Session,
  TaskState,
} from '../../src/offers/index.js'
import { ResourceSet, resources, restoreAllocator } from '../../src/offers/index.js'
import { isFinalState } from '../../src/offers/pool/task-state.js'
import { heard, PoolWorld } from './pool-world.js'

const ROLES = ['eng/web', 'eng/db', 'ops']
/** What shares and limits are made of. */
const SCALARS = ['cpus', 'mem']

/** Frameworks, agents and tasks that do anything at random, and what must hold after each of it. */
export class RandomPool {
  readonly world: PoolWorld
  readonly #random: Random
  readonly #handles = new Map<string, AgentHandle>()
  readonly #specs = new Map<string, ResourceSet>()
  readonly #sessions = new Map<string, Session>()
  readonly #offers = new Map<string, { offer: Offer; session: Session }>()
  /** State by framework and task, as the frameworks heard it. */
  readonly #heard = new Map<string, TaskState>()
  readonly #dead = new Set<string>()
  #tasks = 0
  /** Amounts by role with a quota and resource, at the last look. */
  readonly #used = new Map<string, number>()
  #returned = false

  constructor(seed: number, allocator: AllocatorOptions = {}) {
    this.world = new PoolWorld({ offerTimeoutMs: 5_000, allocator: { visit: 'insertion', ...allocator } })
    this.#random = createSeededRandom(seed)
    this.world.pool.roles.quota(
      {
        eng: { limits: { cpus: 6, mem: 640 } },
        'eng/db': { limits: { cpus: 3, mem: 320 } },
        ops: { guarantees: { cpus: 2, mem: 64 } },
      },
      { force: true },
    )
    for (let n = 0; n < 4; n++) this.#addAgent(`a${n}`)
    for (const [n, role] of ROLES.entries()) this.#subscribe(`f${n}`, role)
  }

  async command(): Promise<string> {
    const commands = [
      () => this.#accept(),
      () => this.#accept(),
      () => this.#decline(),
      () => this.#report(),
      () => this.#report(),
      () => this.#claim(),
      () => this.#agent(),
      () => this.#reconnect(),
      () => this.#wait(),
      () => this.#kill(),
      () => this.#request(),
      () => this.#grow(),
      () => this.#occupy(),
      () => this.#leave(),
      () => this.#replace(),
    ]
    const at = this.#below(commands.length)
    await commands[at]!()
    this.world.pool.step()
    this.#listen()
    return `command ${at}`
  }

  /** Every law that can be seen from outside. */
  check(): void {
    const { allocator } = this.world.pool
    const held = new Map<string, ResourceSet>()
    for (const { agent, resources: set } of this.#heldByAllocator())
      held.set(agent, (held.get(agent) ?? ResourceSet.empty).plus(set))
    for (const { id, free } of allocator.agents()) {
      const total = this.#specs.get(id)!
      expect(free.plus(held.get(id) ?? ResourceSet.empty).toString(), `total of ${id}`).toBe(total.toString())
    }
    for (const id of this.#offers.keys()) expect(this.#dead.has(id), `${id} lives again`).toBe(false)
    const audit = allocator.audit()
    for (const [role, { limits }] of allocator.quotas()) {
      for (const resource of SCALARS) {
        const key = `${resource} of ${role}`
        const used = audit.find(({ path }) => path === role)?.used[resource] ?? 0
        const most = Math.max(limits?.[resource] ?? Infinity, this.#used.get(key) ?? 0)
        // Tasks that come back with their agent may exceed it; then nothing is added.
        if (!this.#returned) expect(used, `limit on ${key}`).toBeLessThanOrEqual(most)
        this.#used.set(key, used)
      }
    }
    this.#returned = false
    const restored = restoreAllocator(allocator.snapshot(), { visit: 'insertion' })
    expect(restored.snapshot()).toEqual(allocator.snapshot())
    const nowMs = this.world.env.clock.now()
    expect(JSON.stringify(restored.run(nowMs))).toBe(JSON.stringify(allocator.fork().run(nowMs)))
    for (const resource of SCALARS) this.#checkSums(audit, resource)
    this.#checkPlaces()
    this.#checkHeldDemand()
  }

  /** What is held of demands is held by offers that are open. */
  #checkHeldDemand(): void {
    const open = [...this.#offers.values()].map(
      ({ offer, session }) => `${session.id} ${offer.role} ${offer.agent.id}`,
    )
    for (const { id, held } of this.world.pool.allocator.snapshot().frameworks)
      for (const { role, agent } of held) {
        const at = open.indexOf(`${id} ${role} ${agent}`)
        expect(at, `an open offer of ${agent} to ${id}`).toBeGreaterThanOrEqual(0)
        open.splice(at, 1)
      }
  }

  /** What the order adds up to: a role uses what its frameworks and the roles below it use. */
  #checkSums(audit: readonly AuditEntry[], resource: string): void {
    const entries = audit.filter(({ path }) => !path.startsWith('keelson.dev'))
    const amount = (path: string): number => entries.find(each => each.path === path)?.used[resource] ?? 0
    for (const { path, kind } of entries) {
      if (kind !== 'role') continue
      const below = entries.filter(
        each => each.path.startsWith(`${path}/`) && !each.path.slice(path.length + 1).includes('/'),
      )
      const sum = below.reduce((total, each) => total + amount(each.path), 0)
      expect(amount(path), `${resource} that ${path} uses`).toBeCloseTo(sum, 3)
    }
    const held = this.#heldByAllocator()
      .filter(({ role }) => !role.startsWith('keelson.dev'))
      .map(each => each.resources.quantities()[resource] ?? 0)
      .reduce((sum, each) => sum + each, 0)
    const used = ROLES.map(role => role.split('/')[0]!).filter((role, at, all) => all.indexOf(role) === at)
    expect(
      used.reduce((sum, role) => sum + amount(role), 0),
      `${resource} that all use`,
    ).toBeCloseTo(held, 3)
  }

  /** A task that has not ended is on an agent that is there, or it is unreachable. */
  #checkPlaces(): void {
    const there = new Set([...this.world.pool.allocator.agents()].map(({ id }) => id))
    for (const session of this.#sessions.values()) {
      if (!session.connected) continue
      for (const { task, state, agent } of session.reconcile())
        if (!isFinalState(state))
          expect(there.has(agent!) !== (state === 'unreachable'), `${task} is ${state} on ${agent}`).toBe(
            true,
          )
    }
  }

  /** All that a replay must come to again. */
  get outcome(): string {
    const { allocator } = this.world.pool
    return JSON.stringify([
      allocator.snapshot(),
      allocator.audit(),
      this.world.calls.map(({ call, task }) => [call, task]),
    ])
  }

  #heldByAllocator(): readonly { framework: string; role: string; agent: string; resources: ResourceSet }[] {
    const { agents } = this.world.pool.allocator.snapshot()
    return agents.flatMap(({ spec, allocations }) =>
      allocations.map(each => ({ ...each, agent: spec.id, resources: resources(each.resources) })),
    )
  }

  #listen(): void {
    for (const [id, session] of this.#sessions) {
      const { offers, rescinds, updates } = heard(session)
      for (const offer of offers) {
        expect(this.#offers.has(offer.id) || this.#dead.has(offer.id)).toBe(false)
        this.#offers.set(offer.id, { offer, session })
      }
      for (const { offer } of rescinds) this.#bury(offer)
      for (const { update, ack } of updates) {
        const key = `${id} ${update.task}`
        const before = this.#heard.get(key)
        if (before !== undefined && isFinalState(before)) expect(update.state, `${key} ended`).toBe(before)
        this.#heard.set(key, update.state)
        if (this.#below(3) > 0) ack()
      }
    }
  }

  #bury(id: string): void {
    this.#offers.delete(id)
    this.#dead.add(id)
  }

  async #accept(): Promise<void> {
    const entry = this.#any([...this.#offers.values()])
    if (entry === undefined) return
    const { offer, session } = entry
    this.#bury(offer.id)
    if (!session.connected) return
    const tasks = Array.from({ length: this.#below(3) }, () => ({
      id: `t${this.#tasks++}`,
      need: { cpus: 0.5 + this.#below(3) / 2, mem: 16 * this.#below(4) },
    }))
    const reserved = resources([{ name: 'mem', value: 16, reservations: [{ role: offer.role }] }])
    const extra = this.#below(4) === 0 ? [{ op: 'reserve' as const, resources: reserved }] : []
    const mode = this.#below(4) === 0 ? 'all' : 'each'
    const outcomes = await session.accept([offer], [...extra, { op: 'launch', tasks }], {
      mode,
      refuseMs: this.#below(2) * 3_000,
    })
    for (const outcome of outcomes)
      if (outcome.op === 'reserve' && outcome.ok) {
        const { id } = offer.agent
        const from = resources({ mem: 16 })
        this.#specs.set(id, this.#specs.get(id)!.minus(from).plus(reserved))
      }
  }

  async #decline(): Promise<void> {
    const entry = this.#any([...this.#offers.values()])
    if (entry === undefined) return
    this.#bury(entry.offer.id)
    if (entry.session.connected) entry.session.decline([entry.offer], { refuseMs: this.#below(3) * 2_000 })
  }

  async #report(): Promise<void> {
    const known = [...this.#sessions.values()]
      .filter(({ connected }) => connected)
      .flatMap(session => session.reconcile().map(update => ({ session, update })))
    const task = this.#any(known)
    if (task === undefined) return
    const states: TaskState[] = ['starting', 'running', 'running', 'finished', 'failed', 'killed']
    this.#handles
      .get(task.update.agent!)
      ?.report(task.session.id, { task: task.update.task, state: this.#any(states)! })
  }

  async #claim(): Promise<void> {
    const session = this.#any([...this.#sessions.values()])
    const agent = this.#any([...this.#handles.keys()])
    if (session?.connected !== true || agent === undefined) return
    session.claim([{ agent, tasks: [{ id: `t${this.#tasks++}`, need: { cpus: 1 } }] }])
  }

  async #agent(): Promise<void> {
    const id = `a${this.#below(4)}`
    const handle = this.#handles.get(id)
    const dice = this.#below(4)
    if (dice === 0) handle?.unreachable()
    else if (dice === 1) {
      const running = [...this.#sessions]
        .filter(([, { connected }]) => connected)
        .flatMap(([framework, session]) =>
          session
            .reconcile()
            .filter(({ agent }) => agent === id && this.#below(2) === 0)
            .map(({ task }) => ({ framework, task })),
        )
      handle?.reachable(running)
      this.#returned = true
    } else if (this.world.pool.allocator.agent(id) !== undefined) {
      if (dice === 2) handle?.deactivate()
      else handle?.reactivate()
    }
  }

  async #reconnect(): Promise<void> {
    const n = this.#below(ROLES.length)
    const id = `f${n}`
    if (this.#below(2) === 0) this.#sessions.get(id)?.disconnect()
    this.#subscribe(id, ROLES[n]!)
  }

  async #wait(): Promise<void> {
    await this.world.env.advance(this.#below(4_000))
  }

  async #kill(): Promise<void> {
    const session = this.#any([...this.#sessions.values()].filter(({ connected }) => connected))
    const task = this.#any(session?.reconcile() ?? [])
    if (task !== undefined) session?.kill(task.task)
  }

  async #request(): Promise<void> {
    const session = this.#any([...this.#sessions.values()].filter(({ connected }) => connected))
    const demands = [undefined, [], [{ shape: { cpus: 1 }, count: 1 + this.#below(3) }]]
    session?.request(demands[this.#below(demands.length)])
  }

  /** An agent gets more; what is offered of it is taken back. */
  async #grow(): Promise<void> {
    const id = `a${this.#below(4)}`
    if (this.world.pool.allocator.agent(id) === undefined) return
    const more = this.#specs.get(id)!.plus(resources({ cpus: 1 }))
    this.#specs.set(id, more)
    this.#handles.get(id)?.update({ resources: more })
  }

  /** Others use up to three cpus of an agent, whether or not they are free. */
  async #occupy(): Promise<void> {
    const id = `a${this.#below(4)}`
    const { free } = this.world.pool.allocator.agent(id) ?? {}
    const used = resources({ cpus: this.#below(4) })
    if (free?.contains(used) === true) this.#handles.get(id)?.occupy(used)
  }

  /** A framework leaves for good; another of its id may come while its tasks are being stopped. */
  async #leave(): Promise<void> {
    if (this.#below(3) > 0) return
    const n = this.#below(ROLES.length)
    this.#subscribe(`f${n}`, ROLES[n]!, 0)
    this.#sessions.get(`f${n}`)?.disconnect()
    for (const [offer, { session }] of this.#offers) if (session.id === `f${n}`) this.#bury(offer)
    for (const key of [...this.#heard.keys()]) if (key.startsWith(`f${n} `)) this.#heard.delete(key)
  }

  /** An agent is gone with all that ran there, and another one of its name comes. */
  async #replace(): Promise<void> {
    if (this.#below(3) > 0) return
    const id = `a${this.#below(4)}`
    this.#handles.get(id)?.remove({ mayReturn: true })
    this.#addAgent(id)
  }

  #subscribe(id: string, role: string, failoverMs = 60_000): void {
    for (const [offer, { session }] of this.#offers) if (session.id === id) this.#bury(offer)
    this.#sessions.set(id, this.world.pool.subscribe({ name: id, id, roles: [role], failoverMs }))
  }

  #addAgent(id: string): void {
    const text = 'cpus:4;mem:256;ports:[31000-31009]'
    this.#specs.set(id, resources(text))
    this.#handles.set(id, this.world.agent(id, text))
  }

  #any<T>(list: readonly T[]): T | undefined {
    return list[this.#below(list.length)]
  }

  #below(bound: number): number {
    return Math.floor(this.#random.next() * bound)
  }
}

/** Runs a pool of a seed for so many commands, and checks every law after each. */
export async function runRandomPool(
  seed: number,
  commands: number,
  allocator: AllocatorOptions = {},
): Promise<RandomPool> {
  const pool = new RandomPool(seed, allocator)
  for (let step = 0; step < commands; step++) {
    await pool.command()
    pool.check()
  }
  return pool
}
