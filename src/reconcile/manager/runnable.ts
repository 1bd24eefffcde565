import type { Env } from '../../core/index.js'
import type { Client } from '../../store/index.js'
import type { Controller } from '../controller/controller-contract.js'
import { inTime } from '../in-time.js'
import type { StopEntry, StopOutcome } from '../stop-report.js'
import { errorOf } from '../thrown-error.js'

/** Anything besides controllers that starts and stops with a manager. */
export interface Runnable {
  readonly name: string
  /**
   * The manager starts the next part when this resolves, so it resolves when the part is ready. A stop may come before
   * that, and another when it has; after a stop that took longer than the grace period, the next start may come before
   * it.
   *
   * @param failed to be called when the part breaks later; its options say what follows
   */
  start(client: Client, failed: (error: unknown) => void): Promise<void> | void
  /** Ends it; also called when its start has failed, or is still under way. Awaited within the grace period. */
  stop(): Promise<void> | void
  /** Why it does not work at the moment, for the manager's `health`. Undefined: it does. */
  unhealthy?(): string | undefined
}

/** True for a controller, false for another part. */
export function isController(part: Controller | Runnable): part is Controller {
  return 'isSettled' in part
}

/** Stops one part, waiting `graceMs` at most. Never rejects. */
export async function stopPart(part: Controller | Runnable, env: Env, graceMs: number): Promise<StopEntry> {
  return entryOf(part.name, async () => {
    if (isController(part)) return part.stop({ gracePeriodMs: graceMs })
    const stopped = (async () => part.stop())()
    const { kind } = await inTime(env, stopped, graceMs)
    return kind === 'done' ? 'stopped' : 'abandoned'
  })
}

/** As `stopPart`, for a controller that stays on standby. */
export async function deactivatePart(part: Controller, graceMs: number): Promise<StopEntry> {
  return entryOf(part.name, async () => (await part.deactivate?.({ gracePeriodMs: graceMs })) ?? 'stopped')
}

async function entryOf(name: string, stop: () => Promise<StopOutcome>): Promise<StopEntry> {
  try {
    return { name, outcome: await stop() }
  } catch (error) {
    return { name, outcome: 'failed', error: errorOf(error) }
  }
}
