import type { Clock } from '../../core/index.js'
import type { Client } from '../../store/index.js'
import type { Controller } from '../controller/controller-contract.js'
import type { StopEntry } from '../stop-report.js'
import { errorOf } from '../thrown-error.js'

/** Anything besides controllers that starts and stops with a manager. */
export interface Runnable {
  readonly name: string
  /**
   * The manager starts the next part when this resolves, so it resolves when the part is ready.
   *
   * @param failed to be called when the part breaks later; its options say what follows
   */
  start(client: Client, failed: (error: unknown) => void): Promise<void> | void
  stop(): Promise<void> | void
  /** Why it does not work at the moment, for the manager's `health`. Undefined: it does. */
  unhealthy?(): string | undefined
}

/** True for a controller, false for another part. */
export function isController(part: Controller | Runnable): part is Controller {
  return 'isSettled' in part
}

/** Stops one part, waiting `graceMs` at most. Never rejects. */
export async function stopPart(
  part: Controller | Runnable,
  clock: Clock,
  graceMs: number,
): Promise<StopEntry> {
  const { name } = part
  try {
    if (isController(part)) return { name, outcome: await part.stop({ gracePeriodMs: graceMs }) }
    return { name, outcome: await stopInTime(part, clock, graceMs) }
  } catch (error) {
    return { name, outcome: 'failed', error: errorOf(error) }
  }
}

/** As `stopPart`, for a controller that stays on standby. */
export async function deactivatePart(
  part: Controller | Runnable,
  clock: Clock,
  graceMs: number,
): Promise<StopEntry> {
  if (!isController(part) || part.deactivate === undefined) return stopPart(part, clock, graceMs)
  return { name: part.name, outcome: await part.deactivate({ gracePeriodMs: graceMs }) }
}

async function stopInTime(part: Runnable, clock: Clock, graceMs: number): Promise<'stopped' | 'abandoned'> {
  const stopped = Promise.resolve(part.stop()).then(() => 'stopped' as const)
  let cancel = (): void => {}
  const late = new Promise<'abandoned'>(resolve => {
    cancel = clock.after(graceMs, () => resolve('abandoned'))
  })
  try {
    return await Promise.race([stopped, late])
  } finally {
    cancel()
  }
}
