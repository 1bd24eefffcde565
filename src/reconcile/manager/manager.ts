import { ClosedError, InvalidError, UsageError } from '../../core/index.js'
import { assertKnown, createListeners, knownOptions } from '../../core/internal.js'
import type { Client } from '../../store/index.js'
import type { Controller } from '../controller/controller-contract.js'
import { completeElectionOptions } from '../election/election-options.js'
import { createElector } from '../election/elector.js'
import type { Elector } from '../election/elector-contract.js'
import { inTime } from '../in-time.js'
import type { StopEntry, StopOptions, StopReport } from '../stop-report.js'
import { assertGracePeriod } from '../stop-report.js'
import { errorOf } from '../thrown-error.js'
import type { Manager, ManagerOptions, ManagerStatus } from './manager-contract.js'
import type { Health } from './manager-health.js'
import { healthOf } from './manager-health.js'
import { PartGroup } from './part-group.js'
import type { Part, PartOptions } from './part-order.js'
import { startOrder } from './part-order.js'
import { Round } from './round.js'
import { runUntilStopped } from './run-until-stopped.js'
import type { Runnable } from './runnable.js'
import { isController } from './runnable.js'
import { uncollectedKinds } from './uncollected-kinds.js'

const GRACE_PERIOD_MS = 30_000

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
  return new SupervisedManager(options)
}

const MANAGER_OPTIONS = /* @__PURE__ */ knownOptions<ManagerOptions>('createManager', {
  client: true,
  leaderElection: true,
  garbageCollection: true,
})
const PART_OPTIONS = /* @__PURE__ */ knownOptions<PartOptions>('manager.add', {
  dependsOn: true,
  needsLeadership: true,
  restart: true,
})

/** What exists from `start` on. */
interface Running {
  readonly always: PartGroup
  readonly leading: PartGroup
  readonly elector: Elector | undefined
}

/** Two groups of parts, one of which follows an election. */
class SupervisedManager implements Manager {
  readonly #options: ManagerOptions
  readonly #parts: Part[] = []
  /** Called when the state moves on, besides the controllers' own progress. */
  readonly #listeners = createListeners<void>({
    onError: error =>
      this.#client.env.logger.error({ err: error }, 'a listener for the state of a manager threw'),
  })
  #state: ManagerStatus['state'] = 'new'
  readonly #round = new Round()
  /** Parts that were added to a manager that runs, and have not started yet. */
  #late = 0
  #running: Running | undefined
  /** Starts and stops of the parts that follow the election, one after the other. */
  #following: Promise<void> = Promise.resolve()
  #stopping: Promise<StopReport> | undefined
  #graceMs: number = GRACE_PERIOD_MS
  #deadlineMs = 0
  #ledReport: readonly StopEntry[] = []
  #broken: { readonly name: string; readonly error: Error } | undefined

  constructor(options: ManagerOptions) {
    assertKnown(options ?? {}, MANAGER_OPTIONS)
    if (typeof options?.client?.watch !== 'function') {
      const message = 'must be a store, or a client of one: store.client(env)'
      throw new InvalidError('manager', [{ field: 'client', value: options?.client, message }])
    }
    if (options.leaderElection !== undefined) completeElectionOptions(options.leaderElection)
    this.#options = options
  }

  add(unit: Controller | Runnable, options: PartOptions = {}): void {
    const { name } = unit
    assertKnown(options, PART_OPTIONS)
    if (this.#round.isOver) throw new UsageError(`cannot add ${name}: the manager is ${this.#state}`)
    if (this.#parts.some(part => part.unit.name === name)) {
      throw new UsageError(`a part named ${name} was added already; give each its own name`, { name })
    }
    const { dependsOn, needsLeadership = true, restart = 'never' } = options
    const part = { unit, dependsOn, needsLeadership, restart }
    if (this.#running !== undefined) startOrder([...this.#parts, part])
    this.#parts.push(part)
    if (this.#running !== undefined) this.#addLate(part, this.#running)
  }

  /** Its start is that of any part, only later: one that fails is as broken as any other. */
  #addLate(part: Part, { always, leading, elector }: Running): void {
    const { unit } = part
    const isLed = elector !== undefined && part.needsLeadership
    const group = isLed ? leading : always
    if (isController(unit)) unit.onProgress(() => this.#notify())
    this.#late++
    void group
      .add(part, isLed ? this.#client : undefined)
      .catch((error: unknown) => {
        if (!group.isStopped) this.#break(unit.name, errorOf(error))
      })
      .finally(() => {
        this.#late--
        this.#notify()
      })
  }

  async start(): Promise<void> {
    if (this.#state !== 'new')
      throw new UsageError(`start() was called on a manager that is ${this.#state}; make a new one`)
    const running = this.#open()
    this.#running = running
    this.#state = 'starting'
    this.#warnOfOrphans()
    try {
      // What is started may hang, and what hangs must not hold up a stop.
      await this.#round.during(this.#startAll(running))
    } catch (error) {
      await this.stop()
      throw error
    }
    this.#move('running')
  }

  #warnOfOrphans(): void {
    if (this.#options.garbageCollection === 'elsewhere') return
    const controllers = this.#controllers()
    const kinds = uncollectedKinds(controllers)
    if (kinds.length === 0) return
    const names = kinds.map(({ kind }) => kind).join(', ')
    const { name } = controllers.find(({ collects }) => collects !== undefined) ?? {}
    const remedy = name === undefined ? 'add one' : `add them to the kinds of ${name}`
    this.#client.env.logger.warn(
      { add: name === undefined ? `createGarbageCollector({ kinds: [${names}] })` : `kinds: [${names}]` },
      `what controllers own outlives its owners: no garbage collector knows these kinds; ${remedy}, or say garbageCollection: 'elsewhere'`,
    )
  }

  async #startAll({ always, leading, elector }: Running): Promise<void> {
    await always.start(this.#client)
    if (elector === undefined) return
    await leading.standBy(this.#client)
    if (this.#round.isOver) return
    await elector.start()
    await this.#following
  }

  settled(): Promise<void> {
    // Parts not started yet would look settled, so all must have been.
    return this.#until(
      'settled()',
      () => this.#state === 'running' && this.#late === 0 && this.#controllers().every(c => c.isSettled()),
    )
  }

  idle(): Promise<void> {
    const isIdle = (controller: Controller): boolean => {
      const { queued, inFlight } = controller.status()
      return queued + inFlight === 0
    }
    return this.#until('idle()', () => this.#state === 'running' && this.#controllers().every(isIdle))
  }

  stop(options: StopOptions = {}): Promise<StopReport> {
    const { gracePeriodMs = GRACE_PERIOD_MS } = options
    assertGracePeriod(gracePeriodMs)
    if (this.#stopping !== undefined) this.#hurry(gracePeriodMs)
    const isFirst = this.#stopping === undefined
    this.#stopping ??= this.#stopAll(gracePeriodMs)
    return isFirst || !this.#client.env.closed ? this.#stopping : this.#giveUp(this.#stopping)
  }

  run(options?: StopOptions): Promise<StopReport> {
    return runUntilStopped(this, this.#client.env, options)
  }

  finished(): Promise<StopReport> {
    return new Promise(resolve => {
      const check = (): void => {
        if (this.#stopping === undefined) return
        cancel()
        resolve(this.#stopping)
      }
      const cancel = this.#listeners.add(check)
      check()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  status(): ManagerStatus {
    const election = this.#running?.elector?.status()
    return {
      state: this.#state,
      controllers: this.#controllers().map(controller => controller.status()),
      ...(election === undefined ? {} : { election }),
      standby: election?.leading === false && this.#parts.every(({ needsLeadership }) => needsLeadership),
    }
  }

  health(): Health {
    const { always, leading, elector } = this.#running ?? {}
    const isLed = elector === undefined || elector.leadership !== undefined
    const problems = new Map([
      ...(always?.health() ?? []),
      ...((isLed ? leading?.health() : undefined) ?? []),
    ])
    if (this.#broken !== undefined) problems.set(this.#broken.name, this.#broken.error.message)
    return healthOf(problems, { isRunning: this.#state === 'running', isBroken: this.#broken !== undefined })
  }

  get #client(): Client {
    return this.#options.client
  }

  #controllers(): readonly Controller[] {
    return this.#parts.map(({ unit }) => unit).filter(isController)
  }

  #open(): Running {
    const { client, leaderElection } = this.#options
    startOrder(this.#parts)
    const broken = (part: Part, error: Error): void => this.#break(part.unit.name, error)
    const isAlways = (part: Part): boolean => leaderElection === undefined || !part.needsLeadership
    const led = this.#parts.filter(part => !isAlways(part))
    const always = new PartGroup(this.#parts.filter(isAlways), client.env, broken)
    const leading = new PartGroup(led.map(withinGroup(led)), client.env, broken)
    if (leaderElection === undefined) return { always, leading, elector: undefined }
    const elector = createElector(client, leaderElection, {
      leads: leadership => {
        if (!this.#round.isOver) this.#follow(() => leading.start(leadership.client))
      },
      drain: () => this.#stopLed(leading),
      stopped: () => this.#stopLed(leading),
    })
    return { always, leading, elector }
  }

  /** A part that needs leadership and cannot be started under it is as broken as any other. */
  #follow(change: () => Promise<void>): void {
    this.#following = this.#following.then(change).catch((error: unknown) => {
      const { leading, elector } = this.#running ?? {}
      if (leading?.isStopped === false && elector?.leadership !== undefined)
        this.#break('leader election', errorOf(error))
    })
    void this.#following.then(() => this.#notify())
  }

  async #stopLed(leading: PartGroup): Promise<void> {
    const report = await leading.stop(this.#graceMs)
    if (report.length > 0) this.#ledReport = report
    await this.#following
    this.#notify()
  }

  #break(name: string, error: Error): void {
    if (this.#broken !== undefined || this.#stopping !== undefined) return
    this.#broken = { name, error }
    this.#client.env.logger.error({ part: name, err: error }, 'a part failed; the manager stops')
    void this.stop()
  }

  async #stopAll(gracePeriodMs: number): Promise<StopReport> {
    const { clock } = this.#client.env
    this.#deadlineMs = clock.monotonic() + gracePeriodMs
    this.#graceMs = gracePeriodMs
    this.#ledReport = []
    this.#round.end()
    this.#move('stopping')
    const report = (await this.#stopRunning()).map(entry => this.#judge(entry))
    this.#move('stopped')
    return report
  }

  async #stopRunning(): Promise<StopReport> {
    if (this.#running === undefined) return []
    const { leading, elector, always } = this.#running
    if (elector !== undefined) await this.#stopLed(leading)
    await elector?.stop({ gracePeriodMs: 0 })
    const led = new Set(this.#ledReport.map(({ name }) => name))
    const stoodBy = (await leading.close()).filter(({ name }) => !led.has(name))
    const leftMs = Math.max(0, this.#deadlineMs - this.#client.env.clock.monotonic())
    return [...this.#ledReport, ...stoodBy, ...(await always.stop(leftMs))]
  }

  /** A stop whose env was closed meanwhile never ends by itself. */
  async #giveUp(stopping: Promise<StopReport>): Promise<StopReport> {
    const ended = await inTime(this.#client.env, stopping, 0)
    if (ended.kind === 'done') return ended.value
    this.#move('stopped')
    return this.#parts.map(({ unit }) => ({ name: unit.name, outcome: 'abandoned' }))
  }

  /** A second stop may shorten the first, as a second signal to a process does, and never lengthens it. */
  #hurry(gracePeriodMs: number): void {
    this.#graceMs = Math.min(this.#graceMs, gracePeriodMs)
    this.#deadlineMs = Math.min(this.#deadlineMs, this.#client.env.clock.monotonic() + gracePeriodMs)
    this.#running?.leading.hurry(gracePeriodMs)
    this.#running?.always.hurry(gracePeriodMs)
  }

  /** A part that broke was stopped too, but that is not what matters about it. */
  #judge(entry: StopEntry): StopEntry {
    if (entry.name !== this.#broken?.name) return entry
    return { name: entry.name, outcome: 'failed', error: this.#broken.error }
  }

  #until(call: string, holds: () => boolean): Promise<void> {
    if (this.#state === 'new') return Promise.reject(new UsageError(`${call} was called before start()`))
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const isOver = this.#state === 'stopping' || this.#state === 'stopped'
        if (!isOver && !holds()) return
        for (const cancel of cancels) cancel()
        if (isOver) reject(new ClosedError('the manager'))
        else resolve()
      }
      const cancels = this.#controllers().map(controller => controller.onProgress(check))
      cancels.push(this.#listeners.add(check))
      check()
    })
  }

  #move(state: ManagerStatus['state']): void {
    this.#state = state
    this.#notify()
  }

  #notify(): void {
    this.#listeners.emit()
  }
}

/** Dependencies on parts that run already are kept by then. */
function withinGroup(group: readonly Part[]): (part: Part) => Part {
  const names = new Set(group.map(part => part.unit.name))
  return part => ({ ...part, dependsOn: part.dependsOn?.filter(name => names.has(name)) })
}
