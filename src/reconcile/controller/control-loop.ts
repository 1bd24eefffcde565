import type { Cancel } from '../../core/index.js'
import { UsageError } from '../../core/index.js'
import type { Client, ObjectRef } from '../../store/index.js'
import type { Attempt } from '../attempt/attempt.js'
import { openAttempt } from '../attempt/attempt.js'
import type { CacheViews } from '../attempt/attempt-view.js'
import { createCacheViews } from '../attempt/attempt-view.js'
import type { ContextSite } from '../attempt/reconcile-context.js'
import { reconcileContext } from '../attempt/reconcile-context.js'
import type { EventRecorder } from '../events/event-recorder.js'
import { createEventRecorder } from '../events/event-recorder.js'
import { HotLoops } from '../hot-loops/hot-loops.js'
import { reportHotLoop } from '../hot-loops/report-hot-loop.js'
import { exponentialLimiter } from '../limiters/exponential-limiter.js'
import type { RateLimiter } from '../limiters/rate-limiter.js'
import { keyId, refOfId } from '../object-key.js'
import type { KeyState } from '../queue/work-queue-contract.js'
import { createWorkQueue } from '../queue/work-queue-contract.js'
import type { StopOptions, StopOutcome } from '../stop-report.js'
import { assertGracePeriod } from '../stop-report.js'
import { AheadKeys } from './ahead-keys.js'
import type { KeyKeeping } from './apply-outcome.js'
import { applyOutcome } from './apply-outcome.js'
import type { Controller, ControllerStatus, StartOptions } from './controller-contract.js'
import type { ControllerMetrics } from './controller-metrics.js'
import { createControllerMetrics } from './controller-metrics.js'
import type { ControllerOptions } from './controller-options.js'
import type { ControllerSources, Wake } from './controller-sources.js'
import { ownedWatch, RESYNC_PRIORITY, startSources } from './controller-sources.js'
import type { AttemptEnd } from './outcome.js'
import { decideOutcome } from './outcome.js'
import { PollPauses } from './poll-pauses.js'
import { Quarantine } from './quarantine.js'

/** What exists only between start and stop. */
interface Running extends KeyKeeping {
  readonly client: Client
  readonly metrics: ControllerMetrics
  readonly limiter: RateLimiter
  /** Those that run, with their keys. */
  readonly attempts: Map<Attempt, ObjectRef>
  /** What attempts write through; undefined on standby. */
  acting: Client | undefined
  readonly recorder: EventRecorder | undefined
  readonly hotLoops: HotLoops
  readonly site: ContextSite
  sources: ControllerSources | undefined
  /** How attempts read, when they read the cache. */
  views: CacheViews | undefined
  readonly ahead: AheadKeys
  /** Keys that wait until the cache shows what they wrote. */
  readonly parked: Set<ObjectRef>
  /** True when a stop under way must not take any longer. */
  isHurried: boolean
  /** Attempts started or about to. */
  busy: number
}

/** A controller: what its sources wake is queued, and what is queued is reconciled. */
export class ControlLoop<Spec, Status> implements Controller {
  readonly #options: ControllerOptions<Spec, Status>
  readonly #listeners = new Set<() => void>()
  #running: Running | undefined
  #stopping: Promise<StopOutcome> | undefined

  constructor(options: ControllerOptions<Spec, Status>) {
    this.#options = options
  }

  get name(): string {
    return this.#options.name
  }

  async start(client: Client, { standby = false }: StartOptions = {}): Promise<void> {
    if (this.#running !== undefined)
      throw new UsageError(`controller ${this.name} is running already; stop it first`)
    const { reads = 'client', ownWrites = 'overlay' } = this.#options
    const run = this.#open(client)
    if (!standby) run.acting = run.client
    this.#running = run
    try {
      run.sources = startSources({
        options: this.#options,
        client: run.client,
        logger: run.logger,
        env: run.env,
        enqueue: (key, why) => wake(run, key, why),
        created: key => {
          run.queue.forget(key)
          run.quarantine.forget(key)
          run.polls.forget(key)
          run.hotLoops.forget(key)
        },
        skipped: since => {
          for (const key of [...run.ahead.take(since), ...run.attempts.values()])
            wake(run, key, { reason: 'gap' })
        },
        progressed: () => {
          run.ahead.told(run.sources?.cache.revision ?? 0)
          this.#unpark(run)
          this.#progressed()
        },
      })
      if (reads === 'cache') run.views = createCacheViews(run.sources.cache, run.client, ownWrites)
      await run.sources.started
    } catch (error) {
      this.#running = undefined
      run.env.close()
      throw error
    }
  }

  stop(options: StopOptions = {}): Promise<StopOutcome> {
    const { gracePeriodMs = 30_000 } = options
    assertGracePeriod(gracePeriodMs)
    const run = this.#running
    if (run === undefined) return Promise.resolve('stopped')
    if (this.#stopping !== undefined) this.#hurry(run, gracePeriodMs)
    this.#stopping ??= this.#close(run, gracePeriodMs).finally(() => {
      this.#stopping = undefined
    })
    return this.#stopping
  }

  activate(client: Client): void {
    const run = this.#running
    if (run === undefined || run.acting !== undefined)
      throw new UsageError(`controller ${this.name} is not on standby; start it with { standby: true }`)
    run.acting = client.client(client.env.fork(this.name))
    // Another may have acted meanwhile, and nothing may have changed since: what it meant to do later is unknown.
    for (const id of run.sources?.cache.keys(this.#options.for) ?? [])
      run.queue.add(refOfId(id), { reason: 'activated', priority: RESYNC_PRIORITY })
    this.#dispatch(run)
  }

  async deactivate(options: StopOptions = {}): Promise<StopOutcome> {
    const { gracePeriodMs = 30_000 } = options
    assertGracePeriod(gracePeriodMs)
    const run = this.#running
    if (run?.acting === undefined) return 'stopped'
    const { acting } = run
    run.acting = undefined
    const outcome = await this.#rest(run, gracePeriodMs, new UsageError(`controller ${this.name} stands by`))
    acting.env.close()
    this.#progressed()
    return outcome
  }

  enqueue(key: ObjectRef, reason = 'asked for'): void {
    if (this.#running !== undefined) wake(this.#running, key, { reason })
  }

  inspect(key: ObjectRef): KeyState<ObjectRef> | undefined {
    return this.#running?.queue.inspect(key)
  }

  status(): ControllerStatus {
    const queue = this.#running?.queue
    return {
      name: this.name,
      queued: queue?.length ?? 0,
      inFlight: queue?.inFlight ?? 0,
      delayed: queue?.delayed ?? 0,
      failures: queue?.failing ?? 0,
      quarantined: this.#running?.quarantine.keys() ?? [],
      hotLoops: this.#running?.hotLoops.list() ?? [],
    }
  }

  isSettled(): boolean {
    const run = this.#running
    return (
      run?.acting === undefined ||
      (run.queue.isQuiet() &&
        run.parked.size === 0 &&
        run.sources?.cache.hasReached(run.client.revision) === true)
    )
  }

  onProgress(listener: () => void): Cancel {
    const entry = (): void => listener()
    this.#listeners.add(entry)
    return () => {
      this.#listeners.delete(entry)
    }
  }

  #open(outer: Client): Running {
    const { name, events, concurrency = 1, quarantineAfter = Number.POSITIVE_INFINITY } = this.#options
    const { ageMs, fairness, hotLoopAfter = 20, owns = [] } = this.#options
    const env = outer.env.fork(name)
    const client = outer.client(env)
    const limiter = this.#options.limiter ?? exponentialLimiter()
    const notify = (event: 'ready' | 'idle'): void => {
      if (event === 'ready') this.#dispatch(run)
      else this.#progressed()
    }
    const recorder = events && createEventRecorder({ client, kind: events, reportingController: name })
    const run: Running = {
      env,
      client,
      logger: env.logger.child({ controller: name }),
      queue: createWorkQueue({
        name,
        env,
        limiter,
        idOf: keyId,
        notify,
        ...(ageMs === undefined ? {} : { ageMs }),
        ...(fairness === undefined ? {} : { fairness }),
      }),
      metrics: createControllerMetrics(env.metrics, name, concurrency),
      limiter,
      quarantine: new Quarantine(quarantineAfter),
      polls: new PollPauses(),
      hotLoops: new HotLoops({
        after: hotLoopAfter,
        now: () => env.clock.monotonic(),
        heardUpTo: () => run.sources?.cache.revision ?? 0,
        report: loop =>
          reportHotLoop(loop, { ...run, name, object: client.get(this.#options.for, loop.key) }),
      }),
      attempts: new Map(),
      acting: undefined,
      recorder,
      site: { name, for: this.#options.for, owned: owns.map(entry => ownedWatch(entry).kind), recorder },
      sources: undefined,
      views: undefined,
      ahead: new AheadKeys(),
      parked: new Set(),
      isHurried: false,
      busy: 0,
    }
    return run
  }

  /** Gives ready keys to free workers; each run is a step of its own. */
  #dispatch(run: Running): void {
    const { concurrency = 1 } = this.#options
    // A cache that is still empty would look as if nothing existed.
    if (this.#options.reads === 'cache' && run.sources?.cache.synced !== true) return
    if (run.acting === undefined) return
    while (run.busy < concurrency && !run.queue.shuttingDown) {
      const key = run.queue.get()
      if (key === undefined) return
      run.busy++
      const label = `${this.name} ${keyId(key)}`
      run.env.tasks.defer(() => this.#attempt(run, key, label), { kind: 'reconcile', label })
    }
  }

  #attempt(run: Running, key: ObjectRef, label: string): void {
    const { acting } = run
    if (run.queue.shuttingDown) return this.#release(run, key)
    if (acting === undefined) return this.#putBack(run, key)
    if (run.views?.isReady(key) === false) {
      run.parked.add(key)
      return this.#release(run, key)
    }
    const holdMs = run.hotLoops.hold(key)
    if (holdMs > 0) {
      run.queue.addAfter(key, holdMs, { reason: 'hot loop' })
      return this.#release(run, key)
    }
    run.queue.begin(key)
    const writes = run.hotLoops.listen(key)
    const view = run.views?.open(key)
    const reader = view?.reader ?? acting
    const startedMs = run.env.clock.monotonic()
    const attempt = openAttempt({
      name: label,
      client: acting,
      sight: { view, writes },
      openLogger: () => run.logger.child({ key: keyId(key) }),
      failures: run.queue.history(key).failures,
      timeoutMs: this.#options.timeoutMs,
      ended: end => {
        run.attempts.delete(attempt)
        writes.over()
        const { revision } = run.client
        if (revision > (run.sources?.cache.revision ?? 0)) run.ahead.ran(key, revision)
        this.#conclude(run, key, end, run.env.clock.monotonic() - startedMs)
      },
    })
    run.attempts.set(attempt, key)
    run.metrics.active(run.attempts.size)
    const { for: kind, reconcile } = this.#options
    attempt.run(ctx => {
      const object = reader.get(kind, key)
      return reconcile(key, object, reconcileContext(ctx, run.site, object))
    })
  }

  /** The cache has moved: it may be ready for keys that it was not ready for. */
  #unpark(run: Running): void {
    const parked = [...run.parked]
    run.parked.clear()
    for (const key of parked) run.queue.add(key, { reason: 'own writes' })
    this.#dispatch(run)
  }

  #conclude(run: Running, key: ObjectRef, end: AttemptEnd, tookMs: number): void {
    try {
      const outcome = decideOutcome(end, run.queue.history(key), run.limiter)
      run.metrics.ended(outcome, tookMs)
      applyOutcome(run, key, outcome)
    } catch (error) {
      // A limiter of the caller's may throw, or give no delay; the key must be released all the same.
      run.logger.error({ key: keyId(key), err: error }, 'the limiter failed; waiting for a change')
    } finally {
      this.#release(run, key)
    }
  }

  #release(run: Running, key: ObjectRef): void {
    run.busy--
    run.metrics.active(run.attempts.size)
    run.queue.done(key)
    if (run.queue.shuttingDown) this.#progressed()
    else this.#dispatch(run)
  }

  async #close(run: Running, gracePeriodMs: number): Promise<StopOutcome> {
    run.sources?.stop()
    run.queue.shutDown()
    const outcome = await this.#rest(
      run,
      gracePeriodMs,
      new UsageError(`controller ${this.name} was stopped`),
    )
    if (!run.env.closed) await run.recorder?.flush({ timeoutMs: Math.min(gracePeriodMs, 5_000) })
    run.env.close()
    this.#running = undefined
    this.#progressed()
    return outcome
  }

  /** Another stop: the wait of the first ends with its grace period at the latest. */
  #hurry(run: Running, gracePeriodMs: number): void {
    run.env.clock.after(gracePeriodMs, () => {
      run.isHurried = true
      this.#progressed()
    })
  }

  /** Waits for the attempts in flight, and gives up those that take longer, or whose world is gone. */
  async #rest(run: Running, gracePeriodMs: number, why: Error): Promise<StopOutcome> {
    let isOver = run.env.closed
    const cancel = run.env.clock.after(gracePeriodMs, () => {
      isOver = true
      this.#progressed()
    })
    const isDead = (attempt: Attempt): boolean => attempt.isDead
    await this.#until(() => isOver || run.isHurried || [...run.attempts.keys()].every(isDead))
    cancel()
    const abandoned = [...run.attempts]
    run.attempts.clear()
    for (const [attempt, key] of abandoned) {
      attempt.abandon(why)
      this.#putBack(run, key)
    }
    return abandoned.length > 0 ? 'abandoned' : 'stopped'
  }

  /** Taken, but not worked on to the end. */
  #putBack(run: Running, key: ObjectRef): void {
    run.queue.add(key, { reason: 'put back' })
    this.#release(run, key)
  }

  #progressed(): void {
    for (const listener of this.#listeners) listener()
  }

  #until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve()
    return new Promise(resolve => {
      const cancel = this.onProgress(() => {
        if (!holds()) return
        cancel()
        resolve()
      })
    })
  }
}

/** Something other than the passing of time wants the key. */
function wake(run: Running, key: ObjectRef, why: Wake): void {
  if (why.isResync !== true) run.polls.forget(key)
  run.hotLoops.woken(key, why.cause)
  run.queue.add(key, why)
}
