import type { Random } from '../../../core/index.js'
import { createSeededRandom } from '../../../core/index.js'
import type { Action } from '../actions/action.js'
import { isFault } from '../actions/action.js'
import type { FaultPlan } from '../actions/fault-settings.js'
import type { FaultKind } from '../actions/faults/faults.js'
import { FAULTS } from '../actions/faults/faults.js'
import type { ChoiceSource } from './choice-source.js'
import { chanceLeftOut } from './random-choices.js'

/** How an execution is scheduled by priorities. */
export interface PctPlan {
  readonly seed: number
  readonly faults: FaultPlan
  /** How many orderings a bug may need to be found with the stated chance, at least 1. */
  readonly depth: number
  /** About how many choices an execution has. */
  readonly length: number
}

/**
 * Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): everybody who acts has a priority, drawn at
 * random, and the highest acts; at `depth` − 1 places, drawn over the length of the execution, whoever would act falls
 * below all others. A bug that needs `depth` orderings of n actors in k choices is met with a chance of at least
 * 1 / (n · k^(depth − 1)), however rare it is under chance.
 *
 * Faults have no priority: half of their kinds take part, each at places drawn over the length, or soon after.
 */
export function pctChoices({ seed, faults, depth, length }: PctPlan): ChoiceSource {
  const random = createSeededRandom(seed).fork('pct')
  const priorities = new Map<string, number>()
  const changes = new Set(Array.from({ length: depth - 1 }, () => placeIn(length, random)))
  const due = faultPlaces(faults, length, random)
  let place = -1
  let lowest = 0
  const priorityOf = (action: Action): number => {
    const actor = actorOf(action)
    const known = priorities.get(actor) ?? random.fork(actor).next()
    priorities.set(actor, known)
    return known
  }
  const highest = (actions: readonly Action[]): number => {
    let best = 0
    for (const [index, action] of actions.entries())
      if (!isFault(action) && priorityOf(action) > priorityOf(actions[best] as Action)) best = index
    return best
  }
  return {
    choose: list => {
      place++
      if (place === 0) return placeIn(list.length, random)
      const actions = list.all()
      for (const [index, fault] of due.entries()) {
        if (fault.place > place) continue
        const offers = actions.flatMap(({ kind }, at) => (kind === fault.kind ? [at] : []))
        if (offers.length === 0) continue
        due.splice(index, 1)
        return offers[placeIn(offers.length, random)] as number
      }
      const best = highest(actions)
      if (!changes.has(place)) return best
      priorities.set(actorOf(actions[best] as Action), --lowest)
      return highest(actions)
    },
  }
}

/** Who competes with whom: the deliveries of a process are one, its commits another. */
function actorOf({ actor, kind, label }: Action): string {
  return kind === 'deliver' ? `${actor} ${kind} ${label}` : `${actor} ${kind}`
}

interface FaultPlace {
  readonly kind: FaultKind
  readonly place: number
}

function faultPlaces(faults: FaultPlan, length: number, random: Random): FaultPlace[] {
  return FAULTS.flatMap(({ kind, isLeftOut }) => {
    const own = random.fork(`fault ${kind}`)
    if (own.next() < chanceLeftOut(isLeftOut, faults[kind])) return []
    // More than an execution has choices never come to pass.
    const times = Math.min(faults[kind].times, length)
    return Array.from({ length: times }, () => ({ kind, place: 1 + placeIn(length, own) }))
  })
}

function placeIn(length: number, random: Random): number {
  return Math.floor(random.next() * length)
}
