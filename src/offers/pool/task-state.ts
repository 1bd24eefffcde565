/** States of a task. `unknown` occurs in answers only. */
export type TaskState =
  | 'staging'
  | 'starting'
  | 'running'
  | 'killing'
  | 'unreachable'
  | 'finished'
  | 'failed'
  | 'killed'
  | 'error'
  | 'dropped'
  | 'lost'
  | 'gone'
  | 'goneByOperator'
  | 'unknown'

const FINAL: ReadonlySet<TaskState> = /* @__PURE__ */ new Set<TaskState>([
  'finished',
  'failed',
  'killed',
  'error',
  'dropped',
  'lost',
  'gone',
  'goneByOperator',
])

/** Whether the task has ended, whichever way. */
export function isFinalState(state: TaskState): boolean {
  return FINAL.has(state)
}

/** Whether a task in the state uses resources of its agent. */
export function usesResources(state: TaskState): boolean {
  return !isFinalState(state) && state !== 'unreachable'
}

/**
 * The state after a report. A final state stays what it is; a task may come back from `unreachable`.
 *
 * @returns the state, and what happens to its resources: they are freed once, by the first final state or by
 * `unreachable`, and used again by a task that comes back
 */
export function taskStateAfter(
  before: TaskState,
  reported: TaskState,
): { readonly state: TaskState; readonly resources: 'freed' | 'used' | 'same' } {
  const state = isFinalState(before) || reported === 'unknown' ? before : reported
  if (usesResources(before) === usesResources(state)) return { state, resources: 'same' }
  return { state, resources: usesResources(state) ? 'used' : 'freed' }
}
