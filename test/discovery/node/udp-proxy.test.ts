import type { Socket } from 'node:dgram'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Clock, EndpointConditions, Env } from '../../../src/core/index.js'
import { createEnv, silentLogger } from '../../../src/core/index.js'
import type { Endpoint, RegisteredService, Registry } from '../../../src/discovery/index.js'
import { createRegistry } from '../../../src/discovery/index.js'
import type { VipProxy, VipProxyOptions } from '../../../src/discovery/node/index.js'
import { serveVips } from '../../../src/discovery/node/index.js'

const key = 'prod/dns'

async function socket(): Promise<Socket> {
  const made = createSocket('udp4')
  made.bind(0, '127.0.0.1')
  await once(made, 'listening')
  onTestFinished(() => {
    try {
      made.close()
    } catch {
      // It was closed by the test.
    }
  })
  return made
}

interface Backend {
  readonly name: string
  readonly port: number
  readonly heard: string[]
  isSilent: boolean
  close(): void
}

/** Answers each datagram with its own name and what it was sent; a silent one only listens. */
async function backend(name: string, isSilent = false): Promise<Backend> {
  const own = await socket()
  const made: Backend = { name, port: own.address().port, heard: [], isSilent, close: () => own.close() }
  own.on('message', (bytes, peer) => {
    made.heard.push(String(bytes))
    if (!made.isSilent) own.send(`${name} ${String(bytes)}`, peer.port, peer.address)
  })
  return made
}

function endpointOf({ name, port }: Backend, conditions: Partial<EndpointConditions> = {}): Endpoint {
  return {
    id: name,
    addresses: ['127.0.0.1'],
    ports: { dns: port },
    conditions: { ready: true, serving: true, terminating: false, ...conditions },
  }
}

interface World {
  readonly registry: Registry
  readonly proxy: VipProxy
  set(...endpoints: readonly Endpoint[]): void
  send(from: Socket, text: string): void
  ask(from: Socket, text: string): Promise<string>
}

async function world(options: VipProxyOptions = {}, more: Partial<RegisteredService> = {}): Promise<World> {
  const registry = createRegistry()
  const ports = [{ name: 'dns', port: 53, protocol: 'UDP' }] as const
  const service = { namespace: 'prod', name: 'dns', mode: 'vip', vips: ['127.64.7.2'], ports } as const
  registry.apply(1, [{ op: 'set-service', service: { ...service, ...more } }, { op: 'synced' }])
  const proxy = serveVips(registry, { bind: () => ({ host: '127.0.0.1', port: 0 }), ...options })
  onTestFinished(() => proxy.close())
  await proxy.listening()
  const port = proxy.stats(key)?.listeners[0]?.boundPort ?? 0
  return {
    registry,
    proxy,
    set: (...endpoints) =>
      void registry.apply(registry.revision + 1, [
        { op: 'set-endpoints', service: key, slice: 's', endpoints },
      ]),
    send: (from, text) => from.send(text, port, '127.0.0.1'),
    ask: async (from, text) => {
      from.send(text, port, '127.0.0.1')
      const [answer] = (await once(from, 'message')) as [Uint8Array]
      return Buffer.from(answer).toString()
    },
  }
}

/** An env whose time passes by hand; timers of up to 700 ms fire when it has. */
function handTime(): { readonly env: Env; pass(ms: number): void } {
  const { clock } = createEnv()
  const timers = new Set<{ readonly dueMs: number; fire(): void }>()
  let nowMs = 0
  const after: Clock['after'] = (ms, fire) => {
    if (ms > 700) return clock.after(ms, fire)
    const timer = { dueMs: nowMs + ms, fire }
    timers.add(timer)
    return () => void timers.delete(timer)
  }
  return {
    env: createEnv({ clock: { ...clock, after, monotonic: () => nowMs } }),
    pass: ms => {
      nowMs += ms
      for (const timer of [...timers]) if (timer.dueMs <= nowMs && timers.delete(timer)) timer.fire()
    },
  }
}

/** Waits until something holds that datagrams bring about. */
async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { interval: 2 }).toBe(true)
}

describe('datagrams to a virtual address', () => {
  test('of one sender reach one endpoint, and answers find their way; senders are spread', async () => {
    const [a, b] = [await backend('a'), await backend('b')]
    const w = await world()
    w.set(endpointOf(a), endpointOf(b))
    const senders = [await socket(), await socket()] as const
    const first = [await w.ask(senders[0], '1'), await w.ask(senders[1], '1')]
    expect([...first].sort()).toEqual(['a 1', 'b 1'])
    expect([await w.ask(senders[0], '2'), await w.ask(senders[1], '2')]).toEqual(
      first.map(text => text.replace('1', '2')),
    )
    expect(w.proxy.stats(key)).toMatchObject({ active: 2, accepted: 2, refused: 0 })
    expect(w.proxy.stats(key)?.listeners[0]).toMatchObject({ protocol: 'UDP', port: 53, state: 'listening' })
  })

  test('a sender that never hears back leaves a removed endpoint with the acknowledgement', async () => {
    const [a, b] = [await backend('a', true), await backend('b', true)]
    const w = await world()
    w.set(endpointOf(a))
    const sender = await socket()
    w.send(sender, '1')
    await until(() => a.heard.length === 1)
    w.set(endpointOf(b))
    w.send(sender, '2')
    await until(() => b.heard.length === 1)
    expect([a.heard, b.heard]).toEqual([['1'], ['2']])
  })

  test('also when none is left; it finds the first new one, and what was sent between is dropped', async () => {
    const [a, b] = [await backend('a', true), await backend('b', true)]
    const w = await world()
    w.set(endpointOf(a))
    const sender = await socket()
    w.send(sender, '1')
    await until(() => a.heard.length === 1)
    w.set()
    w.send(sender, '2')
    await until(() => w.proxy.stats(key)?.refusals['no-endpoint'] === 1)
    expect(w.proxy.stats(key)?.active).toBe(0)
    w.set(endpointOf(b))
    w.send(sender, '3')
    await until(() => b.heard.length === 1)
    expect([a.heard, b.heard]).toEqual([['1'], ['3']])
  })

  test('an endpoint that is unready keeps those it answers until it is removed; then it is drained', async () => {
    const [a, b] = [await backend('a'), await backend('b')]
    const w = await world()
    w.set(endpointOf(a))
    const sender = await socket()
    expect(await w.ask(sender, '1')).toBe('a 1')
    w.set(endpointOf(a, { ready: false }), endpointOf(b))
    expect(await w.ask(sender, '2')).toBe('a 2')
    expect(await w.ask(await socket(), '3')).toBe('b 3')
    let isDrained = false
    const drained = w.proxy.drained(key, 'a').then(() => (isDrained = true))
    await Promise.resolve()
    expect(isDrained).toBe(false)
    w.set(endpointOf(b))
    await drained
    expect(await w.ask(sender, '4')).toBe('b 4')
  })

  test('an unready endpoint that stops answering loses its senders, however much they send', async () => {
    const time = handTime()
    const [a, b] = [await backend('a'), await backend('b')]
    const w = await world({ udpIdleMs: 700, env: time.env })
    w.set(endpointOf(a))
    const sender = await socket()
    expect(await w.ask(sender, '1')).toBe('a 1')
    a.isSilent = true
    w.set(endpointOf(a, { ready: false }), endpointOf(b))
    time.pass(400)
    w.send(sender, '2')
    await until(() => a.heard.length === 2)
    time.pass(400)
    expect(await w.ask(sender, '3')).toBe('b 3')
    expect(w.proxy.stats(key)?.endpoints['a']?.active).toBe(0)
  })

  test('an address that is in use is tried again without a socket left behind each time', async () => {
    const taken = await socket()
    const { port } = taken.address()
    const retries: (() => void)[] = []
    const { clock } = createEnv()
    const after: Clock['after'] = (_, fire) => {
      retries.push(fire)
      return () => {}
    }
    const env = createEnv({ clock: { ...clock, after }, logger: silentLogger })
    const registry = createRegistry()
    const ports = [{ name: 'dns', port: 53, protocol: 'UDP' }] as const
    const service = { namespace: 'prod', name: 'dns', mode: 'vip', vips: ['127.64.7.2'], ports } as const
    registry.apply(1, [{ op: 'set-service', service: service }, { op: 'synced' }])
    const descriptors = (): number => readdirSync('/proc/self/fd').length
    const proxy = serveVips(registry, { bind: () => ({ host: '127.0.0.1', port }), env })
    onTestFinished(() => proxy.close())
    const counts: number[] = []
    for (let round = 0; round < 4; round++) {
      await expect(proxy.listening()).rejects.toMatchObject({ code: 'AlreadyExists' })
      await setImmediate()
      counts.push(descriptors())
      retries.pop()?.()
    }
    expect(new Set(counts).size).toBe(1)
  })

  test('an endpoint that comes back at another address takes its senders along', async () => {
    const [old, moved] = [await backend('old'), await backend('moved')]
    const w = await world()
    w.set({ ...endpointOf(old), id: 'same' })
    const sender = await socket()
    expect(await w.ask(sender, '1')).toBe('old 1')
    w.set({ ...endpointOf(moved), id: 'same' })
    expect(await w.ask(sender, '2')).toBe('moved 2')
  })

  test('an endpoint where nothing listens costs a datagram, and is counted', async () => {
    const [a, b] = [await backend('a'), await backend('b')]
    const w = await world()
    w.set(endpointOf(a))
    a.close()
    const sender = await socket()
    await until(() => {
      w.send(sender, '1')
      return (w.proxy.stats(key)?.endpoints['a']?.failures ?? 0) > 0
    })
    w.set(endpointOf(b))
    expect(await w.ask(sender, '2')).toMatch(/^b /)
  })

  test('a client that is kept at an endpoint leaves it when its port refuses; alone, it is tried again', async () => {
    const [a, b] = [await backend('a'), await backend('b')]
    const w = await world({}, { sessionAffinity: 'ClientIP' })
    const sender = await socket()
    w.set(endpointOf(a))
    expect(await w.ask(sender, '1')).toBe('a 1')
    w.set(endpointOf(a), endpointOf(b))
    expect(await w.ask(sender, '2')).toBe('a 2')
    a.close()
    const heard = once(sender, 'message')
    await until(() => {
      w.send(sender, '3')
      return b.heard.length > 0
    })
    expect(String((await heard)[0])).toBe('b 3')
    expect(await w.ask(await socket(), '4')).toBe('b 4')
    // Refused a moment ago, but there is nothing else.
    w.set(endpointOf(a))
    const again = createSocket('udp4').bind(a.port, '127.0.0.1')
    onTestFinished(() => void again.close())
    again.on('message', (_bytes, peer) => again.send('back', peer.port, peer.address))
    await once(again, 'listening')
    expect(await w.ask(await socket(), '5')).toBe('back')
  })

  test('more senders than allowed: the one not heard for longest loses its place', async () => {
    const a = await backend('a')
    const w = await world({ maxFlows: 2 })
    w.set(endpointOf(a))
    const senders = [await socket(), await socket(), await socket()] as const
    for (const [i, sender] of senders.entries()) await w.ask(sender, String(i))
    expect(w.proxy.stats(key)).toMatchObject({ active: 2, accepted: 3, evicted: 1, refused: 0 })
    await w.ask(senders[2], 'again')
    expect(w.proxy.stats(key)?.accepted).toBe(3)
    await w.ask(senders[0], 'again')
    expect(w.proxy.stats(key)).toMatchObject({ active: 2, accepted: 4, evicted: 2 })
  })

  test('an endpoint with all that one may have gets no more; with no other one the datagram is dropped', async () => {
    const a = await backend('a')
    const w = await world({ maxConnectionsPerEndpoint: 1 })
    w.set(endpointOf(a))
    expect(await w.ask(await socket(), '1')).toBe('a 1')
    w.send(await socket(), '2')
    await until(() => w.proxy.stats(key)?.refusals['no-endpoint'] === 1)
    expect(a.heard).toEqual(['1'])
  })

  test('a flow without a datagram for its time ends', async () => {
    const time = handTime()
    const a = await backend('a')
    const w = await world({ udpIdleMs: 700, env: time.env })
    w.set(endpointOf(a))
    await w.ask(await socket(), '1')
    time.pass(700)
    expect(w.proxy.stats(key)?.active).toBe(0)
  })

  test('closing ends listeners and flows', async () => {
    const a = await backend('a')
    const w = await world()
    w.set(endpointOf(a))
    const sender = await socket()
    await w.ask(sender, '1')
    const stats = w.proxy.stats(key)
    await w.proxy.close()
    w.send(sender, '2')
    const again = createSocket('udp4')
    onTestFinished(() => void again.close())
    again.bind(stats?.listeners[0]?.boundPort, '127.0.0.1')
    await once(again, 'listening')
    expect(a.heard).toEqual(['1'])
  })
})
