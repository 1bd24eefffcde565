import type { Attributes, ConstraintSet } from '../../core/index.js'
import type { FairNode, HeapHandle, QuotaNode } from '../../core/internal.js'
import { ResourceSet } from '../resources/resource-set.js'
import type { AgentSpec, FrameworkCapability, RoleSubscription } from './allocator-event.js'
import { attributesOf } from './allocator-event.js'
import type { Vector } from './columns.js'
import { addTo, isZero } from './columns.js'
import type { HeldDemand } from './held-demand.js'
import type { Holding } from './holding.js'
import { containsHolding, isSharedVolume, NOTHING } from './holding.js'

/** What a node of the order stands for: a client, or the quota of a group. */
export type Member = Client | QuotaNode

/** A role with its places in the order and among the quotas. */
export interface RoleRecord {
  readonly path: string
  /** The group of all its frameworks and of the roles below. */
  readonly group: FairNode<Member>
  /** The group of its own frameworks. */
  readonly own: FairNode<Member>
  readonly quota: QuotaNode
}

export interface FrameworkRecord {
  readonly id: string
  active: boolean
  capabilities: ReadonlySet<FrameworkCapability>
  uses: ReadonlySet<string>
  readonly clients: Map<string, Client>
}

/** Tasks of one shape, and how many of them open offers could hold. */
export interface DemandLine {
  readonly shape: Vector
  readonly count: number
}

/** A framework in one of its roles: who gets grants. */
export interface Client {
  /** Small, dense and unique among living clients. */
  readonly id: number
  readonly framework: FrameworkRecord
  readonly role: RoleRecord
  leaf: FairNode<Member>
  /** As it was given. */
  subscription: RoleSubscription
  /** False: it only keeps what it has. */
  subscribed: boolean
  suppressed: boolean
  minAllocatable: readonly Vector[] | undefined
  constraints: readonly ConstraintSet[] | undefined
  demand: readonly DemandLine[] | undefined
  /** What its open offers hold of the demand. */
  readonly held: HeldDemand<AgentRecord>
  /** Agents on which it has filters. */
  readonly filtered: Set<AgentRecord>
  /** Agents on which it has something. */
  readonly agents: Set<AgentRecord>
  /** Whether the agent satisfies the constraints, as far as that was looked at. */
  readonly verdicts: Map<AgentRecord, boolean>
}

/** A refusal: nothing that is contained in it is offered to the client until its time is over. */
export interface Filter extends HeapHandle {
  readonly client: Client
  readonly agent: AgentRecord
  readonly refused: Holding
  /** Still holds at that instant. Infinite: until it is dropped. */
  readonly untilMs: number
}

/** What an allocator knows of an agent. */
export class AgentRecord {
  spec: AgentSpec
  /** Order of arrival. */
  readonly sequence: number
  active = true
  /** Whether it got smaller while something was allocated: then more may be in use than there is. */
  shrunk = false
  /** Whether it is outside the pool's own region. */
  remote = false
  /** The scarce resources that it has. */
  scarce: readonly string[] = []
  total: Holding = NOTHING
  /** Unreserved scalars that nobody has. */
  readonly free: number[] = []
  /** The rest that nobody has. Shared volumes are always in it. */
  freeSpecial: ResourceSet = ResourceSet.empty
  /** What each client has here, offered or in use. */
  readonly allocations: Map<Client, Holding> = new Map()
  readonly filters: Map<Client, Filter[]> = new Map()
  /** Bits by client: whether a filter refuses all of `cover`, and so everything that is contained in it. */
  blocked: Uint32Array = new Uint32Array(0)
  /** What was free when the bits were set; what is free now is contained in it during a pass. */
  cover: Holding = NOTHING
  /** Shared volumes that were granted in this pass. */
  readonly offeredShared: Set<string> = new Set()
  /** Raised by every change of resources or attributes: what a claim was decided from. */
  version: number

  constructor(spec: AgentSpec, { sequence, version }: { sequence: number; version: number }) {
    this.spec = spec
    this.sequence = sequence
    this.version = version
  }

  get attributes(): Attributes {
    return attributesOf(this.spec)
  }

  get freeHolding(): Holding {
    return { plain: this.free, special: this.freeSpecial }
  }

  /** Whether nothing is free but perhaps shared volumes. */
  get isExhausted(): boolean {
    if (!isZero(this.free)) return false
    for (const chunk of this.freeSpecial.chunks) if (!isSharedVolume(chunk)) return false
    return true
  }

  /** Takes from, or gives back to, what is free. Shared volumes stay. */
  move({ plain, special }: Holding, sign: 1 | -1): void {
    addTo(this.free, plain, sign)
    this.version++
    if (special.isEmpty) return
    const moved = withoutShared(special)
    this.freeSpecial = sign === 1 ? this.freeSpecial.plus(moved) : this.freeSpecial.minus(moved)
  }

  /** Whether so much is free. */
  hasFree({ plain, special }: Holding): boolean {
    for (let column = 0; column < plain.length; column++)
      if ((plain[column] as number) > (this.free[column] ?? 0)) return false
    return this.freeSpecial.contains(special)
  }

  setTotal(total: Holding): void {
    const before = this.total
    this.total = total
    if (this.allocations.size > 0 && !containsHolding(this.total, before)) this.shrunk = true
  }

  isBlocked(client: Client): boolean {
    const word = client.id >>> 5
    return word < this.blocked.length && ((this.blocked[word] as number) & (1 << (client.id & 31))) !== 0
  }

  setBlocked(client: Client, blocked: boolean): void {
    const word = client.id >>> 5
    if (word >= this.blocked.length) {
      if (!blocked) return
      const grown = new Uint32Array(Math.max(word + 1, this.blocked.length * 2))
      grown.set(this.blocked)
      this.blocked = grown
    }
    const bit = 1 << (client.id & 31)
    this.blocked[word] = blocked
      ? (this.blocked[word] as number) | bit
      : (this.blocked[word] as number) & ~bit
  }
}

export function withoutShared(special: ResourceSet): ResourceSet {
  for (const chunk of special.chunks)
    if (isSharedVolume(chunk)) return special.filter(({ disk }) => disk?.volume?.shared !== true)
  return special
}

/** What is left of the special chunks; shared volumes stay, and what is no longer there is passed over. */
export function lessSpecial(special: ResourceSet, used: ResourceSet): ResourceSet {
  if (used.isEmpty) return special
  const moved = withoutShared(used)
  const rest = special.tryMinus(moved)
  if (rest !== undefined) return rest
  let left = special
  for (const chunk of moved.chunks) left = left.tryMinus(ResourceSet.ofChunks([chunk])) ?? left
  return left
}
