import type {
  DaemonSetSpec,
  DeploymentSpec,
  SlotSetSpec,
  StatefulSetSpec,
  TaskTemplate,
} from '../../api/index.js'
import { DaemonSet, Deployment, SlotSet, StatefulSet } from '../../api/index.js'
import type { OptionNames } from '../../core/internal.js'
import type { Json, Kind, ObjectRef, Reader, Transaction } from '../../store/index.js'
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

/** A field of a spec that an undo can restore besides the template. */
export type RestorableField = Exclude<
  keyof DeploymentSpec | keyof StatefulSetSpec | keyof DaemonSetSpec | keyof SlotSetSpec,
  'template' | 'selector' | 'paused' | 'mode'
>

const RESTORABLE: OptionNames<Record<RestorableField, unknown>> = {
  replicas: true,
  strategy: true,
  minReadySeconds: true,
  progressDeadlineSeconds: true,
  readyWithinMs: true,
  finishWithinMs: true,
  onFailure: true,
  revisionHistoryLimit: true,
  ordinals: true,
  podManagementPolicy: true,
  updateStrategy: true,
  totalCompletions: true,
  maxConcurrent: true,
  restartPolicy: true,
  taskHistoryLimit: true,
}

/** The names of those fields. */
export const RESTORABLE_FIELDS: readonly string[] = Object.keys(RESTORABLE)

/** What the spec of an owner says besides its template, to be kept with a revision. */
export function settingsOf({ spec }: RevisionOwner): Settings {
  const settings: Record<string, Json> = {}
  for (const [field, value] of Object.entries(spec as object))
    if (RESTORABLE_FIELDS.includes(field) && value !== undefined) settings[field] = value as Json
  return settings
}

/** Fields of a spec by name. */
export type Settings = Readonly<Record<string, Json>>

/** What changes in a spec together with its template. */
export interface TemplateWrite {
  /** Lifts a pause. Default false. */
  readonly isResumed?: boolean
  /** These fields become what the settings say; those that they do not name are taken out. Default: none. */
  readonly restored?: { readonly fields: readonly string[]; readonly settings: Settings }
}

/** Puts another template into the spec. */
export function writeTemplate(
  tx: Transaction,
  owner: RevisionOwner,
  template: TaskTemplate,
  { isResumed = false, restored = { fields: [], settings: {} } }: TemplateWrite = {},
): RevisionOwner {
  return modifyOwner(tx, owner, spec => {
    spec.template = structuredClone(template)
    if (isResumed && spec.paused === true) spec.paused = false
    for (const field of restored.fields) {
      const value = restored.settings[field]
      if (value === undefined) Reflect.deleteProperty(spec, field)
      else Reflect.set(spec, field, structuredClone(value))
    }
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
): RevisionOwner {
  if (kind === StatefulSet.kind) return tx.modify(StatefulSet, metadata, draft => change(draft.spec))
  if (kind === DaemonSet.kind) return tx.modify(DaemonSet, metadata, draft => change(draft.spec))
  if (kind === SlotSet.kind) return tx.modify(SlotSet, metadata, draft => change(draft.spec))
  return tx.modify(Deployment, metadata, draft => change(draft.spec))
}
