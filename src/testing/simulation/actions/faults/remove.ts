import type { Fault } from './fault.js'

export const remove: Fault<'remove'> = {
  kind: 'remove',
  times: 1,
  isPlannedAtRest: true,
  says: 'the user deletes an object and later creates it again, or a stranger deletes an owned object',
  offers: ({ user }) => user.removals(),
}
