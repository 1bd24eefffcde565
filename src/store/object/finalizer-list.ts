import type { FieldProblem } from '../../core/index.js'
import { labelKeyProblem } from '../../core/internal.js'

/** Keeps an owner until its dependents have been cut loose. */
export const ORPHAN_FINALIZER = 'orphan'
/** Keeps an owner until its blocking dependents are gone. */
export const FOREGROUND_FINALIZER = 'foregroundDeletion'

const COLLECTORS: Readonly<Record<PropagationPolicy, string | undefined>> = {
  Background: undefined,
  Foreground: FOREGROUND_FINALIZER,
  Orphan: ORPHAN_FINALIZER,
}

/** Every fault of a list of finalizers: qualified names, no two alike, not both of the collector's own. */
export function finalizerProblems(finalizers: unknown): readonly FieldProblem[] {
  const root = 'metadata.finalizers'
  if (!Array.isArray(finalizers)) return [{ field: root, value: finalizers, message: 'must be a list' }]
  const problems: FieldProblem[] = []
  const seen = new Set<unknown>()
  for (const [index, value] of (finalizers as readonly unknown[]).entries()) {
    const field = `${root}[${index}]`
    const problem = finalizerProblem(value)
    if (problem !== undefined) problems.push({ field, value, message: problem })
    else if (seen.has(value)) problems.push({ field, value, message: 'is in the list twice' })
    seen.add(value)
  }
  if (seen.has(ORPHAN_FINALIZER) && seen.has(FOREGROUND_FINALIZER)) {
    const message = `"${ORPHAN_FINALIZER}" and "${FOREGROUND_FINALIZER}" exclude each other`
    problems.push({ field: root, value: finalizers, message })
  }
  return problems
}

/** While an object is being deleted, finalizers may only be removed. */
export function addedFinalizers(
  before: readonly string[],
  after: readonly string[],
): readonly FieldProblem[] {
  if (before === after) return []
  return after
    .filter(name => !before.includes(name))
    .map(value => ({
      field: 'metadata.finalizers',
      value,
      message: 'cannot be added, the object is being deleted; only remove finalizers',
    }))
}

/**
 * The finalizers as a delete with this policy leaves them: the collector's own one follows the policy, which
 * without being given is what the list already says. The same list where nothing changes.
 */
export function finalizersUnder(
  policy: PropagationPolicy | undefined,
  finalizers: readonly string[],
): readonly string[] {
  if (policy === undefined) return finalizers
  const chosen = COLLECTORS[policy]
  const others = finalizers.filter(name => name !== ORPHAN_FINALIZER && name !== FOREGROUND_FINALIZER)
  const expected = chosen === undefined ? others.length : others.length + 1
  if (finalizers.length === expected && (chosen === undefined || finalizers.includes(chosen)))
    return finalizers
  return Object.freeze(chosen === undefined ? others : [...others, chosen])
}

function finalizerProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must be a text'
  if (value === ORPHAN_FINALIZER || value === FOREGROUND_FINALIZER) return undefined
  if (!value.includes('/')) return 'must be a qualified name such as example.com/cleanup'
  return labelKeyProblem(value)
}

/** What becomes of the dependents of an object that is deleted; a garbage collector acts on it. */
export type PropagationPolicy = 'Background' | 'Foreground' | 'Orphan'
