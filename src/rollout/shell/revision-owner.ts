import { DaemonSet, Deployment, StatefulSet } from '../../api/index.js'
import type { Kind } from '../../store/index.js'

/** What has a ledger of revisions. */
export type RevisionOwner = Deployment | StatefulSet | DaemonSet

/** The kind of an owner. */
export function kindOfOwner({ kind }: RevisionOwner): Kind {
  return [StatefulSet, DaemonSet].find(known => known.kind === kind) ?? Deployment
}
