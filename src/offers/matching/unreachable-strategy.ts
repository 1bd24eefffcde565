import { InvalidError } from '../../core/index.js'

/** When a task that is out of reach is given up. */
export interface UnreachableStrategy {
  /** After so long another one takes its place. Default 0: at once. */
  readonly inactiveAfterMs?: number
  /** After so long it is forgotten, and killed should it come back. At least `inactiveAfterMs`, which is the default. */
  readonly expungeAfterMs?: number
}

/**
 * What to do about a task that has been out of reach for so long: `wait`; `replace` it, and stop whichever is too much
 * when it comes back; or `expunge` it.
 *
 * @throws InvalidError when it would be forgotten before it is replaced
 */
export function unreachableVerdict(
  forMs: number,
  { inactiveAfterMs = 0, expungeAfterMs = inactiveAfterMs }: UnreachableStrategy = {},
): 'wait' | 'replace' | 'expunge' {
  if (!(expungeAfterMs >= inactiveAfterMs && inactiveAfterMs >= 0)) {
    const message = `must be at least inactiveAfterMs, which is ${inactiveAfterMs}`
    throw new InvalidError('unreachable strategy', [
      { field: 'expungeAfterMs', value: expungeAfterMs, message },
    ])
  }
  if (forMs < inactiveAfterMs) return 'wait'
  return forMs > expungeAfterMs ? 'expunge' : 'replace'
}
