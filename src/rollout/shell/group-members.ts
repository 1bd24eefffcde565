import type { DeploymentGroupMember, DeploymentSpec } from '../../api/index.js'
import { Deployment, DeploymentGroup } from '../../api/index.js'
import { contentHash } from '../../core/index.js'
import { deepEqual } from '../../core/internal.js'
import { controllerOf, controllerReference } from '../../reconcile/index.js'
import type { ObjectRef, Reader, Transaction } from '../../store/index.js'
import type { Group } from '../groups/group-plan.js'
import type { GroupRolloutState, MemberStanding } from '../groups/group-rollout.js'
import { rolloutRecord, rolloutStatus } from '../rollout-status.js'

/** What becomes of the Deployment of a member. */
export interface GroupDeployment {
  readonly name: string
  /** When the change began. Epoch ms. */
  readonly sinceMs: number
  /** What it is to be; absent when it is to go. */
  readonly spec?: DeploymentSpec
  readonly replicas: number
  /** Whether the change says how many there are. */
  readonly setsReplicas: boolean
}

/** What a change of a member is told by: all of its Deployment but the count, which scales alone, and a person's pause. */
export function templateOf(spec: DeploymentSpec | undefined): string | undefined {
  if (spec === undefined) return undefined
  const { replicas: _replicas, paused: _paused, ...rest } = spec
  return contentHash(rest)
}

/** Members as the planner knows them. */
export function groupOf(members: readonly DeploymentGroupMember[]): Group {
  return new Map(
    members.map(({ name, spec, dependsOn = [] }) => [
      name,
      { template: templateOf(spec) ?? '', replicas: spec.replicas, dependsOn },
    ]),
  )
}

/** A change of a group: where it comes from, where it goes to, and how far it is. */
export interface GroupRecord {
  /** When it began. Epoch ms. */
  readonly sinceMs: number
  readonly from: readonly DeploymentGroupMember[]
  readonly to: readonly DeploymentGroupMember[]
  readonly state: GroupRolloutState
}

/**
 * What there is of a group when a change begins. Counts that others have changed since the last one arrived are theirs, if
 * this one does not speak of them: then they are taken for what is wanted.
 */
export function membersNow(
  reader: Reader,
  group: DeploymentGroup,
  before: GroupRecord | undefined,
): readonly DeploymentGroupMember[] {
  const [wanted, from, to] = [byName(group.spec.members), byName(before?.from), byName(before?.to)] as const
  const found = [...new Map([...wanted, ...from, ...to])].flatMap(([name, member]) => {
    const deployment = reader.get(Deployment, refOf(group, name))
    const isThere = deployment !== undefined && deployment.metadata.deletionTimestamp === undefined
    if (!isThere || !isFree(deployment, group)) return []
    const replicas = wanted.get(name)?.spec.replicas
    const isSaid = before?.state.phase !== 'succeeded' || to.get(name)?.spec.replicas !== replicas
    const { spec } = deployment
    return [{ ...member, spec: isSaid || replicas === undefined ? spec : { ...spec, replicas } }]
  })
  const names = new Set(found.map(({ name }) => name))
  return found.map(member => {
    const { dependsOn = [] } = member
    return { ...member, dependsOn: dependsOn.filter(name => names.has(name)) }
  })
}

function byName(members: readonly DeploymentGroupMember[] = []): ReadonlyMap<string, DeploymentGroupMember> {
  return new Map(members.map(member => [member.name, member]))
}

/** How the change of a member stands. */
export function standingOf(reader: Reader, group: DeploymentGroup, change: GroupDeployment): MemberStanding {
  const deployment = reader.get(Deployment, refOf(group, change.name))
  const isTaken = deployment !== undefined && !isFree(deployment, group)
  const { spec, sinceMs } = change
  if (spec === undefined) return deployment === undefined || isTaken ? 'succeeded' : 'progressing'
  if (isTaken) return 'failed'
  if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return 'progressing'
  const { done, rung, failure } = rolloutStatus(deployment)
  // A failure that is only told may still turn out well.
  const hasFailed = rung === 'failed' && rolloutRecord(deployment)?.state.phase !== 'progressing'
  if (isAsked(deployment, group, change)) return hasFailed ? 'failed' : done ? 'succeeded' : 'progressing'
  // It was asked, and its rollout has gone back by itself.
  const hasGoneBack = failure?.template === contentHash(spec.template) && failure.atMs >= sinceMs
  return hasGoneBack ? 'failed' : 'progressing'
}

/** Whether its Deployment has not been written as the change wants it. */
export function isToWrite(reader: Reader, group: DeploymentGroup, change: GroupDeployment): boolean {
  const deployment = reader.get(Deployment, refOf(group, change.name))
  if (deployment === undefined) return change.spec !== undefined
  if (deployment.metadata.deletionTimestamp !== undefined || !isFree(deployment, group)) return false
  if (change.spec === undefined) return deployment.spec.replicas > 0 || isEmpty(deployment)
  return !isAsked(deployment, group, change)
}

/** Writes what is not so yet. What goes is scaled to 0 first, and deleted when nothing of it runs. */
export function carryOut(tx: Transaction, group: DeploymentGroup, change: GroupDeployment): void {
  if (!isToWrite(tx, group, change)) return
  const ref = refOf(group, change.name)
  const deployment = tx.get(Deployment, ref)
  const { spec, replicas, setsReplicas } = change
  if (deployment === undefined) {
    if (spec === undefined) return
    const ownerReferences = [controllerReference(DeploymentGroup, group)]
    tx.create(Deployment, { metadata: { ...ref, ownerReferences }, spec: { ...spec, replicas } })
    return
  }
  if (spec === undefined) {
    if (isEmpty(deployment)) tx.delete(Deployment, ref)
    else tx.update(Deployment, { ...deployment, spec: { ...deployment.spec, replicas: 0 } })
    return
  }
  const { metadata, spec: now } = deployment
  const { paused = now.paused } = spec
  const ownerReferences =
    controllerOf(deployment) === undefined
      ? [...metadata.ownerReferences, controllerReference(DeploymentGroup, group)]
      : metadata.ownerReferences
  tx.update(Deployment, {
    ...deployment,
    metadata: { ...metadata, ownerReferences },
    spec: {
      ...spec,
      replicas: setsReplicas ? replicas : now.replicas,
      ...(paused === undefined ? {} : { paused }),
    },
  })
}

function refOf({ metadata: { namespace } }: DeploymentGroup, name: string): ObjectRef {
  return namespace === undefined ? { name } : { namespace, name }
}

/** No other object controls it. */
function isFree(deployment: Deployment, { metadata }: DeploymentGroup): boolean {
  const owner = controllerOf(deployment)
  return owner === undefined || owner.uid === metadata.uid
}

function isAsked(deployment: Deployment, { metadata }: DeploymentGroup, change: GroupDeployment): boolean {
  const { spec, replicas, setsReplicas } = change
  if (
    controllerOf(deployment)?.uid !== metadata.uid ||
    (setsReplicas && deployment.spec.replicas !== replicas)
  )
    return false
  const isPausedAsAsked = spec?.paused === undefined || deepEqual(spec.paused, deployment.spec.paused)
  return isPausedAsAsked && templateOf(deployment.spec) === templateOf(spec)
}

/** Nothing of it is requested or runs, as far as its controller has seen. */
function isEmpty({ metadata, spec, status }: Deployment): boolean {
  const isSeen = status?.observedGeneration === metadata.generation
  return spec.replicas === 0 && isSeen && (status.replicas ?? 0) === 0
}
