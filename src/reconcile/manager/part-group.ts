import type { Env } from '../../core/index.js'
import { ClosedError } from '../../core/index.js'
import type { Client } from '../../store/index.js'
import type { Controller } from '../controller/controller-contract.js'
import { exponentialLimiter } from '../limiters/exponential-limiter.js'
import type { StopEntry } from '../stop-report.js'
import { errorOf } from '../thrown-error.js'
import type { Part } from './part-order.js'
import { startOrder } from './part-order.js'
import { deactivatePart, isController, stopPart } from './runnable.js'

const RESTART_BASE_MS = 1_000
const RESTART_MAX_MS = 60_000
const RESTART_GRACE_MS = 30_000

/** From a start to the stop after it. */
class Round {
  isOver = false
  #abort: AbortController | undefined

  /** Made for those who wait: most starts have nothing to wait for. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.isOver) this.#abort.abort(new ClosedError('the manager'))
    return this.#abort.signal
  }

  end(): void {
    this.isOver = true
    this.#abort?.abort(new ClosedError('the manager'))
  }
}

/** Parts that are started and stopped together, and restarted alone. */
export class PartGroup {
  readonly #parts: readonly Part[]
  readonly #env: Env
  readonly #broken: (part: Part, error: Error) => void
  readonly #limiter = exponentialLimiter({ baseMs: RESTART_BASE_MS, maxMs: RESTART_MAX_MS })
  /** Those started or starting, in that order. */
  readonly #started: Part[] = []
  /** Controllers that listen although the group is not running. */
  readonly #standing: Controller[] = []
  readonly #restarting = new Map<Part, Error>()
  readonly #failures = new Map<Part, { readonly count: number; readonly atMs: number }>()
  #run = new Round()
  #deadlineMs = 0
  #hurryPart: () => void = () => {}

  /**
   * @param broken told of a part that may not be restarted
   * @throws UsageError as `startOrder`
   */
  constructor(parts: readonly Part[], env: Env, broken: (part: Part, error: Error) => void) {
    this.#parts = startOrder(parts)
    this.#env = env
    this.#broken = broken
  }

  get controllers(): readonly Controller[] {
    return this.#parts.map(({ unit }) => unit).filter(isController)
  }

  /** Lets the controllers that can listen already, so that a later start has nothing to wait for. */
  async standBy(client: Client): Promise<void> {
    for (const controller of this.controllers) {
      if (controller.activate === undefined) continue
      this.#standing.push(controller)
      await controller.start(client, { standby: true })
    }
  }

  /** Stops what stands by; after `stop`. */
  async close(): Promise<void> {
    for (const controller of this.#standing.splice(0)) await controller.stop({ gracePeriodMs: 0 })
  }

  /**
   * Starts the parts one after the other. Rejects with what one threw, or with `ClosedError` when stopped meanwhile.
   */
  async start(client: Client): Promise<void> {
    const run = new Round()
    this.#run = run
    for (const part of this.#parts) {
      this.#started.push(part)
      try {
        await this.#startPart(part, client, run)
      } catch (error) {
        if (!run.isOver) this.#started.splice(this.#started.indexOf(part), 1)
        throw error
      }
      if (run.isOver) throw new ClosedError('the manager')
    }
  }

  /** Stops what was started, in reverse. Never rejects. */
  async stop(graceMs: number): Promise<readonly StopEntry[]> {
    const { clock } = this.#env
    this.#deadlineMs = clock.monotonic() + graceMs
    this.#run.end()
    const report: StopEntry[] = []
    for (let part = this.#started.pop(); part !== undefined; part = this.#started.pop()) {
      const hurried = this.#hurried(part)
      report.push(await Promise.race([this.#stopPart(part, this.#leftMs()), hurried]))
    }
    return report
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
    return (standsBy ? deactivatePart : stopPart)(unit, this.#env.clock, graceMs)
  }

  /** Why each part does not work; undefined where it does, or is not meant to run now. */
  health(): ReadonlyMap<string, string | undefined> {
    return new Map(
      this.#parts.map(part => {
        const failure = this.#restarting.get(part)
        const why = 'unhealthy' in part.unit ? part.unit.unhealthy?.() : undefined
        return [part.unit.name, failure === undefined ? why : `is being restarted: ${failure.message}`]
      }),
    )
  }

  async #startPart(part: Part, client: Client, run: Round): Promise<void> {
    for (;;) {
      try {
        if (isController(part.unit)) await this.#startController(part.unit, client)
        else await part.unit.start(client, error => this.#failed(part, client, run, errorOf(error)))
        this.#restarting.delete(part)
        return
      } catch (error) {
        if (part.restart === 'never' || run.isOver) throw error
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
      await stopPart(part.unit, this.#env.clock, RESTART_GRACE_MS)
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
