import { KeelsonError } from '../../../core/index.js'
import { kindsText } from '../clients/watch-breaker.js'
import type { Action } from './action.js'
import type { Situation } from './situation.js'

/** Each open watch may end with an error. */
export function disconnections({ world }: Situation): readonly Action[] {
  return breaks(world, false)
}

/** The same, and what is missed meanwhile cannot be told afterwards. */
export function expiries({ world }: Situation): readonly Action[] {
  return breaks(world, true)
}

function breaks({ breakers, processes }: Situation['world'], isForgotten: boolean): readonly Action[] {
  return processes.flatMap(({ name }) => {
    const breaker = breakers.get(name)
    if (breaker === undefined) return []
    return breaker.list().map(
      (watch): Action => ({
        kind: isForgotten ? 'expire' : 'disconnect',
        actor: name,
        label: `the watch of ${kindsText(watch)} breaks${isForgotten ? ', what it misses is forgotten' : ''}`,
        run: () => {
          if (isForgotten) breaker.forget(watch)
          breaker.break(watch, broken())
        },
      }),
    )
  })
}

function broken(): Error {
  return new KeelsonError({
    code: 'Unavailable',
    message: 'the connection to the store broke; open the watch again',
  })
}
