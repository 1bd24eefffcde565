import { brokenWatches } from './broken-watches.js'
import type { Fault } from './fault.js'

export const expire: Fault<'expire'> = {
  kind: 'expire',
  times: 1,
  says: 'the same; opened again with `since`, it is `Expired` if anything has happened',
  offers: situation =>
    brokenWatches(situation, 'expire', {
      besides: ', what it misses is forgotten',
      first: (breaker, watch) => breaker.forget(watch),
    }),
}
