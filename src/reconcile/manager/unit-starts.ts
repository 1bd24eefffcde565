import type { Env } from '../../core/index.js'
import type { Client } from '../../store/index.js'
import type { Controller } from '../controller/controller-contract.js'
import { inTime } from '../in-time.js'
import type { StopEntry } from '../stop-report.js'
import { errorOf } from '../thrown-error.js'
import type { Runnable } from './runnable.js'
import { isController, stopPart } from './runnable.js'

interface Start {
  /** Settles with the start, to whether it came through. */
  readonly opened: Promise<boolean>
  isOver: boolean
}

/**
 * Starts of parts that are no controllers, and stops that come before a start has ended: then what the start opens
 * later is stopped too.
 */
export class UnitStarts {
  readonly #env: Env
  readonly #latest = new Map<Runnable, Start>()

  constructor(env: Env) {
    this.#env = env
  }

  async start(unit: Runnable, client: Client, failed: (error: unknown) => void): Promise<void> {
    const work = startOf(unit, client, failed)
    const start: Start = { opened: work.then(returnTrue, returnFalse), isOver: false }
    this.#latest.set(unit, start)
    try {
      await work
    } finally {
      start.isOver = true
    }
  }

  /** As `stopPart`, and waits for a start under way too. */
  async stop(unit: Controller | Runnable, graceMs: number): Promise<StopEntry> {
    if (isController(unit)) return stopPart(unit, this.#env, graceMs)
    const start = this.#latest.get(unit)
    if (start === undefined || start.isOver) return stopPart(unit, this.#env, graceMs)
    const { name } = unit
    try {
      const both = Promise.all([stopOf(unit), this.#stopLater(unit, start)])
      const ended = await inTime(this.#env, both, graceMs)
      return { name, outcome: ended.kind === 'done' ? 'stopped' : 'abandoned' }
    } catch (error) {
      return { name, outcome: 'failed', error: errorOf(error) }
    }
  }

  async #stopLater(unit: Runnable, start: Start): Promise<void> {
    if (!(await start.opened)) return
    // After another start there is no telling the two apart.
    if (this.#latest.get(unit) === start) return stopOf(unit)
    this.#env.logger.warn({ part: unit.name }, 'a start that was given up has ended after the next one began')
  }
}

async function startOf(unit: Runnable, client: Client, failed: (error: unknown) => void): Promise<void> {
  await unit.start(client, failed)
}

async function stopOf(unit: Runnable): Promise<void> {
  await unit.stop()
}

const returnTrue = (): boolean => true
const returnFalse = (): boolean => false
