import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { KeelsonError } from '../../core/index.js'

/** Ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

type Protocol = 'TCP' | 'UDP'

/** Hands out ports of one address that can be listened on, none twice as long as it is held. */
export class FreePorts {
  readonly #address: string
  readonly #range: PortRange | undefined
  readonly #held = new Set<string>()
  #next: number

  /** @param range default: whatever the system gives */
  constructor(address: string, range: PortRange | undefined) {
    this.#address = address
    this.#range = range
    this.#next = range?.first ?? 0
  }

  /** @throws KeelsonError `PoolExhausted` when no port of the range is free */
  async take(protocol: Protocol): Promise<number> {
    const tries = this.#range === undefined ? 16 : this.#range.last - this.#range.first + 1
    for (let tried = 0; tried < tries; tried++) {
      const wanted = this.#step()
      if (wanted !== 0 && this.#held.has(keyOf(wanted, protocol))) continue
      const port = await listenable(this.#address, wanted, protocol)
      if (port === undefined || this.#held.has(keyOf(port, protocol))) continue
      this.#held.add(keyOf(port, protocol))
      return port
    }
    const where = this.#range === undefined ? '' : ` from ${this.#range.first} to ${this.#range.last}`
    throw new KeelsonError({
      code: 'PoolExhausted',
      message: `no free ${protocol} port on ${this.#address}${where}`,
      details: { pool: `ports of ${this.#address}` },
    })
  }

  /** @throws KeelsonError `AlreadyExists` when something listens there, or the address is not of this machine */
  async claim(port: number, protocol: Protocol): Promise<void> {
    const isFree = !this.#held.has(keyOf(port, protocol)) && (await listenable(this.#address, port, protocol))
    if (isFree === false || isFree === undefined) {
      throw new KeelsonError({
        code: 'AlreadyExists',
        message: `${protocol} port ${port} of ${this.#address} cannot be listened on; it is in use or not allowed`,
        details: { kind: 'port', name: String(port) },
      })
    }
    this.#held.add(keyOf(port, protocol))
  }

  release(port: number, protocol: Protocol): void {
    this.#held.delete(keyOf(port, protocol))
  }

  /** In turn, so that a port that has just been given back rests for a while. */
  #step(): number {
    if (this.#range === undefined) return 0
    const port = this.#next
    this.#next = port === this.#range.last ? this.#range.first : port + 1
    return port
  }
}

function keyOf(port: number, protocol: Protocol): string {
  return `${protocol} ${port}`
}

/** The port, or one that the system chooses for 0; undefined when it cannot be listened on. */
function listenable(address: string, port: number, protocol: Protocol): Promise<number | undefined> {
  return new Promise(resolve => {
    if (protocol === 'UDP') {
      const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
      socket.once('error', () => socket.close(() => resolve(undefined)))
      socket.bind({ address, port, exclusive: true }, () => {
        const bound = socket.address().port
        socket.close(() => resolve(bound))
      })
      return
    }
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ host: address, port, exclusive: true }, () => {
      const bound = server.address()
      server.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : undefined))
    })
  })
}
