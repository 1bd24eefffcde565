import { KeelsonError } from '../../../../core/index.js'
import type { OpenWatch } from '../../clients/open-watches.js'
import type { WatchBreaker } from '../../clients/watch-breaker.js'
import { kindsText } from '../../clients/watch-breaker.js'
import type { ActionOf } from '../../world/action-of.js'
import type { Situation } from './fault.js'

/**
 * Each open watch may end with an error.
 *
 * @param first what is done to it before
 */
export function brokenWatches<Kind extends string>(
  { world: { breakers, processes } }: Situation,
  kind: Kind,
  { besides, first }: { besides: string; first: (breaker: WatchBreaker, watch: OpenWatch) => void },
): readonly ActionOf<Kind>[] {
  return processes.flatMap(({ name }) => {
    const breaker = breakers.get(name)
    if (breaker === undefined) return []
    return breaker.list().map(watch => ({
      kind,
      actor: name,
      label: `the watch of ${kindsText(watch)} breaks${besides}`,
      run: () => {
        first(breaker, watch)
        breaker.break(watch, broken())
      },
    }))
  })
}

function broken(): Error {
  return new KeelsonError({
    code: 'Unavailable',
    message: 'the connection to the store broke; open the watch again',
  })
}
