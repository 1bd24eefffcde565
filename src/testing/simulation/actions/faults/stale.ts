import type { Making } from '../../world/action-of.js'
import { offerSome } from '../../world/action-of.js'
import type { SimulatedProcess } from '../../world/simulated-process.js'
import type { World } from '../../world/world.js'
import type { Fault } from './fault.js'

export const stale: Fault<'stale'> = {
  kind: 'stale',
  times: 1,
  isLeftOut: 'unasked',
  says: 'a process restarts, or starts, at a replica that is behind, see below',
  offers: ({ world }) =>
    world.hasStarted
      ? offerSome(restarting(world).length * revisionsBehind(world).length, world, RESTARTS)
      : offerSome(0, world, RESTARTS),
}

/** A process that starts again, or a new one, and where. */
interface Restart {
  readonly process: SimulatedProcess | undefined
  readonly at: number
}

const RESTARTS: Making<Restart, World, 'stale'> = {
  list: world => restarting(world).flatMap(process => revisionsBehind(world).map(at => ({ process, at }))),
  make: ({ process, at }, world) => {
    const deleted = world.deletionsBegun.findLast(deletion => deletion.at === at)
    const place = deleted === undefined ? `@${at}` : `${deleted.name} being deleted`
    return {
      kind: 'stale',
      actor: process === undefined ? 'host' : process.name,
      label: `${process === undefined ? 'start the process' : 'restart'}, at a replica that has come to ${place}`,
      run: () => {
        if (process !== undefined) world.crash(process)
        world.start(at)
      },
    }
  },
}

const NEW: readonly undefined[] = [undefined]

function restarting(world: World): readonly (SimulatedProcess | undefined)[] {
  return world.lacksProcess ? NEW : world.processes
}

function revisionsBehind({ store: { revision }, lacksProcess, deletionsBegun }: World): readonly number[] {
  const found: number[] = []
  addTo(found, revision - 1)
  if (lacksProcess) addTo(found, Math.floor(revision / 2))
  for (const { at } of deletionsBegun) addTo(found, at)
  return found
}

function addTo(found: number[], revision: number): void {
  if (revision > 0 && !found.includes(revision)) found.push(revision)
}
