import { ofWatches } from './broken-watches.js'
import type { Fault } from './fault.js'

export const expire: Fault<'expire'> = {
  kind: 'expire',
  times: 1,
  says: 'the same; opened again with `since`, it is `Expired` if anything has happened',
  offers: /* @__PURE__ */ ofWatches('expire', ', what it misses is forgotten', (breaker, watch) =>
    breaker.forget(watch),
  ),
}
