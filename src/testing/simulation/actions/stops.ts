import type { ActionOf } from '../world/action-of.js'
import type { SimulatedProcess } from '../world/simulated-process.js'
import type { World } from '../world/world.js'

const NONE: readonly ActionOf<'stop'>[] = []

/** Processes that were replaced are told to stop sooner or later. */
export function stopsOfReplaced(world: World): readonly ActionOf<'stop'>[] {
  if (!world.processes.some(({ isReplaced }) => isReplaced)) return NONE
  return stoppable(world)
    .filter(({ isReplaced }) => isReplaced)
    .map(process => ({ kind: 'stop', ...stopOf(world, process) }))
}

/** Those that were not, and could be told to stop. */
export function stayingProcesses(world: World): readonly SimulatedProcess[] {
  return stoppable(world).filter(({ isReplaced }) => !isReplaced)
}

/** Tells a process to stop. */
export function stopOf(world: World, process: SimulatedProcess): Omit<ActionOf<string>, 'kind'> {
  return { actor: process.name, label: 'stop', run: () => world.shutDown(process) }
}

function stoppable({ processes }: World): readonly SimulatedProcess[] {
  return processes.filter(({ isStopping, stalledUntilMs }) => !isStopping && stalledUntilMs === undefined)
}
