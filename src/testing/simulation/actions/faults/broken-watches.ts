import type { BreakableWatch, WatchBreaker } from '../../clients/watch-breaker.js'
import type { ActionOf } from '../../world/action-of.js'
import { offerSome } from '../../world/action-of.js'
import type { Fault, Situation } from './fault.js'
import { noAnswer } from './no-answer.js'

/** A watch, and who can break it. */
interface Breakage {
  readonly process: string
  readonly breaker: WatchBreaker
  readonly watch: BreakableWatch
}

/**
 * Each open watch may end with an error.
 *
 * @param besides what the trace says more of it
 * @param first what is done to it before
 */
export function ofWatches<Kind extends string>(
  kind: Kind,
  besides: string,
  first: (breaker: WatchBreaker, watch: BreakableWatch) => void,
): Fault<Kind>['offers'] {
  const make = ({ process, breaker, watch }: Breakage): ActionOf<Kind> => ({
    kind,
    actor: process,
    label: `the watch of ${watch.kinds} breaks${besides}`,
    run: () => {
      first(breaker, watch)
      breaker.break(watch, broken())
    },
  })
  const making = { list: breakages, make }
  return situation => {
    const { breakers, processes } = situation.world
    let length = 0
    for (const { name } of processes) length += breakers.get(name)?.list().length ?? 0
    return offerSome(length, situation, making)
  }
}

function breakages({ world: { breakers, processes } }: Situation): readonly Breakage[] {
  const found: Breakage[] = []
  for (const { name } of processes) {
    const breaker = breakers.get(name)
    if (breaker === undefined) continue
    for (const watch of breaker.list()) found.push({ process: name, breaker, watch })
  }
  return found
}

function broken(): Error {
  return noAnswer('the connection to the store broke; open the watch again')
}
