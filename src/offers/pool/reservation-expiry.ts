import type { Resource } from '../resources/resource.js'
import { ResourceSet } from '../resources/resource-set.js'
import { resources } from '../resources/resource-text.js'

/** The earliest end of a reservation in the set after a time, undefined when none ends by itself then. */
export function nextReservationEndMs(
  set: ResourceSet,
  afterMs: number = Number.NEGATIVE_INFINITY,
): number | undefined {
  let next: number | undefined
  for (const { reservations = [] } of set)
    for (const { expiresAtMs } of reservations)
      if (expiresAtMs !== undefined && expiresAtMs > afterMs && (next === undefined || expiresAtMs < next))
        next = expiresAtMs
  return next
}

/**
 * What reservations that are over become: everything from the first layer that is over is taken off. Disk below a
 * volume stays reserved as long as the volume lives.
 */
export function expiredReservations(
  set: ResourceSet,
  nowMs: number,
): { readonly from: ResourceSet; readonly to: ResourceSet } {
  const over = set.filter(
    ({ reservations = [], disk }) => disk?.volume === undefined && firstOver(reservations, nowMs) >= 0,
  )
  const freed = [...over].map(({ reservations = [], ...rest }): Resource => {
    const kept = reservations.slice(0, firstOver(reservations, nowMs))
    return kept.length === 0 ? rest : { ...rest, reservations: kept }
  })
  return { from: over, to: over.isEmpty ? ResourceSet.empty : resources(freed) }
}

function firstOver(layers: NonNullable<Resource['reservations']>, nowMs: number): number {
  return layers.findIndex(({ expiresAtMs }) => expiresAtMs !== undefined && expiresAtMs <= nowMs)
}
