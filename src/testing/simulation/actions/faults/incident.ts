import type { Fault } from './fault.js'

export const incident: Fault<'incident'> = {
  kind: 'incident',
  times: 2,
  says: 'one of the `incidents` of the options happens',
  offers: ({ incidents }) => incidents.offers(),
}
