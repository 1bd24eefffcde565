import type { KnownOptions } from '../../core/internal.js'
import { knownOptions } from '../../core/internal.js'
import type { EventDestination } from '../../reconcile/index.js'
import type { Profile } from '../plugins/plugin.js'

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
  /** Tasks bound at the same time, a whole number of at least 1. Default 1. */
  readonly concurrency?: number
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
    retryDelayMs: true,
    retryDelayMsMax: true,
    events: true,
  })
