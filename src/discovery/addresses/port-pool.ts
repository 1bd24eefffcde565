import { assertKnown, assertValid, Bitset, knownOptions, wholeNumber } from '../../core/internal.js'
import type { OwnerShare } from './address-errors.js'
import { AddressOutOfRangeError, AddressTakenError, PoolExhaustedError } from './address-errors.js'
import type { Holder, OwnerCounts } from './owner-counts.js'
import { createOwnerCounts } from './owner-counts.js'

/** Which ports a pool hands out. */
export interface PortPoolOptions {
  /** For messages. Default: the range. */
  readonly name?: string
  /** First port that is handed out. Default 30 000. */
  readonly first?: number
  /** Last port that is handed out. Default 32 767. */
  readonly last?: number
  /** How many ports at the start of the range are left for `claim` until the rest is full. Default 0. */
  readonly staticBand?: number
  /** Whether `claim` takes ports outside the range too, 1 to 65 535. Default false. */
  readonly claimAny?: boolean
}

/** Where a port is: each protocol of each address has ports of its own. */
export interface PortPlace {
  /** Default `TCP`. */
  readonly protocol?: string
  /** Default: all addresses, as one. */
  readonly address?: string
}

/** Hands out ports, one after the other: a released port is not given to another owner before all others were. */
export interface PortPool {
  readonly name: string
  /**
   * The port that the owner had last, while that is free, else the next free one.
   *
   * @throws KeelsonError `PoolExhausted` when none is free
   */
  allocate(owner: string, place?: PortPlace): number
  /**
   * Takes this port. Claiming what one holds changes nothing.
   *
   * @throws KeelsonError `AlreadyExists` when another owner holds it
   * @throws KeelsonError `OutOfRange` when it is none of the pool's
   */
  claim(port: number, owner: string, place?: PortPlace): void
  /** Gives a port back; false when it was not held. */
  release(port: number, place?: PortPlace): boolean
  owner(port: number, place?: PortPlace): string | undefined
  /** Whether `claim` takes the port, if it is free. */
  includes(port: number): boolean
}

interface Ports {
  readonly taken: Bitset
  readonly holders: Map<number, Holder>
  readonly counts: OwnerCounts
  /** The last port of each owner. */
  readonly last: Map<string, number>
  cursor: number
}

/** Owners whose last ports are remembered; beyond it the oldest is forgotten. */
const REMEMBERED_OWNERS = 65_536
const PORT_MAX = 65_535

const PORT_POOL_OPTIONS = /* @__PURE__ */ knownOptions<PortPoolOptions>('createPortPool', {
  name: true,
  first: true,
  last: true,
  staticBand: true,
  claimAny: true,
})

/**
 * Makes a pool with no port held.
 *
 * @throws InvalidError for a range that is none
 */
export function createPortPool(options: PortPoolOptions = {}): PortPool {
  assertKnown(options, PORT_POOL_OPTIONS)
  const { first = 30_000, last = 32_767, staticBand = 0, claimAny = false } = options
  assertRange(first, last, staticBand)
  const range = claimAny ? { from: 1, to: PORT_MAX } : { from: first, to: last }
  const includes = (port: number): boolean => Number.isInteger(port) && port >= range.from && port <= range.to
  const name = options.name ?? `${first}-${last}`
  const places = new Map<string, Ports>()
  const dynamic = first + staticBand
  const known = (place: PortPlace | undefined): Ports | undefined => places.get(keyOf(place))
  const at = (place: PortPlace | undefined): Ports => {
    const ports = known(place) ?? emptyPorts(dynamic)
    places.set(keyOf(place), ports)
    return ports
  }
  const hold = (ports: Ports, port: number, owner: string): number => {
    ports.taken.add(port)
    ports.holders.set(port, ports.counts.add(owner))
    ports.last.delete(owner)
    ports.last.set(owner, port)
    const [oldest] = ports.last.keys()
    if (ports.last.size > REMEMBERED_OWNERS && oldest !== undefined) ports.last.delete(oldest)
    return port
  }
  return {
    name,
    allocate: (owner, place) => {
      const ports = at(place)
      const own = ports.last.get(owner)
      if (own !== undefined && own >= first && own <= last && !ports.taken.has(own))
        return hold(ports, own, owner)
      const found =
        freeIn(ports, ports.cursor, last) ?? freeIn(ports, dynamic, last) ?? freeIn(ports, first, dynamic - 1)
      if (found === undefined) throw exhausted(name, last - first + 1, ports.counts.top())
      // The band is looked at last every time.
      if (found >= dynamic) ports.cursor = found + 1
      return hold(ports, found, owner)
    },
    claim: (port, owner, place) => {
      if (!includes(port)) throw new AddressOutOfRangeError(name, String(port), [`${range.from}-${range.to}`])
      const ports = at(place)
      const holder = ports.holders.get(port)?.owner
      if (holder === owner) return
      if (holder !== undefined) throw new AddressTakenError(name, String(port), holder)
      hold(ports, port, owner)
    },
    release: (port, place) => {
      const ports = known(place)
      const holder = ports?.holders.get(port)
      if (ports === undefined || holder === undefined) return false
      ports.holders.delete(port)
      ports.taken.delete(port)
      ports.counts.remove(holder)
      return true
    },
    owner: (port, place) => known(place)?.holders.get(port)?.owner,
    includes,
  }
}

function keyOf({ protocol = 'TCP', address = '' }: PortPlace = {}): string {
  return `${protocol} ${address}`
}

function emptyPorts(cursor: number): Ports {
  return {
    taken: new Bitset(PORT_MAX + 1),
    holders: new Map(),
    counts: createOwnerCounts(),
    last: new Map(),
    cursor,
  }
}

function freeIn(ports: Ports, from: number, to: number): number | undefined {
  const port = from > to ? undefined : ports.taken.firstClear(from)
  return port === undefined || port > to ? undefined : port
}

function exhausted(name: string, capacity: number, top: readonly OwnerShare[]): PoolExhaustedError {
  const stats = { capacity, used: capacity, quarantined: 0, free: 0, watermark: 100 }
  return new PoolExhaustedError(name, stats, top)
}

function assertRange(first: number, last: number, staticBand: number): void {
  assertValid('port pool', [
    ...wholeNumber('first', first, { min: 1, max: PORT_MAX }),
    ...wholeNumber('last', last, { min: first, max: PORT_MAX }),
    ...wholeNumber('staticBand', staticBand, { max: Math.max(0, last - first + 1) }),
  ])
}

/** Kubernetes' static band of node ports: none up to 16 ports, else a 32nd of them, at least 16 and at most 128. */
export function kubernetesPortBand(size: number): number {
  return size <= 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128)
}
