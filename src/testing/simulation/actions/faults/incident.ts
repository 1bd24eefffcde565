import type { Fault } from './fault.js'

export const incident: Fault<'incident'> = {
  kind: 'incident',
  times: 2,
  says: 'what the option `incidents` names',
  offers: ({ incidents }) => incidents.offers(),
}
