import type { Env } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'
import type { AllocatorOptions } from '../allocator/allocator-options.js'
import type { ResourceSet } from '../resources/resource-set.js'
import type { RunningTaskRef } from './agent-table.js'
import type { LaunchSpec } from './operation.js'

/** Runs tasks on agents. What it finds out it reports through the agent's handle. */
export interface AgentDriver {
  /**
   * Starts a task.
   *
   * @param task as the framework gave it
   * @param take the concrete chunks that the task may use
   * @returns once the task is on its way; its states are reported. Rejecting, or not answering within
   * `launchTimeoutMs`, makes it `dropped`, and its resources are offered again; one that starts after that is killed
   */
  launch(agent: string, task: LaunchSpec, take: ResourceSet, framework: string): Promise<void>
  /**
   * Stops a task: politely at first, hard after `graceMs`. The end is reported as usual. Rejecting is logged as a
   * warning, and the task stays `killing` until it is killed again or its end is reported. Never called before the
   * launch was answered; also called for a task that was `dropped` and started all the same.
   */
  kill(agent: string, task: string, graceMs: number, framework: string): Promise<void>
  /**
   * Asks whether the agent is there; answers with the tasks that run on it. Called every `pingIntervalMs`; after
   * `pingsMax` in a row without an answer the agent is out of reach, and with the next answer it is back. What it rejects
   * with counts as no answer. Absent: whoever runs the agents calls `unreachable` and `reachable`.
   */
  ping?(agent: string): Promise<readonly RunningTaskRef[]>
}

/** What somebody wants to do, for `authorize`. `operation` is the `op` of an operation; `launch` for claims. */
export interface AuthorizationRequest {
  readonly framework: string
  readonly principal: string | undefined
  readonly operation: string
  readonly role: string
}

/** Options of {@link createPool}. */
export interface PoolOptions {
  readonly driver: AgentDriver
  /** Default: the process's own clock, ids and logger. */
  readonly env?: Env
  readonly allocator?: AllocatorOptions
  /** How long an offer holds, in ms, at least 1; `null`: until it is answered or rescinded. Default 30,000. */
  readonly offerTimeoutMs?: number | null
  /**
   * Least time of a refusal, in ms, at least 0: so long at least the others are asked. A shorter `refuseMs` is raised
   * to it, except 0. Default 1,000.
   */
  readonly refuseMsMin?: number
  /** How long a driver may take to answer a launch, in ms, at least 1. Default 30,000. */
  readonly launchTimeoutMs?: number
  /** How often agents are pinged, in ms, at least 1, if the driver can. Default 15,000. */
  readonly pingIntervalMs?: number
  /** After so many pings in a row without an answer an agent is out of reach; at least 1. Default 5. */
  readonly pingsMax?: number
  /**
   * Least time between two agents that are given up for not answering, in ms, at least 0: so that a broken network does
   * not end everything at once. Default 0.
   */
  readonly removalSpacingMs?: number
  /**
   * How many agents there were before a restart. With quotas, nothing is offered until most of them are back, or for
   * 10 min. Default 0.
   */
  readonly knownAgents?: number
  /** No timers and no steps of its own: `step()` does what is due. Default false. */
  readonly manual?: boolean
  /**
   * Asked before anything is done: for each operation of an accept, and once for a claim. False fails the whole call
   * as `unauthorized`; what it throws fails an accept with that error, and its offers stay held. A claim is synchronous
   * and counts an answer that is a promise as no. Default: everybody may do everything.
   */
  readonly authorize?: (request: AuthorizationRequest) => boolean | Promise<boolean>
  /** Most offers that one session holds, at least 1; more are not made. Default 10,000. */
  readonly offersMax?: number
  /**
   * Most events that wait in a session, at least 1. Beyond it the oldest offers are taken back; updates are never
   * dropped, but of each task only one waits. Default 10,000.
   */
  readonly eventsMax?: number
  /**
   * Most tasks of one framework, those included whose end is not acknowledged; at least 1. More fail as `tooMany`.
   * Default 100,000.
   */
  readonly tasksMax?: number
  /** Most operations in one accept, at least 1; more are an error, `TooLarge`. Default 1,000. */
  readonly operationsMax?: number
}

/** Numbers among the options, with defaults, checked. */
export interface PoolLimits {
  readonly offerTimeoutMs: number | null
  readonly refuseMsMin: number
  readonly launchTimeoutMs: number
  readonly pingIntervalMs: number
  readonly pingsMax: number
  readonly removalSpacingMs: number
  readonly offersMax: number
  readonly eventsMax: number
  readonly tasksMax: number
  readonly operationsMax: number
}

const POOL_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<PoolOptions>('createPool', {
  driver: true,
  env: true,
  allocator: true,
  offerTimeoutMs: true,
  refuseMsMin: true,
  launchTimeoutMs: true,
  pingIntervalMs: true,
  pingsMax: true,
  removalSpacingMs: true,
  knownAgents: true,
  manual: true,
  authorize: true,
  offersMax: true,
  eventsMax: true,
  tasksMax: true,
  operationsMax: true,
})

/**
 * @throws InvalidError for a time or a limit out of bounds
 * @throws UsageError for an option that is not known
 */
export function poolLimits(options: PoolOptions): PoolLimits {
  assertKnown(options, POOL_OPTIONS)
  const { offerTimeoutMs = 30_000, refuseMsMin = 1_000, launchTimeoutMs = 30_000 } = options
  const { offersMax = 10_000, eventsMax = 10_000, tasksMax = 100_000, operationsMax = 1_000 } = options
  const { pingIntervalMs = 15_000, pingsMax = 5, removalSpacingMs = 0 } = options
  const pings = { pingIntervalMs, pingsMax }
  const counts = { launchTimeoutMs, ...pings, offersMax, eventsMax, tasksMax, operationsMax }
  assertValid('pool options', [
    ...(offerTimeoutMs === null ? [] : wholeNumber('offerTimeoutMs', offerTimeoutMs, { min: 1 })),
    ...wholeNumber('refuseMsMin', refuseMsMin),
    ...wholeNumber('removalSpacingMs', removalSpacingMs),
    ...wholeNumber('knownAgents', options.knownAgents ?? 0),
    ...Object.entries(counts).flatMap(([field, value]) => wholeNumber(field, value, { min: 1 })),
  ])
  return { offerTimeoutMs, refuseMsMin, ...counts, removalSpacingMs }
}
