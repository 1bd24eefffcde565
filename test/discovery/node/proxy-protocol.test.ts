import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createRegistry } from '../../../src/discovery/index.js'
import type { VipProxy, VipProxyOptions } from '../../../src/discovery/node/index.js'
import { serveVips } from '../../../src/discovery/node/index.js'
import { encodeProxyHeader, readProxyHeader } from '../../../src/discovery/node/proxy-protocol.js'
import { freePort } from '../fixtures/dns-exchange.js'

const port = fc.nat(65_535)
const v6 = fc.constantFrom('2001:db8::1', '::1', 'fe80::5:6:7:8')
const ends = fc.oneof(
  fc.record({
    source: fc.record({ address: fc.ipV4(), port }),
    destination: fc.record({ address: fc.ipV4(), port }),
  }),
  fc.record({ source: fc.record({ address: v6, port }), destination: fc.record({ address: v6, port }) }),
)

describe('a header of the PROXY protocol', () => {
  test('is read as it was written, from exactly its bytes', () => {
    fc.assert(
      fc.property(ends, fc.uint8Array({ maxLength: 20 }), (both, rest) => {
        const header = encodeProxyHeader(both)
        expect(readProxyHeader(Buffer.concat([header, rest]))).toEqual({
          kind: 'header',
          bytes: header.length,
          ends: both,
        })
        for (let cut = 0; cut < header.length; cut++)
          expect(readProxyHeader(header.subarray(0, cut)).kind).toBe('short')
      }),
      { numRuns: 50 },
    )
  })

  test('any bytes are read without an error', () => {
    const good = encodeProxyHeader({
      source: { address: '192.0.2.1', port: 1 },
      destination: { address: '192.0.2.2', port: 2 },
    })
    fc.assert(
      fc.property(fc.nat(12), fc.uint8Array({ maxLength: 60 }), (kept, bytes) => {
        const read = readProxyHeader(Buffer.concat([good.subarray(0, kept), bytes]))
        expect(['header', 'short', 'invalid']).toContain(read.kind)
      }),
      { numRuns: 200 },
    )
  })

  test.each([
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['version 1', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n')],
    ['a command that is unknown', changed(12, 0x22)],
    ['addresses that are cut off', changed(15, 8)],
    ['a length of more than 4 KiB', changed(14, 0x20)],
  ])('is not: %s', (_, bytes) => {
    expect(readProxyHeader(bytes)).toEqual({ kind: 'invalid' })
  })

  test('of the sender itself has no ends; a socket of both families has IPv4 as IPv4', () => {
    expect(readProxyHeader(changed(12, 0x20))).toEqual({ kind: 'header', bytes: 28, ends: undefined })
    const mapped = encodeProxyHeader({
      source: { address: '::ffff:192.0.2.1', port: 1 },
      destination: { address: '192.0.2.2', port: 2 },
    })
    expect(readProxyHeader(mapped)).toMatchObject({ ends: { source: { address: '192.0.2.1' } } })
  })
})

function changed(at: number, byte: number): Buffer {
  const header = encodeProxyHeader({
    source: { address: '192.0.2.1', port: 1 },
    destination: { address: '192.0.2.2', port: 2 },
  })
  const bytes = Buffer.from(header)
  bytes[at] = byte
  return bytes
}

/** Everything that is sent to it, by connection; it ends each when its client has. */
async function recording(): Promise<{ readonly port: number; readonly heard: Buffer[] }> {
  const heard: Buffer[] = []
  const server: Server = createServer({ allowHalfOpen: true }, socket => {
    const chunks: Buffer[] = []
    socket.on('data', chunk => chunks.push(chunk))
    socket.on('error', () => {})
    socket.on('end', () => {
      heard.push(Buffer.concat(chunks))
      socket.end('done')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, heard }
}

async function proxyTo(
  backendPort: number,
  options: VipProxyOptions,
): Promise<{ readonly proxy: VipProxy; readonly port: number }> {
  const registry = createRegistry()
  const ports = [{ name: 'http', port: 80, protocol: 'TCP' }] as const
  const conditions = { ready: true, serving: true, terminating: false }
  registry.apply(1, [
    {
      op: 'set-service',
      service: { namespace: 'prod', name: 'web', mode: 'vip', vips: ['127.64.7.3'], ports },
    },
    {
      op: 'set-endpoints',
      service: 'prod/web',
      slice: 's',
      endpoints: [{ id: 'e', addresses: ['127.0.0.1'], ports: { http: backendPort }, conditions }],
    },
  ])
  const proxy = serveVips(registry, { bind: () => ({ host: '127.0.0.1', port: 0 }), ...options })
  onTestFinished(() => proxy.close())
  await proxy.listening()
  return { proxy, port: proxy.stats('prod/web')?.listeners[0]?.boundPort ?? 0 }
}

/** Sends pieces one after the other, and gives what came back, or the error. */
async function talk(toPort: number, ...pieces: readonly Uint8Array[]): Promise<string> {
  const socket = connect({ port: toPort, host: '127.0.0.1', allowHalfOpen: true })
  let text = ''
  socket.on('data', chunk => (text += String(chunk)))
  socket.on('error', error => (text = 'code' in error ? String(error.code) : error.message))
  const closed = ended(socket)
  for (const piece of pieces) await new Promise(resolve => socket.write(piece, resolve))
  socket.end()
  await closed
  return text
}

/** Once it is closed, with or without an error. */
function ended(socket: Socket): Promise<void> {
  return new Promise(resolve => socket.on('close', () => resolve()))
}

const told = {
  source: { address: '198.51.100.7', port: 4711 },
  destination: { address: '203.0.113.1', port: 443 },
}

describe('a proxy with the PROXY protocol', () => {
  test('tells endpoints who the client is, before its bytes', async () => {
    const backend = await recording()
    const { port: at } = await proxyTo(backend.port, { sendProxyHeader: service => service === 'prod/web' })
    expect(await talk(at, Buffer.from('hello'))).toBe('done')
    const [bytes = Buffer.alloc(0)] = backend.heard
    const read = readProxyHeader(bytes)
    expect(read).toMatchObject({
      kind: 'header',
      ends: { source: { address: '127.0.0.1' }, destination: { address: '127.0.0.1', port: at } },
    })
    expect(bytes.subarray(28).toString()).toBe('hello')
  })

  test('takes the header of a load balancer, in any pieces, and passes on what it says', async () => {
    const backend = await recording()
    const options = { acceptProxyHeader: ['127.0.0.0/8'], sendProxyHeader: () => true }
    const { port: at } = await proxyTo(backend.port, options)
    const header = encodeProxyHeader(told)
    const all = Buffer.concat([header, Buffer.from('hello')])
    for (const cut of [0, 3, 16, 28, 30])
      expect(await talk(at, all.subarray(0, cut), all.subarray(cut))).toBe('done')
    expect(backend.heard.map(bytes => [readProxyHeader(bytes), bytes.subarray(28).toString()])).toEqual(
      Array.from({ length: 5 }, () => [{ kind: 'header', bytes: 28, ends: told }, 'hello']),
    )
  })

  test.each<readonly [VipProxyOptions, 'proxy-full' | 'service-full' | 'no-endpoint']>([
    [{ maxConnections: 2 }, 'proxy-full'],
    [{ maxConnectionsPerService: 2 }, 'service-full'],
    [{ maxConnectionsPerEndpoint: 2 }, 'no-endpoint'],
  ])(
    'has room for so many connections, resets the next and takes others when one ends: %j',
    async (options, why) => {
      const backend = await recording()
      const { port: at, proxy } = await proxyTo(backend.port, options)
      const open = await Promise.all(
        [1, 2].map(async () => {
          const socket = connect({ port: at, host: '127.0.0.1', allowHalfOpen: true })
          await once(socket, 'connect')
          return socket.on('error', () => {}).resume()
        }),
      )
      await expect.poll(() => proxy.stats('prod/web')?.active).toBe(2)
      expect(await talk(at, Buffer.from('third'))).toBe('ECONNRESET')
      expect(proxy.stats('prod/web')).toMatchObject({ accepted: 3, refused: 1, refusals: { [why]: 1 } })
      for (const socket of open) socket.end()
      await Promise.all(open.map(ended))
      await expect.poll(() => proxy.stats('prod/web')?.active).toBe(0)
      expect(await talk(at, Buffer.from('again'))).toBe('done')
    },
  )

  test('resets what comes from there without one, and takes others as they are', async () => {
    const backend = await recording()
    const strict = await proxyTo(backend.port, { acceptProxyHeader: ['127.0.0.0/8'], connectTimeoutMs: 50 })
    expect(await talk(strict.port, Buffer.from('GET / HTTP/1.1\r\n'))).toBe('ECONNRESET')
    const silent = connect({ port: strict.port, host: '127.0.0.1' })
    silent.on('error', () => {})
    await ended(silent)
    expect(strict.proxy.stats('prod/web')).toMatchObject({ refusals: { 'no-proxy-header': 2 }, active: 0 })
    const other = await proxyTo(backend.port, { acceptProxyHeader: ['10.0.0.0/8'] })
    expect(await talk(other.port, Buffer.from('hello'))).toBe('done')
    expect(backend.heard.map(String)).toEqual(['hello'])
  })

  test('closed while a header is awaited, it resets the connection and passes nothing on', async () => {
    const backend = await recording()
    const { proxy, port: at } = await proxyTo(backend.port, { acceptProxyHeader: ['127.0.0.0/8'] })
    const socket = connect({ port: at, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(encodeProxyHeader(told).subarray(0, 20))
    await expect.poll(() => proxy.stats('prod/web')?.accepted).toBe(1)
    const closed = ended(socket)
    await proxy.close()
    socket.end(encodeProxyHeader(told).subarray(20))
    await closed
    expect(socket.errored).toMatchObject({ code: 'ECONNRESET' })
    expect(proxy.stats('prod/web')?.active).toBe(0)
    expect(backend.heard).toEqual([])
  })
})

const installed = spawnSync('haproxy', ['-v']).error === undefined
const required = process.env['KEELSON_REQUIRE_SERVERS'] === '1'

describe.runIf(installed || required)(
  'with haproxy on both sides (skipped where it is not installed)',
  () => {
    test('its header is taken, and ours is taken by it', async () => {
      const backend = await recording()
      const [frontPort, backPort] = [await freePort(), await freePort()]
      const { port: at } = await proxyTo(backPort, {
        acceptProxyHeader: ['127.0.0.1/32'],
        sendProxyHeader: () => true,
        connectTimeoutMs: 10_000,
      })
      const folder = mkdtempSync(join(tmpdir(), 'haproxy-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      const file = join(folder, 'haproxy.cfg')
      writeFileSync(
        file,
        `defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
listen front
  bind 127.0.0.1:${frontPort}
  server proxy 127.0.0.1:${at} send-proxy-v2
listen back
  bind 127.0.0.1:${backPort} accept-proxy
  server backend 127.0.0.1:${backend.port} send-proxy-v2
`,
      )
      const haproxy = spawn('haproxy', ['-f', file, '-db'], { stdio: 'ignore' })
      onTestFinished(async () => {
        haproxy.kill()
        if (haproxy.exitCode === null) await once(haproxy, 'exit')
      })
      const client = async (): Promise<readonly [string, number]> => {
        const socket = connect({ port: frontPort, host: '127.0.0.1', allowHalfOpen: true })
        let [text, from] = ['', 0]
        socket.on('data', chunk => (text += String(chunk)))
        socket.on('error', () => {})
        socket.on('connect', () => {
          from = socket.localPort ?? 0
          socket.end('hello')
        })
        await ended(socket)
        return [text, from]
      }
      let found: readonly [string, number] = ['', 0]
      await expect.poll(async () => (found = await client())[0], { timeout: 20_000 }).toBe('done')
      const last = backend.heard.at(-1) ?? Buffer.alloc(0)
      expect(readProxyHeader(last)).toMatchObject({
        ends: { source: { address: '127.0.0.1', port: found[1] }, destination: { port: frontPort } },
      })
      expect(last.toString()).toContain('hello')
    })
  },
)
