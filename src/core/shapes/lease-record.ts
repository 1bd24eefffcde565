/** Who holds what, and until when: the spec of Kubernetes' `coordination.k8s.io/v1` Lease. */
export interface LeaseRecord {
  /** Who holds it; empty or absent: nobody. */
  readonly holderIdentity?: string
  /** How long the others wait after the last change that they saw. */
  readonly leaseDurationSeconds?: number
  /** RFC 3339; for people. */
  readonly acquireTime?: string
  /** RFC 3339; others only look whether it changes. */
  readonly renewTime?: string
  /** How often the holder changed. */
  readonly leaseTransitions?: number
  /** Who should take over; the holder resigns for it. */
  readonly preferredHolder?: string
}
