import { UsageError } from '../../core/index.js'
import type { OptionNames } from '../../core/internal.js'
import type { Engine } from '../engine/engine.js'

/** Who wants to hear what a write came to. */
export interface CommitListener {
  /**
   * Called once, when the write is done: with the revision that it was committed under, or with undefined when it has
   * changed nothing. The revision of an object that a write returns does not tell that: of a write that changes nothing
   * it is another's. Not called for a write that is refused, nor for one of which it is not known whether it was done.
   * What it throws is logged. Default none.
   */
  readonly committed?: ((revision: number | undefined) => void) | undefined
}

export const COMMIT_LISTENER: OptionNames<CommitListener> = { committed: true }

/** @throws UsageError for what cannot be called: after the write it would be too late to say so */
export function assertListener({ committed }: CommitListener): void {
  if (committed === undefined || typeof committed === 'function') return
  throw new UsageError(`committed must be a function of the revision, not ${String(committed)}`, {
    committed,
  })
}

/** Commits, and tells what that came to; with no other write in between. */
export function committing<T>(engine: Engine, listener: CommitListener, commit: () => T): T {
  const before = engine.revision
  const result = commit()
  if (listener.committed !== undefined) tellCommitted(engine, listener, revisionSince(engine, before))
  return result
}

/** The revision of a write before which the store was at `before`; undefined when it changed nothing. */
export function revisionSince({ revision }: Engine, before: number): number | undefined {
  return revision === before ? undefined : revision
}

/** The write is done, whatever its listener makes of that. */
export function tellCommitted(
  engine: Engine,
  { committed }: CommitListener,
  revision: number | undefined,
): void {
  try {
    committed?.(revision)
  } catch (error) {
    engine.env.logger.error({ err: error }, 'a listener of a write threw')
  }
}
