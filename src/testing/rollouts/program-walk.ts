import type {
  GateAnswer,
  Plan,
  Program,
  RolloutSpec,
  RolloutState,
  RolloutTally,
} from '../../rollout/index.js'
import { plan } from '../../rollout/index.js'

/** A rollout from `old` to `new` of which nothing runs but numbers. */
export interface ProgramState {
  readonly rollout: RolloutState | undefined
  readonly old: Counts
  readonly new: Counts
}

/** Of the instances of one template. */
export interface Counts {
  readonly size: number
  readonly available: number
}

/** What a step is told besides. */
export interface StepInput {
  readonly nowMs?: number
  readonly answers?: readonly GateAnswer[]
  readonly promotedTo?: number
  readonly aborted?: boolean
}

/** All old instances serve, and the new template was asked for. */
export function startOf(desired: number): ProgramState {
  const none = { size: 0, available: 0 }
  return { rollout: undefined, old: { size: desired, available: desired }, new: none }
}

/** One step, applied at once. A revert of its own is an abort here: what was stable gets everything back. */
export function stepOf(
  program: Program,
  desired: number,
  state: ProgramState,
  input: StepInput = {},
): { readonly state: ProgramState; readonly decided: Plan } {
  const { nowMs = 0, ...told } = input
  const spec: RolloutSpec = {
    desired,
    template: 'new',
    stable: 'old',
    entry: 2,
    cause: 'update',
    paused: false,
    program,
    ...told,
  }
  const sets: readonly RolloutTally[] = [
    { template: 'old', ...state.old },
    { template: 'new', ...state.new },
  ]
  const decided = plan(spec, state.rollout, { sets }, nowMs)
  let { old, new: next } = state
  for (const action of decided.actions) {
    if (action.op !== 'size') continue
    if (action.template === 'old') old = sized(old, action.size)
    else next = sized(next, action.size)
  }
  return { decided, state: { rollout: decided.state, old, new: next } }
}

/** An executor stops what is not available first. */
function sized({ available }: Counts, size: number): Counts {
  return { size, available: Math.min(available, size) }
}
