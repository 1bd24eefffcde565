import type { TaskTemplate } from '../../api/index.js'
import { Deployment, ReplicaSet, Revision, TEMPLATE_HASH_LABEL } from '../../api/index.js'
import { contentHash, parseTime } from '../../core/index.js'
import { controllerReference, TerminalError } from '../../reconcile/index.js'
import type { ObjectInput, Reader, Transaction } from '../../store/index.js'
import type { RolloutTally } from '../rollout-view.js'

/** The sets of a Deployment that are there to stay, in key order. */
export function setsOf(reader: Reader, deployment: Deployment): readonly ReplicaSet[] {
  const { uid } = deployment.metadata
  const { items } = reader.list(ReplicaSet, { index: { name: 'controller', value: uid } })
  return items.filter(set => set.metadata.deletionTimestamp === undefined)
}

/**
 * What is known of a set. Counts that may predate its last resize are marked as unobserved; instances beyond its
 * size are on their way out.
 */
export function tallyOf(set: ReplicaSet): RolloutTally {
  const { status, spec, metadata } = set
  const template = metadata.labels[TEMPLATE_HASH_LABEL] ?? metadata.name
  const size = spec.replicas
  if (status === undefined) return { template, size, available: 0, observed: size === 0 }
  return {
    template,
    size,
    available: status.availableReplicas,
    stopping: status.terminatingReplicas + Math.max(0, status.replicas - size),
    observed: status.observedGeneration >= metadata.generation,
    failed: status.endedReplicas,
    ...(status.failures === undefined
      ? {}
      : {
          failures: status.failures.map(({ uid, time, cause }) => ({
            id: uid,
            atMs: parseTime(time),
            cause,
          })),
        }),
    ...(status.unreadySince === undefined ? {} : { unreadySinceMs: parseTime(status.unreadySince) }),
  }
}

/** Resizes the template's set, or makes it. */
export function sizeSet(
  tx: Transaction,
  deployment: Deployment,
  {
    hash,
    size,
    template,
  }: { readonly hash: string; readonly size: number; readonly template: TaskTemplate | undefined },
): void {
  const set = setsOf(tx, deployment).find(other => tallyOf(other).template === hash)
  if (set) {
    tx.modify(ReplicaSet, set.metadata, draft => {
      draft.spec.replicas = size
    })
  } else {
    if (template === undefined)
      throw new TerminalError(`no revision of ${deployment.metadata.name} has the template ${hash}`)
    tx.create(ReplicaSet, newSet(deployment, { hash, size, template }))
  }
}

function newSet(
  deployment: Deployment,
  { hash, size, template }: { readonly hash: string; readonly size: number; readonly template: TaskTemplate },
): ObjectInput<ReplicaSet['spec']> {
  const { name, namespace, uid } = deployment.metadata
  const { selector, minReadySeconds } = deployment.spec
  const labels = { ...template.metadata?.labels, [TEMPLATE_HASH_LABEL]: hash }
  return {
    metadata: {
      // Of this very Deployment: sets of one that had its name before do not stand in the way.
      name: `${name}-${contentHash([uid, hash])}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      ownerReferences: [controllerReference(Deployment, deployment)],
    },
    spec: {
      replicas: size,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [TEMPLATE_HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
      ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
    },
  }
}

/** Copies a changed `minReadySeconds` to the sets, on the way back that of the way back; it is not part of the template. */
export function syncMinReady(tx: Transaction, deployment: Deployment, isBack: boolean): void {
  const { minReadySeconds, strategy } = deployment.spec
  const wanted = (isBack ? strategy?.rollback?.minReadySeconds : undefined) ?? minReadySeconds
  for (const set of setsOf(tx, deployment)) {
    if (set.spec.minReadySeconds === wanted) continue
    tx.modify(ReplicaSet, set.metadata, draft => {
      if (wanted === undefined) delete draft.spec.minReadySeconds
      else draft.spec.minReadySeconds = wanted
    })
  }
}

/** Deletes sets that are empty for good, beyond the newest `revisionHistoryLimit` of them. */
export function trimSets(tx: Transaction, deployment: Deployment, current: string): void {
  const limit = deployment.spec.revisionHistoryLimit ?? 10
  const empty = setsOf(tx, deployment).filter(set => isEmpty(set) && tallyOf(set).template !== current)
  const numbers = newestNumbers(tx, deployment)
  const age = (set: ReplicaSet): number => numbers.get(tallyOf(set).template) ?? 0
  for (const set of empty.sort((a, b) => age(b) - age(a)).slice(limit)) tx.delete(ReplicaSet, set.metadata)
}

function isEmpty(set: ReplicaSet): boolean {
  const { size, stopping = 0, observed } = tallyOf(set)
  return size === 0 && stopping === 0 && observed === true
}

function newestNumbers(reader: Reader, deployment: Deployment): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>()
  const { items } = reader.list(Revision, { index: { name: 'controller', value: deployment.metadata.uid } })
  for (const { spec } of items)
    numbers.set(spec.templateHash, Math.max(spec.number, numbers.get(spec.templateHash) ?? 0))
  return numbers
}
