import { outlastingMs } from '../objects/election-objects.js'
import type { World } from '../world/world.js'
import type { Action } from './action.js'
import type { Situation } from './situation.js'

/**
 * The event loop of each process that has a write under way may stand still, long enough for others to take what it
 * holds; that of any process, where nothing happens.
 */
export function stalls({ world, isBusy }: Situation): readonly Action[] {
  const ms = outlastingMs(world.objects())
  const steps = world.steps()
  return world.processes
    .filter(({ name, stalledUntilMs }) => {
      const isWriting = steps.some(({ process, about }) => process === name && about.kind === 'commit')
      return stalledUntilMs === undefined && (isWriting || !isBusy)
    })
    .map(process => ({
      kind: 'stall',
      actor: process.name,
      label: `its event loop stands still for ${ms / 1000} s`,
      run: () => world.stall(process, ms),
    }))
}

/** Processes whose stall is over by then. */
export function resumptions(world: World, elapsedMs: number): readonly Action[] {
  return world.processes
    .filter(({ stalledUntilMs }) => stalledUntilMs !== undefined && stalledUntilMs <= elapsedMs)
    .map(process => ({
      kind: 'resume',
      actor: process.name,
      label: 'its event loop goes on',
      run: () => {
        world.clock.moveTo(elapsedMs)
        world.resume(process)
      },
    }))
}

/** The wall clock of each process may jump; the monotonic one goes on as ever. */
export function skews({ world }: Situation): readonly Action[] {
  const ms = outlastingMs(world.objects())
  return world.processes.flatMap(process =>
    [ms, -ms].map(aheadMs => ({
      kind: 'skew' as const,
      actor: process.name,
      label: `its clock jumps ${ms / 1000} s ${aheadMs > 0 ? 'ahead' : 'back'}`,
      run: () => world.clock.setAhead(process.name, aheadMs),
    })),
  )
}
