import { offerEach } from '../../world/action-of.js'
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
    const processes = world.lacksProcess ? [undefined] : world.processes
    return offerEach(
      processes.flatMap(process => places.map(place => ({ process, place }))),
      ({ process, place: { at, what } }) => ({
        kind: 'stale',
        actor: process === undefined ? 'host' : process.name,
        label: `${process === undefined ? 'start the process' : 'restart'}, at a replica that has come to ${what}`,
        run: () => {
          if (process !== undefined) world.crash(process)
          world.start(at)
        },
      }),
    )
  },
}

/** A revision, in words. */
interface Place {
  readonly at: number
  readonly what: string
}

function placesBehind({ store: { revision }, lacksProcess, deletionsBegun }: World): readonly Place[] {
  const places: Place[] = []
  const add = (at: number, what: string): void => {
    const known = places.findIndex(place => place.at === at)
    if (known !== -1) places[known] = { at, what }
    else if (at > 0) places.push({ at, what })
  }
  add(revision - 1, `@${revision - 1}`)
  if (lacksProcess) add(Math.floor(revision / 2), `@${Math.floor(revision / 2)}`)
  for (const { at, name } of deletionsBegun) add(at, `${name} being deleted`)
  return places
}
