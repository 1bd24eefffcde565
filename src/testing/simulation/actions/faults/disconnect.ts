import { ofWatches } from './broken-watches.js'
import type { Fault } from './fault.js'

export const disconnect: Fault<'disconnect'> = {
  kind: 'disconnect',
  times: 1,
  says: 'a watch ends with an error of code `Unavailable`',
  offers: /* @__PURE__ */ ofWatches('disconnect', '', () => {}),
}
