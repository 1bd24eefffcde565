import type { TaskTemplate } from '../../api/index.js'
import { DaemonSet, Deployment, SlotSet, StatefulSet } from '../../api/index.js'
import type { Kind, ObjectRef, Reader, Transaction } from '../../store/index.js'
import { NotFoundError } from '../../store/internal.js'
import type { CellSet, CellSetKind } from './cell-sets.js'
import { setIn } from './cell-sets.js'

/** What has a ledger of revisions. */
export type RevisionOwner = Deployment | CellSet

/** The kinds of them. */
export type RevisionedKind = typeof Deployment | CellSetKind

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
  return [StatefulSet, DaemonSet, SlotSet].find(known => known.kind === kind) ?? Deployment
}

/** Puts another template into the spec, and lifts a pause if that is asked for. */
export function writeTemplate(
  tx: Transaction,
  owner: RevisionOwner,
  template: TaskTemplate,
  { isResumed = false }: { readonly isResumed?: boolean } = {},
): void {
  modifyOwner(tx, owner, spec => {
    spec.template = structuredClone(template)
    if (isResumed && spec.paused === true) spec.paused = false
  })
}

/** What all owners have in their spec. */
interface RolledSpec {
  template: unknown
  paused?: boolean
}

/** Changes the spec of an owner. */
export function modifyOwner(
  tx: Transaction,
  { kind, metadata }: RevisionOwner,
  change: (spec: RolledSpec) => void,
): void {
  if (kind === StatefulSet.kind) tx.modify(StatefulSet, metadata, draft => change(draft.spec))
  else if (kind === DaemonSet.kind) tx.modify(DaemonSet, metadata, draft => change(draft.spec))
  else if (kind === SlotSet.kind) tx.modify(SlotSet, metadata, draft => change(draft.spec))
  else tx.modify(Deployment, metadata, draft => change(draft.spec))
}
