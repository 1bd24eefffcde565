import type { Client } from '../../store/index.js'
import type { Controller, ControllerStatus } from '../controller/controller-contract.js'
import type { LeaderElectionOptions } from '../election/election-options.js'
import type { ElectionStatus } from '../election/elector-contract.js'
import type { StopOptions, StopReport } from '../stop-report.js'
import type { Health } from './manager-health.js'
import type { PartOptions } from './part-order.js'
import type { Runnable } from './runnable.js'

/** How a manager is made. */
export interface ManagerOptions {
  /** Handed to every part. A store fits. */
  readonly client: Client
  /** Parts that need leadership run only while this manager leads. Default: everything runs. */
  readonly leaderElection?: LeaderElectionOptions
  /**
   * Where objects are deleted whose owners are gone. `here`, the default: by a garbage collector among the parts; `start`
   * warns of kinds that a controller owns and no collector knows. `elsewhere`: by another manager, or by deletions with
   * `cascade: 'atomic'`.
   */
  readonly garbageCollection?: 'here' | 'elsewhere'
}

/** What a manager says about its parts. */
export interface ManagerStatus {
  readonly state: 'new' | 'starting' | 'running' | 'stopping' | 'stopped'
  /** In the order in which they were added. */
  readonly controllers: readonly ControllerStatus[]
  /** Absent without an election. */
  readonly election?: ElectionStatus
  /** True when all parts need leadership and this manager does not lead: it should write nothing. */
  readonly standby: boolean
}

/** Starts controllers and other parts in order, and stops them in reverse. */
export interface Manager extends AsyncDisposable {
  /**
   * Adds a part; it is started by `start`, or at once when the manager has started, as its options say. Then one that
   * cannot be started is as one that fails later.
   *
   * @throws UsageError when the name is taken, or `stop` was called; after `start` also for dependencies that cannot be
   * kept
   */
  add(part: Controller | Runnable, options?: PartOptions): void
  /**
   * Starts the parts one after the other, each when the one before has started; then joins the election, if there is
   * one, and starts those that need leadership if it leads. Resolves when all watches of all controllers started have
   * delivered their initial events; the first runs may be over by then or not.
   *
   * When leadership is lost, the parts that need it are stopped and their client writes no more, whether they have
   * ended their start or not; the manager stays a candidate and starts them again when it leads again.
   *
   * Errors: what a part's start throws, after the parts already started were stopped; `UsageError` that names a kind
   * which the store does not know; `ClosedError` when `stop` is called meanwhile; `UsageError` when it was called before, or for dependencies that cannot be kept.
   */
  start(): Promise<void>
  /**
   * Resolves when all controllers are at rest together: nothing queued, in flight or due, and every watch has
   * delivered what the client reads. Keys that wait for a later time do not count, nor does what waits for leadership.
   *
   * Errors: `UsageError` before `start`; `ClosedError` when the manager is stopped, or stops first.
   */
  settled(): Promise<void>
  /** Resolves as soon as no controller has a key queued or in flight; their watches may have more to deliver. */
  idle(): Promise<void>
  /**
   * Stops the parts in reverse order: no new attempts, then a wait for those in flight, up to the grace period
   * for all parts together. What is busy after it is left behind and can no longer write. Idempotent: later
   * calls get the first report, and may shorten the wait. A leader resigns when what it led has stopped. The report has
   * every part that was started, and every controller that stood by.
   *
   * Guarantees: resolves within the grace period and one `renewDeadlineMs` of the election, whatever the parts and the
   * store do, and also when the env of the client is closed.
   */
  stop(options?: StopOptions): Promise<StopReport>
  /**
   * Starts, and resolves when everything has stopped: the last line of a program that consists of this manager. While it
   * runs the process is kept alive. The first SIGINT or SIGTERM stops the parts as `stop` does; what is still busy after
   * a second is logged, and another signal ends the process at once, with the exit code 130 or 143. Where there is no
   * process, as in a browser, only `stop` ends it.
   *
   * Errors, with which a program that does not catch them ends with exit code 1: those of `start`; what a part failed
   * with; `Timeout`, naming the parts, when some are busy after the grace period.
   *
   * @param options for the stop that a signal begins
   */
  run(options?: StopOptions): Promise<StopReport>
  /** Resolves when everything has stopped: by `stop`, or because a part failed that may not be restarted. */
  finished(): Promise<StopReport>
  /** For probes of the process. */
  health(): Health
  /** The state of the manager, of its election and of each part, as of now. */
  status(): ManagerStatus
}
