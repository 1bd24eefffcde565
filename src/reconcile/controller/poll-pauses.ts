import type { ObjectRef } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import type { PollOptions } from '../attempt/result.js'

/**
 * The pause after `lastMs`, or the first one.
 *
 * @internal
 */
export function nextPause(
  { minMs, maxMs, factor }: Required<PollOptions>,
  lastMs: number | undefined,
): number {
  return lastMs === undefined ? minMs : Math.min(maxMs, Math.max(minMs, lastMs * factor))
}

/** The latest pause of every key that polls, while nothing has woken it. One number per such key. */
export class PollPauses {
  readonly #pauses = new Map<string, number>()

  /** The key polls: how long it waits now. */
  next(key: ObjectRef, poll: Required<PollOptions>): number {
    const id = refText(key)
    const pauseMs = nextPause(poll, this.#pauses.get(id))
    this.#pauses.set(id, pauseMs)
    return pauseMs
  }

  /** Something woke the key, or its run ended in another way. */
  forget(key: ObjectRef): void {
    if (this.#pauses.size > 0) this.#pauses.delete(refText(key))
  }
}
