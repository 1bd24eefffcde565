import type { Task } from '../../api/index.js'
import { InvalidError } from '../../core/index.js'
import type { KnownOptions, QuotaDefinition } from '../../core/internal.js'
import { assertKnown, assertValid, knownOptions } from '../../core/internal.js'
import type { EventDestination } from '../../reconcile/index.js'
import type { Profile } from '../plugins/plugin.js'
import type { PreemptionStrategy } from '../preemption/preempt.js'

/** How a scheduling controller makes room for tasks of higher priority. */
export interface PreemptionPolicy {
  /** Who may have to go, and who rather than another. Default `nativePreemption`. */
  readonly strategy?: PreemptionStrategy
  /**
   * `hard`: no more tasks are evicted than DisruptionBudgets allow. `soft`: those beyond go last, as in Kubernetes, and the
   * events say so. Default `hard`.
   */
  readonly budgets?: 'hard' | 'soft'
}

/** Queues that share a cluster: what each may use, and whose turn it is. */
export interface QueuePolicy {
  /** The queue of a task; undefined: it is in none, and no quota holds it back. Default: its namespace. */
  readonly queueOf?: (task: Task) => string | undefined
  /**
   * What queues may use, and lend and borrow, by the rule of `createBorrowingQuota`. All tasks of a queue that have a node
   * count, whoever bound them, until they are gone or have ended. Default: no queue has a limit.
   */
  readonly quota?: readonly QuotaDefinition[]
  /**
   * Queues take turns: the one with the smallest dominant share (DRF) of what all nodes have, divided by its weight, is
   * next; order and priority count within a queue. Weights are above 0, by default 1. Default: one order over all queues.
   */
  readonly fairShare?: { readonly weights?: Readonly<Record<string, number>> }
}

/** A place in the future for the first that waits (EASY backfill, Lifka 1995). */
export interface BackfillPolicy {
  /** How long a task is expected to run once it has its node, in ms; undefined: that is not known. */
  readonly runtimeMsOf: (task: Task) => number | undefined
  /** How long a task has to be there without a node before a place is kept for it, in ms. Default 0. */
  readonly waitMs?: number
}

/** How long nodes are avoided where tasks failed: by a profile with `fewestFailures`, as the native ones. */
export interface FailureMemoryPolicy {
  /** A failure older than this counts no more, in ms. Default 300,000. */
  readonly windowMs?: number
  /** A failure counts half of what it did after each such time, in ms. Default: it counts one up to the end. */
  readonly halfLifeMs?: number
}

/** How a scheduling controller is made. */
export interface SchedulingControllerOptions {
  /** Unique in its manager. Default `scheduler`. */
  readonly name?: string
  /**
   * It places the tasks whose `spec.schedulerName` is this. Default: those that name none. Give each scheduler of a
   * store a name of its own.
   */
  readonly schedulerName?: string
  /** What rules a node out and what makes it good. Default `spreadProfile`. */
  readonly profile?: Profile
  /** Batches bound at the same time, a whole number of at least 1. Default 1. */
  readonly concurrency?: number
  /** Tasks bound in one transaction at most, a whole number of at least 1; gangs are bound whole. Default 32. */
  readonly batchMax?: number
  /**
   * Tasks without a node that are looked at, a whole number from 1 to 1,000,000. Those beyond get the reason `TooLarge`, and
   * are looked at in the order they came when others have their nodes or are gone. Default 1,000,000.
   */
  readonly waitingMax?: number
  /**
   * Evicts tasks of lower priority when a task fits nowhere, in the transaction that binds it or holds their room for
   * it. Needs the kind `Reservation` in the store. Default: nothing is evicted.
   */
  readonly preemption?: PreemptionPolicy
  /** Default: there are no queues. */
  readonly queues?: QueuePolicy
  /**
   * Keeps a place in the future for the first in order of those that wait: the earliest time at which it fits when tasks end
   * as expected. Whoever comes after it and might delay it waits, and says for whom. Default: no task is held up.
   */
  readonly backfill?: BackfillPolicy
  /**
   * Tasks that failed on a node are remembered, for tasks of the same group and template, as long as they are in the store or
   * the controller runs. Default: for five minutes, as in SwarmKit.
   */
  readonly failureMemory?: FailureMemoryPolicy
  /**
   * For so long a port of a node that a task gave back is not given to another that asks for one of a range, as long as there
   * are others there, in ms. As long as the controller runs, and of the 10,000 ports that were given back last. Default
   * 60,000; 0: at once.
   */
  readonly portCoolDownMs?: number
  /** Below 0 when the first is to be placed before the second. Default: higher priority, then the older. */
  readonly compare?: (a: Task, b: Task) => number
  /**
   * Least time between the second and the third attempt for a task that finds no node, in ms; doubled by each
   * further attempt. Retries happen when something changes, the first one at once. Default 100.
   */
  readonly retryDelayMs?: number
  /** Longest such time, in ms. Default 10,000. */
  readonly retryDelayMsMax?: number
  /** Where it tells where tasks were placed, and why not. Default: `Event`, if the store knows that kind. */
  readonly events?: EventDestination
}

export const SCHEDULING_CONTROLLER_OPTIONS: KnownOptions =
  /* @__PURE__ */ knownOptions<SchedulingControllerOptions>('createSchedulingController', {
    name: true,
    schedulerName: true,
    profile: true,
    concurrency: true,
    batchMax: true,
    waitingMax: true,
    preemption: true,
    queues: true,
    backfill: true,
    failureMemory: true,
    portCoolDownMs: true,
    compare: true,
    retryDelayMs: true,
    retryDelayMsMax: true,
    events: true,
  })

export const PREEMPTION_POLICY: KnownOptions = /* @__PURE__ */ knownOptions<PreemptionPolicy>(
  'preemption of createSchedulingController',
  { strategy: true, budgets: true },
)

export const QUEUE_POLICY: KnownOptions = /* @__PURE__ */ knownOptions<QueuePolicy>(
  'queues of createSchedulingController',
  { queueOf: true, quota: true, fairShare: true },
)

const BACKFILL_POLICY: KnownOptions = /* @__PURE__ */ knownOptions<BackfillPolicy>(
  'backfill of createSchedulingController',
  { runtimeMsOf: true, waitMs: true },
)

const FAILURE_MEMORY_POLICY: KnownOptions = /* @__PURE__ */ knownOptions<FailureMemoryPolicy>(
  'failureMemory of createSchedulingController',
  { windowMs: true, halfLifeMs: true },
)

/** @throws InvalidError for an option that is not known, or a time that is none */
export function checkFailureMemoryPolicy(policy: FailureMemoryPolicy): void {
  assertKnown(policy, FAILURE_MEMORY_POLICY)
  const message = 'must be a finite number of milliseconds above 0'
  assertValid(
    'failureMemory of createSchedulingController',
    Object.entries(policy).flatMap(([field, value]) =>
      Number.isFinite(value) && value > 0 ? [] : [{ field, value, message }],
    ),
  )
}

/** @throws InvalidError for an option that is not known, or a time that is none */
export function checkBackfillPolicy(policy: BackfillPolicy): void {
  assertKnown(policy, BACKFILL_POLICY)
  const { waitMs = 0 } = policy
  if (Number.isFinite(waitMs) && waitMs >= 0) return
  const message = 'must be a finite number of milliseconds ≥ 0'
  throw new InvalidError('backfill of createSchedulingController', [
    { field: 'waitMs', value: waitMs, message },
  ])
}
