import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { Http2Server } from 'node:http2'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEnv, silentLogger } from '../../../src/core/index.js'
import type { EtcdOptions, EtcdStore } from '../../../src/store/etcd/index.js'
import { connectStore } from '../../../src/store/etcd/index.js'
import { encodeMessage } from '../../../src/store/etcd/protobuf.js'
import { ref, Widget, widget } from '../../fixtures/kinds.js'
import { makeCertificates } from './certificates.js'
import { canRunEtcd, EtcdServer, freePort } from './etcd-server.js'

const env = createEnv({ process: 'refused', logger: silentLogger })

function open(etcd: EtcdOptions): Promise<EtcdStore> {
  return connectStore({ kinds: [Widget], env, etcd })
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.each([
  [{ endpoints: [] }, 'Usage', /etcd.endpoints, the members/],
  [{ endpoints: ['http://127.0.0.1:2379'] }, 'Invalid', /host:port, without http/],
  [{ endpoints: ['127.0.0.1:1'], prefix: 'app' }, 'Invalid', /etcd.prefix: must begin with \//],
  [{ endpoints: ['127.0.0.1:1'], user: 'root' }, 'Invalid', /comes with a password/],
  [{ endpoints: ['127.0.0.1:1'], timeoutMs: 0 }, 'Invalid', /etcd.timeoutMs/],
  [{ endpoints: ['127.0.0.1:1'], time: 1 } as EtcdOptions, 'Usage', /time/],
])('options that can never work: %j', async (etcd, code, message) => {
  await expect(open(etcd)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
})

test('an etcd that is not there', async () => {
  const endpoints = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`]
  await expect(open({ endpoints })).rejects.toMatchObject({
    code: 'Unavailable',
    details: { sent: false, endpoints },
    message: expect.stringMatching(/nothing was changed. Check that it runs/),
  })
})

test('something else than an etcd', async () => {
  const server = createHttpServer((_request, response) => void response.end('hello'))
  const endpoint = await listening(server)
  await expect(open({ endpoints: [endpoint], timeoutMs: 500 })).rejects.toMatchObject({ code: 'Unavailable' })
  server.close()
})

test('an etcd that takes calls and does not answer', async () => {
  const server = createHttp2Server()
  server.on('stream', stream => void stream.on('error', () => {}))
  const endpoint = await listening(server)
  await expect(open({ endpoints: [endpoint], timeoutMs: 50 })).rejects.toMatchObject({
    code: 'Unavailable',
    details: { endpoints: [endpoint] },
    message: expect.stringMatching(/has not answered within 50 ms.*Check that it runs/s),
  })
  server.close()
})

/** Whatever it is asked, it answers the same. */
function answering(message: Uint8Array, trailers: Readonly<Record<string, string>>): Http2Server {
  const server = createHttp2Server()
  server.on('stream', stream => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers(trailers))
    stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]))
  })
  return server
}

test.each([
  // A field that is longer than the message, and a text that is not encoded as gRPC has it.
  [Buffer.from([0x0a, 0x7f]), { 'grpc-status': '0' }, 'Unsupported', /cannot be read.*check the endpoints/s],
  [Buffer.from([]), { 'grpc-status': '14', 'grpc-message': '100% busy' }, 'Unavailable', /100% busy/],
])('what is no answer of an etcd: %o', async (message, trailers, code, text) => {
  const server = answering(message, trailers)
  const refused = open({ endpoints: [await listening(server)] })
  await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(text) })
  server.close()
})

test('an etcd of another version', async () => {
  const server = answering(encodeMessage([[2, '3.2.18']]), { 'grpc-status': '0' })
  const endpoint = await listening(server)
  await expect(open({ endpoints: [endpoint] })).rejects.toMatchObject({
    code: 'Unsupported',
    details: { version: '3.2.18', versionMin: '3.4' },
    message: expect.stringMatching(/upgrade it/),
  })
  server.close()
})

describe.runIf(canRunEtcd)('a real etcd', () => {
  let server: EtcdServer
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keelson-etcd-tls-'))
    server = await EtcdServer.start()
    server.ctl('put', '/newer/store', '{"format":2,"incarnation":"x"}')
    server.ctl('put', '/foreign/store', 'something')
    for (const user of ['root', 'app', 'guest']) server.ctl('user', 'add', `${user}:secret`)
    server.ctl('role', 'add', 'app')
    server.ctl('role', 'grant-permission', 'app', '--prefix=true', 'readwrite', '/app/')
    server.ctl('user', 'grant-role', 'root', 'root')
    server.ctl('user', 'grant-role', 'app', 'app')
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each([
    ['/newer', 'Unsupported', /format 2.*newer version, or another prefix/],
    ['/foreign', 'Corrupt', /it is no JSON; nothing was changed/],
  ])('data that is no store of this version: %s', async (prefix, code, message) => {
    await expect(open({ endpoints: [server.endpoint], prefix })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  test('users: who may not is refused, who may goes on after etcd has forgotten the token', async () => {
    server.ctl('auth', 'enable')
    const endpoints = [server.endpoint]
    const refused = { code: 'Forbidden', message: expect.stringMatching(/etcd.user and etcd.password/) }
    await expect(open({ endpoints, prefix: '/app' })).rejects.toMatchObject(refused)
    await expect(open({ endpoints, prefix: '/app', user: 'app', password: 'wrong' })).rejects.toMatchObject(
      refused,
    )
    await expect(
      open({ endpoints, prefix: '/app', user: 'guest', password: 'secret' }),
    ).rejects.toMatchObject(refused)
    await expect(
      open({ endpoints, prefix: '/other', user: 'app', password: 'secret' }),
    ).rejects.toMatchObject(refused)
    const store = await open({ endpoints, prefix: '/app', user: 'app', password: 'secret' })
    await store.create(Widget, widget('a'))
    await server.kill()
    await server.run()
    await store.modify(Widget, ref('a'), draft => void (draft.spec.size = 2))
    expect(store.get(Widget, ref('a'))?.spec.size).toBe(2)
    await store.close()
  })

  test('TLS: with the authority, and a certificate of our own', async () => {
    const files = makeCertificates(folder)
    const secure = await EtcdServer.start(files.serverArgs)
    const text = (path: string): string => readFileSync(path, 'utf8')
    const endpoints = [secure.endpoint]
    const ca = text(files.ca)
    const own = { cert: text(files.client.cert), key: text(files.client.key) }
    const store = await open({ endpoints, tls: { ca, ...own } })
    await store.create(Widget, widget('a'))
    expect(store.list(Widget).items).toHaveLength(1)
    await store.close()
    await expect(open({ endpoints, tls: own })).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(/self.signed certificate|unable to verify|issuer/),
    })
    for (const tls of [{ ca }, undefined])
      await expect(open({ endpoints, ...(tls && { tls }) })).rejects.toMatchObject({ code: 'Unavailable' })
    for (const [tls, message] of [
      [{ ca: 'x' }, /etcd\.tls\.ca\b.*must be certificates in PEM/],
      [{ ca, cert: own.cert }, /etcd\.tls\.cert\b.*comes with etcd\.tls\.key/],
      [{ ca, cert: own.cert, key: text(files.server.key) }, /etcd\.tls\.cert\b.*must be, with its key/],
    ] as const)
      await expect(open({ endpoints, tls })).rejects.toMatchObject({
        code: 'Invalid',
        message: expect.stringMatching(message),
      })
    await secure.close()
  })
})
