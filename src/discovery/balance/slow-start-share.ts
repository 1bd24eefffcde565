/** Share that an endpoint has from the first moment. */
const SHARE_MIN = 0.1

/**
 * The share of its weight that an endpoint gets so soon after it became ready: grows evenly from a tenth to the whole within
 * the window.
 *
 * @param windowMs 0: the whole at once
 */
export function slowStartShare(readyForMs: number, windowMs: number): number {
  return windowMs <= 0 ? 1 : Math.min(1, Math.max(SHARE_MIN, readyForMs / windowMs))
}
