import type { Cancel, Logger } from '../../core/index.js'
import { systemEnv, UsageError } from '../../core/index.js'
import { createListeners, onRejected } from '../../core/internal.js'
import type { Client, Kind, ObjectRef } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import type { Attempt, AttemptEnd } from '../attempt/attempt.js'
import { openAttempt } from '../attempt/attempt.js'
import { createCacheViews } from '../attempt/attempt-view.js'
import { inTime } from '../in-time.js'
import type { ObjectKey } from '../object-key.js'
import { assertKey } from '../object-key.js'
import type { KeyRecord } from '../queue/key-record.js'
import type { StopOptions, StopOutcome } from '../stop-report.js'
import { assertGracePeriod } from '../stop-report.js'
import { applyOutcome } from './apply-outcome.js'
import type { Controller, ControllerKeyState, ControllerStatus, StartOptions } from './controller-contract.js'
import type { ControllerOptions, LoopOptions } from './controller-options.js'
import { assertControllerOptions } from './controller-options-check.js'
import type { ControllerRun } from './controller-run.js'
import { actThrough, hear, openRun, wake } from './controller-run.js'
import { ownedWatch } from './controller-sources.js'
import { inspectIn, statusOf, troubleOf } from './controller-status.js'
import { decideOutcome } from './outcome.js'

/**
 * Makes a controller.
 *
 * Guarantees: at most one attempt of a key at a time; a key that changes during its attempt is reconciled
 * again; every key is reconciled with its latest state at least once after it changed, unless the controller
 * stops first. An attempt that was given up can no longer write.
 *
 * @throws InvalidError when an option is out of bounds
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createController, createManager } from 'keelson/reconcile'
 * import { createStore, defineKind } from 'keelson/store'
 *
 * const Greeting = defineKind<{ name: string }, { text: string }>({
 *   apiVersion: 'example/v1',
 *   kind: 'Greeting',
 *   plural: 'greetings',
 *   namespaced: true,
 * })
 * const store = createStore({ kinds: [Greeting] })
 * const manager = createManager({ client: store })
 * manager.add(createController({
 *   name: 'greeter',
 *   for: Greeting,
 *   reconcile: async (key, greeting, { client }) => {
 *     if (greeting === undefined) return
 *     await client.modifyStatus(Greeting, key, draft => {
 *       draft.status = { text: `Hello, ${greeting.spec.name}` }
 *     })
 *   },
 * }))
 * await manager.start()
 * await store.create(Greeting, { metadata: { namespace: 'default', name: 'a' }, spec: { name: 'Ada' } })
 * await manager.settled()
 * assert.equal(store.get(Greeting, { namespace: 'default', name: 'a' })?.status?.text, 'Hello, Ada')
 * await manager.stop()
 * ```
 */
export function createController<Spec, Status, const Watched extends readonly Kind[] = readonly Kind[]>(
  options: ControllerOptions<Spec, Status, Watched>,
): Controller {
  assertControllerOptions(options)
  return new ControlLoop(options as unknown as ControllerOptions<Spec, Status>)
}

/** As `createController`, also for keys that are no objects. */
export function createLoop<Spec, Status>({ isKeyed, ...options }: LoopOptions<Spec, Status>): Controller {
  assertControllerOptions(options)
  return new ControlLoop(isKeyed === undefined ? options : { ...options, isKeyed })
}

/** Events that were not written by then are lost with the controller. */
const FLUSH_MS_MAX = 5_000
const UNHEALTHY_AFTER_MS = 300_000

/** A controller: what its sources wake is queued, and what is queued is reconciled. */
class ControlLoop<Spec, Status> implements Controller {
  readonly #options: LoopOptions<Spec, Status>
  /** Names it in errors. */
  readonly #subject: string
  readonly #listeners = createListeners<void>({
    onError: error => this.#logger.error({ err: error }, 'a listener for the progress of a controller threw'),
  })
  #logger: Logger = systemEnv.logger
  #running: ControllerRun | undefined
  #stopping: Promise<StopOutcome> | undefined

  constructor(options: LoopOptions<Spec, Status>) {
    this.#options = options
    this.#subject = `controller ${options.name}`
  }

  get name(): string {
    return this.#options.name
  }

  get owning(): Controller['owning'] {
    const { for: owner, owns = [] } = this.#options
    return owns.length === 0 ? undefined : { owner, kinds: owns.map(entry => ownedWatch(entry).kind) }
  }

  async start(client: Client, { standby = false }: StartOptions = {}): Promise<void> {
    if (this.#running !== undefined)
      throw new UsageError(`${this.#subject} is running already; stop it first`)
    const { reads = 'client', ownWrites = 'overlay' } = this.#options
    onRejected(this.#options.started?.(client), error =>
      client.env.logger.error({ err: error, controller: this.name }, 'the hook `started` rejected'),
    )
    const run = openRun(this.#options, client, {
      notify: event => {
        if (event === 'ready') this.#dispatch(run)
        else this.#progressed()
      },
      ended: (attempt, end) => this.#ended(run, attempt, end),
    })
    if (!standby) actThrough(run, this.#options, run.client)
    this.#running = run
    this.#logger = run.logger
    try {
      run.sources = hear(run, this.#options, () => {
        this.#unpark(run)
        this.#progressed()
      })
      if (reads === 'cache') run.views = createCacheViews(run.sources.cache, run.client, ownWrites)
      await run.sources.started
    } catch (error) {
      this.#deafen(run)
      this.#end(run)
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
      throw new UsageError(`${this.#subject} is not on standby; start it with { standby: true }`)
    actThrough(run, this.#options, client.client(client.env.fork(this.name)))
    // Another may have acted meanwhile, and nothing may have changed since: what it meant to do later is unknown.
    run.sources?.wakeAll('activated')
    this.#dispatch(run)
  }

  async deactivate(options: StopOptions = {}): Promise<StopOutcome> {
    const { gracePeriodMs = 30_000 } = options
    assertGracePeriod(gracePeriodMs)
    const run = this.#running
    if (run?.acting === undefined) return 'stopped'
    const { acting } = run
    run.acting = undefined
    const untilMs = run.env.clock.monotonic() + gracePeriodMs
    const outcome = await this.#rest(run, gracePeriodMs, 'stands by')
    await this.#tellRest(run, untilMs)
    run.recorder = undefined
    acting.env.close()
    this.#progressed()
    return outcome
  }

  enqueue(key: ObjectKey, reason = 'asked for'): void {
    assertKey(this.#options.for, key, this.#subject)
    if (this.#running !== undefined) wake(this.#running, key, { reason })
  }

  inspect(key: ObjectRef): ControllerKeyState | undefined {
    return this.#running && inspectIn(this.#running, key)
  }

  status(): ControllerStatus {
    return statusOf(this.name, this.#running)
  }

  unhealthy(): string | undefined {
    const { unhealthyAfterMs = UNHEALTHY_AFTER_MS } = this.#options
    return troubleOf(this.#running, unhealthyAfterMs)
  }

  isSettled(): boolean {
    const run = this.#running
    return (
      run?.acting === undefined ||
      (run.queue.isQuiet() &&
        run.parked.size === 0 &&
        run.sources?.cache.hasReached(run.client.revision) === true &&
        run.dependencies.hasReached(run.client.revision))
    )
  }

  onProgress(listener: () => void): Cancel {
    return this.#listeners.add(listener)
  }

  /**
   * Gives ready keys to free workers; each run is a step of its own.
   *
   * @param nowMs monotonic, where the clock was just read
   */
  #dispatch(run: ControllerRun, nowMs?: number): void {
    const { concurrency = 1 } = this.#options
    // A cache that is still empty would look as if nothing existed.
    if (this.#options.reads === 'cache' && run.sources?.cache.synced !== true) return
    const { acting } = run
    if (acting === undefined) return
    const workers = run.pauses.workers(concurrency)
    while (run.busy < workers && !run.queue.shuttingDown) {
      const record = run.queue.take(nowMs)
      if (record === undefined) return
      run.busy++
      const attempt = openAttempt(run.site, record, acting)
      run.env.tasks.defer(() => this.#attempt(run, attempt, acting), attempt)
    }
  }

  #attempt(run: ControllerRun, attempt: Attempt, client: Client): void {
    const { keyRecord: record } = attempt
    const { key } = record
    if (run.queue.shuttingDown) return this.#release(run, record)
    // The reign in which its step was deferred is over.
    if (run.acting !== client) return this.#putBack(run, record)
    if (run.views?.isReady(key) === false) {
      run.parked.add(key)
      return this.#release(run, record)
    }
    const holdMs = run.hotLoops.hold(key)
    if (holdMs > 0) {
      run.queue.addAfter(key, holdMs, { reason: 'hot loop' })
      return this.#release(run, record)
    }
    // What wants the key from now on is for another attempt.
    record.wantedAtMs = undefined
    run.attempts.push(attempt)
    run.metrics.active(run.attempts.length)
    attempt.run(run.env.clock.monotonic(), run.views?.open(key))
  }

  #ended(run: ControllerRun, attempt: Attempt, end: AttemptEnd): void {
    const { keyRecord: record, startedMs } = attempt
    run.attempts.remove(attempt)
    run.hotLoops.attemptEnded(record.key)
    run.dependencies.ended(record.key, end.kind === 'returned')
    const { revision } = run.client
    if (revision > (run.sources?.cache.revision ?? 0)) run.ahead.ran(record.key, revision)
    this.#conclude(run, record, end, startedMs)
  }

  /** The cache has moved: it may be ready for keys that it was not ready for. */
  #unpark(run: ControllerRun): void {
    const parked = [...run.parked]
    run.parked.clear()
    for (const key of parked) run.queue.add(key, { reason: 'own writes' })
    this.#dispatch(run)
  }

  #conclude(run: ControllerRun, record: KeyRecord<ObjectRef>, end: AttemptEnd, startedMs: number): void {
    const nowMs = run.env.clock.monotonic()
    try {
      const outcome = decideOutcome(end, record.history, run.limiter, this.#options.errors)
      run.metrics.ended(outcome, nowMs - startedMs)
      applyOutcome(run, record, outcome)
    } catch (error) {
      // A limiter of the caller's may throw, or give no delay; the key must be released all the same.
      run.logger.error({ key: refText(record.key), err: error }, 'the limiter failed; waiting for a change')
    } finally {
      this.#release(run, record, nowMs)
    }
  }

  #release(run: ControllerRun, record: KeyRecord<ObjectRef>, nowMs?: number): void {
    run.busy--
    run.metrics.active(run.attempts.length)
    run.queue.giveBack(record, nowMs)
    if (run.queue.shuttingDown) this.#progressed()
    else this.#dispatch(run, nowMs)
  }

  async #close(run: ControllerRun, gracePeriodMs: number): Promise<StopOutcome> {
    this.#deafen(run)
    run.queue.shutDown()
    const untilMs = run.env.clock.monotonic() + gracePeriodMs
    const outcome = await this.#rest(run, gracePeriodMs, 'was stopped')
    await this.#tellRest(run, untilMs)
    this.#end(run)
    return outcome
  }

  #deafen({ sources, dependencies }: ControllerRun): void {
    sources?.stop()
    dependencies.stop()
  }

  /** By the time of the controller: that of the recorder ends with a reign. */
  async #tellRest({ env, recorder }: ControllerRun, untilMs: number): Promise<void> {
    const timeoutMs = Math.min(Math.max(0, untilMs - env.clock.monotonic()), FLUSH_MS_MAX)
    if (recorder !== undefined) await inTime(env, recorder.flush({ timeoutMs }), timeoutMs)
  }

  /** Once for each run. */
  #end(run: ControllerRun): void {
    if (this.#running !== run) return
    this.#running = undefined
    run.env.close()
    try {
      onRejected(this.#options.stopped?.(), error =>
        this.#logger.error({ err: error }, 'the hook `stopped` rejected'),
      )
    } finally {
      this.#progressed()
    }
  }

  /** Another stop: the wait of the first ends with its grace period at the latest. */
  #hurry(run: ControllerRun, gracePeriodMs: number): void {
    const hurry = (): void => {
      run.isHurried = true
      this.#progressed()
    }
    if (run.env.closed) hurry()
    else run.env.clock.after(gracePeriodMs, hurry)
  }

  /** Waits for the attempts in flight, and gives up those that take longer, or whose world is gone. */
  async #rest(run: ControllerRun, gracePeriodMs: number, why: string): Promise<StopOutcome> {
    let isOver = run.env.closed
    const cancel = run.env.clock.after(gracePeriodMs, () => {
      isOver = true
      this.#progressed()
    })
    const isDead = (attempt: Attempt): boolean => attempt.isDead
    await this.#until(() => isOver || run.isHurried || [...run.attempts].every(isDead))
    cancel()
    const abandoned = [...run.attempts]
    if (abandoned.length === 0) return 'stopped'
    for (const attempt of abandoned) run.attempts.remove(attempt)
    const error = new UsageError(`${this.#subject} ${why}`)
    for (const attempt of abandoned) {
      const { keyRecord } = attempt
      attempt.abandon(error)
      run.hotLoops.attemptEnded(keyRecord.key)
      run.dependencies.ended(keyRecord.key, false)
      this.#putBack(run, keyRecord)
    }
    return 'abandoned'
  }

  /** Taken, but not worked on to the end. */
  #putBack(run: ControllerRun, record: KeyRecord<ObjectRef>): void {
    run.queue.add(record.key, { reason: 'put back' })
    this.#release(run, record)
  }

  #progressed(): void {
    this.#listeners.emit()
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
