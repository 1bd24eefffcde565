import type { Resource } from '../resources/resource.js'
import type { AgentSpec, FrameworkCapability, Quota, RoleSubscription } from './allocator-event.js'

export interface AgentSnapshot {
  readonly spec: Omit<AgentSpec, 'resources'> & { readonly resources: readonly Resource[] }
  readonly active: boolean
  readonly version: number
  readonly allocations: readonly (PairSnapshot & { readonly resources: readonly Resource[] })[]
  readonly filters: readonly (PairSnapshot & {
    readonly refused: readonly Resource[]
    readonly untilMs: number | 'changed'
  })[]
}

export interface PairSnapshot {
  readonly framework: string
  readonly role: string
}

export interface FrameworkSnapshot {
  readonly id: string
  readonly active: boolean
  readonly capabilities: readonly FrameworkCapability[]
  readonly uses: readonly string[]
  readonly roles: readonly (RoleSubscription & { readonly subscribed: boolean })[]
  /** What open offers hold of the demand. */
  readonly held: readonly (Omit<PairSnapshot, 'framework'> & {
    readonly agent: string
    /** Of the grant. */
    readonly id: number
    readonly tasks: readonly number[]
  })[]
}

/** The state of an allocator. Plain JSON. */
export interface AllocatorSnapshot {
  readonly agents: readonly AgentSnapshot[]
  readonly frameworks: readonly FrameworkSnapshot[]
  readonly weights: Readonly<Record<string, number>>
  readonly quotas: Readonly<Record<string, Quota>>
  /** Grants so far of groups and clients, by their way through the tree: they break ties. */
  readonly counts: readonly (readonly [path: readonly string[], count: number])[]
  readonly dirty: 'all' | readonly string[]
  readonly passes: number
  /** Id of the next grant. */
  readonly grantId: number
}
