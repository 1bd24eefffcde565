import type { ActionKind } from './action.js'

/** One action of an execution. */
export interface TraceStep {
  readonly kind: ActionKind
  /** A process such as `app-1`, `user`, `collector`, `host`. */
  readonly actor: string
  readonly label: string
  /** Virtual milliseconds since the start. */
  readonly timeMs: number
  /** The store's revision afterwards, if the action changed it. */
  readonly revision?: number
  readonly isFault: boolean
}
