import type { Cancel } from '../../core/index.js'
import type { Client, Kind, ObjectRef } from '../../store/index.js'
import type { HotLoop } from '../hot-loops/hot-loop.js'
import type { ObjectKey } from '../object-key.js'
import type { KeyState } from '../queue/work-queue-contract.js'
import type { Dependency } from '../sources/dependency-index.js'
import type { StopOptions, StopOutcome } from '../stop-report.js'
import type { AttemptPause } from './attempt-pauses.js'
import type { QuarantinedKey } from './quarantine.js'

/** A key, and for how long something has been so. */
export interface KeyAge {
  readonly key: ObjectRef
  readonly forMs: number
}

/** How busy a controller is. */
export interface ControllerStatus {
  readonly name: string
  /** Keys that wait for a free worker. */
  readonly queued: number
  readonly inFlight: number
  /** Keys that wait for their time: requeued later, or backing off. */
  readonly delayed: number
  /** Keys whose last run failed. */
  readonly failures: number
  /** Those of them that are not tried again by themselves, in the order in which they began to fail. */
  readonly quarantined: readonly QuarantinedKey[]
  /** Keys that are reconciled again and again to no end. */
  readonly hotLoops: readonly HotLoop[]
  /** The key that has been ready longest, waiting for a free worker; absent when none is, and on standby. */
  readonly longestWait?: KeyAge
  /** The key of the attempt that began first; absent when none is in flight. */
  readonly longestRun?: KeyAge
  /**
   * For how long the store has had a revision that the watches have not told of; 0 when they have told everything.
   * Counted from the first time that this was asked for since, by a `status` or a `health`.
   */
  readonly lagMs: number
  /** Present while an error of the sort `pause` keeps attempts from beginning. */
  readonly pause?: AttemptPause
}

/** What is known about a key of a controller. */
export interface ControllerKeyState extends KeyState<ObjectRef> {
  /** What its attempts have read, or asked to watch; absent when that is nothing. */
  readonly dependsOn?: readonly Dependency[]
}

/** How a controller starts. */
export interface StartOptions {
  /** Default false. */
  readonly standby?: boolean
}

/** A control loop over the objects of one kind. Start it with a manager, or alone with a client. */
export interface Controller {
  readonly name: string
  /** The kind of its keys, and those that it `owns`; absent when it owns none. */
  readonly owning?: { readonly owner: Kind; readonly kinds: readonly Kind[] } | undefined
  /** The kinds whose objects it deletes when their owners are gone; absent unless it is a garbage collector. */
  readonly collects?: readonly Kind[]
  /**
   * Opens the watches and begins to reconcile; resolves when every watch has delivered its initial events.
   *
   * @param options `standby`: it only collects keys, and attempts begin with `activate`
   * @throws UsageError when it is running already
   */
  start(client: Client, options?: StartOptions): Promise<void>
  /**
   * Reconciles from now on, through `client`: first what has waited, then every object again. For a controller on
   * standby; one without this method cannot stand by.
   *
   * @throws UsageError when it is not running, or not on standby
   */
  activate?(client: Client): void
  /** Back to standby: as `stop`, but the watches and the keys stay. Idempotent. */
  deactivate?(options?: StopOptions): Promise<StopOutcome>
  /** Starts no more attempts and waits for those in flight; then nothing of it runs any more. Idempotent. */
  stop(options?: StopOptions): Promise<StopOutcome>
  /**
   * Asks for a run of `key`, as a change of its object does. Ignored while not running.
   *
   * @throws InvalidError for what is no key of the kind: without its namespace, with one too many, or with more fields
   */
  enqueue(key: ObjectKey, reason?: string): void
  /** What is known about `key`; undefined when it is idle, did not fail, and depends on nothing. */
  inspect(key: ObjectRef): ControllerKeyState | undefined
  /** Its queue, its attempts and what it waits for, as of now. */
  status(): ControllerStatus
  /** Why it does not work at the moment, for the manager's `health`. Undefined: it does. */
  unhealthy?(): string | undefined
  /** True when nothing is queued, in flight or due, and the watches have delivered what the client reads. */
  isSettled(): boolean
  /** Calls `listener` whenever `isSettled` may have become true. */
  onProgress(listener: () => void): Cancel
}
