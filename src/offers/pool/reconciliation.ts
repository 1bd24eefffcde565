import type { TaskState } from './task-state.js'

/** How an agent stands, as far as the pool knows. `recovered`: known from before a restart, and not back yet. */
export type AgentStanding = 'registered' | 'recovered' | 'unreachable' | 'gone' | 'unknown'

/** What is known of a task that a framework asks about. */
export interface ReconcileQuestion {
  /** Latest state, when the task is known. */
  readonly latest?: TaskState | undefined
  /** How the agent stands that the framework named; absent when it named none. */
  readonly agent?: AgentStanding | undefined
  /** Whether any agent is recovered and not back yet. */
  readonly anyRecovered?: boolean
}

/**
 * The state that an explicit reconciliation answers with; undefined for no answer, so that the framework asks again:
 * an agent that is not back yet may still know the task.
 */
export function reconciledState({
  latest,
  agent,
  anyRecovered = false,
}: ReconcileQuestion): TaskState | undefined {
  if (latest !== undefined) return latest
  switch (agent) {
    case 'recovered':
      return undefined
    case 'registered':
      return 'gone'
    case 'unreachable':
      return 'unreachable'
    case 'gone':
      return 'goneByOperator'
    case 'unknown':
      return 'unknown'
    default:
      return anyRecovered ? undefined : 'unknown'
  }
}
