import type { TaskTemplate } from '../../api/index.js'
import { DaemonSet, Deployment, StatefulSet } from '../../api/index.js'
import type { Kind, ObjectRef, Reader, Transaction } from '../../store/index.js'
import { NotFoundError } from '../../store/internal.js'
import { setIn } from './cell-sets.js'

/** What has a ledger of revisions. */
export type RevisionOwner = Deployment | StatefulSet | DaemonSet

/** The kinds of them. */
export type RevisionedKind = typeof Deployment | typeof StatefulSet | typeof DaemonSet

/**
 * The owner of that kind and name.
 *
 * @throws NotFoundError when there is none
 */
export function ownerIn(reader: Reader, kind: RevisionedKind, ref: ObjectRef): RevisionOwner {
  const owner = kind.kind === Deployment.kind ? reader.get(Deployment, ref) : setIn(reader, kind, ref)
  if (owner === undefined) throw new NotFoundError({ kind: kind.kind, ...ref })
  return owner
}

/** Whether it is rolled out in counts, and not cell by cell. */
export function isDeployment(owner: RevisionOwner): owner is Deployment {
  return owner.kind === Deployment.kind
}

/** The kind of an owner. */
export function kindOfOwner({ kind }: RevisionOwner): Kind {
  return [StatefulSet, DaemonSet].find(known => known.kind === kind) ?? Deployment
}

/** Puts another template into the spec, and lifts a pause if that is asked for. */
export function writeTemplate(
  tx: Transaction,
  { kind, metadata }: RevisionOwner,
  template: TaskTemplate,
  { isResumed = false }: { readonly isResumed?: boolean } = {},
): void {
  const write = (draft: { spec: { template: unknown; paused?: boolean } }): void => {
    draft.spec.template = structuredClone(template)
    if (isResumed && draft.spec.paused === true) draft.spec.paused = false
  }
  if (kind === StatefulSet.kind) tx.modify(StatefulSet, metadata, draft => write(draft))
  else if (kind === DaemonSet.kind) tx.modify(DaemonSet, metadata, draft => write(draft))
  else tx.modify(Deployment, metadata, draft => write(draft))
}
