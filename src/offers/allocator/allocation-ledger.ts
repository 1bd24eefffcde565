import { InvalidError } from '../../core/index.js'
import type { FairNode } from '../../core/internal.js'
import { FairTree, QuotaTree, weightThousandths } from '../../core/internal.js'
import type { Chunk } from '../resources/chunk.js'
import { ResourceSet } from '../resources/resource-set.js'
import type { Client, FrameworkRecord, Member, RoleRecord } from './allocation-records.js'
import { AgentRecord, lessSpecial, withoutShared } from './allocation-records.js'
import type { AgentSpec } from './allocator-event.js'
import type { Vector } from './columns.js'
import { addTo, Columns } from './columns.js'
import { HeldDemand } from './held-demand.js'
import type { Holding } from './holding.js'
import {
  boundedVector,
  holdingOf,
  isEmptyHolding,
  NOTHING,
  plusHolding,
  scalarVector,
  setOf,
  tryMinusHolding,
} from './holding.js'
import { isWanting } from './subscription.js'
import { WaitingDemand } from './waiting-demand.js'

/** Tasks of a demand that a grant holds, by line. */
interface HeldTasks {
  /** Of the grant. */
  readonly id: number
  readonly tasks: readonly number[]
}

/** The frameworks of a role itself, beside the roles below it. */
export const OWN_GROUP = '.'

/**
 * Who has what of which agent. Keeps, with every change and at the cost of the change: what is free, the order of
 * clients, what roles consume of their quotas, and the room that guarantees need.
 */
export class Ledger {
  readonly columns: Columns = new Columns()
  readonly agents: Map<string, AgentRecord> = new Map()
  readonly frameworks: Map<string, FrameworkRecord> = new Map()
  readonly roles: Map<string, RoleRecord> = new Map()
  readonly quota: QuotaTree = new QuotaTree()
  readonly #waiting = new WaitingDemand(this.quota)
  readonly tree: FairTree<Member> = new FairTree<Member>(this.quota.root)
  /** Bounded amounts that are free on active agents: what unmet guarantees can be met from. */
  readonly available: number[] = []
  /** Scalars of all agents. */
  readonly totals: number[] = []
  /** Weights of roles that were set, whether or not the roles exist. */
  readonly weights: Map<string, number> = new Map()
  readonly #exclude: ReadonlySet<string>
  readonly #vacantIds: number[] = []
  #clientIds = 0
  /** Of the next grant. */
  grantId = 1
  #sequence = 0
  /** Above the versions of all agents that were removed, so that none that comes back is taken for what it was. */
  #versionMin = 1

  /** @param exclude resources that do not count for shares */
  constructor(exclude: readonly string[]) {
    this.#exclude = new Set(exclude)
  }

  agentOf(id: string): AgentRecord {
    const agent = this.agents.get(id)
    if (agent === undefined) throw unknown('agent', id)
    return agent
  }

  frameworkOf(id: string): FrameworkRecord {
    const framework = this.frameworks.get(id)
    if (framework === undefined) throw unknown('framework', id)
    return framework
  }

  clientOf(framework: string, role: string): Client {
    const client = this.frameworkOf(framework).clients.get(role)
    if (client === undefined) throw unknown('role', `${role} of ${framework}`)
    return client
  }

  roleOf(path: string): RoleRecord {
    const known = this.roles.get(path)
    if (known !== undefined) return known
    const at = path.lastIndexOf('/')
    const parent = at < 0 ? this.tree.root : this.roleOf(path.slice(0, at)).group
    const quota = this.quota.node(path)
    const group = this.tree.add({ name: path.slice(at + 1), parent, leaf: false }, quota)
    const own = this.tree.add({ name: OWN_GROUP, parent: group, leaf: false }, quota)
    const role = { path, group, own, quota }
    this.roles.set(path, role)
    const weight = this.weights.get(path)
    if (weight !== undefined) this.tree.setWeight(group, weight)
    return role
  }

  setWeight(path: string, weight: number): void {
    weightThousandths(weight)
    this.tree.setWeight(this.roleOf(path).group, weight)
    this.weights.set(path, weight)
  }

  addClient(framework: FrameworkRecord, path: string): Client {
    const role = this.roleOf(path)
    const id = this.#vacantIds.pop() ?? this.#clientIds++
    const place = { name: framework.id, parent: role.own, leaf: true }
    const client = makeClient(framework, role, id)
    client.leaf = this.tree.add(place, client)
    framework.clients.set(path, client)
    return client
  }

  /** Clients that ask for something in particular. */
  get demanding(): ReadonlySet<Client> {
    return this.#waiting.demanding
  }

  /** A grant to a client holds so many more tasks of its demand, by line. */
  cover(client: Client, agent: AgentRecord, { id, tasks }: HeldTasks): void {
    client.held.add(agent, id, tasks)
    this.#waiting.refresh(client)
  }

  /** Grants on an agent, by default all, hold nothing of the client's demand any more. False: they held nothing. */
  uncover(client: Client, agent: AgentRecord, grantIds?: readonly number[]): boolean {
    if (!client.held.remove(agent, grantIds)) return false
    this.#waiting.refresh(client)
    return true
  }

  /** The demand of a client is another one; what open offers hold counts no more. */
  demandChanged(client: Client): void {
    client.held.clear()
    this.#waiting.refresh(client)
  }

  /** Takes out a client that has nothing. */
  removeClient(client: Client): void {
    this.#waiting.drop(client)
    this.tree.remove(client.leaf)
    client.framework.clients.delete(client.role.path)
    this.#vacantIds.push(client.id)
    this.forgetIdle(client.role.path)
  }

  /** Forgets a role, and those above it, of which nothing is left: no clients, roles below, weight, quota or use. */
  forgetIdle(path: string): void {
    const role = this.roles.get(path)
    if (role === undefined || role.own.size > 0 || role.group.size > 1) return
    if (this.weights.has(path) || !this.quota.remove(path)) return
    this.tree.remove(role.own)
    this.tree.remove(role.group)
    this.roles.delete(path)
    const at = path.lastIndexOf('/')
    if (at >= 0) this.forgetIdle(path.slice(0, at))
  }

  /** Sets the number of grants of a client; groups above it count them too. */
  setGrants(client: Client, grants: number): void {
    const more = grants - client.leaf.count
    for (let node: FairNode<Member> | undefined = client.leaf; node !== undefined; node = node.parent)
      this.tree.setCount(node, node.count + more)
  }

  /** Puts a client among those who take part, or out of them. */
  refresh(client: Client): void {
    this.tree.setActive(client.leaf, isWanting(client))
  }

  /** Adds an agent, or gives it other resources. What is allocated stays, even where there is less now. */
  putAgent(spec: AgentSpec): AgentRecord {
    const known = this.agents.get(spec.id)
    const before = known?.total ?? NOTHING
    const total = holdingOf(spec.resources, this.columns)
    this.#assertCountable(total, before)
    const agent = known ?? new AgentRecord(spec, { sequence: this.#sequence++, version: this.#versionMin })
    if (known !== undefined) this.#countFree(agent, -1)
    agent.spec = spec
    agent.setTotal(total)
    this.agents.set(spec.id, agent)
    this.#countTotal(before, -1)
    this.#countTotal(agent.total, 1)
    this.#recomputeFree(agent)
    this.#countFree(agent, 1)
    agent.version++
    return agent
  }

  /** Takes an agent out; whoever has something there has it no more. */
  removeAgent(agent: AgentRecord): void {
    for (const client of [...agent.allocations.keys()])
      this.release(client, agent, agent.allocations.get(client) as Holding)
    this.#countFree(agent, -1)
    this.#countTotal(agent.total, -1)
    this.agents.delete(agent.spec.id)
    this.#versionMin = Math.max(this.#versionMin, agent.version + 1)
  }

  setAgentActive(agent: AgentRecord, active: boolean): void {
    if (agent.active === active) return
    this.#countFree(agent, -1)
    agent.active = active
    this.#countFree(agent, 1)
  }

  /** Gives a client what is free. */
  allocate(client: Client, agent: AgentRecord, holding: Holding): void {
    agent.move(holding, -1)
    const bounded = boundedVector(holding, this.columns)
    if (agent.active) addTo(this.available, bounded, -1)
    this.quota.consume(client.role.quota, bounded, 1)
    this.tree.allocate(client.leaf, scalarVector(holding, this.columns))
    const before = agent.allocations.get(client)
    agent.allocations.set(client, before === undefined ? holding : plusHolding(before, holding))
    client.agents.add(agent)
  }

  /** Records what a client has, also where the agent has no longer that much. */
  hold(client: Client, agent: AgentRecord, holding: Holding): void {
    if (agent.hasFree(holding)) return this.allocate(client, agent, holding)
    agent.shrunk = true
    this.#countFree(agent, -1)
    agent.allocations.set(client, plusHolding(agent.allocations.get(client) ?? NOTHING, holding))
    client.agents.add(agent)
    this.quota.consume(client.role.quota, boundedVector(holding, this.columns), 1)
    this.tree.allocate(client.leaf, scalarVector(holding, this.columns))
    this.#recomputeFree(agent)
    this.#countFree(agent, 1)
  }

  /** Whether any client that takes part looks at more than the amounts of an agent. */
  get hasConstraints(): boolean {
    for (const { constraints } of this.wanting()) if (constraints !== undefined) return true
    return false
  }

  /** Clients that take part. */
  *wanting(): IterableIterator<Client> {
    for (const { clients } of this.frameworks.values())
      for (const client of clients.values()) if (isWanting(client)) yield client
  }

  /** Takes back from a client; what the agent has no more does not become free. */
  release(client: Client, agent: AgentRecord, holding: Holding): void {
    const has = agent.allocations.get(client) ?? NOTHING
    const rest = tryMinusHolding(has, holding)
    if (rest === undefined) throw notHeld(client, agent)
    if (isEmptyHolding(rest)) {
      agent.allocations.delete(client)
      client.agents.delete(agent)
    } else agent.allocations.set(client, rest)
    const bounded = boundedVector(holding, this.columns)
    this.quota.consume(client.role.quota, bounded, -1)
    this.tree.release(client.leaf, scalarVector(holding, this.columns))
    if (!this.#isOvercommitted(agent)) {
      agent.move(holding, 1)
      if (agent.active) addTo(this.available, bounded)
      return
    }
    this.#countFree(agent, -1)
    this.#recomputeFree(agent)
    this.#countFree(agent, 1)
  }

  /** Replaces part of an agent by what an operation made of it, within an allocation or within what is free. */
  convert(
    agent: AgentRecord,
    client: Client | undefined,
    change: { from: ResourceSet; to: ResourceSet },
  ): void {
    const from = holdingOf(change.from, this.columns)
    const to = holdingOf(change.to, this.columns)
    const total = tryMinusHolding(agent.total, from)
    const has = client === undefined ? agent.freeHolding : (agent.allocations.get(client) ?? NOTHING)
    const rest = tryMinusHolding(has, from)
    if (total === undefined || rest === undefined) throw notHeld(client, agent)
    this.#countTotal(agent.total, -1)
    this.#countFree(agent, -1)
    agent.total = plusHolding(total, to)
    agent.spec = { ...agent.spec, resources: setOf(agent.total, this.columns) }
    if (client !== undefined) {
      agent.allocations.set(client, plusHolding(rest, to))
      this.quota.consume(client.role.quota, boundedVector(from, this.columns), -1)
      this.quota.consume(client.role.quota, boundedVector(to, this.columns), 1)
    }
    this.#recomputeFree(agent)
    this.#countFree(agent, 1)
    this.#countTotal(agent.total, 1)
    agent.version++
  }

  /** What is free, from scratch: the total without what is allocated. */
  #recomputeFree(agent: AgentRecord): void {
    const free = [...agent.total.plain]
    let special = agent.total.special
    for (const { plain, special: used } of agent.allocations.values()) {
      addTo(free, plain, -1)
      special = lessSpecial(special, used)
    }
    agent.free.length = 0
    agent.version++
    for (const amount of free) agent.free.push(Math.max(0, amount))
    agent.freeSpecial = special
  }

  /** Whether more is allocated than there is, after an agent shrank. */
  #isOvercommitted(agent: AgentRecord): boolean {
    if (agent.shrunk !== true) return false
    const left = [...agent.total.plain]
    let special = ResourceSet.empty
    for (const { plain, special: used } of agent.allocations.values()) {
      addTo(left, plain, -1)
      special = special.plus(withoutShared(used))
    }
    agent.shrunk = left.some(amount => amount < 0) || !agent.total.special.contains(special)
    return true
  }

  /** Sums are whole numbers, exact up to 2^53. */
  #assertCountable(total: Holding, before: Holding): void {
    const less = scalarVector(before, this.columns)
    for (const [column, amount] of scalarVector(total, this.columns).entries()) {
      const sum = (this.totals[column] ?? 0) - (less[column] ?? 0) + amount
      if (sum <= Number.MAX_SAFE_INTEGER) continue
      const most = Math.floor(Number.MAX_SAFE_INTEGER / 1000)
      const name = this.columns.names[column] as string
      throw new InvalidError('allocator event', [
        {
          field: `agent.resources.${name}`,
          value: sum / 1000,
          message: `must come to at most ${most} in a cluster`,
        },
      ])
    }
  }

  #countFree(agent: AgentRecord, sign: 1 | -1): void {
    if (agent.active) addTo(this.available, boundedVector(agent.freeHolding, this.columns), sign)
  }

  /** Totals for shares, and reservations, which count as consumed also while nobody uses them. */
  #countTotal(total: Holding, sign: 1 | -1): void {
    addTo(this.totals, scalarVector(total, this.columns), sign)
    for (const chunk of total.special.chunks) {
      const owner = chunk.kind.reservations?.at(-1)?.role
      if (owner === undefined || typeof chunk.value !== 'number') continue
      this.quota.consume(this.quota.node(owner), this.#reservedVector(chunk), sign)
    }
    this.tree.setTotals(this.totals, column => !this.#exclude.has(this.columns.names[column] as string))
  }

  #reservedVector({ kind, value, copies }: Chunk): Vector {
    const column = this.columns.indexOf(kind.name)
    const vector: number[] = Array.from({ length: column + 1 }, () => 0)
    vector[column] = (value as number) * (kind.disk?.volume?.shared === true ? 1 : copies)
    return vector
  }
}

function makeClient(framework: FrameworkRecord, role: RoleRecord, id: number): Client {
  return {
    id,
    framework,
    role,
    leaf: role.own,
    subscription: { role: role.path },
    subscribed: true,
    suppressed: false,
    minAllocatable: undefined,
    constraints: undefined,
    demand: undefined,
    held: new HeldDemand(),
    filtered: new Set(),
    agents: new Set(),
    verdicts: new Map(),
  }
}

function unknown(what: string, id: string): InvalidError {
  return new InvalidError('allocator event', [{ field: what, value: id, message: `must be a known ${what}` }])
}

function notHeld(client: Client | undefined, agent: AgentRecord): InvalidError {
  const owner = client === undefined ? 'free' : `held by ${client.framework.id} for ${client.role.path}`
  return new InvalidError('allocator event', [
    { field: 'resources', value: agent.spec.id, message: `must be ${owner} on the agent` },
  ])
}
