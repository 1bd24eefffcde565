import { contentHash } from '../../core/index.js'
import { compareText } from '../../core/internal.js'
import type { Group, GroupChange } from './group-plan.js'
import { planGroup } from './group-plan.js'

/** What follows when a member of a stage fails. `stop`: nothing more; `revert`: the stages so far, back in reverse. */
export type GroupFailureAction = 'stop' | 'continue' | 'revert'

/** How the change that is asked of a member stands. */
export type MemberStanding = 'progressing' | 'succeeded' | 'failed'

/** What a rollout of a group remembers between two steps: one JSON record. */
export interface GroupRolloutState {
  /** Hash of where it comes from and goes to; with another one it is another rollout, and begins at its first stage. */
  readonly change: string
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
 * way back stops it. One that has stopped goes on once none of the stage counts as failed any more.
 *
 * Another `from` or `to` is another rollout, which begins at its first stage, also in the middle of a revert: start it from
 * what the members have now.
 *
 * @param standing how a change of the present stage stands. It names all that the member has in the end, so compare: what
 * the member was asked before, on the way there, does not count on the way back. `progressing` until it is asked
 * @param action for each stage. Default `stop`
 * @throws InvalidError as `planGroup` does
 */
export function stepGroup(
  { from, to }: { readonly from: Group; readonly to: Group },
  state: GroupRolloutState | undefined,
  standing: (change: GroupChange) => MemberStanding,
  action: GroupFailureAction = 'stop',
): GroupStep {
  const stages = planGroup(from, to)
  const before = recordOf({ from, to }, state, stages.length === 0)
  if (before.phase === 'succeeded' || before.phase === 'reverted') return ended(before)
  const isBack = before.backStage !== undefined
  const now = before.phase === 'stopped' ? resumed(before) : before
  const way = isBack ? wayBack(from, stages.slice(0, now.stage + 1)) : stages
  const index = isBack ? (now.backStage ?? 0) : now.stage
  const changes = way[index] ?? []
  const standings = changes.map(change => ({ member: change.member, now: standing(change) }))
  const those = (wanted: MemberStanding): readonly string[] =>
    standings.filter(one => one.now === wanted).map(({ member }) => member)
  const failed = those('failed')
  if (before.phase === 'stopped' && failed.length > 0) return ended(before)
  const named = failed.length === 0 ? now : noted(now, failed)
  if (failed.length > 0 && (isBack || action === 'stop')) return ended({ ...named, phase: 'stopped' })
  if (failed.length > 0 && action === 'revert') {
    const back = wayBack(from, stages.slice(0, now.stage + 1))
    return begun({ ...named, phase: 'reverting', backStage: 0 }, back[0])
  }
  const waitsFor = those('progressing')
  if (waitsFor.length > 0) return { state: named, changes, waitsFor }
  if (index + 1 >= way.length) return ended({ ...named, phase: isBack ? 'reverted' : 'succeeded' })
  const next = isBack ? { ...named, backStage: index + 1 } : { ...named, stage: index + 1 }
  return begun(next, way[index + 1])
}

/** As it is when what had failed has not: a person may have mended it. */
function resumed({ failed: _failed, ...state }: GroupRolloutState): GroupRolloutState {
  return { ...state, phase: state.backStage === undefined ? 'progressing' : 'reverting' }
}

/** What is remembered of this rollout; of another one nothing is. */
function recordOf(
  { from, to }: { readonly from: Group; readonly to: Group },
  state: GroupRolloutState | undefined,
  isNothing: boolean,
): GroupRolloutState {
  const content = (group: Group): readonly unknown[] =>
    [...group.keys()].sort(compareText).map(name => {
      const { template, replicas, dependsOn = [] } = group.get(name) ?? {}
      return [name, template, replicas, dependsOn]
    })
  const change = contentHash([content(from), content(to)])
  if (state?.change === change) return state
  return { change, phase: isNothing ? 'succeeded' : 'progressing', stage: 0 }
}

function ended(state: GroupRolloutState): GroupStep {
  return { state, changes: [], waitsFor: [] }
}

function begun(state: GroupRolloutState, changes: readonly GroupChange[] = []): GroupStep {
  return { state, changes, waitsFor: changes.map(({ member }) => member) }
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
      const { template, replicas } = before
      return { op: op === 'stop' ? 'start' : op, member, template, replicas }
    }),
  )
}
