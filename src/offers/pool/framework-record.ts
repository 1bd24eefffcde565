import type { Cancel } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { knownOptions } from '../../core/internal.js'
import type { FrameworkCapability, RoleSubscription } from '../allocator/allocator-event.js'
import { RefusalStreaks } from './refusal-streaks.js'
import type { EventQueue } from './session-event.js'

/** What a framework says of itself. */
export interface SubscribeOptions {
  readonly name: string
  /** Default: made up. The id of a framework that was there before takes its place. */
  readonly id?: string
  /** At least one. */
  readonly roles: readonly (string | RoleSubscription)[]
  readonly capabilities?: readonly FrameworkCapability[]
  /** Scarce resources that it can use, such as `gpus`. */
  readonly uses?: readonly string[]
  /** In whose name it reserves; never changes. */
  readonly principal?: string
  /**
   * How long its tasks go on without it, in ms, after it disconnected. Default 0: its tasks are killed at once. At
   * most 10 years.
   */
  readonly failoverMs?: number
}

export const SUBSCRIBE_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<SubscribeOptions>('subscribe', {
  name: true,
  id: true,
  roles: true,
  capabilities: true,
  uses: true,
  principal: true,
  failoverMs: true,
})

/** What a framework says of itself, with defaults. */
export type FrameworkIdentity = Pick<
  FrameworkEntry,
  'id' | 'name' | 'principal' | 'failoverMs' | 'roles' | 'capabilities' | 'uses'
>

/** A framework that is not connected. */
export function newFramework(identity: FrameworkIdentity): FrameworkEntry {
  return {
    ...identity,
    queue: undefined,
    disconnectedAtMs: undefined,
    teardown: undefined,
    launching: new Set(),
    conflicts: 0,
    refusals: new RefusalStreaks(),
    heldMsMax: 0,
    askedAtMs: undefined,
    servedAtMs: undefined,
  }
}

/** A framework as its pool knows it. */
export interface FrameworkEntry {
  readonly id: string
  readonly name: string
  readonly principal: string | undefined
  readonly failoverMs: number
  roles: readonly RoleSubscription[]
  readonly capabilities: readonly FrameworkCapability[]
  readonly uses: readonly string[]
  /** Undefined while it is not connected. */
  queue: EventQueue | undefined
  /** Since when it is not connected; undefined while it is. */
  disconnectedAtMs: number | undefined
  /** Calls off the end of its failover time. */
  teardown: Cancel | undefined
  /** Tasks that an accept is about to launch. */
  readonly launching: Set<string>
  /** Claims in a row that met a conflict. */
  conflicts: number
  /** What it refused adaptively. */
  readonly refusals: RefusalStreaks
  /** Longest time in which it held an offer without answering. */
  heldMsMax: number
  /** When it began to ask for something; undefined when it asks for nothing in particular. */
  askedAtMs: number | undefined
  /** When it was offered something last. */
  servedAtMs: number | undefined
}
