import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { DnsMessage } from '../../../src/discovery/dns/dns-message.js'
import type { Registry } from '../../../src/discovery/index.js'
import { formatRecord } from '../../../src/discovery/index.js'
import { serveDns } from '../../../src/discovery/node/index.js'
import { ListenError } from '../../../src/discovery/node/listen-error.js'
import { headless, read, request as requestFor, start } from '../fixtures/dns-exchange.js'

const registryOf = (count: number): Registry => headless('cluster.local', count)

/** The question with an id. */
const request = (id: number, name = 'h.prod.svc.cluster.local.', typeCode = 1): Uint8Array =>
  requestFor(name, { id, typeCode })

function askUdp(port: number, bytes: Uint8Array): Promise<DnsMessage> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.on('error', reject)
    socket.on('message', response => {
      socket.close()
      resolve(read(response))
    })
    socket.send(bytes, port, '127.0.0.1')
  })
}

/** Sends the chunks over one connection and gives the first `count` responses. */
function askTcp(port: number, chunks: readonly Uint8Array[], count: number): Promise<readonly DnsMessage[]> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const responses: DnsMessage[] = []
    const socket = connect({ port, host: '127.0.0.1' }, () => chunks.forEach(chunk => socket.write(chunk)))
    socket.on('error', reject)
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const length = received.readUInt16BE(0)
        responses.push(read(received.subarray(2, 2 + length)))
        received = received.subarray(2 + length)
      }
      if (responses.length === count) socket.destroy()
    })
    socket.on('close', () => resolve(responses))
  })
}

function framed(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([bytes.length >>> 8, bytes.length & 255]), bytes])
}

const firstAddress = ({ answers }: DnsMessage): unknown => answers[0]?.type === 'A' && answers[0].address

describe('DNS server', () => {
  test('turns the answers round, so that each address comes first in turn', async () => {
    const { port } = await start(registryOf(3))
    const firsts: unknown[] = []
    for (let id = 0; id < 6; id++) {
      const message = await askUdp(port, request(id))
      expect([message.id, message.answers.length, message.authoritative]).toEqual([id, 3, true])
      firsts.push(firstAddress(message))
    }
    for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) {
      expect(
        firsts.filter(first => first === address),
        address,
      ).toHaveLength(2)
    }
  })

  test('a change is seen by the next question', async () => {
    const registry = registryOf(1)
    const { port } = await start(registry)
    await askUdp(port, request(1))
    registry.apply(2, [{ op: 'delete-service', service: 'prod/h' }])
    expect((await askUdp(port, request(2))).rcode).toBe(3)
  })

  test('what does not fit into a datagram is asked for again over TCP, on the same port', async () => {
    const { port } = await start(registryOf(100))
    const cut = await askUdp(port, request(1))
    expect([cut.truncated, cut.answers.length]).toEqual([true, 29])
    const [whole] = await askTcp(port, [framed(request(2))], 1)
    expect([whole?.truncated, whole?.answers.length]).toEqual([false, 100])
  })

  test('over TCP requests may come together or in pieces; they are answered in order', async () => {
    const { port } = await start(registryOf(2))
    const all = Buffer.concat([framed(request(7)), framed(request(8)), framed(request(9))])
    const pieces = [all.subarray(0, 1), all.subarray(1, 40), all.subarray(40)]
    expect((await askTcp(port, pieces, 3)).map(message => message.id)).toEqual([7, 8, 9])
  })

  test('a client that has said all it wanted gets every answer: 300 of 16 KB, then FIN', async () => {
    const { port } = await start(registryOf(250))
    const name = '_http._tcp.h.prod.svc.cluster.local.'
    const all = Buffer.concat(Array.from({ length: 300 }, (_, id) => framed(request(id, name, 33))))
    const received = await new Promise<Buffer>((resolve, reject) => {
      const chunks: Buffer[] = []
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.end(all))
      socket.on('data', chunk => chunks.push(chunk))
      socket.on('error', reject)
      socket.on('end', () => resolve(Buffer.concat(chunks)))
    })
    const ids: number[] = []
    for (let at = 0; at < received.length; at += 2 + received.readUInt16BE(at)) {
      expect(received.readUInt16BE(at)).toBeGreaterThan(16_000)
      ids.push(received.readUInt16BE(at + 2))
    }
    expect(ids).toEqual(Array.from({ length: 300 }, (_, id) => id))
  })

  test('bytes that trickle in do not keep a connection open', async () => {
    const { port } = await start(registryOf(1), { idleMs: 100 })
    const started = performance.now()
    const bytes = framed(request(1))
    await new Promise<void>(resolve => {
      const socket = connect({ port, host: '127.0.0.1' })
      let at = 0
      const dribble = setInterval(() => socket.write(bytes.subarray(at, ++at)), 40)
      socket.on('error', () => {})
      socket.on('close', () => {
        clearInterval(dribble)
        resolve()
      })
    })
    expect(performance.now() - started).toBeLessThan(40 * bytes.length)
  })

  test('garbage does not stop it', async () => {
    const { port } = await start(registryOf(1))
    const socket = createSocket('udp4')
    for (let i = 0; i < 50; i++)
      socket.send(
        Uint8Array.from({ length: i }, (_, at) => (at * 37 + i) & 255),
        port,
        '127.0.0.1',
      )
    const response = await askUdp(port, request(3))
    socket.close()
    expect(response.answers).toHaveLength(1)
  })

  test('a port that is taken is refused by name', async () => {
    const registry = registryOf(1)
    const { port } = await start(registry)
    await expect(serveDns(registry, { port })).rejects.toThrow(ListenError)
    await expect(serveDns(registry, { port })).rejects.toThrow(`127.0.0.1 port ${port}`)
    await expect(serveDns(registry, { address: '192.0.2.1' })).rejects.toMatchObject({
      details: { reason: 'EADDRNOTAVAIL' },
    })
  })
})

const dig = ['dig', 'kdig'].every(command => spawnSync(command, ['-h']).error === undefined)
const required = process.env['KEELSON_REQUIRE_SERVERS'] === '1'

describe.runIf(dig || required)('dig and kdig (skipped where they are not installed)', () => {
  test.each(['dig', 'kdig'])('%s reads addresses, SRV with its addresses, and denials', async program => {
    const { port } = await start(registryOf(2))
    const { spawn } = await import('node:child_process')
    const run = (...args: readonly string[]): Promise<string> =>
      new Promise((resolve, reject) => {
        let out = ''
        const child = spawn(program, ['@127.0.0.1', '-p', String(port), ...args])
        child.stdout.on('data', chunk => (out += String(chunk)))
        child.on('error', reject)
        child.on('close', () => resolve(out))
      })
    expect((await run('+short', 'h.prod.svc.cluster.local')).trim().split('\n').sort()).toEqual([
      '10.0.0.1',
      '10.0.0.2',
    ])
    const srv = await run('SRV', '_http._tcp.h.prod.svc.cluster.local')
    expect(srv).toContain('0 50 80 10-0-0-1.h.prod.svc.cluster.local.')
    expect(srv).not.toContain('WARNING: Message')
    expect(await run('nosuch.prod.svc.cluster.local')).toContain('status: NXDOMAIN')
    expect(await run('+tcp', 'h.prod.svc.cluster.local')).toContain('status: NOERROR')
  })
})

test('a record reads as one line of a zone file', () => {
  expect(formatRecord({ type: 'A', name: 'a.', ttl: 5, address: '10.0.0.1' })).toBe('a. 5 IN A 10.0.0.1')
})
