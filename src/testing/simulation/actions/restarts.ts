import type { SimulatedProcess } from '../world/simulated-process.js'
import type { World } from '../world/world.js'
import type { Action } from './action.js'
import type { Situation } from './situation.js'

/** Each process may be told to stop. */
export function shutdowns({ world }: Situation): readonly Action[] {
  return stoppable(world)
    .filter(({ isReplaced }) => !isReplaced)
    .map(process => ({ ...stopOf(world, process), kind: 'shutdown' }))
}

/** Where several may run side by side, each may be replaced before it is told to stop. */
export function overlaps({ world }: Situation): readonly Action[] {
  if (world.instances < 2) return []
  return stoppable(world)
    .filter(({ isReplaced }) => !isReplaced)
    .map(process => ({
      kind: 'overlap',
      actor: 'host',
      label: `start the process that will replace ${process.name}`,
      run: () => world.replace(process),
    }))
}

/** Those that were replaced are told to stop sooner or later. */
export function departures(world: World): readonly Action[] {
  return stoppable(world)
    .filter(({ isReplaced }) => isReplaced)
    .map(process => stopOf(world, process))
}

function stoppable({ processes }: World): readonly SimulatedProcess[] {
  return processes.filter(({ isStopping, stalledUntilMs }) => !isStopping && stalledUntilMs === undefined)
}

function stopOf(world: World, process: SimulatedProcess): Action {
  return { kind: 'stop', actor: process.name, label: 'stop', run: () => world.shutDown(process) }
}
