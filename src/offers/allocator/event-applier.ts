import { InvalidError } from '../../core/index.js'
import type { QuotaBounds } from '../../core/internal.js'
import { deepEqual, wholeNumber } from '../../core/internal.js'
import { ResourceSet } from '../resources/resource-set.js'
import { ROLE_NAME_LENGTH_MAX, roleNameProblem } from '../resources/role-name.js'
import type { Ledger } from './allocation-ledger.js'
import type { Client, FrameworkRecord } from './allocation-records.js'
import type { AllocatorEvent, Quota, RoleSubscription } from './allocator-event.js'
import type { DirtyAgents } from './dirty-agents.js'
import type { FilterTable } from './filter-table.js'
import type { Gates } from './grant-gates.js'
import { holdingOf } from './holding.js'
import { assertQuota } from './quota-check.js'
import { constraintsOf, demandOf, minimumOf } from './subscription.js'

/** Most roles of one framework, and most levels of a role. */
const ROLES_MAX = 1_000
const DEPTH_MAX = 16

/** What events change. */
export interface ApplierParts {
  readonly ledger: Ledger
  readonly filters: FilterTable
  readonly dirty: DirtyAgents
  readonly gates: Gates
}

type EventOf<K extends AllocatorEvent['type']> = Extract<AllocatorEvent, { type: K }>

/** Takes events in: checks each one first, changes the state, and notes which agents a pass must look at. */
export class EventApplier {
  readonly #parts: ApplierParts
  readonly quotas: Map<string, Quota> = new Map()

  constructor(parts: ApplierParts) {
    this.#parts = parts
  }

  /** An event that is refused changes nothing; names of resources that only it knows are forgotten, too. */
  apply(event: AllocatorEvent): void {
    const { columns } = this.#parts.ledger
    const known = columns.names.length
    try {
      this.#apply(event)
    } catch (error) {
      columns.forgetAfter(known)
      throw error
    }
  }

  #apply(event: AllocatorEvent): void {
    switch (event.type) {
      case 'agent':
        return this.#agent(event)
      case 'agentGone':
        return this.#agentGone(event)
      case 'agentState':
        return this.#agentState(event)
      case 'framework':
        return this.#framework(event)
      case 'frameworkGone':
        return this.#frameworkGone(event)
      case 'frameworkState':
        return this.#frameworkState(event)
      case 'suppress':
      case 'revive':
        return this.#suppress(event)
      case 'demand':
        return this.#demand(event)
      case 'weight':
        return this.#parts.ledger.setWeight(roleName(event.role), event.weight)
      case 'quota':
        return this.#quota(event)
      case 'quotas':
        return this.#quotas(event)
      case 'grants':
        return this.#grants(event)
      case 'return':
        return this.#return(event)
      case 'answered':
        return this.#answered(event)
      case 'take':
        return this.#take(event)
      case 'convert':
        return this.#convert(event)
      default:
        throw fault('type', (event as { type: unknown }).type, 'must be the type of an event')
    }
  }

  #agent({ agent: spec }: EventOf<'agent'>): void {
    const { ledger, filters, gates, dirty } = this.#parts
    if (spec.id === '') throw fault('agent.id', spec.id, 'must not be empty')
    if (!(spec.resources instanceof ResourceSet))
      throw fault('agent.resources', spec.resources, 'must be a ResourceSet; make one with resources()')
    const before = ledger.agents.get(spec.id)
    const changed =
      before !== undefined &&
      !(
        before.spec.host === spec.host &&
        deepEqual(before.spec.attributes ?? {}, spec.attributes ?? {}) &&
        deepEqual(before.spec.topology ?? [], spec.topology ?? [])
      )
    const agent = ledger.putAgent(spec)
    gates.classify(agent)
    if (changed) {
      filters.dropOfAgent(agent)
      for (const { clients } of ledger.frameworks.values())
        for (const client of clients.values()) client.verdicts.delete(agent)
    }
    dirty.add(agent)
    this.#roomChanged()
  }

  #agentGone({ id }: EventOf<'agentGone'>): void {
    const { ledger, filters, dirty } = this.#parts
    const agent = ledger.agentOf(id)
    const clients = [...agent.allocations.keys()]
    filters.dropOfAgent(agent)
    ledger.removeAgent(agent)
    dirty.delete(agent)
    for (const { clients: all } of ledger.frameworks.values())
      for (const client of all.values()) {
        client.verdicts.delete(agent)
        ledger.uncover(client, agent)
      }
    for (const client of clients) this.#removeIfDone(client)
    this.#roomChanged()
  }

  #agentState({ id, active }: EventOf<'agentState'>): void {
    const { ledger, dirty } = this.#parts
    const agent = ledger.agentOf(id)
    ledger.setAgentActive(agent, active)
    if (active) dirty.add(agent)
    this.#roomChanged()
  }

  #framework(event: EventOf<'framework'>): void {
    const { ledger, dirty } = this.#parts
    const { id, roles, capabilities = [], uses = [] } = event
    if (id === '') throw fault('framework.id', id, 'must not be empty')
    if (roles.length > ROLES_MAX)
      throw fault('framework.roles', roles.length, `must be at most ${ROLES_MAX} roles`)
    const prepared = roles.map(subscription => this.#prepare(subscription))
    if (new Set(roles.map(({ role }) => role)).size < roles.length)
      throw fault('framework.roles', id, 'must not name a role twice')
    const framework = ledger.frameworks.get(id) ?? newFramework(id)
    ledger.frameworks.set(id, framework)
    framework.capabilities = new Set(capabilities)
    framework.uses = new Set(uses)
    for (const client of [...framework.clients.values()])
      if (!roles.some(({ role }) => role === client.role.path)) this.#unsubscribe(client)
    for (const { role, update } of prepared) {
      const client = framework.clients.get(role) ?? ledger.addClient(framework, role)
      Object.assign(client, update)
      client.verdicts.clear()
      ledger.demandChanged(client)
      ledger.refresh(client)
    }
    dirty.addAll()
  }

  /** Checks a subscription and makes it ready, before anything is changed. */
  #prepare(subscription: RoleSubscription): { role: string; update: Partial<Client> } {
    const { columns } = this.#parts.ledger
    const { role, suppressed = false, minAllocatable, demand } = subscription
    const update: Partial<Client> = {
      subscription,
      subscribed: true,
      suppressed,
      minAllocatable: minAllocatable === undefined ? undefined : minimumOf(minAllocatable, columns),
      constraints: constraintsOf(subscription),
      demand: demandOf(demand, columns),
    }
    return { role: roleName(role), update }
  }

  #unsubscribe(client: Client): void {
    client.subscribed = false
    this.#parts.filters.dropOfClient(client)
    this.#parts.ledger.refresh(client)
    this.#removeIfDone(client)
  }

  #frameworkGone({ id }: EventOf<'frameworkGone'>): void {
    const { ledger, filters, dirty } = this.#parts
    const framework = ledger.frameworkOf(id)
    for (const client of [...framework.clients.values()]) {
      filters.dropOfClient(client)
      client.subscribed = false
      ledger.refresh(client)
      for (const agent of [...client.agents]) {
        const holding = agent.allocations.get(client)
        if (holding !== undefined) ledger.release(client, agent, holding)
        dirty.add(agent)
      }
      ledger.removeClient(client)
    }
    ledger.frameworks.delete(id)
    this.#roomChanged()
  }

  #frameworkState({ id, active }: EventOf<'frameworkState'>): void {
    const { ledger, dirty } = this.#parts
    const framework = ledger.frameworkOf(id)
    framework.active = active
    for (const client of framework.clients.values()) ledger.refresh(client)
    if (active) dirty.addAll()
  }

  #suppress({ type, framework, roles = [] }: EventOf<'suppress' | 'revive'>): void {
    const { ledger, filters, dirty } = this.#parts
    const { clients } = ledger.frameworkOf(framework)
    const named =
      roles.length === 0 ? [...clients.values()] : roles.map(role => ledger.clientOf(framework, role))
    for (const client of named) {
      client.suppressed = type === 'suppress'
      if (type === 'revive') filters.dropOfClient(client)
      ledger.refresh(client)
    }
    if (type === 'revive') dirty.addAll()
  }

  #demand({ framework, role, demand }: EventOf<'demand'>): void {
    const { ledger, dirty } = this.#parts
    const client = ledger.clientOf(framework, role)
    client.demand = demandOf(demand, ledger.columns)
    client.subscription = { ...client.subscription, demand }
    ledger.demandChanged(client)
    ledger.refresh(client)
    if (demand === undefined || demand.length > 0) dirty.addAll()
    this.#roomChanged()
  }

  #quota({ role, quota }: EventOf<'quota'>): void {
    const after = new Map(this.quotas)
    if (Object.keys(quota).length === 0) after.delete(role)
    else after.set(roleName(role), quota)
    assertQuota(role, after)
    this.#setBounds(role, quota, this.#boundsOf(quota))
    this.#parts.dirty.addAll()
  }

  #quotas({ quotas }: EventOf<'quotas'>): void {
    const after = new Map(Object.entries(quotas))
    for (const role of after.keys()) assertQuota(roleName(role), after)
    const prepared = [...after].map(([role, quota]) => ({ role, quota, bounds: this.#boundsOf(quota) }))
    for (const role of this.quotas.keys()) if (!after.has(role)) this.#setBounds(role, {}, {})
    for (const { role, quota, bounds } of prepared) this.#setBounds(role, quota, bounds)
    this.#parts.dirty.addAll()
  }

  #boundsOf({ guarantees, limits, lendingLimits }: Quota): QuotaBounds {
    const { columns } = this.#parts.ledger
    return {
      guarantee: guarantees && columns.vectorOfQuantities(guarantees),
      limit: limits && columns.vectorOfQuantities(limits, Number.POSITIVE_INFINITY),
      lending: lendingLimits && columns.vectorOfQuantities(lendingLimits),
    }
  }

  #setBounds(role: string, quota: Quota, bounds: QuotaBounds): void {
    this.#parts.ledger.quota.setBounds(role, bounds)
    if (Object.keys(quota).length > 0) this.quotas.set(role, quota)
    else {
      this.quotas.delete(role)
      this.#parts.ledger.forgetIdle(role)
    }
  }

  #grants({ framework, role, grants }: EventOf<'grants'>): void {
    const { ledger } = this.#parts
    const [problem] = wholeNumber('grants', grants)
    if (problem !== undefined) throw new InvalidError('allocator event', [problem])
    ledger.setGrants(ledger.clientOf(framework, role), grants)
  }

  #return({ framework, role, agent: id, resources, filter, grantIds }: EventOf<'return'>): void {
    const { ledger, filters, dirty } = this.#parts
    const client = ledger.clientOf(framework, role)
    const agent = ledger.agentOf(id)
    const holding = holdingOf(resources, ledger.columns)
    ledger.release(client, agent, holding)
    if (filter !== undefined) {
      const untilMs = filter.untilMs === 'changed' ? Number.POSITIVE_INFINITY : filter.untilMs
      filters.add({ client, agent }, holding, untilMs)
    }
    if (ledger.uncover(client, agent, grantIds)) dirty.addAll()
    dirty.add(agent)
    this.#removeIfDone(client)
    this.#roomChanged()
  }

  #answered({ framework, role, agent, grantIds }: EventOf<'answered'>): void {
    const { ledger, dirty } = this.#parts
    if (ledger.uncover(ledger.clientOf(framework, role), ledger.agentOf(agent), grantIds)) dirty.addAll()
  }

  #take({ framework, role, agent: id, resources, force = false }: EventOf<'take'>): void {
    const { ledger } = this.#parts
    const agent = ledger.agentOf(id)
    const holding = holdingOf(resources, ledger.columns)
    if (!force && !agent.hasFree(holding))
      throw fault('resources', resources.toString(), `must be free on ${id}`)
    ledger.hold(ledger.clientOf(framework, role), agent, holding)
  }

  #convert({ agent: id, framework, role, from, to }: EventOf<'convert'>): void {
    const { ledger, gates, dirty } = this.#parts
    const client =
      framework === undefined || role === undefined ? undefined : ledger.clientOf(framework, role)
    const agent = ledger.agentOf(id)
    ledger.convert(agent, client, { from, to })
    gates.classify(agent)
    dirty.add(agent)
    this.#roomChanged()
  }

  #removeIfDone(client: Client): void {
    if (!client.subscribed && client.agents.size === 0) this.#parts.ledger.removeClient(client)
  }

  /** With quotas, room in one place may be what a limit or a guarantee had kept somebody from elsewhere. */
  #roomChanged(): void {
    if (!this.#parts.ledger.quota.isEmpty) this.#parts.dirty.addAll()
  }
}

function newFramework(id: string): FrameworkRecord {
  return { id, active: true, capabilities: new Set(), uses: new Set(), clients: new Map() }
}

function roleName(role: string): string {
  const problem = roleNameProblem(role)
  if (problem !== undefined) throw fault('role', role, `is no name of a role: ${problem}`)
  if (role.length > ROLE_NAME_LENGTH_MAX || role.split('/').length > DEPTH_MAX)
    throw fault('role', role, `must have at most ${DEPTH_MAX} levels and ${ROLE_NAME_LENGTH_MAX} characters`)
  return role
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('allocator event', [{ field, value, message }])
}
