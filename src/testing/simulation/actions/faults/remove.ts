import type { Fault } from './fault.js'

export const remove: Fault<'remove'> = {
  kind: 'remove',
  times: 1,
  says: 'the user deletes an object and later creates it again, or somebody deletes an object that has a managing owner',
  offers: ({ user }) => user.removals(),
}
