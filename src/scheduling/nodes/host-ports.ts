/** A fixed port of the node's own network. */
export interface HostPort {
  /** The node address that is bound. Default `0.0.0.0`, every address. */
  readonly ip?: string
  /** Default `TCP`. */
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP'
  /** 0 asks for no fixed port and never conflicts. */
  readonly port: number
}

const ANY_ADDRESS = '0.0.0.0'

/**
 * The ports held on one node, counted: a node that was overbooked from elsewhere gets a port back only when the
 * last holder is gone.
 *
 * Two ports conflict when protocol and number are equal and the addresses are equal or one of them is every
 * address.
 */
export class HostPortTable {
  /** Made on first use: most nodes hold none. */
  #holders: Map<string, Map<string, number>> | undefined

  /** The first wanted port that is taken. */
  conflict(wanted: readonly HostPort[]): HostPort | undefined {
    if (this.#holders === undefined) return undefined
    for (const port of wanted) if (this.#isTaken(port)) return port
    return undefined
  }

  add(ports: readonly HostPort[]): void {
    for (const port of ports) {
      if (port.port === 0) continue
      this.#holders ??= new Map()
      const key = keyOf(port)
      const byAddress = this.#holders.get(key) ?? new Map<string, number>()
      const address = port.ip ?? ANY_ADDRESS
      byAddress.set(address, (byAddress.get(address) ?? 0) + 1)
      this.#holders.set(key, byAddress)
    }
  }

  remove(ports: readonly HostPort[]): void {
    for (const port of ports) {
      const key = keyOf(port)
      const byAddress = this.#holders?.get(key)
      const address = port.ip ?? ANY_ADDRESS
      const count = byAddress?.get(address)
      if (byAddress === undefined || count === undefined) continue
      if (count > 1) byAddress.set(address, count - 1)
      else byAddress.delete(address)
      if (byAddress.size === 0) this.#holders?.delete(key)
    }
  }

  clone(): HostPortTable {
    const copy = new HostPortTable()
    if (this.#holders === undefined) return copy
    copy.#holders = new Map([...this.#holders].map(([key, byAddress]) => [key, new Map(byAddress)]))
    return copy
  }

  #isTaken(port: HostPort): boolean {
    const byAddress = port.port === 0 ? undefined : this.#holders?.get(keyOf(port))
    if (byAddress === undefined) return false
    const address = port.ip ?? ANY_ADDRESS
    return address === ANY_ADDRESS || byAddress.has(ANY_ADDRESS) || byAddress.has(address)
  }
}

/** `port/PROTOCOL`, with the address in front when there is one. */
export function formatHostPort(port: HostPort): string {
  const address = port.ip === undefined || port.ip === ANY_ADDRESS ? '' : `${port.ip}:`
  return `${address}${keyOf(port)}`
}

function keyOf(port: HostPort): string {
  return `${port.port}/${port.protocol ?? 'TCP'}`
}
