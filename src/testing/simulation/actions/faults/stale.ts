import { offerSome } from '../../world/action-of.js'
import type { SimulatedProcess } from '../../world/simulated-process.js'
import type { World } from '../../world/world.js'
import type { Fault } from './fault.js'

export const stale: Fault<'stale'> = {
  kind: 'stale',
  times: 1,
  isLeftOut: 'unasked',
  says: 'a process restarts, or starts, at a replica that is behind, see below',
  offers: ({ world }) => {
    if (!world.hasStarted) return []
    const places = placesBehind(world)
    const processes = world.lacksProcess ? NEW : world.processes
    const all = (): readonly Restart[] =>
      processes.flatMap(process => places.map(place => ({ process, place })))
    return offerSome(processes.length * places.length, all, ({ process, place: { at, name } }) => ({
      kind: 'stale',
      actor: process === undefined ? 'host' : process.name,
      label: `${process === undefined ? 'start the process' : 'restart'}, at a replica that has come to ${name === undefined ? `@${at}` : `${name} being deleted`}`,
      run: () => {
        if (process !== undefined) world.crash(process)
        world.start(at)
      },
    }))
  },
}

/** A process that starts again, or a new one. */
interface Restart {
  readonly process: SimulatedProcess | undefined
  readonly place: Place
}

const NEW: readonly undefined[] = [undefined]

/** A revision, and what was being deleted there, if it is that. */
interface Place {
  readonly at: number
  readonly name?: string
}

function placesBehind({ store: { revision }, lacksProcess, deletionsBegun }: World): readonly Place[] {
  const places: Place[] = []
  const add = (place: Place): void => {
    const known = places.findIndex(({ at }) => at === place.at)
    if (known !== -1) places[known] = place
    else if (place.at > 0) places.push(place)
  }
  add({ at: revision - 1 })
  if (lacksProcess) add({ at: Math.floor(revision / 2) })
  for (const deletion of deletionsBegun) add(deletion)
  return places
}
