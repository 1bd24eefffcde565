import type { AddressPool } from './address-pool.js'

/** An address that is to be had: of which family, and from where. */
export interface FamilyRequest {
  readonly family: 4 | 6
  readonly pool: AddressPool
}

/**
 * One address for each request, or none at all.
 *
 * @throws KeelsonError `PoolExhausted` when one cannot be had; what was had of the others is free again
 */
export function allocateFamilies(
  requests: readonly FamilyRequest[],
  owner: string,
  nowMs: number,
): readonly string[] {
  const had: { readonly address: string; readonly pool: AddressPool }[] = []
  try {
    for (const { family, pool } of requests) had.push({ pool, address: pool.allocate(owner, nowMs, family) })
  } catch (error) {
    for (const { address, pool } of had) pool.cancel(address)
    throw error
  }
  return had.map(({ address }) => address)
}
