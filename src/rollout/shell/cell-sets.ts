import type { Cell } from '../../api/index.js'
import { DaemonSet, SlotSet, StatefulSet } from '../../api/index.js'
import { isSlotJob } from '../../api/internal.js'
import { resolveIntOrPercent } from '../../core/internal.js'
import type { Kind, ObjectRef, Reader, Transaction } from '../../store/index.js'
import type { CellRolloutState } from '../cell-plan/cell-rollout.js'
import type { CellProgram, CellView } from '../cell-plan/cell-view.js'

/** The sets whose tasks live in cells. */
export type CellSet = StatefulSet | DaemonSet | SlotSet

/** The kinds of them. */
export type CellSetKind = typeof StatefulSet | typeof DaemonSet | typeof SlotSet

/** How many cells a set wants that a rollout moves: of a job none, since it begins again. */
export function desiredCells(set: CellSet): number {
  if (isStateful(set)) return set.spec.replicas
  if (!isSlotSet(set)) return set.status?.desiredNumberScheduled ?? 0
  return isSlotJob(set.spec) ? 0 : (set.status?.desiredTasks ?? 0)
}

/** Kubernetes' numbers: of a StatefulSet percentages are rounded down, of the others up; at least one moves. */
export function cellProgramOf(set: CellSet): CellProgram {
  const desired = desiredCells(set)
  if (isStateful(set)) {
    const { partition = 0, maxUnavailable } = set.spec.updateStrategy?.rollingUpdate ?? {}
    const isStrict = set.spec.podManagementPolicy !== 'Parallel' && maxUnavailable === undefined
    const down = resolveIntOrPercent(maxUnavailable ?? 1, desired, { rounding: 'down' })
    return { partition, strict: isStrict, maxUnavailable: Math.max(1, down) }
  }
  const { maxSurge = 0, maxUnavailable } = set.spec.updateStrategy?.rollingUpdate ?? {}
  const surge = resolveIntOrPercent(maxSurge, desired, { rounding: 'up' })
  if (surge > 0) return { order: 'start-first', maxSurge: surge }
  const up = resolveIntOrPercent(maxUnavailable ?? 1, desired, { rounding: 'up' })
  return { maxUnavailable: Math.max(1, up) }
}

/** The cells that a rollout has to do with: not on their way out, not held, and not beyond the ordinals wanted. */
export function rolledCells(set: CellSet, cells: readonly Cell[]): readonly Cell[] {
  if (isSlotSet(set) && isSlotJob(set.spec)) return []
  const [from, to] = ordinalsOf(set)
  return cells.filter(({ metadata, spec: { held, ordinal } }) => {
    const isBeyond = ordinal !== undefined && (ordinal < from || ordinal >= to)
    return metadata.deletionTimestamp === undefined && held !== true && !isBeyond
  })
}

function ordinalsOf(set: CellSet): readonly [from: number, to: number] {
  if (!isStateful(set)) return [0, Number.POSITIVE_INFINITY]
  const { ordinals = { start: 0 }, replicas } = set.spec
  return [ordinals.start, ordinals.start + replicas]
}

/** A cell as a plan sees it. */
export function viewOfCell({ spec, status }: Cell): CellView {
  const { key, ordinal, revision } = spec
  return {
    key,
    revision,
    available: status?.available === true,
    ...(ordinal === undefined ? {} : { ordinal }),
    ...(status?.revision === undefined ? {} : { running: status.revision }),
  }
}

function isStateful(set: CellSet): set is StatefulSet {
  return set.kind === StatefulSet.kind
}

function isSlotSet(set: CellSet): set is SlotSet {
  return set.kind === SlotSet.kind
}

/** What a rollout says in the status of a set; the rest of it is the loops' that keep the cells. */
export type CellRolloutStatus = Pick<
  NonNullable<StatefulSet['status']>,
  'revision' | 'currentRevision' | 'updateRevision' | 'conditions' | 'rollout'
>

/** The set of that name, of the kind asked for. */
export function setIn(reader: Reader, { kind }: Pick<Kind, 'kind'>, ref: ObjectRef): CellSet | undefined {
  if (kind === StatefulSet.kind) return reader.get(StatefulSet, ref)
  return kind === SlotSet.kind ? reader.get(SlotSet, ref) : reader.get(DaemonSet, ref)
}

/** What the rollout of a set remembers, from its status. */
export function cellRolloutRecord({ status }: CellSet): CellRolloutState | undefined {
  return status?.rollout === undefined
    ? undefined
    : (status.rollout as unknown as { readonly state: CellRolloutState }).state
}

/** Says where the rollout stands. An equal status is a no-op to the store. */
export function writeRolloutStatus(tx: Transaction, set: CellSet, told: CellRolloutStatus): void {
  const { currentRevision: _currentRevision, ...kept } = set.status ?? {}
  if (isStateful(set)) tx.updateStatus(StatefulSet, { ...set, status: { ...kept, ...told } })
  else if (isSlotSet(set)) tx.updateStatus(SlotSet, { ...set, status: { ...kept, ...told } })
  else tx.updateStatus(DaemonSet, { ...set, status: { ...kept, ...told } })
}
