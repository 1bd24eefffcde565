import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { Agent, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { createEnv, silentLogger, systemEnv } from '../../../src/core/index.js'
import type { Endpoint, Registry } from '../../../src/discovery/index.js'
import { createRegistry } from '../../../src/discovery/index.js'
import type { Haproxy, HaproxyOptions } from '../../../src/discovery/node/index.js'
import { serveHaproxy } from '../../../src/discovery/node/index.js'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const key = 'prod/web'
const ports = [{ name: 'http', port: 80, protocol: 'TCP' }] as const
const env = createEnv({ logger: silentLogger })
const single = new Agent({ keepAlive: false })

async function freePort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

async function backend(name: string): Promise<Server> {
  const server = createServer((_request, response) => response.end(name))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return server
}

function endpoint(id: string, server: Server, ready = true): Endpoint {
  const { port } = server.address() as AddressInfo
  const conditions = { ready, serving: true, terminating: !ready }
  return { id, addresses: ['127.0.0.1'], ports: { http: port }, conditions }
}

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'haproxy-'))
  cleanups.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

interface World {
  readonly registry: Registry
  readonly haproxy: Haproxy
  readonly port: number
  set(...endpoints: readonly Endpoint[]): Promise<void>
}

async function world(options: Partial<HaproxyOptions>, ...endpoints: readonly Endpoint[]): Promise<World> {
  const registry = createRegistry()
  const port = await freePort()
  registry.apply(1, [
    {
      op: 'set-service',
      service: { namespace: 'prod', name: 'web', mode: 'vip', vips: ['127.64.8.1'], ports },
    },
    { op: 'set-endpoints', service: key, slice: 's', endpoints },
  ])
  const bind = (vip: string, asked: number): { host: string; port: number } => ({
    host: '127.0.0.1',
    port: vip === '127.64.8.1' ? port : asked,
  })
  const haproxy = await serveHaproxy(registry, { env, directory: directory(), bind, ...options })
  cleanups.push(() => haproxy.close())
  const set = async (...next: readonly Endpoint[]): Promise<void> => {
    const { revision } = registry.apply(registry.revision + 1, [
      { op: 'set-endpoints', service: key, slice: 's', endpoints: next },
    ])
    const report = await registry.waitForConsumers(revision, { clock: systemEnv.clock, timeoutMs: 8000 })
    expect(report.kind).toBe('acknowledged')
  }
  return { registry, haproxy, port, set }
}

function fetchText(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent: single }, response => {
      let text = ''
      response.on('data', chunk => (text += String(chunk)))
      response.on('end', () => resolve(text))
      response.on('error', reject)
    }).on('error', reject)
  })
}

async function names(port: number, count: number): Promise<readonly string[]> {
  const found: string[] = []
  for (let i = 0; i < count; i++) found.push(await fetchText(port))
  return found.sort()
}

/** Address, weight and whether it is in use, of each server that is; from `show servers state` and from the plan. */
async function states(haproxy: Haproxy): Promise<readonly (readonly unknown[])[]> {
  const lines = (await haproxy.ask('show servers state')).split('\n').slice(2)
  return lines
    .map(line => line.split(' '))
    .filter(([, , , , , , adminState]) => (Number(adminState) & 1) === 0)
    .map(fields => [fields[1], fields[3], `${fields[4]}:${fields[18]}`, Number(fields[7])])
}

function planned(haproxy: Haproxy): readonly (readonly unknown[])[] {
  return (haproxy.config()?.backends ?? []).flatMap(({ name, slots }) =>
    slots.flatMap((slot, i) =>
      slot === undefined ? [] : [[name, `s${i + 1}`, `${slot.address}:${slot.port}`, slot.weight]],
    ),
  )
}

const installed = spawnSync('haproxy', ['-v']).error === undefined
const required = process.env['KEELSON_REQUIRE_SERVERS'] === '1'

describe.runIf(installed || required)('HAProxy (skipped where haproxy is not installed)', () => {
  test('follows endpoints by commands; what it says of its servers is what was planned', async () => {
    const [a, b, c] = [await backend('a'), await backend('b'), await backend('c')]
    const w = await world({}, endpoint('a', a), endpoint('b', b))
    expect(await names(w.port, 4)).toEqual(['a', 'a', 'b', 'b'])
    await w.set(endpoint('a', a, false), endpoint('b', b), endpoint('c', c))
    expect(await names(w.port, 4)).toEqual(['b', 'b', 'c', 'c'])
    expect(await states(w.haproxy)).toEqual(planned(w.haproxy))
    await w.set(endpoint('c', c))
    expect(await names(w.port, 2)).toEqual(['c', 'c'])
    expect(await states(w.haproxy)).toEqual(planned(w.haproxy))
    await w.set()
    await expect(fetchText(w.port)).rejects.toThrow()
    await w.set(endpoint('a', a))
    expect(await names(w.port, 2)).toEqual(['a', 'a'])
    expect(w.haproxy.loads).toBe(1)
  })

  test('a reload loses no request: structure changes under load', async () => {
    const a = await backend('a')
    const w = await world({}, endpoint('a', a))
    let done = false
    let served = 0
    const failures: unknown[] = []
    const client = async (): Promise<void> => {
      while (!done)
        await fetchText(w.port).then(
          () => served++,
          error => failures.push(error),
        )
    }
    const clients = [client(), client()]
    for (let round = 2; round <= 3; round++) {
      const other = await freePort()
      w.registry.apply(round, [
        {
          op: 'set-service',
          service: {
            namespace: 'prod',
            name: `other-${round}`,
            mode: 'vip',
            vips: ['127.64.8.2'],
            ports: [{ name: 'x', port: other, protocol: 'TCP' }],
          },
        },
      ])
      await w.registry.waitForConsumers(round, { clock: systemEnv.clock, timeoutMs: 8000 })
    }
    done = true
    await Promise.all(clients)
    expect([failures, w.haproxy.loads]).toEqual([[], 3])
    expect(served).toBeGreaterThan(0)
  })

  test('it is started again when it goes, and acknowledges only then', async () => {
    const [a, b] = [await backend('a'), await backend('b')]
    const w = await world({}, endpoint('a', a))
    const pid = Number(/^Pid: (\d+)$/m.exec(await w.haproxy.ask('show info'))?.[1])
    process.kill(pid, 'SIGKILL')
    await w.set(endpoint('b', b))
    expect(await names(w.port, 2)).toEqual(['b', 'b'])
  })

  test('a program that is not there, or a configuration that is refused, is said', async () => {
    await expect(world({ program: 'no-such-haproxy' })).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('no-such-haproxy'),
    })
    await expect(world({ balance: 'nonsense' })).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('balance only supports'),
    })
  })
})
