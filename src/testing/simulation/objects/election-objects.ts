import type { ObjectChange, StoredObject } from '../../../store/index.js'

/**
 * True for an object that says who leads: its spec counts how often the holder changed, as that of a Kubernetes `Lease`
 * does. What it says depends on who was first, and it stays when everything else is gone.
 */
export function isElectionRecord({ spec }: StoredObject): boolean {
  return typeof (spec as ElectionFields | undefined)?.leaseTransitions === 'number'
}

/** The fields of a Kubernetes `Lease` that an election uses. */
export interface ElectionFields {
  readonly holderIdentity?: unknown
  readonly leaseDurationSeconds?: unknown
  readonly leaseTransitions?: unknown
}

/** True when anything but records of elections came, went or was written. */
export function changesBeyondElections(changes: readonly ObjectChange[]): boolean {
  return changes.some(({ before, after }) => {
    const object = after ?? before
    return object !== undefined && !isElectionRecord(object)
  })
}

const LONG_MS = 30_000

/** A time by which others have taken what a silent holder had: twice the longest lease, and 30 s at least. */
export function outlastingMs(objects: readonly StoredObject[]): number {
  const durations = objects.map(({ spec }) => (spec as ElectionFields | undefined)?.leaseDurationSeconds)
  return Math.max(LONG_MS, ...durations.map(seconds => (typeof seconds === 'number' ? 2_000 * seconds : 0)))
}
