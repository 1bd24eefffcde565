import { createServer } from 'node:net'

/** How one machine's loopback stands in for a cluster's network. */
export interface LoopbackAddresses {
  /** One address and port range per node. */
  readonly nodes: readonly {
    readonly address: string
    readonly ports: { readonly first: number; readonly last: number }
  }[]
  /** Where a virtual address and port are really listened on. */
  dial(vip: string, port: number): { readonly host: string; readonly port: number }
  /** What was shifted, in one line for people; empty when nothing was. */
  readonly notice: string
}

const LOW_PORT_SHIFT = 8_000
const FIRST_TASK_PORT = 21_000
const TASK_PORTS_PER_NODE = 500

/**
 * On Linux all of 127.0.0.0/8 is at hand, so nodes and virtual addresses get addresses of their own. Elsewhere
 * there is one address, and every service port gets a port of its own on it. Ports under 1024 are shifted where
 * an ordinary user may not listen on them.
 */
export async function planLoopback(nodes: number): Promise<LoopbackAddresses> {
  const own = process.platform === 'linux'
  const shift = (await mayListenLow()) ? 0 : LOW_PORT_SHIFT
  const shared = new Map<string, number>()
  return {
    nodes: Array.from({ length: nodes }, (_, index) => ({
      address: own ? `127.65.0.${index + 1}` : '127.0.0.1',
      ports: {
        first: FIRST_TASK_PORT + index * TASK_PORTS_PER_NODE,
        last: FIRST_TASK_PORT + (index + 1) * TASK_PORTS_PER_NODE - 1,
      },
    })),
    dial(vip, port) {
      const shifted = port < 1024 ? port + shift : port
      if (own) return { host: vip, port: shifted }
      const key = `${vip}:${port}`
      const assigned = shared.get(key) ?? FIRST_TASK_PORT - 1_000 + shared.size
      shared.set(key, assigned)
      return { host: '127.0.0.1', port: assigned }
    },
    notice: noticeOf(own, shift),
  }
}

function noticeOf(own: boolean, shift: number): string {
  if (!own) return 'virtual addresses share 127.0.0.1 here; each service port has a port of its own'
  return shift === 0
    ? ''
    : `ports under 1024 are listened on at port + ${shift}, since this user may not use them`
}

function mayListenLow(): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', error => resolve((error as NodeJS.ErrnoException).code !== 'EACCES'))
    server.listen(1023, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
