import type { Env } from '../../core/index.js'
import { ClosedError } from '../../core/index.js'
import type { Client } from '../../store/index.js'
import type { Controller } from '../controller/controller-contract.js'
import { inTime } from '../in-time.js'
import { exponentialLimiter } from '../limiters/exponential-limiter.js'
import { isPermanent } from '../permanent-error.js'
import type { StopEntry } from '../stop-report.js'
import { errorOf } from '../thrown-error.js'
import type { Part } from './part-order.js'
import { startOrder } from './part-order.js'
import { Round } from './round.js'
import { deactivatePart, isController, stopPart } from './runnable.js'
import { UnitStarts } from './unit-starts.js'

const RESTART_BASE_MS = 1_000
const RESTART_MAX_MS = 60_000
const RESTART_GRACE_MS = 30_000

/** Parts that are started and stopped together, and restarted alone. */
export class PartGroup {
  readonly #parts: Part[]
  readonly #env: Env
  readonly #broken: (part: Part, error: Error) => void
  readonly #limiter = exponentialLimiter({ baseMs: RESTART_BASE_MS, maxMs: RESTART_MAX_MS })
  /** Those started or starting, in that order. */
  readonly #started: Part[] = []
  /** Those whose start has ended. */
  readonly #opened = new Set<Part>()
  /** Controllers that listen although the group is not running. */
  readonly #standing: Controller[] = []
  readonly #restarting = new Map<Part, Error>()
  readonly #failures = new Map<Part, { readonly count: number; readonly atMs: number }>()
  readonly #unitStarts: UnitStarts
  #run = new Round()
  /** That of a group all of whose parts have started. */
  #client: Client | undefined
  #adding: Promise<void> = Promise.resolve()
  #stopping: Promise<readonly StopEntry[]> | undefined
  /** Of the stop under way, so far. */
  #report: readonly StopEntry[] = []
  #isClosed = false
  #deadlineMs = 0
  #hurryPart: () => void = () => {}

  /**
   * @param broken told of a part that may not be restarted
   * @throws UsageError as `startOrder`
   */
  constructor(parts: readonly Part[], env: Env, broken: (part: Part, error: Error) => void) {
    this.#parts = [...startOrder(parts)]
    this.#env = env
    this.#broken = broken
    this.#unitStarts = new UnitStarts(env)
  }

  get controllers(): readonly Controller[] {
    return this.#parts.map(({ unit }) => unit).filter(isController)
  }

  /** True from a stop to the next start. */
  get isStopped(): boolean {
    return this.#run.isOver
  }

  /** Lets the controllers that can listen already, so that a later start has nothing to wait for. */
  async standBy(client: Client): Promise<void> {
    for (const controller of this.controllers) {
      if (!this.#mayStandBy(controller)) continue
      if (this.#isClosed) throw new ClosedError('the manager')
      this.#standing.push(controller)
      await controller.start(client, { standby: true })
    }
  }

  #mayStandBy(controller: Controller): boolean {
    return controller.activate !== undefined && !this.#standing.includes(controller)
  }

  /** Stops what stands by; after `stop`. Never rejects. */
  async close(): Promise<readonly StopEntry[]> {
    this.#isClosed = true
    const report: StopEntry[] = []
    for (const controller of this.#standing.splice(0).reverse())
      report.push(await stopPart(controller, this.#env, 0))
    return report
  }

  /**
   * Starts the parts one after the other. Rejects with what one threw, or with `ClosedError` as soon as it is stopped
   * meanwhile, whatever the parts do.
   */
  async start(client: Client): Promise<void> {
    const run = new Round()
    this.#run = run
    this.#client = undefined
    for (const part of this.#parts) await this.#startWithin(part, client, run)
    this.#client = client
  }

  /**
   * Adds a part while others run. A group that does not run, or that is starting, starts it with the others; one that
   * runs starts it when those added before it have started, and rejects as `start`.
   *
   * @param standby lets a controller that can listen already; by this client
   */
  add(part: Part, standby: Client | undefined): Promise<void> {
    this.#parts.push(part)
    const added = this.#adding.then(() => this.#addLate(part, standby))
    this.#adding = added.catch(() => {})
    return added
  }

  async #addLate(part: Part, standby: Client | undefined): Promise<void> {
    if (this.#isClosed) return
    const { unit } = part
    if (standby !== undefined && isController(unit) && this.#mayStandBy(unit)) {
      this.#standing.push(unit)
      await unit.start(standby, { standby: true })
    }
    const client = this.#client
    if (client !== undefined && !this.#run.isOver && !this.#started.includes(part))
      await this.#startWithin(part, client, this.#run)
  }

  async #startWithin(part: Part, client: Client, run: Round): Promise<void> {
    this.#started.push(part)
    try {
      await run.during(this.#startPart(part, client, run))
      this.#opened.add(part)
    } catch (error) {
      if (!run.isOver) this.#started.splice(this.#started.indexOf(part), 1)
      throw error
    }
  }

  /** Stops what was started, in reverse. Never rejects. A second stop gets the report of the first, and may hurry it. */
  async stop(graceMs: number): Promise<readonly StopEntry[]> {
    if (this.#stopping !== undefined) this.hurry(graceMs)
    this.#stopping ??= this.#stopAll(graceMs).finally(() => {
      this.#stopping = undefined
    })
    if (!this.#env.closed) return this.#stopping
    // The timers of a stop that began before will never fire.
    const ended = await inTime(this.#env, this.#stopping, graceMs)
    return ended.kind === 'done' ? ended.value : this.#abandonAll()
  }

  async #stopAll(graceMs: number): Promise<readonly StopEntry[]> {
    this.#deadlineMs = this.#env.clock.monotonic() + graceMs
    this.#run.end()
    this.#opened.clear()
    const report: StopEntry[] = []
    this.#report = report
    for (let part = this.#started.at(-1); part !== undefined; part = this.#started.at(-1)) {
      const hurried = this.#hurried(part)
      report.push(await Promise.race([this.#stopPart(part, this.#leftMs()), hurried]))
      this.#started.pop()
    }
    this.#hurryPart = () => {}
    return report
  }

  #abandonAll(): readonly StopEntry[] {
    const left = this.#started.splice(0).reverse()
    return [...this.#report, ...left.map(({ unit }) => ({ name: unit.name, outcome: 'abandoned' as const }))]
  }

  /** Shortens a stop under way to `graceMs` from now. */
  hurry(graceMs: number): void {
    this.#deadlineMs = Math.min(this.#deadlineMs, this.#env.clock.monotonic() + graceMs)
    this.#hurryPart()
  }

  #leftMs(): number {
    return Math.max(0, this.#deadlineMs - this.#env.clock.monotonic())
  }

  /** Settles when a stop of `part` was hurried and does not end in time. */
  #hurried(part: Part): Promise<StopEntry> {
    const { unit } = part
    return new Promise(resolve => {
      this.#hurryPart = () => {
        if (isController(unit)) void this.#stopPart(part, this.#leftMs())
        else this.#env.clock.after(this.#leftMs(), () => resolve({ name: unit.name, outcome: 'abandoned' }))
      }
    })
  }

  #stopPart({ unit }: Part, graceMs: number): Promise<StopEntry> {
    const standsBy = isController(unit) && this.#standing.includes(unit)
    return standsBy ? deactivatePart(unit, graceMs) : this.#unitStarts.stop(unit, graceMs)
  }

  /** Why each part does not work; undefined where it does, or is not meant to run now. */
  health(): ReadonlyMap<string, string | undefined> {
    return new Map(
      this.#parts.map(part => {
        const failure = this.#restarting.get(part)
        return [
          part.unit.name,
          failure === undefined
            ? (this.#whyStarting(part) ?? whyUnhealthy(part))
            : `is being restarted: ${failure.message}`,
        ]
      }),
    )
  }

  #whyStarting(part: Part): string | undefined {
    return this.#started.includes(part) && !this.#opened.has(part) ? 'has not started yet' : undefined
  }

  async #startPart(part: Part, client: Client, run: Round): Promise<void> {
    for (;;) {
      try {
        if (isController(part.unit)) await this.#startController(part.unit, client)
        else
          await this.#unitStarts.start(part.unit, client, error =>
            this.#failed(part, client, run, errorOf(error)),
          )
        this.#restarting.delete(part)
        return
      } catch (error) {
        if (part.restart === 'never' || run.isOver || isPermanent(error)) throw error
        await this.#backOff(part, errorOf(error), run)
      }
    }
  }

  #startController(controller: Controller, client: Client): Promise<void> | void {
    return this.#standing.includes(controller) ? controller.activate?.(client) : controller.start(client)
  }

  #failed(part: Part, client: Client, run: Round, error: Error): void {
    // A part that breaks twice, or while it stops, has been dealt with.
    if (run.isOver || this.#restarting.has(part)) return
    if (part.restart === 'never') return this.#broken(part, error)
    this.#restarting.set(part, error)
    const restart = async (): Promise<void> => {
      await this.#unitStarts.stop(part.unit, RESTART_GRACE_MS)
      await this.#backOff(part, error, run)
      await this.#startPart(part, client, run)
    }
    restart().catch((why: unknown) => {
      if (!run.isOver) this.#broken(part, errorOf(why))
    })
  }

  async #backOff(part: Part, error: Error, run: Round): Promise<void> {
    const nowMs = this.#env.clock.monotonic()
    const last = this.#failures.get(part)
    const failures = last === undefined || nowMs - last.atMs > 2 * RESTART_MAX_MS ? 0 : last.count
    const { ms } = this.#limiter.delay({ failures, conflicts: 0 })
    this.#failures.set(part, { count: failures + 1, atMs: nowMs })
    this.#restarting.set(part, error)
    this.#env.logger.error(
      { part: part.unit.name, err: error, afterMs: ms },
      'a part failed; starting it again',
    )
    await this.#env.clock.sleep(ms, run.signal)
  }
}

function whyUnhealthy({ unit }: Part): string | undefined {
  try {
    return unit.unhealthy?.()
  } catch (error) {
    return errorOf(error).message
  }
}
