import { LinkedList } from '../../core/internal.js'
import type { Client, ObjectRef } from '../../store/index.js'
import type { Attempt, AttemptSite } from '../attempt/attempt.js'
import type { CacheViews } from '../attempt/attempt-view.js'
import { openEventRecorder } from '../events/event-destination.js'
import type { EventRecorder } from '../events/event-recorder.js'
import type { OwnWriteListener } from '../hot-loops/hot-loops.js'
import { HotLoops } from '../hot-loops/hot-loops.js'
import { reportHotLoop } from '../hot-loops/report-hot-loop.js'
import { exponentialLimiter } from '../limiters/exponential-limiter.js'
import type { RateLimiter } from '../limiters/rate-limiter.js'
import { RefIndex } from '../queue/key-index.js'
import { RecordQueue } from '../queue/work-queue.js'
import type { WorkQueueOptions } from '../queue/work-queue-contract.js'
import { AheadKeys } from './ahead-keys.js'
import type { KeyStates } from './apply-outcome.js'
import { AttemptPauses } from './attempt-pauses.js'
import type { ControllerMetrics } from './controller-metrics.js'
import { createControllerMetrics } from './controller-metrics.js'
import type { ControllerOptions, LoopOptions, Reconciler } from './controller-options.js'
import type { ControllerSources, Wake } from './controller-sources.js'
import { ownedWatch, startSources } from './controller-sources.js'
import { Dependencies } from './dependencies.js'
import { OwnChanges } from './own-changes.js'
import { PollPauses } from './poll-pauses.js'
import { Quarantine } from './quarantine.js'
import { ToldLag } from './told-lag.js'

/** What exists only between start and stop. */
export interface ControllerRun extends KeyStates {
  readonly client: Client
  readonly metrics: ControllerMetrics
  readonly limiter: RateLimiter
  /** Those that run, in the order of their beginnings. */
  readonly attempts: LinkedList<Attempt>
  /** What attempts write through; undefined on standby. */
  acting: Client | undefined
  /** Writes through `acting`, so that nothing is told in the name of a leader that is none any more. */
  recorder: EventRecorder | undefined
  readonly hotLoops: HotLoops
  readonly site: AttemptSite
  sources: ControllerSources | undefined
  /** How attempts read, when they read the cache. */
  views: CacheViews | undefined
  readonly ahead: AheadKeys
  readonly lag: ToldLag
  readonly dependencies: Dependencies
  /** Absent where own changes wake as others do. */
  readonly ownChanges: OwnChanges | undefined
  /** Keys that wait until the cache shows what they wrote. */
  readonly parked: Set<ObjectRef>
  /** True when a stop under way must not take any longer. */
  isHurried: boolean
  /** Attempts started or about to. */
  busy: number
}

/** Whom a run tells. */
export interface RunListener {
  /** Of its queue; `told` when a watch of what keys depend on has told something. */
  readonly notify: (event: 'ready' | 'idle' | 'told') => void
  /** An attempt has ended. */
  readonly ended: AttemptSite['ended']
}

/**
 * A run of a controller that has heard of nothing yet, in an env of its own under that of `outer`.
 */
export function openRun<Spec, Status>(
  options: LoopOptions<Spec, Status>,
  outer: Client,
  { notify, ended }: RunListener,
): ControllerRun {
  const { name, concurrency = 1, quarantineAfter = Number.POSITIVE_INFINITY } = options
  const { hotLoopAfter = 20, limiter = exponentialLimiter(), ownChanges } = options
  const env = outer.env.fork(name)
  const client = outer.client(env)
  const logger = env.logger.child({ controller: name })
  const run: ControllerRun = {
    env,
    client,
    logger,
    queue: queueOf(options, { env, limiter, notify }),
    metrics: createControllerMetrics(env.metrics, name, concurrency),
    limiter,
    quarantine: new Quarantine(quarantineAfter),
    polls: new PollPauses(),
    pauses: new AttemptPauses(env.clock, () => notify('ready')),
    hotLoops: new HotLoops({
      after: hotLoopAfter,
      now: () => env.clock.monotonic(),
      heardUpTo: () => run.sources?.cache.revision ?? 0,
      report: loop =>
        reportHotLoop(loop, {
          ...run,
          name,
          object: options.isKeyed === true ? undefined : client.get(options.for, loop.key),
        }),
    }),
    attempts: new LinkedList(),
    acting: undefined,
    recorder: undefined,
    site: siteOf(options, { logger, tracer: env.tracer, ended }, () => run),
    sources: undefined,
    views: undefined,
    ahead: new AheadKeys(),
    lag: new ToldLag({
      clock: env.clock,
      revision: () => client.revision,
      isTold: revision => run.sources?.cache.hasReached(revision) === true,
    }),
    dependencies: new Dependencies({
      name,
      for: options.for,
      client,
      env,
      logger,
      isWatched: kind => run.sources?.cache.holds(kind) === true,
      wake: (key, why) => wake(run, key, why),
      progressed: () => notify('told'),
    }),
    ownChanges: ownChanges === 'ignore' ? new OwnChanges((key, why) => wake(run, key, why)) : undefined,
    parked: new Set(),
    isHurried: false,
    busy: 0,
  }
  return run
}

/** @param run that of the attempts, once it is there */
function siteOf<Spec, Status>(
  options: LoopOptions<Spec, Status>,
  { logger, tracer, ended }: Pick<AttemptSite, 'logger' | 'tracer' | 'ended'>,
  run: () => ControllerRun,
): AttemptSite {
  const { name, for: kind, owns = [], isKeyed = false, timeoutMs, tracksReads = false } = options
  return {
    logger,
    tracer,
    ended,
    name,
    for: kind,
    isKeyed,
    owned: owns.map(entry => ownedWatch(entry).kind),
    timeoutMs,
    reconcile: options.reconcile as Reconciler<unknown, unknown>,
    tracksReads,
    recorder: () => run().recorder,
    depends: key => run().dependencies.ask(key),
    listen: key => listenToWrites(run(), key),
  }
}

function queueOf<Spec, Status>(
  { name, ageMs, fairness }: ControllerOptions<Spec, Status>,
  site: Pick<WorkQueueOptions<ObjectRef>, 'env' | 'limiter' | 'notify'>,
): RecordQueue<ObjectRef> {
  return new RecordQueue(
    {
      ...site,
      name,
      ...(ageMs === undefined ? {} : { ageMs }),
      ...(fairness === undefined ? {} : { fairness }),
    },
    new RefIndex(),
  )
}

/** From now on attempts write, and tell what they do, through `client`. */
export function actThrough<Spec, Status>(
  run: ControllerRun,
  { name, events = false }: Pick<ControllerOptions<Spec, Status>, 'name' | 'events'>,
  client: Client,
): void {
  run.acting = client
  run.recorder = openEventRecorder(client, events, name)
}

/** Something other than the passing of time wants the key. */
export function wake(run: ControllerRun, key: ObjectRef, why: Wake): void {
  if (run.ownChanges?.holdsBack(key, why) === true) return
  if (why.isResync !== true) run.polls.forget(key)
  run.hotLoops.woken(key, why.cause)
  run.queue.add(key, why)
}

/** Opens the sources of a run: what they tell wakes keys, then `progressed` is called. */
export function hear<Spec, Status>(
  run: ControllerRun,
  options: LoopOptions<Spec, Status>,
  progressed: () => void,
): ControllerSources {
  const { client, logger, env } = run
  return startSources({
    options,
    client,
    logger,
    env,
    enqueue: (key, why) => wake(run, key, why),
    created: key => {
      run.queue.forget(key)
      run.quarantine.forget(key)
      run.polls.forget(key)
      run.hotLoops.forget(key)
    },
    changed: cause => run.dependencies.changed(cause),
    skipped: since => {
      for (const key of [
        ...run.ahead.take(since),
        ...[...run.attempts].map(({ keyRecord }) => keyRecord.key),
      ])
        wake(run, key, { reason: 'gap' })
    },
    progressed: () => {
      const revision = run.sources?.cache.revision ?? 0
      run.ahead.told(revision)
      run.ownChanges?.told(written => written <= revision && run.dependencies.hasReached(written))
      progressed()
    },
  })
}

/** Who hears of the writes of the attempt of `key` that begins. */
function listenToWrites(
  { hotLoops, ownChanges }: ControllerRun,
  key: ObjectRef,
): OwnWriteListener & { over(): void } {
  const loops = hotLoops.listen(key)
  if (ownChanges === undefined) return loops
  const own = ownChanges.listen(key)
  return {
    began: () => {
      loops.began()
      own.began()
    },
    ended: revision => {
      loops.ended(revision)
      own.ended(revision)
    },
    over: () => {
      loops.over()
      own.over()
    },
  }
}
