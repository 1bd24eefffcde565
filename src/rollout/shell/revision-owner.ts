import type { TaskTemplate } from '../../api/index.js'
import { DaemonSet, Deployment, StatefulSet } from '../../api/index.js'
import type { Kind, Transaction } from '../../store/index.js'

/** What has a ledger of revisions. */
export type RevisionOwner = Deployment | StatefulSet | DaemonSet

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
