import type { DeploymentGroupStatus } from '../../api/index.js'
import { Deployment, DeploymentGroup, Event } from '../../api/index.js'
import { formatTime, setCondition } from '../../core/index.js'
import {
  assertKnown,
  assertValid,
  compareText,
  deepEqual,
  knownOptions,
  wholeNumber,
} from '../../core/internal.js'
import type { Controller, EventDestination } from '../../reconcile/index.js'
import { createController, requeueAfter } from '../../reconcile/index.js'
import type { Client, Json, ObjectRef, Transaction } from '../../store/index.js'
import type { GroupChange } from '../groups/group-plan.js'
import type { GroupRolloutState } from '../groups/group-rollout.js'
import { stepGroup } from '../groups/group-rollout.js'
import type { GroupDeployment, GroupRecord } from './group-members.js'
import { carryOut, groupOf, isToWrite, membersNow, standingOf, templateOf } from './group-members.js'

/** How the loop of groups behaves. */
export interface GroupControllerOptions {
  /** Groups worked on at once. Default 4. */
  readonly concurrency?: number
  /** Most Deployments written in one pass; the rest follows in the next. Default 100. */
  readonly burst?: number
  /** Where it tells how changes of groups went. Default: `Event`, if the store knows that kind. */
  readonly events?: EventDestination
}

const GROUP_CONTROLLER_OPTIONS = /* @__PURE__ */ knownOptions<GroupControllerOptions>(
  'createGroupController',
  {
    concurrency: true,
    burst: true,
    events: true,
  },
)

/**
 * Walks each `DeploymentGroup` from what its Deployments are to what its members say, stage by stage as `planGroup` orders
 * them: a stage begins when every rollout of the one before has arrived. What leaves is scaled to 0 first, and deleted
 * once nothing of it runs. A member that fails is answered as `spec.onFailure` says.
 *
 * Guarantees: where a change comes from is written down before anything of it is done, so a crash at any point loses no way
 * back; a Deployment is written in a transaction that has seen the same record, so a controller that was overtaken writes
 * nothing; between two changes nothing is written, and what others do to the Deployments stays. A Deployment of that name
 * that another object controls is not touched, and fails its member; one that nothing controls is taken over.
 */
export function createGroupController(options: GroupControllerOptions = {}): Controller {
  assertKnown(options, GROUP_CONTROLLER_OPTIONS)
  const { concurrency = 4, burst = 100 } = options
  assertValid('group controller', wholeNumber('burst', burst, { min: 1 }))
  return createController({
    name: 'groups',
    for: DeploymentGroup,
    owns: [Deployment],
    concurrency,
    events: options.events ?? { whenKnown: Event },
    async reconcile(ref, group, ctx) {
      const { client, env } = ctx
      if (group === undefined || group.metadata.deletionTimestamp !== undefined) return
      const pass = await decide(client, ref, env.clock.now())
      if (pass === undefined) return
      const { record, changes, isNews, isNext } = pass
      const { phase, failed = [] } = record.state
      if (isNews)
        ctx.record({
          type: phase === 'stopped' || phase === 'reverting' ? 'Warning' : 'Normal',
          reason: REASONS[phase],
          note: noteOf(phase, failed),
        })
      for (const change of changes.slice(0, burst))
        await client.transact(tx => {
          const now = tx.get(DeploymentGroup, ref)
          // Another controller is further than this one: what this one knows is over.
          if (now === undefined || !deepEqual(recordOf(now), record)) return
          carryOut(tx, now, changeOf(record, change))
        })
      if (changes.length > burst || isNext) return requeueAfter(0)
    },
  })
}

const REASONS: Readonly<Record<GroupRolloutState['phase'], string>> = {
  progressing: 'Progressing',
  succeeded: 'Succeeded',
  stopped: 'Stopped',
  reverting: 'Reverting',
  reverted: 'Reverted',
}

function noteOf(phase: GroupRolloutState['phase'], failed: readonly string[]): string {
  const who = failed.length === 0 ? '' : `: ${failed.slice(0, 10).join(', ')} failed`
  switch (phase) {
    case 'progressing':
      return `a change of the group is under way${who}`
    case 'succeeded':
      return `all members have arrived${who}`
    case 'stopped':
      return `nothing more is changed${who}`
    case 'reverting':
      return `what has changed goes back${who}`
    case 'reverted':
      return `what had changed is back${who}`
  }
}

interface Pass {
  readonly record: GroupRecord
  /** Those of the present stage that are not done yet. */
  readonly changes: readonly GroupChange[]
  /** The phase is another one than before. */
  readonly isNews: boolean
  /** Another change waits for the end of this one, which has come. */
  readonly isNext: boolean
}

function decide(client: Client, ref: ObjectRef, nowMs: number): Promise<Pass | undefined> {
  return client.transact(tx => {
    const group = tx.get(DeploymentGroup, ref)
    if (group === undefined || group.metadata.deletionTimestamp !== undefined) return undefined
    const { members, onFailure, onConflict } = group.spec
    const before = recordOf(group)
    const isOther = before === undefined || !deepEqual(before.to, members)
    const isNew = before === undefined || (isOther && !(onConflict === 'queue' && isUnderWay(before.state)))
    const about = isNew
      ? { sinceMs: nowMs, from: membersNow(tx, group, before), to: members }
      : { sinceMs: before.sinceMs, from: before.from, to: before.to }
    const standing = (change: GroupChange) => standingOf(tx, group, changeOf(about, change))
    const groups = { from: groupOf(about.from), to: groupOf(about.to) }
    const { state, changes, waitsFor } = stepGroup(
      groups,
      isNew ? undefined : before.state,
      standing,
      onFailure,
    )
    const record: GroupRecord = { ...about, state }
    report(tx, group, { record, waitsFor, nowMs })
    return {
      record,
      changes: changes.filter(
        change => standing(change) === 'progressing' && isToWrite(tx, group, changeOf(about, change)),
      ),
      isNews: isNew || before.state.phase !== state.phase,
      isNext: isOther && !isNew && !isUnderWay(state),
    }
  })
}

function isUnderWay({ phase }: GroupRolloutState): boolean {
  return phase === 'progressing' || phase === 'reverting'
}

function recordOf({ status }: DeploymentGroup): GroupRecord | undefined {
  return status?.rollout as GroupRecord | undefined
}

/** A change with the Deployment that the member is to be: that of the way there, or, on the way back, that from before. */
function changeOf(
  { from, to, sinceMs }: Pick<GroupRecord, 'from' | 'to' | 'sinceMs'>,
  { op, member, template, replicas }: GroupChange,
): GroupDeployment {
  const [before, after] = [from, to].map(members => members.find(({ name }) => name === member)?.spec)
  const isThere = template !== undefined && template === templateOf(after)
  const spec = isThere ? after : before
  // What a change does not speak of is for others, an autoscaler for one, to decide.
  const setsReplicas = op === 'start' || before?.replicas !== after?.replicas
  return {
    name: member,
    sinceMs,
    replicas,
    setsReplicas,
    ...(op === 'stop' || spec === undefined ? {} : { spec }),
  }
}

const WAITS_SHOWN_MAX = 100

function report(
  tx: Transaction,
  group: DeploymentGroup,
  {
    record,
    waitsFor,
    nowMs,
  }: { readonly record: GroupRecord; readonly waitsFor: readonly string[]; readonly nowMs: number },
): void {
  const { phase, failed } = record.state
  const shown = waitsFor.toSorted(compareText).slice(0, WAITS_SHOWN_MAX)
  const condition = {
    type: 'Progressing',
    status: isUnderWay(record.state) ? 'True' : 'False',
    reason: REASONS[phase],
    message: noteOf(phase, failed ?? []),
  } as const
  const status: DeploymentGroupStatus = {
    observedGeneration: group.metadata.generation,
    phase,
    ...(shown.length === 0 ? {} : { waitsFor: shown }),
    ...(failed === undefined ? {} : { failed }),
    conditions: setCondition(group.status?.conditions, condition, formatTime(nowMs)),
    rollout: record as unknown as Json,
  }
  if (!deepEqual(status, group.status)) tx.updateStatus(DeploymentGroup, { ...group, status })
}
