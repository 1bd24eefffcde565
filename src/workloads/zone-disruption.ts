/** How much of a zone is silent. */
export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption'

/** From this share of silent nodes on a zone is disrupted, when there are more than two. As Kubernetes. */
const UNHEALTHY_SHARE = 0.55
const UNHEALTHY_MIN = 3

/** Nodes whose tasks are evicted, in one zone. */
export interface EvictionRates {
  /** Per second. Default 0.1. */
  readonly normal: number
  /** Per second, while a large zone is partially disrupted; of a small one none is evicted. Default 0.01. */
  readonly partial: number
  /** More nodes than this make a zone large. Default 50. */
  readonly largeZone: number
}

/** Those of Kubernetes. */
export const defaultEvictionRates: EvictionRates = { normal: 0.1, partial: 0.01, largeZone: 50 }

/** The state of a zone with so many nodes that are heard of, and that are not. Source: Kubernetes' `ComputeZoneState`. */
export function zoneState(ready: number, notReady: number): ZoneState {
  if (ready === 0 && notReady > 0) return 'FullDisruption'
  const isPartial = notReady >= UNHEALTHY_MIN && notReady / (notReady + ready) >= UNHEALTHY_SHARE
  return isPartial ? 'PartialDisruption' : 'Normal'
}

/**
 * Nodes per second whose tasks may be evicted in a zone. A zone of which nothing is heard is evicted as fast as any, because
 * others are heard; when nothing is heard at all, nothing is evicted anywhere, and no rate is asked for.
 */
export function evictionRate(state: ZoneState, size: number, rates: EvictionRates): number {
  if (state !== 'PartialDisruption') return rates.normal
  return size > rates.largeZone ? rates.partial : 0
}

/** When the next node of each zone may lose its tasks: one at once, then one each `1 / rate` seconds. */
export class ZoneEvictions {
  readonly #nextMs = new Map<string, number>()
  /** Nodes that have had their turn in this silence. */
  readonly #begun = new Set<string>()

  /** True when the node may now; then the next waits. A node that has begun need not wait again for the rest. */
  take(node: string, zone: string, perSecond: number, nowMs: number): boolean {
    if (this.#begun.has(node)) return true
    if (nowMs < this.nextMs(zone)) return false
    this.#begun.add(node)
    this.#nextMs.set(zone, nowMs + 1000 / perSecond)
    return true
  }

  nextMs(zone: string): number {
    return this.#nextMs.get(zone) ?? Number.NEGATIVE_INFINITY
  }

  /** The node is heard of, or is gone. */
  end(node: string): void {
    this.#begun.delete(node)
  }
}
