import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** Stands between a store and its etcd, and can cut the wire. */
export class CutProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** While it is down, nobody gets through. */
  isDown: boolean = false

  constructor(server: Server) {
    this.#server = server
  }

  static async start(endpoint: string): Promise<CutProxy> {
    const server = createServer()
    const proxy = new CutProxy(server)
    const [host = '', port] = endpoint.split(':')
    server.on('connection', near => {
      if (proxy.isDown) return void near.destroy()
      const far = connect(Number(port), host)
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        proxy.#sockets.add(one)
        one.on('error', () => {})
        one.on('close', () => {
          proxy.#sockets.delete(one)
          other.destroy()
        })
        one.pipe(other)
      }
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
