/** What was not kept. */
export interface Violation {
  /** An `InvariantName`, or the name of an invariant of the options. */
  readonly invariant: string
  readonly message: string
  /** Where the world ran in circles: the last steps of the trace, `length` of them, come again and again. */
  readonly loop?: {
    /** The step with which it begins, 0 for the first of all. */
    readonly from: number
    readonly length: number
  }
}
