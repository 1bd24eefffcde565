import type { Service } from '../../api/index.js'
import { KeelsonError } from '../../core/index.js'
import { canonicalIp, ipFamily, parseCidr } from '../../core/internal.js'
import { AddressOutOfRangeError } from '../addresses/address-errors.js'
import type { AddressPool, AddressPoolOptions } from '../addresses/address-pool.js'
import { createAddressPool } from '../addresses/address-pool.js'

/** A pool of virtual addresses. */
export interface ServiceAddressPool extends AddressPoolOptions {
  /** Kept in each claim, and what `Service.spec.addressPool` names. */
  readonly name: string
}

/** No pool can give what a service asks for. */
class NoAddressPoolError extends KeelsonError<'NotFound'> {
  constructor(wanted: string, pools: readonly string[]) {
    const message = `no address pool ${wanted}; there are ${pools.join(', ')}`
    super({ code: 'NotFound', message, details: { kind: 'AddressPool', name: wanted } })
  }
}

/** The addresses that a service is to have. */
export interface WantedAddresses {
  /** Written in the service, canonical. */
  readonly given: readonly { readonly address: string; readonly pool: AddressPool }[]
  /** To be allocated: one of each family that is not given. */
  readonly missing: readonly { readonly family: 4 | 6; readonly pool: AddressPool }[]
}

/** The pools of a controller, in order. */
export interface ServicePools {
  readonly names: ReadonlySet<string>
  readonly all: readonly AddressPool[]
  named(name: string): AddressPool | undefined
  quarantineMs(pool: string): number
  /**
   * Which pools a service's addresses come from.
   *
   * @throws KeelsonError `OutOfRange` for an address of no pool, `NotFound` when no pool has the family
   */
  wanted(service: Service): WantedAddresses
}

const QUARANTINE_MS = 60_000

export function createServicePools(options: readonly ServiceAddressPool[]): ServicePools {
  const entries = options.map(given => ({
    pool: createAddressPool(given),
    families: [...new Set(given.cidrs.map(cidr => parseCidr(cidr).family))],
    quarantineMs: given.quarantineMs ?? QUARANTINE_MS,
    cidrs: given.cidrs,
  }))
  const names = entries.map(({ pool }) => pool.name)
  const usable = ({ spec: { addressPool } }: Service): typeof entries => {
    if (addressPool === undefined) return entries
    const named = entries.filter(({ pool }) => pool.name === addressPool)
    if (named.length === 0) throw new NoAddressPoolError(`is named ${addressPool}`, names)
    return named
  }
  return {
    names: new Set(names),
    all: entries.map(({ pool }) => pool),
    named: name => entries.find(({ pool }) => pool.name === name)?.pool,
    quarantineMs: name => entries.find(({ pool }) => pool.name === name)?.quarantineMs ?? QUARANTINE_MS,
    wanted: service => {
      const pools = usable(service)
      const given = (service.spec.clusterIPs ?? []).map(text => {
        const address = canonicalIp(text) ?? text
        const found = pools.find(({ pool }) => pool.includes(address))
        if (found !== undefined) return { address, pool: found.pool }
        const cidrs = pools.flatMap(entry => entry.cidrs)
        throw new AddressOutOfRangeError(pools.map(({ pool }) => pool.name).join(', '), address, cidrs)
      })
      const families = service.spec.families?.map(family => (family === 'IPv4' ? 4 : 6))
      const fallback = given.length > 0 ? [] : (pools[0]?.families.slice(0, 1) ?? [])
      const missing = (families ?? fallback).filter(
        family => !given.some(({ address }) => ipFamily(address) === family),
      )
      return {
        given,
        missing: missing.map(family => {
          const found = pools.find(entry => entry.families.includes(family))
          if (found === undefined) throw new NoAddressPoolError(`has IPv${family} addresses`, names)
          return { family, pool: found.pool }
        }),
      }
    },
  }
}
