import type { StepInfo } from '../../core/index.js'

/** A timer or deferred step that has not run. */
export type PendingWork =
  | { readonly kind: 'timer'; readonly process: string; readonly atMs: number }
  | { readonly kind: 'step'; readonly process: string; readonly about: StepInfo }

const LISTED_MAX = 20

/** Pending work as text, for error messages: at most 20 entries, then a count of the rest. */
export function describePending(pending: readonly PendingWork[], nowMs: number): string {
  if (pending.length === 0) return 'nothing is pending'
  const listed = pending
    .slice(0, LISTED_MAX)
    .map(work =>
      work.kind === 'timer'
        ? `timer of ${work.process} in ${work.atMs - nowMs} ms`
        : `${work.about.kind} "${work.about.label}" of ${work.process}`,
    )
  if (pending.length > LISTED_MAX) listed.push(`and ${pending.length - LISTED_MAX} more`)
  return `pending: ${listed.join(', ')}`
}
