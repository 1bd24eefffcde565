import type { StepInfo } from '../../../core/index.js'

/** One thing that can happen next, of some kind. */
export interface ActionOf<Kind extends string> {
  readonly kind: Kind
  /** Who does it: a process, or `user`. */
  readonly actor: string
  readonly label: string
  /** What the step that is taken says of itself. */
  readonly about?: StepInfo
  /** True for timers that re-arm endlessly, such as renewals of a lease. */
  readonly isBackground?: boolean
  readonly run: () => void | Promise<void>
}

/** True for what the code under test does itself, its timers included. */
export function isOfProcess({ actor }: Pick<ActionOf<string>, 'actor'>): boolean {
  return actor.startsWith('app-')
}
