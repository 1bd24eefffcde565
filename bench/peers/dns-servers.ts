import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Another name server, or what has the place of one. */
export interface PeerServer {
  readonly port: number
  /** Its process, where that is another one. */
  readonly pid?: number
  close(): Promise<void>
}

/** A socket that sends back what it gets, as an answer: what no server in this process can leave out. */
export async function serveEcho(): Promise<PeerServer> {
  const echo = createSocket({ type: 'udp4', recvBufferSize: 4 * 2 ** 20 })
  echo.on('message', (message, peer) => {
    message[2] = (message[2] ?? 0) | 0x80
    echo.send(message, peer.port, peer.address)
  })
  echo.bind(0, '127.0.0.1')
  await once(echo, 'listening')
  return { port: echo.address().port, close: async () => void echo.close() }
}

/** dnsmasq without a cache, which answers from its own records; undefined where it is not installed. */
export async function serveDnsmasq(
  records: Iterable<readonly [name: string, address: string]>,
): Promise<PeerServer | undefined> {
  if (spawnSync('dnsmasq', ['--version']).error !== undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'bench-dnsmasq-'))
  const config = join(folder, 'dnsmasq.conf')
  const port = await freeUdpPort()
  const lines = [
    `port=${port}`,
    'listen-address=127.0.0.1',
    'bind-interfaces',
    'no-resolv',
    'no-hosts',
    'cache-size=0',
    'pid-file=',
    ...(process.getuid?.() === 0 ? ['user=root'] : []),
    ...Array.from(records, ([name, address]) => `host-record=${name.replace(/\.$/, '')},${address}`),
  ]
  writeFileSync(config, lines.join('\n'))
  const child = spawn('dnsmasq', ['-k', '-C', config], { stdio: 'ignore' })
  return {
    port,
    ...(child.pid === undefined ? {} : { pid: child.pid }),
    close: async () => {
      child.kill()
      await once(child, 'close')
      rmSync(folder, { recursive: true })
    },
  }
}

/** The part of the package dns2 that is used; it is loaded by name, since only this row needs it. */
interface Dns2 {
  readonly Packet: {
    readonly TYPE: { readonly A: number }
    readonly CLASS: { readonly IN: number }
    createResponseFromRequest(request: Dns2Message): Dns2Message
  }
  createServer(options: {
    readonly udp: boolean
    handle(request: Dns2Message, send: (response: Dns2Message) => unknown): void
  }): { listen(at: { udp: { port: number; address: string } }): Promise<unknown>; close(): unknown }
}

interface Dns2Message {
  readonly questions: readonly { readonly name: string }[]
  readonly answers: object[]
}

/** A server of the package dns2, which looks addresses up in a map. */
export async function serveDns2(
  records: Iterable<readonly [name: string, address: string]>,
): Promise<PeerServer> {
  const name = 'dns2'
  const { Packet, createServer } = ((await import(name)) as { readonly default: Dns2 }).default
  const addresses = new Map(Array.from(records, ([key, address]) => [key.replace(/\.$/, ''), address]))
  const server = createServer({
    udp: true,
    handle: (request, send) => {
      const response = Packet.createResponseFromRequest(request)
      for (const question of request.questions) {
        const address = addresses.get(question.name)
        if (address !== undefined)
          response.answers.push({
            name: question.name,
            type: Packet.TYPE.A,
            class: Packet.CLASS.IN,
            ttl: 5,
            address,
          })
      }
      send(response)
    },
  })
  const port = await freeUdpPort()
  await server.listen({ udp: { port, address: '127.0.0.1' } })
  return { port, close: async () => void server.close() }
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}
