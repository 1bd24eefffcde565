import type { Client, Kind, ObjectOf, ObjectRef, Reader, StoredObject } from '../../store/index.js'
import type { OwnWritesPolicy } from '../attempt/attempt-view.js'
import type { ReconcileContext } from '../attempt/reconcile-context.js'
import type { Result } from '../attempt/result.js'
import type { CacheChanges } from '../cache/cache-contract.js'
import type { EventDestination } from '../events/event-destination.js'
import type { RateLimiter } from '../limiters/rate-limiter.js'
import type { ObjectKey } from '../object-key.js'
import type { Fairness } from '../queue/fair-classes.js'
import type { Predicate } from '../sources/predicates.js'
import type { SignalSource } from '../sources/signal-source.js'
import type { ErrorRule } from './error-rules.js'

/** Changes of `kind` are turned into keys by a function of the changed object. */
export interface MappedWatch<Watched extends Kind = Kind> {
  readonly kind: Watched
  /**
   * Keys to look at, of the kind that the controller is for. Pure; called with the old and with the new object of an
   * update. When it throws it is called again, after 100 ms, then later and later, up to 5 minutes; what is no key is
   * refused, and logged.
   */
  map(object: ObjectOf<Watched>, reader: Reader): readonly ObjectKey[]
  readonly refs?: undefined
  /** Which changes matter. Default: all. */
  readonly when?: Predicate
  /** True: left out when the store was not made with the kind. Default false: the start fails then. */
  readonly optional?: boolean
}

/** Changes of `kind` reach the keys whose own objects refer to the changed one. */
export interface ReferenceWatch<Spec = unknown, Status = unknown, Watched extends Kind = Kind> {
  readonly kind: Watched
  /** What `object` refers to. Pure. A missing namespace means that of `object`. */
  refs(object: StoredObject<Spec, Status>): readonly ObjectRef[]
  readonly map?: undefined
  readonly optional?: undefined
  /** Which changes of the object referred to matter. Default: all. */
  readonly when?: Predicate
}

/** A kind whose objects a controller makes. */
export interface OwnedWatch {
  readonly kind: Kind
  /** Whose keys a change reaches: that of the managing owner, or those of all owners. Default `controller`. */
  readonly owners?: 'controller' | 'all'
  /** Which changes matter. Default: all. */
  readonly when?: Predicate
}

/** Another kind whose changes matter to a controller. */
export type WatchSource<Spec = unknown, Status = unknown, Watched extends Kind = Kind> =
  | MappedWatch<Watched>
  | ReferenceWatch<Spec, Status, Watched>

/**
 * Brings the world of one key to what its object says. Runs again whenever something that it may depend on has
 * changed, so it reads the present state and never asks what happened.
 *
 * @param key names the object
 * @param object as the client reads it now; undefined when it does not exist
 */
export type Reconciler<Spec, Status> = (
  key: ObjectRef,
  object: StoredObject<Spec, Status> | undefined,
  ctx: ReconcileContext,
) => Result | void | Promise<Result | void>

/** How a controller is made. */
export interface ControllerOptions<Spec, Status, Watched extends readonly Kind[] = readonly Kind[]> {
  /** Unique in its manager; the label of logs and metrics. */
  readonly name: string
  /** The kind whose objects are the keys. */
  readonly for: Kind<Spec, Status>
  /** Which changes of the objects themselves matter. Default: all. */
  readonly when?: Predicate
  /** Kinds whose objects this controller makes: their changes reach the key named by their managing owner. */
  readonly owns?: readonly (Kind | OwnedWatch)[]
  /** Other kinds that matter. */
  readonly watches?: { readonly [Index in keyof Watched]: WatchSource<Spec, Status, Watched[Index]> }
  /** What else wakes keys: observables, async iterables, timers. Default none. */
  readonly signals?: readonly SignalSource[]
  /**
   * Looks at every key once in this many milliseconds, spread evenly over them, at a low priority; finite, ≥ 1000.
   * For worlds outside the store that change without a word. Default: never.
   */
  readonly resyncMs?: number
  /**
   * What `ctx.client` reads, and where the object comes from. `client`, the default: the client itself, which is
   * always current. `cache`: what the watches of this controller have delivered, so that a run sees no more than what
   * woke it; kinds that it does not watch are read from the client.
   */
  readonly reads?: 'client' | 'cache'
  /** How attempts that read the cache see what they wrote. Default `overlay`. */
  readonly ownWrites?: OwnWritesPolicy
  /**
   * Whether a key runs again for what its own attempt wrote. `wake`, the default: as for any change, so that it sees that
   * nothing is left to do. `ignore`: not for a change that it alone made, for reconcilers that do everything in one run;
   * one that takes a step per run must ask for the next, by `requeueAfter(0)`. In doubt it runs.
   */
  readonly ownChanges?: 'wake' | 'ignore'
  /**
   * True: a change of whatever an attempt has read through `ctx.client`, by `get`, `list` or `count`, wakes its key, as
   * `ctx.watch` does, until an attempt has succeeded without reading it. Reads inside transactions, recipes and snapshots
   * are not followed. Default false.
   */
  readonly tracksReads?: boolean
  /** Where `ctx.record` writes, for example `Event` of `keelson/api`. Default false: nowhere. */
  readonly events?: EventDestination
  /** Keys reconciled at the same time, a whole number of at least 1. Default 1. */
  readonly concurrency?: number
  /**
   * Longest time of one attempt in milliseconds, finite, above 0. Then its signal is aborted, its client refuses
   * writes, and the key backs off. Default: none. A reconciler that never yields cannot be interrupted.
   */
  readonly timeoutMs?: number
  /** Delays after failures. Default: 5 ms, doubled by each failure of the key, up to 1000 s. */
  readonly limiter?: RateLimiter
  /**
   * What follows from errors of some sort, by their code or class: the first rule that fits decides, before anything else
   * that an error may mean, `Conflict`, `TerminalError` and `RetryAfterError` included. Default none.
   */
  readonly errors?: readonly ErrorRule[]
  /**
   * After so many failures in a row that look alike, numbers in their messages aside, a key is in quarantine: it runs
   * again when something changes or when it is enqueued, and not by itself. A whole number of at least 1; default:
   * never. A
   * `RetryAfterError` does not count.
   */
  readonly quarantineAfter?: number
  /**
   * After so many runs in a row of a key that nothing but its own writes caused, and that left every object as they had
   * left it before, the times in it aside, the key is in a hot loop: it is reported, and runs after 100 ms, then twice
   * as long each time, up to 5 minutes, until something else changes. Progress step by step is no loop; after 50 times
   * as many steps in a row the key is reported too, and runs at most ten times a second. So is, at its own pace, a key
   * whose writes are undone so often in a row, less than a minute apart. A whole number of at least 1, default 20;
   * Infinity: never.
   */
  readonly hotLoopAfter?: number
  /** Shares the workers between classes of keys, as in a work queue. Default: one class. */
  readonly fairness?: Fairness<ObjectRef>
  /** Milliseconds of waiting that are worth one point of priority, as in a work queue. Default 100. */
  readonly ageMs?: number
  /**
   * When a key waits for a worker, an attempt runs, or news of the store is late for longer than this, in milliseconds,
   * `health` says so, and the manager is not ready. Above 0, default 300,000; Infinity: never.
   */
  readonly unhealthyAfterMs?: number
  readonly reconcile: Reconciler<Spec, Status>
  /**
   * Called at each start, before anything is watched or reconciled: makes what lives as long as the controller runs. A
   * standby is a start too. When it throws, the start fails.
   *
   * @param client that of the start
   */
  started?(client: Client): void
  /**
   * Called with everything that the watches tell, before keys are woken by it: for a picture of the world beside the
   * cache. It may `enqueue` keys. What it throws is logged.
   *
   * @param reader shows the changes
   */
  changed?(changes: CacheChanges, reader: Reader): void
  /**
   * Called once after each `started`, when no attempt runs any more: after a stop, or a start that failed. Not at a
   * loss of leadership, after which a controller stands by.
   */
  stopped?(): void
}

/** The options of a control loop, of objects or of keys of another type. */
export interface LoopOptions<Spec, Status> extends ControllerOptions<Spec, Status> {
  /** There are no objects of the kind `for`: it only names the keys. */
  readonly isKeyed?: true
}
