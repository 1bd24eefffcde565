import type { World } from '../world/world.js'
import type { Action } from './action.js'

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
