import type { Fault } from './fault.js'

export const edit: Fault<'edit'> = {
  kind: 'edit',
  times: 2,
  timesExhaustive: 1,
  says: 'the user changes a number, flag or list of a spec, and later changes it back',
  offers: ({ user }) => user.edits(),
}
