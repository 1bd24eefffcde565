import type { FailureAction, FailurePolicy } from '../core/internal.js'
import type { GateFailure } from './gate.js'

/** Why a rollout failed. */
export type FailureCause =
  /** No progress before the deadline, or not finished by it. */
  | 'deadline'
  | 'finish-deadline'
  /** Three different instances failed within a minute. */
  | 'crash-loop'
  /** An instance has not become ready in time. */
  | 'readiness'
  /** More failed instances than are tolerated, and what else a gate says. */
  | GateFailure
  /** Somebody called it off. */
  | 'aborted'

/** What a rollout did, as the end of a sentence. */
export const failureTexts: Readonly<Record<FailureCause, string>> = {
  deadline: 'made no progress before its deadline',
  'finish-deadline': 'was not finished by its deadline',
  failures: 'had too many failed tasks',
  'crash-loop': 'had tasks that keep ending',
  readiness: 'had a task that was not ready in time',
  rejected: 'was rejected',
  analysis: 'failed its analysis',
  hook: 'failed a hook',
  'gate-deadline': 'was not let through a gate in time',
  aborted: 'was aborted',
}

/** Each sort of causes may have an action of its own. */
type FailureSort = 'crash' | 'readiness' | 'deadline' | 'analysis' | 'hook'

const SORTS: Readonly<Record<Exclude<FailureCause, 'aborted'>, FailureSort>> = {
  'crash-loop': 'crash',
  failures: 'crash',
  readiness: 'readiness',
  deadline: 'deadline',
  'finish-deadline': 'deadline',
  'gate-deadline': 'deadline',
  analysis: 'analysis',
  rejected: 'analysis',
  hook: 'hook',
}

/** What follows from a failure of that cause: who aborts has decided it. */
export function actionFor(cause: FailureCause, policy: FailurePolicy): FailureAction {
  if (cause === 'aborted') return 'abort'
  return sortAction(SORTS[cause], policy)
}

/** Whether a template that failed and was reverted is refused: where any failure may be answered by a revert. */
export function refusesRepeats(policy: FailurePolicy): boolean {
  if (policy.onRepeat === 'retry') return false
  return Object.values(SORTS).some(sort => sortAction(sort, policy) === 'revert')
}

function sortAction(sort: FailureSort, policy: FailurePolicy): FailureAction {
  return policy[sort] ?? policy.action ?? (sort === 'deadline' ? 'pause' : 'revert')
}
