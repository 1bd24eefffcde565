import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Clock } from '../../../src/core/index.js'
import { createEnv } from '../../../src/core/index.js'
import type { DnsRecord } from '../../../src/discovery/dns/dns-record.js'
import {
  addresses,
  aliasOf,
  ask,
  askOverTcp,
  at,
  headless,
  read,
  registryOf,
  request,
  respondTo,
  scripted,
  start,
} from '../fixtures/dns-exchange.js'

const tick = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
const noError = { rcode: 0 } as const

test.each([
  ['a dot inside a label', 'login\\.corp.example.', 'login.corp.example.'],
  ['letters beyond ASCII', 'caf\\201.example.', 'caf\\233.example.'],
])('an answer is never given for another name: %s', async (_, asked, victim) => {
  const upstream = await scripted((bytes, reply) => {
    const [question] = read(bytes).questions
    const isVictim = question?.name === victim
    const answers: DnsRecord[] = isVictim ? [{ type: 'A', name: victim, ttl: 60, address: '192.0.2.1' }] : []
    const soa = { type: 'SOA', name: 'example.', ttl: 900, primary: 'a.', mailbox: 'b.' } as const
    const numbers = { serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 900 }
    reply(respondTo(bytes, isVictim ? { answers } : { rcode: 3, authority: [{ ...soa, ...numbers }] }))
  })
  const server = await start(registryOf('cluster.local'), { forward: { zones: { '.': [at(upstream)] } } })
  const both = await Promise.all([asked, victim].map(name => ask(server, request(name))))
  expect(both.map(({ rcode }) => rcode)).toEqual([3, 0])
  const again = await ask(server, request(victim))
  expect([again.rcode, addresses(again)]).toEqual([0, ['192.0.2.1']])
})

test('a zone has the names that end with its labels, not with its text', async () => {
  const corp = await scripted((bytes, reply) => reply(respondTo(bytes, noError)))
  const rest = await scripted((bytes, reply) => reply(respondTo(bytes, { rcode: 3 })))
  const server = await start(registryOf('cluster.local'), {
    forward: { zones: { '.': [at(rest)], 'corp.example': [at(corp)] } },
  })
  expect(await ask(server, request('a.corp\\.example.'))).toMatchObject({ rcode: 3 })
  expect(await ask(server, request('a.CORP.example.'))).toMatchObject(noError)
})

test('a server that refuses with nothing but a header is left for the next one at once', async () => {
  const closed = await start(headless('corp.example', 1), { allow: ['10.0.0.0/8'] })
  const open = await start(headless('corp.example', 1))
  const server = await start(registryOf('cluster.local'), {
    forward: { zones: { '.': [at(closed), at(open)] }, timeoutMs: 60_000 },
  })
  expect(addresses(await ask(server, request('h.prod.svc.corp.example.')))).toEqual(['10.0.0.1'])
})

test('what an alias leads to is answered whole, also in records without a form here', async () => {
  const name = 'mail.corp.example.'
  const upstream = await scripted((bytes, reply) => {
    const exchange = [...Buffer.from('\u0002mx'), 0xc0, 12 + 'mail'.length + 1]
    const mx = { type: 'OPAQUE', name, ttl: 60, typeCode: 15, classCode: 1 } as const
    reply(respondTo(bytes, { answers: [{ ...mx, bytes: Uint8Array.from([0, 10, ...exchange]) }] }))
  })
  const server = await start(aliasOf('mail.corp.example'), { forward: { zones: { '.': [at(upstream)] } } })
  const { answers } = await ask(server, request('alias.prod.svc.cluster.local.', { typeCode: 15 }))
  expect(answers).toMatchObject([
    { type: 'CNAME', target: name },
    {
      type: 'OPAQUE',
      typeCode: 15,
      bytes: Uint8Array.from(Buffer.from('\0\n\u0002mx\u0004corp\u0007example\0')),
    },
  ])
})

test('a zone whose servers are dead takes no places from another', async () => {
  const dead = await scripted(() => {})
  const good = await start(headless('corp.example', 1))
  const server = await start(registryOf('cluster.local'), {
    forward: {
      zones: { 'dead.example': [at(dead)], 'corp.example': [at(good)] },
      pendingMax: 2,
      timeoutMs: 60_000,
    },
  })
  const socket = createSocket('udp4')
  onTestFinished(() => void socket.close())
  for (const id of [1, 2]) socket.send(request(`a${id}.dead.example.`, { id }), server.port, '127.0.0.1')
  while (dead.asked < 2) await tick()
  expect(await ask(server, request('h.prod.svc.corp.example.'))).toMatchObject(noError)
  expect(await ask(server, request('a3.dead.example.'))).toMatchObject({ rcode: 2 })
})

test('a connection whose client waits for another server is not idle', async () => {
  const held: (() => void)[] = []
  const upstream = await scripted((bytes, reply) => held.push(() => reply(respondTo(bytes, noError))))
  const timers: { readonly ms: number; readonly fire: () => void }[] = []
  const { clock } = createEnv()
  const after: Clock['after'] = (ms, fire) => {
    const timer = { ms, fire }
    timers.push(timer)
    return () => void timers.splice(0, timers.length, ...timers.filter(other => other !== timer))
  }
  const server = await start(registryOf('cluster.local'), {
    env: createEnv({ clock: { ...clock, after } }),
    idleMs: 77,
    forward: { zones: { '.': [at(upstream)] } },
  })
  const answered = askOverTcp(server, request('a.example.', { id: 4 }))
  while (held.length === 0) await tick()
  for (const { fire } of timers.filter(({ ms }) => ms === 77)) fire()
  held[0]?.()
  expect((await answered).map(({ id }) => id)).toEqual([4])
})

test('one connection does not take every place of those who wait', async () => {
  const upstream = await scripted(() => {})
  const server = await start(registryOf('cluster.local'), {
    forward: { zones: { '.': [at(upstream)] }, pendingMax: 200, timeoutMs: 60_000 },
  })
  const socket = connect({ port: server.port, host: '127.0.0.1' })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  for (let id = 0; id < 400; id++) {
    const bytes = request(`a${id}.example.`, { id })
    socket.write(Buffer.from([bytes.length >>> 8, bytes.length & 255, ...bytes]))
  }
  while (upstream.asked < 64) await tick()
  const other = createSocket('udp4')
  onTestFinished(() => void other.close())
  other.send(request('other.example.'), server.port, '127.0.0.1')
  while (upstream.asked < 65) await tick()
  expect(upstream.asked).toBe(65)
})

test('a server that asked us is not asked while it is looked at again', async () => {
  const names: string[] = []
  const timers: (() => void)[] = []
  const { clock } = createEnv()
  const after: Clock['after'] = (ms, fire) => {
    if (ms !== 30_000) return clock.after(ms, fire)
    timers.push(fire)
    return () => {}
  }
  const first = await start(registryOf('cluster.local'))
  const { port } = first
  // It asks back what it is asked for, but answers nothing.
  const mirror = createSocket('udp4')
  onTestFinished(() => void mirror.close())
  mirror.on('message', bytes => {
    const [question] = read(bytes).questions
    names.push(question?.name ?? '')
    if (question?.typeCode === 13) mirror.send(bytes, port, '127.0.0.1')
  })
  mirror.bind(0, '127.0.0.1')
  await once(mirror, 'listening')
  await first.close()
  const server = await start(registryOf('cluster.local'), {
    port,
    env: createEnv({ clock: { ...clock, after } }),
    forward: { zones: { '.': [at(mirror.address())] }, timeoutMs: 100 },
  })
  while (timers.length === 0) await tick()
  timers[0]?.()
  expect(await ask(server, request('a.example.'))).toMatchObject({ rcode: 2 })
  expect(names).not.toContain('a.example.')
})

test('a server that stops while questions wait stops at once, and says nothing afterwards', async () => {
  const held: (() => void)[] = []
  const upstream = await scripted((bytes, reply) =>
    held.push(() => reply(respondTo(bytes, { truncated: true }))),
  )
  const server = await start(registryOf('cluster.local'), {
    forward: { zones: { '.': [at(upstream)] }, timeoutMs: 60_000 },
  })
  const socket = createSocket('udp4')
  onTestFinished(() => void socket.close())
  let said = 0
  socket.on('message', () => said++)
  for (let id = 1; id <= 20; id++) socket.send(request(`a${id}.example.`, { id }), server.port, '127.0.0.1')
  while (held.length < 20) await tick()
  const tcp = askOverTcp(server, request('b.example.'))
  for (const reply of held.slice(0, 10)) reply()
  await server.close()
  for (const reply of held.slice(10)) reply()
  await tcp.catch(() => {})
  expect(said).toBe(0)
})
