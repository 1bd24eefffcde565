import { compareText } from '../../core/internal.js'
import type { Group, GroupChange } from './group-plan.js'
import { planGroup } from './group-plan.js'

/** What follows when a member of a stage fails. `stop`: nothing more; `revert`: the stages so far, back in reverse. */
export type GroupFailureAction = 'stop' | 'continue' | 'revert'

/** How the change that is asked of a member stands. */
export type MemberStanding = 'progressing' | 'succeeded' | 'failed'

/** What a rollout of a group remembers between two steps: one JSON record. */
export interface GroupRolloutState {
  readonly phase: 'progressing' | 'succeeded' | 'stopped' | 'reverting' | 'reverted'
  /** Stage of the way there; while it goes back, the last one that it had begun. */
  readonly stage: number
  /** Stage of the way back. Absent before that. */
  readonly backStage?: number
  /** Members that failed on the way there, in order. Absent while none has. */
  readonly failed?: readonly string[]
}

/** What to do now. */
export interface GroupStep {
  readonly state: GroupRolloutState
  /** The changes that are to be under way. Absolute: those that arrived before are told again until all of the stage have. */
  readonly changes: readonly GroupChange[]
  /** Members that are waited for. */
  readonly waitsFor: readonly string[]
}

/**
 * The next step of a group on its way from `from` to `to`. Pure: each stage begins when all of the one before have arrived.
 * A revert takes the stages that were begun back, the last one first, and never reverts again: a member that fails on the
 * way back stops it.
 *
 * @param standings how the changes of the present stage stand; a member that is not in it has not begun
 * @param action for each stage. Default `stop`
 * @throws InvalidError as `planGroup` does
 */
export function stepGroup(
  { from, to }: { readonly from: Group; readonly to: Group },
  state: GroupRolloutState | undefined,
  standings: ReadonlyMap<string, MemberStanding>,
  action: GroupFailureAction = 'stop',
): GroupStep {
  const stages = planGroup(from, to)
  const now = state ?? { phase: stages.length === 0 ? 'succeeded' : 'progressing', stage: 0 }
  if (now.phase !== 'progressing' && now.phase !== 'reverting')
    return { state: now, changes: [], waitsFor: [] }
  const isBack = now.phase === 'reverting'
  const way = isBack ? wayBack(from, stages.slice(0, now.stage + 1)) : stages
  const index = isBack ? (now.backStage ?? 0) : now.stage
  const changes = way[index] ?? []
  const standing = ({ member }: GroupChange): MemberStanding => standings.get(member) ?? 'progressing'
  const failed = changes.filter(change => standing(change) === 'failed').map(({ member }) => member)
  const waitsFor = changes.filter(change => standing(change) === 'progressing').map(({ member }) => member)
  const named = failed.length === 0 ? now : noted(now, failed)
  if (failed.length > 0 && (isBack || action === 'stop'))
    return { state: { ...named, phase: 'stopped' }, changes: [], waitsFor: [] }
  if (failed.length > 0 && action === 'revert')
    return { state: { ...named, phase: 'reverting', backStage: 0 }, changes: [], waitsFor: [] }
  if (waitsFor.length > 0) return { state: named, changes, waitsFor }
  const isLast = index + 1 >= way.length
  if (isLast)
    return { state: { ...named, phase: isBack ? 'reverted' : 'succeeded' }, changes: [], waitsFor: [] }
  const next = isBack ? { ...named, backStage: index + 1 } : { ...named, stage: index + 1 }
  const begun = way[index + 1] ?? []
  return { state: next, changes: begun, waitsFor: begun.map(({ member }) => member) }
}

function noted(state: GroupRolloutState, failed: readonly string[]): GroupRolloutState {
  const all = new Set([...(state.failed ?? []), ...failed])
  return { ...state, failed: [...all].sort(compareText) }
}

/** The changes that undo those stages, the last one first. */
function wayBack(
  from: Group,
  stages: readonly (readonly GroupChange[])[],
): readonly (readonly GroupChange[])[] {
  return stages.toReversed().map(stage =>
    stage.map(({ op, member }): GroupChange => {
      const before = from.get(member)
      if (before === undefined) return { op: 'stop', member, replicas: 0 }
      return { op: op === 'stop' ? 'start' : op, member, replicas: before.replicas }
    }),
  )
}
