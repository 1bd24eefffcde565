import type { Fault } from './fault.js'

export const edit: Fault<'edit'> = {
  kind: 'edit',
  times: 2,
  timesExhaustive: 1,
  says: 'the user changes a number, flag, list or text of a spec, a label or a finalizer, and later changes it back',
  offers: ({ user }) => user.edits(),
}
