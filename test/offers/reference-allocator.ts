import { compileConstraints } from '../../src/core/index.js'
import type {
  AgentSpec,
  Grant,
  Quantities,
  Quota,
  Resource,
  RoleSubscription,
} from '../../src/offers/index.js'
import { ResourceSet, resources } from '../../src/offers/index.js'

/**
 * The allocator as one would write it to be sure of it: everything from scratch for every decision, on immutable
 * resource sets, shares as fractions of big integers. Thousands of times slower.
 */
export class ReferenceAllocator {
  readonly #agents = new Map<string, RefAgent>()
  readonly #frameworks = new Map<string, RefFramework>()
  readonly #weights = new Map<string, number>()
  readonly #quotas = new Map<string, Quota>()
  /** Grants by node of the tree. */
  readonly #counts = new Map<string, number>()
  #filters: RefFilter[] = []
  readonly #minimum: readonly Quantities[]
  readonly #home = 'home'
  /** Sums of the state as it is; forgotten when it changes. */
  readonly #sums = new Map<string, number>()

  constructor(minimum: readonly Quantities[]) {
    this.#minimum = minimum
  }

  agent(spec: AgentSpec): void {
    const known = this.#agents.get(spec.id)
    if (known !== undefined && JSON.stringify(known.spec.attributes) !== JSON.stringify(spec.attributes))
      this.#filters = this.#filters.filter(({ agent }) => agent !== spec.id)
    this.#agents.set(spec.id, { spec, held: known?.held ?? new Map() })
  }

  framework(
    id: string,
    roles: readonly RoleSubscription[],
    has: { revocable: boolean; uses: readonly string[] },
  ): void {
    this.#frameworks.set(id, { id, roles: new Map(roles.map(role => [role.role, { ...role }])), ...has })
  }

  weight(role: string, weight: number): void {
    this.#weights.set(role, weight)
  }

  quota(role: string, quota: Quota): void {
    this.#quotas.set(role, quota)
  }

  suppress(framework: string, suppressed: boolean): void {
    const { roles } = this.#frameworks.get(framework)!
    for (const [role, subscription] of roles) roles.set(role, { ...subscription, suppressed })
    if (!suppressed) this.#filters = this.#filters.filter(filter => filter.framework !== framework)
  }

  giveBack(of: Omit<Grant, 'id' | 'stage'>, untilMs?: number): void {
    const { held } = this.#agents.get(of.agent)!
    const key = keyOf(of.framework, of.role)
    held.set(key, held.get(key)!.minus(of.resources))
    if (untilMs !== undefined) this.#filters.push({ ...of, untilMs })
  }

  convert(
    agent: string,
    key: readonly [string, string],
    change: { from: ResourceSet; to: ResourceSet },
  ): void {
    const record = this.#agents.get(agent)!
    const id = keyOf(...key)
    record.held.set(id, record.held.get(id)!.minus(change.from).plus(change.to))
    record.spec = { ...record.spec, resources: record.spec.resources.minus(change.from).plus(change.to) }
  }

  run(nowMs: number): readonly Omit<Grant, 'id'>[] {
    this.#sums.clear()
    this.#filters = this.#filters.filter(({ untilMs }) => untilMs >= nowMs)
    const grants: Omit<Grant, 'id'>[] = []
    const offeredShared = new Map<string, string[]>()
    for (const stage of ['guarantee', 'share'] as const)
      for (const agent of this.#agents.values())
        for (const [framework, role] of this.#order()) {
          const shared = offeredShared.get(agent.spec.id) ?? []
          const give = this.#give(stage, agent, [framework, role], shared)
          if (give === undefined) continue
          this.#sums.clear()
          const key = keyOf(framework.id, role)
          agent.held.set(key, (agent.held.get(key) ?? ResourceSet.empty).plus(give))
          offeredShared.set(agent.spec.id, [...shared, ...[...give].filter(isShared).map(volumeId)])
          for (const node of nodesOf(framework.id, role))
            this.#counts.set(node, (this.#counts.get(node) ?? 0) + 1)
          const same = grants.find(
            g => g.framework === framework.id && g.role === role && g.agent === agent.spec.id,
          )
          if (same === undefined)
            grants.push({ framework: framework.id, role, agent: agent.spec.id, resources: give, stage })
          else Object.assign(same, { resources: same.resources.plus(give) })
        }
    return grants
  }

  #give(
    stage: 'guarantee' | 'share',
    agent: RefAgent,
    [framework, role]: Client,
    shared: readonly string[],
  ): ResourceSet | undefined {
    const { spec } = agent
    const subscription = framework.roles.get(role)!
    const { constraints = [], minAllocatable = this.#minimum } = subscription
    const attributes = spec.attributes ?? {}
    if (
      constraints.length > 0 &&
      !constraints.some(group => compileConstraints(group).evaluate(attributes).length === 0)
    )
      return undefined
    const place = spec.topology?.[0]
    if (place !== undefined && place !== this.#home) return undefined
    if ((spec.resources.quantities()['gpus'] ?? 0) > 0 && !framework.uses.includes('gpus')) return undefined
    const free = this.#freeOf(agent)
    if ([...free].every(isShared)) return undefined
    let give = ResourceSet.empty
    let guaranteed = false
    for (const [name, amount] of free.filter(isPlain).thousandths()) {
      const limit = this.#room(role, name)
      const entitled = stage === 'guarantee' ? Math.min(amount, limit, this.#entitlement(role, name)) : 0
      if (entitled > 0) guaranteed = true
      const extra = Math.max(0, Math.min(amount - entitled, limit - entitled, this.#spare(name)))
      give = give.plus(one({ name, value: (entitled + extra) / 1000 }))
    }
    if (stage === 'guarantee' && !guaranteed) return undefined
    const mine = free
      .filter(resource => !isPlain(resource))
      .allocatableTo(role)
      .filter(resource => framework.revocable || resource.revocable !== true)
      .filter(resource => !isShared(resource) || !shared.includes(volumeId(resource)))
      .filter(
        ({ reservations }) =>
          stage === 'share' || reservations === undefined || reservations.at(-1)!.role === role,
      )
    let devices = ResourceSet.empty
    for (const resource of mine) {
      const device = one(resource)
      if (isBoundedDevice(resource)) {
        const asked = (give.thousandths().get('disk') ?? 0) + (devices.thousandths().get('disk') ?? 0)
        const size = device.thousandths().get('disk') ?? 0
        if (this.#quotas.size > 0 && asked + size > Math.min(this.#room(role, 'disk'), this.#spare('disk')))
          continue
        devices = devices.plus(device)
      }
    }
    give = give.plus(mine.filter(resource => !isBoundedDevice(resource))).plus(devices)
    if ([...give].every(isShared)) return undefined
    const counts = countsOf(give)
    const enough =
      minAllocatable.length === 0 ||
      minAllocatable.some(alternative =>
        Object.entries(alternative).every(([name, least]) => (counts.get(name) ?? 0) >= least * 1000),
      )
    if (!enough) return undefined
    const refused = this.#filters.some(
      filter =>
        filter.framework === framework.id &&
        filter.role === role &&
        filter.agent === spec.id &&
        filter.resources.contains(give),
    )
    return refused ? undefined : give
  }

  #freeOf({ spec, held }: RefAgent): ResourceSet {
    let free = spec.resources
    for (const set of held.values()) free = free.minus(set.filter(resource => !isShared(resource)))
    return free
  }

  /** Clients in the order of the tree, from scratch. */
  #order(): readonly Client[] {
    const clients = [...this.#frameworks.values()].flatMap(framework =>
      [...framework.roles].map(([role, subscription]) => ({ framework, role, subscription })),
    )
    const ways = clients
      .filter(({ subscription }) => subscription.suppressed !== true)
      .map(({ framework, role }) => ({
        client: [framework, role] as Client,
        way: [...role.split('/'), '.', framework.id],
      }))
    return ways.sort((a, b) => this.#compareWays(a.way, b.way)).map(({ client }) => client)
  }

  #compareWays(a: readonly string[], b: readonly string[]): number {
    const at = a.findIndex((name, index) => name !== b[index])
    if (at < 0) return 0
    const [x, y] = [a.slice(0, at + 1), b.slice(0, at + 1)]
    const [left, right] = [this.#share(x), this.#share(y)]
    const difference = left[0] * right[1] - right[0] * left[1]
    if (difference !== 0n) return difference < 0n ? -1 : 1
    const counts = (this.#counts.get(x.join('\n')) ?? 0) - (this.#counts.get(y.join('\n')) ?? 0)
    return counts !== 0 ? counts : a[at]! < b[at]! ? -1 : 1
  }

  #share(way: readonly string[]): readonly [bigint, bigint] {
    const used = new Map<string, number>()
    for (const { held } of this.#agents.values())
      for (const [key, set] of held) {
        const [framework, role] = key.split('\n') as [string, string]
        const other = [...role.split('/'), '.', framework]
        if (!way.every((name, index) => name === other[index])) continue
        for (const [name, amount] of set.thousandths()) used.set(name, (used.get(name) ?? 0) + amount)
      }
    const weight = BigInt((this.#weights.get(way.join('/')) ?? 1) * 1000)
    let most: readonly [bigint, bigint] = [0n, 1n]
    for (const [name, amount] of used) {
      const total = this.#total(name)
      if (total === 0) continue
      const share = [BigInt(amount) * 1000n, BigInt(total) * weight] as const
      if (share[0] * most[1] > most[0] * share[1]) most = share
    }
    return most
  }

  #total(name: string): number {
    return this.#once(`total ${name}`, () => this.#sumTotal(name))
  }

  #sumTotal(name: string): number {
    let total = 0
    for (const { spec } of this.#agents.values()) total += spec.resources.thousandths().get(name) ?? 0
    return total
  }

  #consumed(path: string, name: string): number {
    return this.#once(`consumed ${path} ${name}`, () => this.#sumConsumed(path, name))
  }

  #once(key: string, compute: () => number): number {
    const known = this.#sums.get(key)
    if (known !== undefined) return known
    const value = compute()
    this.#sums.set(key, value)
    return value
  }

  #sumConsumed(path: string, name: string): number {
    let sum = 0
    for (const { spec, held } of this.#agents.values()) {
      const reserved = spec.resources
        .reserved()
        .filter(({ reservations }) => within(reservations!.at(-1)!.role, path))
      sum += reserved.thousandths().get(name) ?? 0
      for (const [key, set] of held)
        if (within(key.split('\n')[1]!, path))
          sum +=
            set
              .filter(({ reservations, revocable }) => reservations === undefined && revocable !== true)
              .thousandths()
              .get(name) ?? 0
    }
    return sum
  }

  #room(role: string, name: string): number {
    let room = Number.POSITIVE_INFINITY
    for (const [path, { limits = {} }] of this.#quotas)
      if (within(role, path) && limits[name] !== undefined)
        room = Math.min(room, limits[name] * 1000 - this.#consumed(path, name))
    return Math.max(0, room)
  }

  #need(path: string, name: string): number {
    const { guarantees = {}, lendingLimits = {} } = this.#quotas.get(path) ?? {}
    const unmet = Math.max(
      0,
      ((guarantees[name] ?? 0) - (lendingLimits[name] ?? 0)) * 1000 - this.#consumed(path, name),
    )
    return Math.max(path === '' ? 0 : unmet, this.#childNeeds(path, name))
  }

  #childNeeds(path: string, name: string): number {
    return this.#once(`needs ${path} ${name}`, () => this.#sumChildNeeds(path, name))
  }

  #sumChildNeeds(path: string, name: string): number {
    const paths = new Set(
      [...this.#quotas.keys()].flatMap(role =>
        role.split('/').map((_part, i, parts) => parts.slice(0, i + 1).join('/')),
      ),
    )
    const children = [...paths].filter(
      child => (child.includes('/') ? child.slice(0, child.lastIndexOf('/')) : '') === path,
    )
    return children.reduce((sum, child) => sum + this.#need(child, name), 0)
  }

  #entitlement(path: string, name: string): number {
    if (path === '') return 0
    const own = ((this.#quotas.get(path)?.guarantees ?? {})[name] ?? 0) * 1000 - this.#consumed(path, name)
    const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
    const above = this.#entitlement(parent, name)
    return Math.max(0, own, above > 0 ? above - (this.#childNeeds(parent, name) - this.#need(path, name)) : 0)
  }

  /** Available beyond the headroom; bounded only while some guarantee is unmet. */
  #spare(name: string): number {
    return this.#once(`spare ${name}`, () => this.#sumSpare(name))
  }

  #sumSpare(name: string): number {
    const names = new Set(
      [...this.#quotas.values()].flatMap(({ guarantees = {} }) => Object.keys(guarantees)),
    )
    if (![...names].some(each => this.#need('', each) > 0)) return Number.POSITIVE_INFINITY
    let available = 0
    for (const agent of this.#agents.values())
      available +=
        this.#freeOf(agent)
          .filter(({ reservations, revocable }) => reservations === undefined && revocable !== true)
          .thousandths()
          .get(name) ?? 0
    return Math.max(0, available - this.#need('', name))
  }
}

interface RefAgent {
  spec: AgentSpec
  readonly held: Map<string, ResourceSet>
}

interface RefFramework {
  readonly id: string
  readonly roles: Map<string, RoleSubscription>
  readonly revocable: boolean
  readonly uses: readonly string[]
}

interface RefFilter extends Omit<Grant, 'id' | 'stage'> {
  readonly untilMs: number
}

type Client = readonly [framework: RefFramework, role: string]

function keyOf(framework: string, role: string): string {
  return `${framework}\n${role}`
}

function nodesOf(framework: string, role: string): readonly string[] {
  const way = [...role.split('/'), '.', framework]
  return way.map((_name, index) => way.slice(0, index + 1).join('\n'))
}

function within(role: string, path: string): boolean {
  return role === path || role.startsWith(`${path}/`)
}

function one(resource: Resource): ResourceSet {
  return resources([resource])
}

function isPlain({ value, reservations, disk, revocable }: Resource): boolean {
  return typeof value === 'number' && reservations === undefined && disk === undefined && revocable !== true
}

function isBoundedDevice({ value, reservations, disk, revocable }: Resource): boolean {
  return typeof value === 'number' && disk !== undefined && reservations === undefined && revocable !== true
}

function isShared({ disk }: Resource): boolean {
  return disk?.volume?.shared === true
}

function volumeId({ disk }: Resource): string {
  return disk?.volume?.id ?? ''
}

function countsOf(set: ResourceSet): ReadonlyMap<string, number> {
  const counts = new Map(set.thousandths())
  for (const { name, value } of set) {
    if (typeof value === 'number') continue
    const items = value.reduce(
      (sum: number, item) => sum + (typeof item === 'string' ? 1 : item[1] - item[0] + 1),
      0,
    )
    counts.set(name, (counts.get(name) ?? 0) + items * 1000)
  }
  return counts
}
