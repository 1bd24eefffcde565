import type { Server } from 'node:http'
import { Agent, createServer, get } from 'node:http'
import type { AddressInfo, Socket, Server as TcpServer } from 'node:net'
import { connect, createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { EndpointConditions, Env } from '../../../src/core/index.js'
import { createEnv, silentLogger, systemEnv } from '../../../src/core/index.js'
import type { Endpoint, Registry, TrafficShare } from '../../../src/discovery/index.js'
import { createRegistry } from '../../../src/discovery/index.js'
import type { VipProxy, VipProxyOptions } from '../../../src/discovery/node/index.js'
import { serveVips } from '../../../src/discovery/node/index.js'
import { ListenError } from '../../../src/discovery/node/listen-error.js'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const key = 'prod/web'

function portOf(server: Server | TcpServer): number {
  return (server.address() as AddressInfo).port
}

/** An HTTP server that answers with its own name. */
async function backend(name: string): Promise<Server> {
  const server = createServer((_request, response) => response.end(name))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return server
}

/** A TCP server whose connections the handler gets, half-open allowed. */
async function tcpBackend(accept: (socket: Socket) => void): Promise<TcpServer> {
  const server = createTcpServer({ allowHalfOpen: true }, accept)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => void server.close())
  return server
}

function endpoint(
  id: string,
  port: number,
  more: Partial<EndpointConditions> & { readonly template?: string } = {},
): Endpoint {
  const { template, ...conditions } = more
  return {
    id,
    addresses: ['127.0.0.1'],
    ports: { http: port },
    conditions: { ready: true, serving: true, terminating: false, ...conditions },
    ...(template === undefined ? {} : { template }),
  }
}

interface World {
  readonly registry: Registry
  readonly proxy: VipProxy
  /** Replaces the endpoints at the next revision. */
  set(...endpoints: readonly Endpoint[]): void
  url(): string
  port(): number
}

async function world(options: VipProxyOptions = {}, backends?: readonly TrafficShare[]): Promise<World> {
  const registry = createRegistry()
  const shares = backends === undefined ? {} : { backends }
  const service = {
    namespace: 'prod',
    name: 'web',
    mode: 'vip',
    vips: ['127.64.7.1'],
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
  } as const
  registry.apply(1, [{ op: 'set-service', service: { ...service, ...shares } }, { op: 'synced' }])
  const proxy = serveVips(registry, { bind: () => ({ host: '127.0.0.1', port: 0 }), ...options })
  cleanups.push(() => proxy.close())
  await proxy.listening()
  const port = (): number => proxy.stats(key)?.listeners[0]?.boundPort ?? 0
  return {
    registry,
    proxy,
    port,
    url: () => `http://127.0.0.1:${port()}/`,
    set: (...endpoints) =>
      void registry.apply(registry.revision + 1, [
        { op: 'set-endpoints', service: key, slice: 's', endpoints },
      ]),
  }
}

function fetchText(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, response => {
      let text = ''
      response.on('data', chunk => (text += String(chunk)))
      response.on('end', () => resolve(text))
      response.on('error', reject)
    }).on('error', reject)
  })
}

/** An env that runs something once while an attempt of `connectTimeoutMs: 777` connects. */
function connectingEnv(): { readonly env: Env; whenConnecting(change: () => void): void } {
  const { clock } = systemEnv
  let change: (() => void) | undefined
  const env = createEnv({
    clock: {
      ...clock,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
      // The first timer of an attempt: it is connecting now.
      after: (ms, fn) => {
        const run = ms === 777 ? change : undefined
        if (run !== undefined) {
          change = undefined
          queueMicrotask(run)
        }
        return clock.after(ms, fn)
      },
    },
  })
  return { env, whenConnecting: run => (change = run) }
}

/** One request per connection. */
const single = new Agent({ keepAlive: false })

async function names(url: string, count: number): Promise<readonly string[]> {
  const found: string[] = []
  for (let i = 0; i < count; i++) found.push(await fetchText(url, single))
  return found
}

const times = (list: readonly string[], name: string): number => list.filter(entry => entry === name).length

/** A connection through the proxy, and what came back when it ended. */
function open(port: number): {
  readonly socket: Socket
  readonly text: Promise<string>
  readonly connected: Promise<void>
} {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  let text = ''
  socket.on('data', chunk => (text += String(chunk)))
  cleanups.push(() => socket.destroy())
  return {
    socket,
    connected: new Promise(resolve => socket.once('connect', () => resolve())),
    text: new Promise((resolve, reject) => {
      socket.on('end', () => resolve(text))
      socket.on('error', reject)
    }),
  }
}

describe('VIP proxy', () => {
  test('spreads connections over ready endpoints, each on its own port', async () => {
    const [a, b] = [await backend('a'), await backend('b')]
    const w = await world()
    w.set(
      endpoint('a', portOf(a)),
      endpoint('b', portOf(b)),
      endpoint('c', 1, { ready: false, serving: false }),
    )
    const found = await names(w.url(), 10)
    expect([times(found, 'a'), times(found, 'b')]).toEqual([5, 5])
    expect(w.proxy.stats(key)).toMatchObject({
      accepted: 10,
      refused: 0,
      endpoints: { a: { total: 5 }, b: { total: 5 } },
    })
  })

  test('gives each revision its share of connections', async () => {
    const [a, b] = [await backend('a'), await backend('b')]
    const w = await world({}, [
      { template: 'v1', weight: 75 },
      { template: 'v2', weight: 25 },
    ])
    w.set(endpoint('a', portOf(a), { template: 'v1' }), endpoint('b', portOf(b), { template: 'v2' }))
    const found = await names(w.url(), 20)
    expect([times(found, 'a'), times(found, 'b')]).toEqual([15, 5])
  })

  test('an endpoint that does not accept costs no connection while another does', async () => {
    const [a, dead] = [await backend('a'), await backend('dead')]
    const deadPort = portOf(dead)
    await new Promise(resolve => dead.close(resolve))
    const w = await world()
    w.set(endpoint('a', portOf(a)), endpoint('dead', deadPort))
    expect(times(await names(w.url(), 10), 'a')).toBe(10)
    expect(w.proxy.stats(key)?.endpoints['dead']?.failures).toBeGreaterThan(0)
  })

  test('with no endpoint a connection is reset, and counted', async () => {
    const w = await world()
    await expect(fetchText(w.url(), single)).rejects.toThrow()
    expect(w.proxy.stats(key)).toMatchObject({ active: 0, refused: 1 })
  })

  test('no request is lost while endpoints rotate, waiting for acknowledgement before each stop', async () => {
    const w = await world()
    const keepAlive = new Agent({ keepAlive: true, maxSockets: 8 })
    cleanups.push(() => keepAlive.destroy())
    let current = await backend('0')
    w.set(endpoint('0', portOf(current)))
    let done = false
    let served = 0
    const failures: unknown[] = []
    const load = async (agent: Agent): Promise<void> => {
      while (!done) {
        await fetchText(w.url(), agent).then(
          () => served++,
          error => failures.push(error),
        )
      }
    }
    const clients = [load(single), load(single), load(single), load(keepAlive), load(keepAlive)]
    for (let round = 1; round <= 6; round++) {
      const [before, target] = [served, served + 60]
      const next = await backend(String(round))
      w.set(endpoint(String(round - 1), portOf(current)), endpoint(String(round), portOf(next)))
      w.set(
        endpoint(String(round - 1), portOf(current), { ready: false, terminating: true }),
        endpoint(String(round), portOf(next)),
      )
      const report = await w.registry.waitForConsumers(w.registry.revision, {
        clock: systemEnv.clock,
        timeoutMs: 1000,
      })
      expect(report.kind).toBe('acknowledged')
      const old = current
      old.keepAliveTimeout = 1
      // A server that stops politely: idle connections close, those in use say so in their last response.
      const drained = w.proxy.drained(key, String(round - 1))
      old.prependListener('request', (_request, response) => response.setHeader('connection', 'close'))
      await drained
      await new Promise(resolve => old.close(resolve))
      w.set(endpoint(String(round), portOf(next)))
      current = next
      while (served < target && failures.length === 0) await new Promise(resolve => setImmediate(resolve))
      expect(served).toBeGreaterThan(before)
    }
    done = true
    await Promise.all(clients)
    expect(failures).toEqual([])
    expect(served).toBeGreaterThan(350)
  })

  test('half-open: the answer comes after the request has ended', async () => {
    const server = await tcpBackend(socket => {
      let text = ''
      socket.on('data', chunk => (text += String(chunk)))
      socket.on('end', () => socket.end(`got ${text}`))
    })
    const w = await world()
    w.set(endpoint('a', portOf(server)))
    const client = open(w.port())
    client.socket.end('hello')
    expect(await client.text).toBe('got hello')
  })

  test('large transfers arrive whole in both directions', async () => {
    const server = await tcpBackend(socket => socket.pipe(socket))
    const w = await world()
    w.set(endpoint('a', portOf(server)))
    const client = open(w.port())
    const sent = 'x'.repeat(3_000_000)
    client.socket.end(sent)
    expect((await client.text).length).toBe(sent.length)
  })

  test('an endpoint that is no longer ready keeps its connections and gets no new ones', async () => {
    const held: Socket[] = []
    const server = await tcpBackend(socket => {
      held.push(socket)
      socket.write('hello')
      socket.pipe(socket)
    })
    const other = await backend('other')
    const w = await world()
    w.set(endpoint('old', portOf(server)))
    const client = open(w.port())
    await new Promise(resolve => client.socket.once('data', resolve))
    w.set(
      endpoint('old', portOf(server), { ready: false, terminating: true }),
      endpoint('other', portOf(other)),
    )
    expect(times(await names(w.url(), 4), 'other')).toBe(4)
    let drained = false
    const waiting = w.proxy.drained(key, 'old').then(() => (drained = true))
    client.socket.write(' again')
    await new Promise(resolve => client.socket.once('data', resolve))
    expect([w.proxy.stats(key)?.endpoints['old']?.active, drained]).toEqual([1, false])
    client.socket.end()
    await waiting
    expect(w.proxy.stats(key)?.active).toBe(0)
  })

  test('a wait for an endpoint to drain ends: by its time, its signal, and with the proxy', async () => {
    const w = await world()
    w.set(endpoint('a', portOf(await backend('a'))))
    const late = await w.proxy.drained(key, 'a', { timeoutMs: 5 })
    expect(late).toEqual({ kind: 'timed-out', active: 0, isEligible: true })
    const stop = new AbortController()
    const waiting = w.proxy.drained(key, 'a', { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(w.proxy.drained(key, 'a', { signal: stop.signal })).rejects.toThrow('enough')
    await expect(w.proxy.drained(key, 'a', { timeoutMs: -1 })).rejects.toMatchObject({ code: 'Invalid' })
    expect(await w.proxy.drained(key, 'unknown')).toEqual({ kind: 'drained' })
    const open = w.proxy.drained(key, 'a')
    await w.proxy.close()
    expect([await open, await w.proxy.drained(key, 'a')]).toEqual([{ kind: 'drained' }, { kind: 'drained' }])
  })

  test('connections end when their endpoint is gone for longer than the drain time', async () => {
    const server = await tcpBackend(socket => socket.on('error', () => {}).write('hello'))
    const w = await world({ drainMs: 20 })
    w.set(endpoint('a', portOf(server)))
    const client = open(w.port())
    await new Promise(resolve => client.socket.once('data', resolve))
    client.text.catch(() => {})
    w.set()
    await w.proxy.drained(key, 'a')
    expect(w.proxy.stats(key)).toMatchObject({ active: 0, endpoints: {} })
  })

  test('connections of an endpoint that is still there are reset at its own deadline, new ones go elsewhere', async () => {
    const server = await tcpBackend(socket => socket.on('error', () => {}).write('hello'))
    const w = await world()
    const a = endpoint('a', portOf(server))
    w.set(a)
    const client = open(w.port())
    await new Promise(resolve => client.socket.once('data', resolve))
    const leaving = endpoint('a', portOf(server), { ready: false, terminating: true })
    w.set({ ...leaving, drainDeadlineMs: Date.now() + 3_600_000 }, endpoint('b', portOf(await backend('b'))))
    expect(await fetchText(w.url(), single)).toBe('b')
    expect(w.proxy.stats(key)?.endpoints['a']?.active).toBe(1)
    w.set({ ...leaving, drainDeadlineMs: Date.now() + 20 }, endpoint('b', portOf(await backend('b'))))
    await expect(client.text).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('a connection that is cut at the drain time is reset on both sides, never ended', async () => {
    const ends: string[] = []
    const server = await tcpBackend(socket => {
      socket.on('error', error => ends.push(`endpoint ${(error as NodeJS.ErrnoException).code}`))
      socket.on('end', () => ends.push('endpoint end'))
      socket.resume()
      socket.write('hello')
    })
    const w = await world({ drainMs: 20 })
    w.set(endpoint('a', portOf(server)))
    const client = open(w.port())
    await new Promise(resolve => client.socket.once('data', resolve))
    w.set()
    await expect(client.text).rejects.toMatchObject({ code: 'ECONNRESET' })
    await expect.poll(() => ends).toEqual(['endpoint ECONNRESET'])
  })

  test('an attempt to an endpoint that moves meanwhile is given up for the new address', async () => {
    const [old, moved] = [await backend('old'), await backend('moved')]
    const { env, whenConnecting } = connectingEnv()
    const w = await world({ env, connectTimeoutMs: 777 })
    w.set(endpoint('same', portOf(old)))
    whenConnecting(() => w.set(endpoint('same', portOf(moved))))
    expect(await fetchText(w.url(), single)).toBe('moved')
    expect(w.proxy.stats(key)?.endpoints['same']?.failures).toBe(0)
  })

  test.each(['moves', 'goes'])('a service whose address %s while an attempt connects', async what => {
    let accepted = 0
    const server = await tcpBackend(() => void accepted++)
    const { env, whenConnecting } = connectingEnv()
    const w = await world({ env, connectTimeoutMs: 777, drainMs: 10 })
    w.set(endpoint('a', portOf(server)))
    const service = w.registry.snapshot().services.get(key)?.service
    if (service === undefined) throw new Error('no service')
    whenConnecting(() => {
      w.registry.apply(w.registry.revision + 1, [
        what === 'moves'
          ? { op: 'set-service', service: { ...service, vips: ['127.64.7.2'] } }
          : { op: 'delete-service', service: key },
        { op: 'set-endpoints', service: key, slice: 's', endpoints: [] },
      ])
    })
    const client = open(w.port())
    await expect(client.text).rejects.toMatchObject({ code: 'ECONNRESET' })
    const { revision } = w.registry
    const report = await w.registry.waitForConsumers(revision, { clock: env.clock, timeoutMs: 0 })
    expect(report.kind).toBe('acknowledged')
    await w.proxy.drained(key, 'a')
    expect([accepted, w.proxy.stats(key)?.active ?? 0]).toEqual([0, 0])
  })

  test('an endpoint serves the ports that it has, and no others', async () => {
    const [a, b] = [await backend('a'), await backend('b')]
    const registry = createRegistry()
    const ports = [
      { name: 'one', port: 81, protocol: 'TCP' },
      { name: 'two', port: 82, protocol: 'TCP' },
    ] as const
    registry.apply(1, [
      {
        op: 'set-service',
        service: { namespace: 'prod', name: 'web', mode: 'vip', vips: ['127.64.7.1'], ports },
      },
    ])
    const proxy = serveVips(registry, { bind: () => ({ host: '127.0.0.1', port: 0 }) })
    cleanups.push(() => proxy.close())
    await proxy.listening()
    const only = (id: string, name: string, server: Server): Endpoint => {
      const { addresses, conditions } = endpoint(id, 1)
      return { id, addresses, conditions, ports: { [name]: portOf(server) } }
    }
    const set = (...endpoints: readonly Endpoint[]): unknown =>
      registry.apply(registry.revision + 1, [{ op: 'set-endpoints', service: key, slice: 's', endpoints }])
    const urls = (proxy.stats(key)?.listeners ?? []).map(({ boundPort }) => `http://127.0.0.1:${boundPort}/`)
    set(only('t1', 'one', a), only('t2', 'two', b))
    expect(await names(urls[0] ?? '', 2)).toEqual(['a', 'a'])
    expect(await names(urls[1] ?? '', 2)).toEqual(['b', 'b'])
    set(only('t2', 'two', b))
    await expect(fetchText(urls[0] ?? '', single)).rejects.toThrow()
    expect(await names(urls[1] ?? '', 1)).toEqual(['b'])
  })

  test('an abrupt end is abrupt on the other side too', async () => {
    const failed: Promise<unknown>[] = []
    const server = await tcpBackend(socket => {
      failed.push(new Promise(resolve => socket.once('error', resolve)))
      socket.resume()
      socket.write('hello')
    })
    const w = await world()
    w.set(endpoint('a', portOf(server)))
    const client = open(w.port())
    await new Promise(resolve => client.socket.once('data', resolve))
    client.socket.resetAndDestroy()
    w.set(endpoint('a', portOf(server), { ready: false, serving: false }))
    expect(await failed[0]).toMatchObject({ code: 'ECONNRESET' })
    await w.proxy.drained(key, 'a')
    expect(w.proxy.stats(key)?.active).toBe(0)
  })

  test('an answer given before the request was read arrives whole', async () => {
    const answer = 'y'.repeat(500_000)
    const server = await tcpBackend(socket => {
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.pause()
        socket.end(answer)
      })
    })
    const w = await world()
    w.set(endpoint('a', portOf(server)))
    const client = open(w.port())
    client.socket.on('error', () => {})
    client.socket.write('x'.repeat(1_000_000))
    expect((await client.text).length).toBe(answer.length)
  })

  test('an address that cannot be bound is an error with address and port, and others are served', async () => {
    const taken = await backend('taken')
    const registry = createRegistry()
    const ports = [
      { name: 'a', port: 80, protocol: 'TCP' },
      { name: 'b', port: 81, protocol: 'TCP' },
    ] as const
    registry.apply(1, [
      {
        op: 'set-service',
        service: { namespace: 'prod', name: 'web', mode: 'vip', vips: ['127.64.7.1'], ports },
      },
    ])
    const told: unknown[] = []
    const env = createEnv({ logger: { ...silentLogger, warn: (fields: unknown) => void told.push(fields) } })
    const proxy = serveVips(registry, {
      env,
      bind: (_vip, port) => ({ host: '127.0.0.1', port: port === 80 ? portOf(taken) : 0 }),
    })
    cleanups.push(() => proxy.close())
    await expect(proxy.listening()).rejects.toThrow(ListenError)
    await expect(proxy.listening()).rejects.toThrow(`127.0.0.1 port ${portOf(taken)}`)
    expect(proxy.stats(key)?.listeners.map(({ port, state }) => [port, state])).toEqual([
      [80, 'failed'],
      [81, 'listening'],
    ])
    expect(told).toMatchObject([{ vip: '127.64.7.1', port: 80, service: key }])
  })

  test('a service that goes takes its listener along; closing the proxy leaves nothing open', async () => {
    const w = await world()
    const port = w.port()
    w.registry.apply(5, [{ op: 'delete-service', service: key }])
    await new Promise(resolve => setImmediate(resolve))
    await expect(open(port).text).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(w.proxy.stats(key)).toBeUndefined()
    await w.proxy.close()
    const again = w.registry.consumer('vip-proxy')
    again.close()
  })

  test.runIf(process.platform === 'linux')('listens on the virtual address itself', async () => {
    const a = await backend('a')
    const w = await world({ bind: (host, port) => ({ host, port: port + 20_080 }) })
    w.set(endpoint('a', portOf(a)))
    expect(await fetchText(`http://127.64.7.1:${w.port()}/`, single)).toBe('a')
  })
})
