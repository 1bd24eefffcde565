import type { Socket } from 'node:dgram'
import { createSocket } from 'node:dgram'
import { createRegistry } from 'keelson/discovery'
import { serveVips } from 'keelson/discovery/node'

const WINDOW = 64
const ROUND_TRIPS = 20_000

/** An echo, and the same behind a proxy; how much processor time a round trip costs either way, the client's included. */
export interface UdpProxyBench {
  straightNs(): Promise<number>
  proxiedNs(): Promise<number>
  close(): Promise<void>
}

export async function openUdpProxyBench(): Promise<UdpProxyBench> {
  const echo = await bound()
  echo.on('message', (bytes, peer) => echo.send(bytes, peer.port, peer.address))
  const client = await bound()
  const registry = createRegistry()
  const ports = [{ name: 'echo', port: 7, protocol: 'UDP' }] as const
  const conditions = { ready: true, serving: true, terminating: false }
  const endpoints = [{ id: 'e', addresses: ['127.0.0.1'], ports: { echo: echo.address().port }, conditions }]
  const service = { namespace: 'prod', name: 'echo', mode: 'vip', vips: ['127.64.0.9'], ports } as const
  registry.apply(1, [
    { op: 'set-service', service },
    { op: 'set-endpoints', service: 'prod/echo', slice: 's', endpoints },
  ])
  const proxy = serveVips(registry, { bind: () => ({ host: '127.0.0.1', port: 0 }) })
  await proxy.listening()
  const proxied = proxy.stats('prod/echo')?.listeners[0]?.boundPort ?? 0
  return {
    straightNs: () => roundTripNs(client, echo.address().port),
    proxiedNs: () => roundTripNs(client, proxied),
    close: async () => {
      client.close()
      await proxy.close()
      echo.close()
    },
  }
}

async function bound(): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 4 * 2 ** 20,
    lookup: (host, _options, done) => done(null, host, 4),
  })
  // It listens before `bind` returns, since nothing is looked up.
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
  return socket
}

/** So many round trips, some of them under way at a time. */
async function roundTripNs(client: Socket, port: number): Promise<number> {
  const payload = Buffer.alloc(64)
  const before = process.cpuUsage()
  let back = 0
  await new Promise<void>(resolve => {
    const receive = (): void => {
      back++
      if (back + WINDOW <= ROUND_TRIPS) client.send(payload, port, '127.0.0.1')
      if (back < ROUND_TRIPS) return
      client.off('message', receive)
      resolve()
    }
    client.on('message', receive)
    for (let i = 0; i < WINDOW; i++) client.send(payload, port, '127.0.0.1')
  })
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1e3) / ROUND_TRIPS
}
