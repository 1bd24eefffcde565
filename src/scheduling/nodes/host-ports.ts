/** A fixed port of the node's own network. */
export interface HostPort {
  /** The node address that is bound; `0.0.0.0` and `::` are every address. Default `0.0.0.0`. */
  readonly ip?: string
  /** Default `TCP`. */
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP'
  /** 0 asks for no fixed port and never conflicts; with a range it asks for one of that. */
  readonly port: number
  /** With port 0: the first and the last number of which the lowest free one is given. */
  readonly range?: readonly [first: number, last: number]
}

/** A port of a node that something other than a task has. */
export interface TakenPort extends HostPort {
  /** For whom it is kept, such as the name of a reservation: reasons name it. Default: it is taken, nothing more is known. */
  readonly reservedBy?: string
}

/** Who has a port. */
export interface PortHolder {
  /** Key of the task, or name of what the port is kept for; empty when that is not known. */
  readonly name: string
  /** Kept, not used. */
  readonly isReserved: boolean
}

/** Whether it asks for any port of a range. */
export function isDynamicPort({ port, range }: HostPort): boolean {
  return port === 0 && range !== undefined
}

/**
 * Gives numbers to the ports that ask for one of a range; undefined when one finds none. Each gets the lowest that nothing
 * has, those whose range ends first before the others, so that numbers are found for all if there are any. Those that were
 * given back lately are given when there are no others, the first of them first.
 *
 * @param isTaken whether something on the node has that very port
 * @param released ports that were given back lately, in that order
 */
export function givePorts(
  wanted: readonly HostPort[],
  isTaken: (port: HostPort) => boolean,
  released: readonly HostPort[] = [],
): readonly HostPort[] | undefined {
  const cooling = released.filter(one => wanted.some(port => isDynamicPort(port) && isInRange(one, port)))
  for (let from = 0; from <= cooling.length; from++) {
    const given = lowestPorts(
      wanted,
      port => cooling.slice(from).some(one => portsConflict(port, one)) || isTaken(port),
    )
    if (given !== undefined) return given
  }
  return undefined
}

function isInRange({ port }: HostPort, { range: [first, last] = [0, 0] }: HostPort): boolean {
  return first <= port && port <= last
}

/** Those with numbers come first, then the others in their order. */
function lowestPorts(
  wanted: readonly HostPort[],
  isTaken: (port: HostPort) => boolean,
): readonly HostPort[] | undefined {
  const given: HostPort[] = wanted.filter(port => !isDynamicPort(port))
  const fixed = [...given]
  const numbered: HostPort[] = []
  const dynamic = wanted.filter(isDynamicPort).entries()
  for (const [at, { range: [first, last] = [1, 0], ...rest }] of [...dynamic].sort(byLastOfRange)) {
    let found: HostPort | undefined
    for (let port = first; port <= last && found === undefined; port++) {
      const candidate = { ...rest, port }
      const isFree = !isTaken(candidate) && !given.some(other => portsConflict(candidate, other))
      if (isFree) found = candidate
    }
    if (found === undefined) return undefined
    given.push(found)
    numbered[at] = found
  }
  return [...fixed, ...numbered]
}

function byLastOfRange([, a]: readonly [number, HostPort], [, b]: readonly [number, HostPort]): number {
  return (a.range?.[1] ?? 0) - (b.range?.[1] ?? 0)
}

/** The address by which two ports are compared: both wildcards are one. */
function addressOf({ ip = ANY_ADDRESS }: HostPort): string {
  return ip === '::' ? ANY_ADDRESS : ip
}

/** Whether the two cannot both be held on one node. */
export function portsConflict(a: HostPort, b: HostPort): boolean {
  if (a.port === 0 || keyOf(a) !== keyOf(b)) return false
  const [one, other] = [addressOf(a), addressOf(b)]
  return one === other || one === ANY_ADDRESS || other === ANY_ADDRESS
}

const ANY_ADDRESS = '0.0.0.0'

/**
 * The ports held on one node, with all their holders: a node that was overbooked from elsewhere gets a port back only
 * when the last holder is gone.
 *
 * Two ports conflict when protocol and number are equal and the addresses are equal or one of them is every
 * address.
 */
export class HostPortTable {
  /** By port, then by address. Made on first use: most nodes hold none. */
  #holders: Map<string, Map<string, readonly PortHolder[]>> | undefined

  /** The first wanted port that is taken. */
  conflict(wanted: readonly HostPort[]): HostPort | undefined {
    if (this.#holders === undefined) return undefined
    for (const port of wanted) if (this.holder(port) !== undefined) return port
    return undefined
  }

  /** Who has that very port, or one that conflicts with it; of several the one with the lowest name. */
  holder(port: HostPort): PortHolder | undefined {
    const byAddress = port.port === 0 ? undefined : this.#holders?.get(keyOf(port))
    if (byAddress === undefined) return undefined
    const address = addressOf(port)
    const lists =
      address === ANY_ADDRESS ? byAddress.values() : [byAddress.get(ANY_ADDRESS), byAddress.get(address)]
    let first: PortHolder | undefined
    for (const list of lists)
      for (const one of list ?? []) if (first === undefined || one.name < first.name) first = one
    return first
  }

  add(ports: readonly HostPort[], by: PortHolder): void {
    for (const port of ports) {
      if (port.port === 0) continue
      this.#holders ??= new Map()
      const key = keyOf(port)
      const byAddress = this.#holders.get(key) ?? new Map<string, readonly PortHolder[]>()
      const address = addressOf(port)
      byAddress.set(address, [...(byAddress.get(address) ?? []), by])
      this.#holders.set(key, byAddress)
    }
  }

  remove(ports: readonly HostPort[], { name }: PortHolder): void {
    for (const port of ports) {
      const key = keyOf(port)
      const byAddress = this.#holders?.get(key)
      const address = addressOf(port)
      const holders = byAddress?.get(address)
      if (byAddress === undefined || holders === undefined) continue
      const left = holders.toSpliced(
        holders.findIndex(one => one.name === name),
        1,
      )
      if (left.length > 0) byAddress.set(address, left)
      else byAddress.delete(address)
      if (byAddress.size === 0) this.#holders?.delete(key)
    }
  }
}

/** `port/PROTOCOL`, with the address in front when there is one. */
export function formatHostPort(port: HostPort): string {
  const address = addressOf(port) === ANY_ADDRESS ? '' : `${port.ip}:`
  return `${address}${keyOf(port)}`
}

function keyOf(port: HostPort): string {
  return `${port.port}/${port.protocol ?? 'TCP'}`
}
