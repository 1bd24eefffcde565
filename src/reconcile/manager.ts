import { ClosedError, UsageError } from '../core/index.js'
import type { Client } from '../store/index.js'
import type { Controller, ControllerStatus } from './controller.js'
import { isController, type Runnable, stopPart } from './runnable.js'
import { assertGracePeriod, type StopEntry, type StopOptions, type StopReport } from './stop-report.js'

/** How a manager is made. */
export interface ManagerOptions {
  /** Handed to every part. A store fits. */
  readonly client: Client
}

/** What a manager says about its parts. */
export interface ManagerStatus {
  readonly state: 'new' | 'starting' | 'running' | 'stopping' | 'stopped'
  /** In the order in which they were added. */
  readonly controllers: readonly ControllerStatus[]
}

/** Starts controllers and other parts in order, and stops them in reverse. */
export interface Manager extends AsyncDisposable {
  /**
   * Adds a part; it is started by `start`.
   *
   * @throws UsageError when the name is taken, or `start` or `stop` was called already
   */
  add(part: Controller | Runnable): void
  /**
   * Starts the parts one after the other, each when the one before has started. Resolves when all watches of
   * all controllers have delivered their initial events; the first runs may be over by then or not.
   *
   * Errors: what a part's start throws, after the parts already started were stopped; `ClosedError` when `stop` is
   * called meanwhile; `UsageError` when it was called before.
   */
  start(): Promise<void>
  /**
   * Resolves when all controllers are at rest together: nothing queued, in flight or due, and every watch has
   * delivered what the client reads. Keys that wait for a later time do not count.
   *
   * Errors: `UsageError` before `start`; `ClosedError` when the manager is stopped, or stops first.
   */
  settled(): Promise<void>
  /**
   * Stops the parts in reverse order: no new attempts, then a wait for those in flight, up to the grace period
   * for all parts together. What is busy after it is left behind and can no longer write. Idempotent: later
   * calls get the first report.
   */
  stop(options?: StopOptions): Promise<StopReport>
  status(): ManagerStatus
}

/**
 * Makes a manager.
 *
 * @example
 * ```ts
 * import { createManager } from 'keelson/reconcile'
 * import { createStore, defineKind } from 'keelson/store'
 *
 * const Widget = defineKind({ apiVersion: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true })
 * const manager = createManager({ client: createStore({ kinds: [Widget] }) })
 * manager.add({ name: 'greeter', start: () => {}, stop: () => {} })
 * await manager.start()
 * const report = await manager.stop()
 * if (report[0]?.outcome !== 'stopped') throw new Error('still running')
 * ```
 */
export function createManager(options: ManagerOptions): Manager {
  return new PartList(options.client)
}

class PartList implements Manager {
  readonly #client: Client
  readonly #parts: (Controller | Runnable)[] = []
  readonly #started: (Controller | Runnable)[] = []
  /** Called when the state moves on, besides the controllers' own progress. */
  readonly #watchers = new Set<() => void>()
  #state: ManagerStatus['state'] = 'new'
  #stopping: Promise<StopReport> | undefined

  constructor(client: Client) {
    this.#client = client
  }

  add(part: Controller | Runnable): void {
    if (this.#state !== 'new') throw new UsageError(`cannot add ${part.name}: add every part before start()`)
    if (this.#parts.some(known => known.name === part.name)) {
      throw new UsageError(`a part named ${part.name} was added already; give each its own name`, {
        name: part.name,
      })
    }
    this.#parts.push(part)
  }

  async start(): Promise<void> {
    if (this.#state !== 'new')
      throw new UsageError(`start() was called on a manager that is ${this.#state}; make a new one`)
    this.#state = 'starting'
    for (const part of this.#parts) {
      this.#started.push(part)
      try {
        await part.start(this.#client)
      } catch (error) {
        this.#started.splice(this.#started.indexOf(part), 1)
        await this.stop()
        throw error
      }
      if (this.#stopping !== undefined) throw new ClosedError('the manager')
    }
    this.#move('running')
  }

  settled(): Promise<void> {
    if (this.#state === 'new') return Promise.reject(new UsageError('settled() was called before start()'))
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const isOver = this.#state === 'stopping' || this.#state === 'stopped'
        if (!isOver && !this.#isSettled()) return
        for (const cancel of cancels) cancel()
        this.#watchers.delete(check)
        if (isOver) reject(new ClosedError('the manager'))
        else resolve()
      }
      const cancels = this.#controllers().map(controller => controller.onProgress(check))
      this.#watchers.add(check)
      check()
    })
  }

  stop(options: StopOptions = {}): Promise<StopReport> {
    const { gracePeriodMs = 30_000 } = options
    assertGracePeriod(gracePeriodMs)
    this.#stopping ??= this.#stopAll(gracePeriodMs)
    return this.#stopping
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  status(): ManagerStatus {
    return { state: this.#state, controllers: this.#controllers().map(controller => controller.status()) }
  }

  #controllers(): readonly Controller[] {
    return this.#parts.filter(isController)
  }

  /** Parts not started yet would look settled, so all must have been. */
  #isSettled(): boolean {
    return this.#state === 'running' && this.#controllers().every(controller => controller.isSettled())
  }

  async #stopAll(gracePeriodMs: number): Promise<StopReport> {
    this.#move('stopping')
    const { clock } = this.#client.env
    const deadlineMs = clock.monotonic() + gracePeriodMs
    const report: StopEntry[] = []
    for (let part = this.#started.pop(); part !== undefined; part = this.#started.pop()) {
      report.push(await stopPart(part, clock, Math.max(0, deadlineMs - clock.monotonic())))
    }
    this.#move('stopped')
    return report
  }

  #move(state: ManagerStatus['state']): void {
    this.#state = state
    for (const watcher of this.#watchers) watcher()
  }
}
