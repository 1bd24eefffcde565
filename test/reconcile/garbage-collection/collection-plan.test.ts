import { describe, expect, test } from 'vitest'
import type { OwnerState } from '../../../src/reconcile/garbage-collection/collection-plan.js'
import { planCollection } from '../../../src/reconcile/garbage-collection/collection-plan.js'

const alone = { asksFor: undefined, hasDependents: false, hasWaitingDependent: false } as const
const remove = (policy: string, unblock = false) => ({ kind: 'delete', policy, unblock })

describe('what happens to an object with owners', () => {
  const rows: readonly [readonly OwnerState[], object, unknown][] = [
    [[], {}, { kind: 'keep' }],
    [['solid', 'solid'], {}, { kind: 'keep' }],
    [['solid', 'dangling', 'waiting'], {}, { kind: 'dropOwners', states: ['solid', 'dangling', 'waiting'] }],
    [['dangling'], {}, remove('Background')],
    [['dangling'], { asksFor: 'Orphan' }, remove('Orphan')],
    [['dangling'], { asksFor: 'Foreground' }, remove('Foreground')],
    [['waiting'], {}, remove('Background')],
    [['waiting', 'dangling'], { hasDependents: true }, remove('Foreground')],
    [['waiting'], { hasDependents: true, hasWaitingDependent: true }, remove('Foreground', true)],
    [['unknown', 'dangling'], {}, { kind: 'keep' }],
  ]
  test.each(rows)('owners %o, %o', (owners, item, expected) => {
    expect(planCollection(owners, { ...alone, ...item })).toEqual(expected)
  })
})
