import type { Random } from '../../src/core/index.js'
import { createSeededRandom } from '../../src/core/index.js'
import type {
  AgentSpec,
  Allocator,
  Grant,
  Quantities,
  Quota,
  Resource,
  ResourceSet,
  RoleSubscription,
} from '../../src/offers/index.js'
import { createAllocator, resources } from '../../src/offers/index.js'
import { createConversion, reserveConversion } from '../../src/offers/resources/conversion.js'
import { ReferenceAllocator } from './reference-allocator.js'

const ROLES = ['a', 'b', 'a/x', 'a/y', 'a/x/z', 'c', '*'] as const

/** An allocator and the reference, told the same at random, with what is out. */
export class RandomCluster {
  readonly allocator: Allocator
  readonly #reference: ReferenceAllocator
  readonly #random: Random
  readonly #agents = new Map<string, AgentSpec>()
  readonly #frameworks: string[] = []
  #out: Grant[] = []
  #nowMs = 0
  #volumes = 0

  constructor(seed: number) {
    this.#random = createSeededRandom(seed)
    const minAllocatable: readonly Quantities[] = this.#chance(0.5)
      ? []
      : [{ cpus: 0.5 }, { mem: 4, ports: 1 }]
    this.allocator = createAllocator({ visit: 'insertion', minAllocatable, home: 'home' })
    this.#reference = new ReferenceAllocator(minAllocatable)
    for (let n = this.#below(5) + 1; n > 0; n--) this.#putAgent(`n${n}`)
    for (let n = this.#below(5) + 1; n > 0; n--) this.#addFramework(`f${n}`)
    for (const role of ROLES) if (this.#chance(0.3)) this.#weigh(role)
    if (this.#chance(0.6)) this.#quotas()
  }

  get out(): readonly Grant[] {
    return this.#out
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Some changes, and some time. */
  changeSome(): void {
    for (let n = this.#below(6); n > 0; n--) this.#change()
    this.#nowMs += this.#below(4) * 1000
  }

  /** A pass over all agents, by both; what ours granted. */
  pass(): readonly Grant[] {
    const ours = this.allocator.run(this.#nowMs, 'all')
    this.#reference.run(this.#nowMs)
    this.#out = [...this.#out, ...ours]
    return ours
  }

  /** Some changes and a pass; what both granted. */
  round(): { readonly ours: readonly string[]; readonly theirs: readonly string[] } {
    this.changeSome()
    const scope = this.#chance(0.5) ? 'all' : 'dirty'
    const ours = this.allocator.run(this.#nowMs, scope)
    const theirs = this.#reference.run(this.#nowMs)
    this.#out = [...this.#out, ...ours]
    return { ours: ours.map(textOf), theirs: theirs.map(textOf) }
  }

  #change(): void {
    const dice = this.#random.next()
    const grant = this.#out[this.#below(this.#out.length)]
    if (grant !== undefined && dice < 0.6) this.#giveBack(grant)
    else if (grant !== undefined && dice < 0.75) this.#reserve(grant)
    else if (dice < 0.85) this.#suppress()
    else if (dice < 0.95) this.#weigh(ROLES[this.#below(ROLES.length)] as string)
    else this.#putAgent(`n${this.#below(9) + 1}`)
  }

  #giveBack(grant: Grant): void {
    const { resources: all } = grant
    const part = this.#chance(0.7) ? all : all.filter(() => this.#chance(0.6))
    const untilMs = this.#chance(0.7) ? this.#nowMs + this.#below(5) * 1000 : undefined
    const back = { framework: grant.framework, role: grant.role, agent: grant.agent, resources: part }
    this.allocator.apply({ type: 'return', ...back, ...(untilMs !== undefined && { filter: { untilMs } }) })
    this.#reference.giveBack(back, untilMs)
    this.#replace(grant, all.minus(part))
  }

  #reserve(grant: Grant): void {
    const { role, framework, agent } = grant
    if (role === '*') return
    const plain = [...grant.resources].find(
      ({ name, value, reservations, disk, revocable }) =>
        (name === 'cpus' || name === 'disk') &&
        typeof value === 'number' &&
        reservations === undefined &&
        disk === undefined &&
        revocable !== true,
    )
    if (plain === undefined) return
    const reserved: Resource = { ...plain, reservations: [{ role }] }
    const set = resources([reserved])
    this.#convert(grant, reserveConversion(set))
    if (plain.name !== 'disk' || this.#chance(0.3)) return
    const volume: Resource = {
      ...reserved,
      disk: { volume: { id: `v${this.#volumes++}`, shared: this.#chance(0.5) } },
    }
    const now = this.#out.find(
      each => each.framework === framework && each.agent === agent && each.resources.contains(set),
    )
    if (now !== undefined) this.#convert(now, createConversion(resources([volume]), new Set()))
  }

  #convert(grant: Grant, conversion: ReturnType<typeof reserveConversion>): void {
    if (conversion.kind === 'refused') throw new Error(conversion.reason.message)
    const { framework, role, agent } = grant
    const { from, to } = conversion
    this.allocator.apply({ type: 'convert', framework, role, agent, from, to })
    this.#reference.convert(agent, [framework, role], { from, to })
    this.#replace(grant, grant.resources.minus(from).plus(to))
    const spec = this.#agents.get(agent)!
    this.#agents.set(agent, { ...spec, resources: spec.resources.minus(from).plus(to) })
  }

  #replace(grant: Grant, rest: ResourceSet): void {
    this.#out = this.#out.flatMap(each =>
      each !== grant ? [each] : rest.isEmpty ? [] : [{ ...each, resources: rest }],
    )
  }

  #suppress(): void {
    const framework = this.#frameworks[this.#below(this.#frameworks.length)] as string
    const suppressed = this.#chance(0.4)
    this.allocator.apply({ type: suppressed ? 'suppress' : 'revive', framework })
    this.#reference.suppress(framework, suppressed)
  }

  #weigh(role: string): void {
    const weight = [0.5, 1, 2, 3][this.#below(4)] as number
    this.allocator.apply({ type: 'weight', role, weight })
    this.#reference.weight(role, weight)
  }

  #quotas(): void {
    const quotas: [string, Quota][] = [['a', { guarantees: { cpus: 4, mem: 8 }, limits: { cpus: 8 } }]]
    if (this.#chance(0.5))
      quotas.push(['a/x', { guarantees: { cpus: 2 }, lendingLimits: { cpus: this.#below(2) } }])
    if (this.#chance(0.5)) quotas.push(['a/y', { guarantees: { cpus: 1 }, limits: { cpus: 2, mem: 6 } }])
    if (this.#chance(0.5)) quotas.push(['b', { limits: { cpus: this.#below(6), mem: 20, disk: 60 } }])
    if (this.#chance(0.3)) quotas.push(['c', { guarantees: { cpus: this.#below(5), disk: 10 } }])
    for (const [role, quota] of quotas) {
      this.allocator.apply({ type: 'quota', role, quota })
      this.#reference.quota(role, quota)
    }
  }

  #addFramework(id: string): void {
    const roles = ROLES.filter(() => this.#chance(0.35)).map(
      (role): RoleSubscription => ({
        role,
        ...(this.#chance(0.2) && { suppressed: true }),
        ...(this.#chance(0.2) && { minAllocatable: [{ cpus: 2 }] }),
        ...(this.#chance(0.3) && {
          constraints: [[{ attribute: 'rack', operator: 'equals' as const, value: 'r1' }]],
        }),
      }),
    )
    const has = { revocable: this.#chance(0.5), uses: this.#chance(0.5) ? ['gpus'] : [] }
    const capabilities = has.revocable ? (['revocable'] as const) : []
    this.allocator.apply({ type: 'framework', id, roles, capabilities, uses: has.uses })
    this.#reference.framework(id, roles, has)
    this.#frameworks.push(id)
  }

  /** A new agent, or one that grows or moves to another rack. */
  #putAgent(id: string): void {
    const known = this.#agents.get(id)
    const more =
      known === undefined ? this.#newResources() : known.resources.plus(resources({ cpus: this.#below(2) }))
    const attributes = this.#chance(0.9) ? { rack: `r${this.#below(2) + 1}` } : {}
    const spec: AgentSpec = {
      id,
      resources: more,
      attributes,
      ...(id === 'n4' && { topology: ['far'] }),
    }
    this.#agents.set(id, spec)
    this.allocator.apply({ type: 'agent', agent: spec })
    this.#reference.agent(spec)
  }

  #newResources(): ResourceSet {
    const list: Resource[] = [
      { name: 'cpus', value: this.#below(9) / 2 },
      { name: 'mem', value: this.#below(20) },
      { name: 'disk', value: this.#below(30) },
    ]
    if (this.#chance(0.3)) list.push({ name: 'ports', value: [[31000, 31000 + this.#below(4)]] })
    if (this.#chance(0.2)) list.push({ name: 'zones', value: ['z1', 'z2'] })
    if (this.#chance(0.2)) list.push({ name: 'cpus', value: 1.5, revocable: true })
    if (this.#chance(0.2)) list.push({ name: 'disk', value: 40, disk: { source: 'mount', root: '/m1' } })
    if (this.#chance(0.2)) list.push({ name: 'mem', value: 3, reservations: [{ role: 'a', kind: 'static' }] })
    if (this.#chance(0.2))
      list.push({ name: 'cpus', value: 1, reservations: [{ role: 'a' }, { role: 'a/x' }] })
    if (this.#chance(0.15)) list.push({ name: 'gpus', value: 1 })
    return resources(list)
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability
  }

  #below(bound: number): number {
    return Math.floor(this.#random.next() * bound)
  }
}

function textOf({ framework, role, agent, resources: set, stage }: Omit<Grant, 'id'>): string {
  return `${stage} ${framework} ${role} ${agent} ${set.toString()}`
}
