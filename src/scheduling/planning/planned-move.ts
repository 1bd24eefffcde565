/** A task that is to run elsewhere. */
export interface PlannedMove {
  readonly key: string
  readonly from: string
  readonly to: string
}
