import type { Node } from '../api/index.js'
import { findCondition } from '../api/index.js'

/** When silence becomes suspicion, and suspicion eviction. */
export interface NodeLifecycleLimits {
  /** Silence beyond the lease's own duration that is still forgiven. Default 0 ms. */
  readonly leaseSlackMs: number
  /** From `Ready=Unknown` to the replacement of the node's tasks. Default 300,000 ms, as Kubernetes' tolerations. */
  readonly evictAfterMs: number
}

/** What a node's silence, or its sign of life, asks for. */
export type NodeLifecyclePlan =
  /** Renewed within its lease; look again when that would lapse. */
  | { readonly kind: 'alive'; readonly wakeAtMs: number }
  /** The node and its tasks are `Ready=Unknown`; evict later. */
  | { readonly kind: 'silent'; readonly wakeAtMs: number }
  /** Silent for too long: its tasks are evicted, those first that tolerate no longer silence; +∞ when it was removed. */
  | { readonly kind: 'evict'; readonly silentForMs: number }

/** What is known of a node's heartbeat. */
export interface Heartbeat {
  readonly leaseDurationMs: number
  /** When this process last saw the lease change, by its own clock; clocks of other machines are never compared. */
  readonly lastSeenMs: number
  /** Since when `Ready` is `Unknown`, by the same clock. Default: not before now. */
  readonly unknownSinceMs?: number
  /** When a node was heard again after none was: then all waits begin again. Default: never. */
  readonly resumedAtMs?: number
}

/**
 * Decides what a node's silence means. The tasks of a node that was removed are evicted as soon as its lease lapses.
 *
 * @param nowMs by the clock of the heartbeat: a monotonic one, because silence is no matter of the time of day
 */
export function planNodeLifecycle(
  node: Node | undefined,
  heartbeat: Heartbeat,
  limits: NodeLifecycleLimits,
  nowMs: number,
): NodeLifecyclePlan {
  const { resumedAtMs = Number.NEGATIVE_INFINITY, lastSeenMs } = heartbeat
  const leaseMs = heartbeat.leaseDurationMs + limits.leaseSlackMs
  const silentAtMs = Math.max(lastSeenMs, resumedAtMs) + leaseMs
  if (nowMs < silentAtMs) return { kind: 'alive', wakeAtMs: silentAtMs }
  if (node === undefined) return { kind: 'evict', silentForMs: Number.POSITIVE_INFINITY }
  const ready = findCondition(node.status?.conditions, 'Ready')
  const unknownSinceMs = ready?.status === 'Unknown' ? (heartbeat.unknownSinceMs ?? nowMs) : nowMs
  const sinceMs = Math.max(unknownSinceMs, resumedAtMs + leaseMs)
  const evictAtMs = sinceMs + limits.evictAfterMs
  return nowMs >= evictAtMs
    ? { kind: 'evict', silentForMs: nowMs - sinceMs }
    : { kind: 'silent', wakeAtMs: evictAtMs }
}
