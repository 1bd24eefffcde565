import type { LeaseRecord } from '../../core/index.js'
import type { Kind, StoredObject } from '../../store/index.js'

/** The kind of the object that candidates compete for; `Lease` of `keelson/api` fits. */
export type ElectionKind = Kind<LeaseRecord, never>

export type ElectionLease = StoredObject<LeaseRecord, never>

/** Says how much the holder wants to lead; a decimal integer. */
export const HOLDER_PRIORITY = 'keelson.dev/holder-priority'

/** Says how much the preferred holder wants to lead; a decimal integer. */
export const PREFERRED_PRIORITY = 'keelson.dev/preferred-priority'

/** Who leads, or should, and how much they want it. */
export interface Contender {
  readonly identity: string
  readonly priority: number
}

/** What a lease says, with what people left out or broke filled in. */
export interface ElectionRecord {
  readonly holder: Contender | undefined
  readonly preferred: Contender | undefined
  readonly transitions: number
  readonly leaseDurationMs: number
  /** Changes with each acquisition and renewal, and with nothing else. */
  readonly pulse: string
}

/** @param leaseDurationMs stands in where the lease says nothing */
export function readRecord(lease: ElectionLease, leaseDurationMs: number): ElectionRecord {
  const { spec, metadata } = lease
  const contender = (identity: string | undefined, annotation: string): Contender | undefined => {
    if (identity === undefined || identity === '') return undefined
    const priority = Number(metadata.annotations[annotation])
    return { identity, priority: Number.isSafeInteger(priority) ? priority : 0 }
  }
  return {
    holder: contender(spec.holderIdentity, HOLDER_PRIORITY),
    preferred: contender(spec.preferredHolder, PREFERRED_PRIORITY),
    transitions: spec.leaseTransitions ?? 0,
    leaseDurationMs:
      spec.leaseDurationSeconds === undefined ? leaseDurationMs : spec.leaseDurationSeconds * 1000,
    pulse: JSON.stringify([metadata.uid, spec.holderIdentity, spec.renewTime, spec.leaseTransitions]),
  }
}
