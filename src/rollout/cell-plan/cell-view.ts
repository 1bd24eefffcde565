/** One place that holds one instance: an ordinal, a slot, a node. */
export interface CellView {
  /** Unique in its set. */
  readonly key: string
  /** The number of an ordinal or slot; cells without one are ordered by key. */
  readonly ordinal?: number
  /** The revision that the cell is asked to run. */
  readonly revision: string
  /** The revision that runs in it; absent while nothing does. With a surge that is the old one until the new one is available. */
  readonly running?: string
  /** Whether what runs in it is available, whichever revision that is. */
  readonly available: boolean
  /** Goes last of all, such as the primary of a database. Default false. */
  readonly isLast?: boolean
}

/** How cells change their revision. */
export interface CellProgram {
  /**
   * `stop-first`: the old instance goes before the new one starts, so a cell that changes is unavailable.
   * `start-first`: the new one starts beside the old one. Default `stop-first`.
   */
  readonly order?: 'stop-first' | 'start-first'
  /** Most cells that change at the same time, wounded ones included. At least 1. Default: no limit of its own. */
  readonly width?: number
  /** With `stop-first`: cells that may be unavailable, whatever the reason. At least 1. Default 1. */
  readonly maxUnavailable?: number
  /** With `start-first`: instances beside those of the cells. At least 1. Default 1. */
  readonly maxSurge?: number
  /** One after the other, each only while all others are available. Default false. */
  readonly strict?: boolean
  /** Ordinals below it keep what they run, unless that is neither the target nor stable. Default 0: all change. */
  readonly partition?: number
  /** Which of two cells changes first, negative for `a`. Default: the highest ordinal, then the smallest key. */
  readonly compare?: (a: CellView, b: CellView) => number
}

/** The revisions that matter; every other is stale. */
export interface CellGoal {
  /** The revision to get to. */
  readonly target: string
  /** The one that succeeded last. */
  readonly stable?: string
  /** Cells that are wanted; those that are not there yet count as unavailable. Default: as many as there are. */
  readonly desired?: number
}

/** One reason why cells do not change. Data first; `describeCellBlocker` is its text. */
export type CellBlocker =
  /** Cells of the target are not available yet. */
  | { readonly kind: 'unready'; readonly count: number }
  /** One more unavailable cell would be one too many. */
  | { readonly kind: 'floor'; readonly waiting: number; readonly available: number; readonly floor: number }
  /** As many change as may at once. */
  | { readonly kind: 'width'; readonly waiting: number; readonly width: number }
  /** In strict order nothing changes while one is unavailable. */
  | { readonly kind: 'strict'; readonly waiting: number; readonly unavailable: number }
  /** Cells below the partition keep what they run. */
  | { readonly kind: 'partition'; readonly count: number }

/** What to do now. */
export interface CellPlan {
  /** Cells that are to change their revision, the first first. */
  readonly moves: readonly { readonly key: string; readonly revision: string }[]
  readonly blockers: readonly CellBlocker[]
  /** Every cell that is wanted runs the target and is available, none is held back. */
  readonly done: boolean
}

/** A blocker as one short English phrase. */
export function describeCellBlocker(blocker: CellBlocker): string {
  switch (blocker.kind) {
    case 'unready':
      return `${blocker.count} of the new revision not available yet`
    case 'floor':
      return `${blocker.waiting} must stay: ${blocker.available} available, at least ${blocker.floor} needed`
    case 'width':
      return `${blocker.waiting} wait: at most ${blocker.width} change at once`
    case 'strict':
      return `${blocker.waiting} wait for ${blocker.unavailable} that must be available first`
    case 'partition':
      return `${blocker.count} below the partition keep what they run`
  }
}
