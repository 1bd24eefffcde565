import type { FieldProblem } from '../core/index.js'
import { addedFinalizers } from './finalizers.js'
import type { ObjectMeta, ObjectMetaInput, StoredObject } from './object.js'

/** What a delete does to an object. */
export type DeletionStep =
  | { readonly kind: 'remove' }
  /** The object stays, with its deletion begun. */
  | { readonly kind: 'mark'; readonly deletionTimestamp: string; readonly deletionGracePeriodSeconds: number }
  /** The deletion has begun before; nothing changes. */
  | { readonly kind: 'waiting' }

/** An object goes at once, unless finalizers hold it; the first delete marks it then, later ones change nothing. */
export function decideDeletion(object: StoredObject, now: () => string): DeletionStep {
  const { finalizers, deletionTimestamp } = object.metadata
  if (finalizers.length === 0) return { kind: 'remove' }
  if (deletionTimestamp !== undefined) return { kind: 'waiting' }
  return { kind: 'mark', deletionTimestamp: now(), deletionGracePeriodSeconds: 0 }
}

/** True when this update takes the last finalizer from an object whose deletion has begun. */
export function completesDeletion(before: ObjectMeta, finalizers: readonly string[]): boolean {
  return (
    before.deletionTimestamp !== undefined &&
    (before.deletionGracePeriodSeconds ?? 0) === 0 &&
    finalizers.length === 0
  )
}

/**
 * Faults of an update against the state of the deletion: the marks are the store's own. Left out, they are
 * kept; changed, they are refused.
 */
export function deletionProblems(
  before: ObjectMeta,
  input: ObjectMetaInput,
  finalizers: readonly string[],
): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    const value = input[field]
    if (value === undefined || value === null || value === before[field]) continue
    problems.push({ field: `metadata.${field}`, value, message: 'is set by the store only; use delete' })
  }
  if (before.deletionTimestamp === undefined) return problems
  return [...problems, ...addedFinalizers(before.finalizers, finalizers)]
}
