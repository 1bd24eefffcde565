import type { Server } from 'node:net'
import { createServer } from 'node:net'

/** How one machine's loopback stands in for a cluster's network. */
export interface LoopbackAddresses {
  /** One address per node, and the range in which its tasks find free ports. */
  readonly nodes: readonly {
    readonly address: string
    readonly ports: { readonly first: number; readonly last: number }
  }[]
  /** Where virtual addresses are taken from. */
  readonly cidr: string
  /** Where a virtual address and port are really listened on. */
  dial(vip: string, port: number): { readonly host: string; readonly port: number }
  /** What was shifted, in one line for people; empty when nothing was. */
  readonly notice: string
  /** Lets another program have the addresses. */
  release(): void
}

/** The network cannot be had here; the message is one line for a person. */
export class LoopbackError extends Error {}

/** What is added to a service's port; the first sum that can be listened on is taken. */
const SHIFTS = [0, 8_000, 18_000, 28_000, 38_000]
const BLOCKS = 250
/** Whoever listens on this port of a block's last address has the block. */
const RESERVATION_PORT = 20_999
const FIRST_TASK_PORT = 21_000
const TASK_PORTS_PER_NODE = 500

/**
 * On Linux all of 127.0.0.0/8 is at hand, so nodes and virtual addresses get addresses of their own, out of a block that
 * no other copy of the program holds. Elsewhere there is one address, and every service port gets a free port on it.
 * Ports that are in use, or not allowed to this user, are shifted.
 *
 * @param servicePorts that will be listened on
 * @throws LoopbackError when no block or port is free
 */
export async function planLoopback(
  nodes: number,
  servicePorts: readonly number[] = [],
): Promise<LoopbackAddresses> {
  return process.platform === 'linux'
    ? ownAddresses(nodes, servicePorts)
    : sharedAddress(nodes, servicePorts.length)
}

async function ownAddresses(nodes: number, servicePorts: readonly number[]): Promise<LoopbackAddresses> {
  const { block, reservation } = await reserveBlock()
  const shifts = new Map<number, number>()
  for (const port of servicePorts) shifts.set(port, await shiftOf(`127.64.${block}.1`, port))
  const shifted = [...shifts].filter(([, shift]) => shift > 0)
  return {
    nodes: Array.from({ length: nodes }, (_, index) => ({
      address: `127.65.${block}.${index + 1}`,
      ports: taskPorts(index),
    })),
    cidr: `127.64.${block}.0/25`,
    dial: (vip, port) => ({ host: vip, port: port + (shifts.get(port) ?? 0) }),
    notice: shifted
      .map(
        ([port, shift]) => `port ${port} is in use or not allowed here: it is listened on as ${port + shift}`,
      )
      .join('; '),
    release: () => void reservation.close(),
  }
}

async function reserveBlock(): Promise<{ readonly block: number; readonly reservation: Server }> {
  for (let block = 0; block < BLOCKS; block++) {
    const reservation = await listen(`127.64.${block}.254`, RESERVATION_PORT)
    // It keeps the block for as long as the program runs, and does not keep the program running.
    if (reservation !== undefined) return { block, reservation: reservation.unref() }
  }
  throw new LoopbackError(`no block of addresses from 127.64.0.0 to 127.64.${BLOCKS - 1}.255 is free`)
}

async function shiftOf(host: string, port: number): Promise<number> {
  for (const shift of SHIFTS) {
    const server = await listen(host, port + shift)
    if (server === undefined) continue
    await closed(server)
    return shift
  }
  const tried = SHIFTS.map(shift => port + shift).join(', ')
  throw new LoopbackError(`the service cannot listen on ${host}: ports ${tried} are in use or not allowed`)
}

async function sharedAddress(nodes: number, services: number): Promise<LoopbackAddresses> {
  const host = '127.0.0.1'
  const free: number[] = []
  for (let left = Math.max(1, services); left > 0; left--) {
    const server = await listen(host, 0)
    const address = server?.address()
    if (server === undefined || typeof address !== 'object' || address === null)
      throw new LoopbackError(`no port of ${host} is free`)
    free.push(address.port)
    await closed(server)
  }
  const assigned = new Map<string, number>()
  return {
    nodes: Array.from({ length: nodes }, (_, index) => ({ address: host, ports: taskPorts(index) })),
    cidr: '127.64.0.0/25',
    dial(vip, port) {
      const key = `${vip}:${port}`
      const own = assigned.get(key) ?? free[assigned.size] ?? 0
      assigned.set(key, own)
      return { host, port: own }
    },
    notice: `virtual addresses share ${host} here; each service port has a port of its own`,
    release: () => {},
  }
}

function taskPorts(node: number): { readonly first: number; readonly last: number } {
  const first = FIRST_TASK_PORT + node * TASK_PORTS_PER_NODE
  return { first, last: first + TASK_PORTS_PER_NODE - 1 }
}

/** Undefined when the address cannot be listened on. */
function listen(host: string, port: number): Promise<Server | undefined> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ host, port, exclusive: true }, () => resolve(server))
  })
}

function closed(server: Server): Promise<void> {
  return new Promise(resolve => server.close(() => resolve()))
}
