import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createEnv } from '../../../src/core/index.js'
import type { DnsMessage } from '../../../src/discovery/dns/dns-message.js'
import { createRegistry } from '../../../src/discovery/index.js'
import type { DnsServerOptions } from '../../../src/discovery/node/index.js'
import { serveDns } from '../../../src/discovery/node/index.js'
import {
  addresses,
  aliasOf,
  ask,
  askOverTcp,
  at,
  freePort,
  headless,
  read,
  recorder,
  registryOf,
  request,
  respondTo,
  scripted,
  start,
} from '../fixtures/dns-exchange.js'

const ALIAS = 'alias.prod.svc.cluster.local.'
const FOREIGN = 'h.prod.svc.corp.example.'

describe('names of other zones', () => {
  test('are refused without servers for them, and to clients that do not want recursion', async () => {
    const upstream = await start(headless('corp.example', 1))
    const alone = await start(registryOf('cluster.local'))
    expect(await ask(alone, request(FOREIGN))).toMatchObject({ rcode: 5, recursionAvailable: false })
    const server = await start(registryOf('cluster.local'), { forward: { zones: { '.': [at(upstream)] } } })
    expect(await ask(server, request(FOREIGN, { recursionDesired: false }))).toMatchObject({ rcode: 5 })
  })

  test('are asked for elsewhere; the answer says that recursion is available and that it is not ours', async () => {
    const upstream = await start(headless('corp.example', 2))
    const server = await start(headless('cluster.local', 1), { forward: { zones: { '.': [at(upstream)] } } })
    const answer = await ask(server, request('H.prod.svc.CORP.example.', { id: 77 }))
    expect(answer).toMatchObject({ id: 77, rcode: 0, recursionAvailable: true, authoritative: false })
    expect(answer.questions[0]?.name).toBe('H.prod.svc.CORP.example.')
    expect([...addresses(answer)].sort()).toEqual(['10.0.0.1', '10.0.0.2'])
    const own = await ask(server, request('h.prod.svc.cluster.local.'))
    expect(own).toMatchObject({ authoritative: true, recursionAvailable: true })
    expect(await ask(server, request('no.prod.svc.corp.example.'))).toMatchObject({ rcode: 3 })
  })

  test('the longest zone that ends a name has it', async () => {
    const corp = await start(headless('corp.example', 1))
    const other = await scripted((bytes, reply) => reply(respondTo(bytes, { rcode: 3 })))
    const server = await start(registryOf('cluster.local'), {
      forward: { zones: { '.': [at(other)], 'Corp.Example': [at(corp)] } },
    })
    expect(addresses(await ask(server, request(FOREIGN)))).toEqual(['10.0.0.1'])
    expect(await ask(server, request('h.prod.svc.othercorp.example.'))).toMatchObject({ rcode: 3 })
    expect(other.asked).toBe(1)
  })

  test('the target of an alias is answered with the alias', async () => {
    const upstream = await start(headless('corp.example', 1))
    const server = await start(aliasOf('h.prod.svc.corp.example'), {
      forward: { zones: { '.': [at(upstream)] } },
    })
    const answer = await ask(server, request(ALIAS))
    expect(answer.answers.map(({ type, name }) => [type, name])).toEqual([
      ['CNAME', ALIAS],
      ['A', FOREIGN],
    ])
    expect((await ask(server, request(ALIAS, { typeCode: 5 }))).answers).toHaveLength(1)
    const missing = await start(aliasOf('no.prod.svc.corp.example'), {
      forward: { zones: { '.': [at(upstream)] } },
    })
    const denied = await ask(missing, request(ALIAS))
    expect(denied.rcode).toBe(3)
    expect(denied.answers.map(({ type }) => type)).toEqual(['CNAME'])
    expect(denied.authority.map(({ type }) => type)).toEqual(['SOA'])
  })

  test('what does not fit a datagram is fetched over TCP, and cut for a client over UDP', async () => {
    const upstream = await start(headless('corp.example', 200))
    const server = await start(registryOf('cluster.local'), { forward: { zones: { '.': [at(upstream)] } } })
    const [whole] = await askOverTcp(server, request(FOREIGN))
    expect(whole?.answers).toHaveLength(200)
    const cut = await ask(server, request(FOREIGN, { id: 9 }))
    expect(cut).toMatchObject({ id: 9, truncated: true, answers: [] })
    expect(cut.edns).toBeUndefined()
    const edns = { udpSize: 4096, version: 0, dnssecOk: false }
    expect((await ask(server, request(FOREIGN, { edns }))).edns).toMatchObject({ udpSize: 1232 })
  })

  test('over one connection what is ours does not wait for others, and a client that has ended gets all', async () => {
    const upstream = await start(headless('corp.example', 3))
    const server = await start(headless('cluster.local', 1), { forward: { zones: { '.': [at(upstream)] } } })
    const responses = await askOverTcp(
      server,
      request(FOREIGN, { id: 1 }),
      request('h.prod.svc.cluster.local.', { id: 2 }),
      request(FOREIGN, { id: 3, typeCode: 28 }),
    )
    expect(responses.map(({ id }) => id)[0]).toBe(2)
    expect(responses.map(({ id }) => id).sort((a, b) => a - b)).toEqual([1, 2, 3])
  })
})

describe('the cache of forwarded answers', () => {
  test('keeps an answer for its least TTL, lower by its age, and denials as long as their SOA says', async () => {
    const clock = { ms: 0 }
    const env = createEnv({ clock: { ...createEnv().clock, monotonic: () => clock.ms } })
    const upstream = await scripted((bytes, reply) => {
      const { name = '' } = read(bytes).questions[0] ?? {}
      const soa = {
        type: 'SOA',
        name: 'example.',
        ttl: 900,
        primary: 'a.',
        mailbox: 'b.',
        serial: 1,
        refresh: 1,
      } as const
      if (name.startsWith('no.'))
        reply(respondTo(bytes, { rcode: 3, authority: [{ ...soa, retry: 1, expire: 1, minimum: 20 }] }))
      else if (name.startsWith('bare.')) reply(respondTo(bytes, { rcode: 3 }))
      else reply(respondTo(bytes, { answers: [{ type: 'A', name, ttl: 60, address: '192.0.2.1' }] }))
    })
    const server = await start(registryOf('cluster.local'), {
      env,
      forward: { zones: { '.': [at(upstream)] } },
    })
    const ttl = async (name: string): Promise<number | undefined> =>
      (await ask(server, request(name))).answers[0]?.ttl
    expect(await ttl('a.example.')).toBe(60)
    clock.ms = 59_900
    expect([await ttl('A.EXAMPLE.'), upstream.asked]).toEqual([1, 1])
    clock.ms = 60_000
    expect([await ttl('a.example.'), upstream.asked]).toEqual([60, 2])
    await ttl('no.example.')
    clock.ms += 19_999
    await ttl('no.example.')
    expect(upstream.asked).toBe(3)
    clock.ms += 1
    await ttl('no.example.')
    expect(upstream.asked).toBe(4)
    await ttl('bare.example.')
    await ttl('bare.example.')
    expect(upstream.asked).toBe(6)
  })

  test('one question of many clients goes out once, and one of another kind is another', async () => {
    const held: (() => void)[] = []
    const upstream = await scripted((bytes, reply) => held.push(() => reply(respondTo(bytes, {}))))
    const server = await start(registryOf('cluster.local'), { forward: { zones: { '.': [at(upstream)] } } })
    const asked = [1, 2, 3].map(id => ask(server, request('a.example.', { id })))
    const signed = ask(server, request('a.example.', { edns: { udpSize: 1232, version: 0, dnssecOk: true } }))
    while (held.length < 2) await new Promise(resolve => setImmediate(resolve))
    for (const reply of held) reply()
    expect((await Promise.all(asked)).map(({ id }) => id)).toEqual([1, 2, 3])
    expect((await signed).edns).toMatchObject({ dnssecOk: true })
    expect(upstream.asked).toBe(2)
  })
})

describe('servers that fail', () => {
  test('the next one is asked, the one that failed comes last for a while, and the log says both', async () => {
    const lines: string[] = []
    const env = createEnv({ logger: recorder(lines) })
    const broken = await scripted((bytes, reply) => reply(respondTo(bytes, { rcode: 2 })))
    const good = await start(headless('corp.example', 1))
    const server = await start(registryOf('cluster.local'), {
      env,
      forward: { zones: { '.': [at(broken), at(good)] } },
    })
    expect(addresses(await ask(server, request(FOREIGN)))).toHaveLength(1)
    expect(await ask(server, request(FOREIGN, { typeCode: 28 }))).toMatchObject({ rcode: 0 })
    expect(broken.asked).toBe(1)
    expect(lines).toEqual(['a DNS server that questions are forwarded to failed'])
  })

  test('silent, closed and absurd servers end in SERVFAIL within their time', async () => {
    const silent = await scripted(() => {})
    const absurd = await scripted((bytes, reply) => {
      reply(bytes)
      reply(bytes.subarray(0, 7))
      reply(respondTo(bytes, { id: (read(bytes).id + 1) & 0xffff }))
      reply(respondTo(bytes, { questions: [{ name: 'evil.example.', typeCode: 1, classCode: 1 }] }))
    })
    const closed = createSocket('udp4')
    closed.bind(0, '127.0.0.1')
    await once(closed, 'listening')
    const gone = at(closed.address())
    closed.close()
    const servers = [at(silent), at(absurd), gone]
    const server = await start(registryOf('cluster.local'), {
      forward: { zones: { '.': servers }, timeoutMs: 50 },
    })
    expect(await ask(server, request('a.example.', { id: 5 }))).toMatchObject({
      id: 5,
      rcode: 2,
      recursionAvailable: true,
    })
    expect([silent.asked, absurd.asked]).toEqual([1, 1])
  })

  test('what cannot be trusted is waited out: the true answer behind forged ones is taken', async () => {
    const upstream = await scripted((bytes, reply) => {
      const forged = {
        answers: [{ type: 'A', name: 'a.example.', ttl: 9, address: '203.0.113.66' }],
      } as const
      for (const offset of [1, 2, 3])
        reply(respondTo(bytes, { ...forged, id: (read(bytes).id + offset) & 0xffff }))
      reply(respondTo(bytes, { answers: [{ type: 'A', name: 'a.example.', ttl: 9, address: '192.0.2.1' }] }))
    })
    const server = await start(registryOf('cluster.local'), { forward: { zones: { '.': [at(upstream)] } } })
    expect(addresses(await ask(server, request('a.example.')))).toEqual(['192.0.2.1'])
  })

  test('more waiting questions than allowed are answered with SERVFAIL at once', async () => {
    const upstream = await scripted(() => {})
    const server = await start(registryOf('cluster.local'), {
      forward: { zones: { '.': [at(upstream)] }, pendingMax: 2, timeoutMs: 60_000 },
    })
    const socket = createSocket('udp4')
    onTestFinished(() => void socket.close())
    for (const id of [1, 2]) socket.send(request(`a${id}.example.`, { id }), server.port, '127.0.0.1')
    while (upstream.asked < 2) await new Promise(resolve => setImmediate(resolve))
    expect(await ask(server, request('a3.example.'))).toMatchObject({ rcode: 2 })
  })

  test('what is kept is answered although no more questions may wait', async () => {
    const upstream = await scripted((bytes, reply) => {
      const { name = '' } = read(bytes).questions[0] ?? {}
      if (name.startsWith('kept.'))
        reply(respondTo(bytes, { answers: [{ type: 'A', name, ttl: 60, address: '192.0.2.1' }] }))
    })
    const server = await start(registryOf('cluster.local'), {
      forward: { zones: { '.': [at(upstream)] }, pendingMax: 1, timeoutMs: 60_000 },
    })
    await ask(server, request('kept.example.'))
    const socket = createSocket('udp4')
    onTestFinished(() => void socket.close())
    socket.send(request('waits.example.'), server.port, '127.0.0.1')
    while (upstream.asked < 2) await new Promise(resolve => setImmediate(resolve))
    expect(await ask(server, request('more.example.'))).toMatchObject({ rcode: 2 })
    expect(addresses(await ask(server, request('kept.example.')))).toEqual(['192.0.2.1'])
  })

  test('two servers that ask each other find out, say so, and fail at once', async () => {
    const lines: string[] = []
    const first = await start(registryOf('cluster.local'))
    const { port } = first
    const second = await start(registryOf('cluster.local'), { forward: { zones: { '.': [at({ port })] } } })
    await first.close()
    const env = createEnv({ logger: recorder(lines) })
    const again = await start(registryOf('cluster.local'), {
      port,
      env,
      forward: { zones: { '.': [at(second)] }, timeoutMs: 60_000 },
    })
    while (lines.length === 0) await new Promise(resolve => setImmediate(resolve))
    expect(lines).toEqual(['a DNS server that questions are forwarded to asks this one: it is not asked'])
    expect(await ask(again, request('a.example.'))).toMatchObject({ rcode: 2 })
  })
})

describe('who may ask', () => {
  test('clients outside the blocks are refused, without a look at the question', async () => {
    const server = await start(headless('cluster.local', 1), { allow: ['10.0.0.0/8', '::1/128'] })
    expect(await ask(server, request('h.prod.svc.cluster.local.'))).toMatchObject({ rcode: 5, answers: [] })
    const open = await start(headless('cluster.local', 1), { allow: ['127.0.0.0/8'] })
    expect(await ask(open, request('h.prod.svc.cluster.local.'))).toMatchObject({ rcode: 0 })
  })

  test('clients outside the blocks of forwarding get what is ours, and no recursion', async () => {
    const upstream = await scripted((bytes, reply) => reply(respondTo(bytes, {})))
    const server = await start(headless('cluster.local', 1), {
      forward: { zones: { '.': [at(upstream)] }, allow: ['10.0.0.0/8'] },
    })
    expect(await ask(server, request('a.example.'))).toMatchObject({ rcode: 5, recursionAvailable: false })
    expect(await ask(server, request('h.prod.svc.cluster.local.'))).toMatchObject({ rcode: 0 })
    expect(upstream.asked).toBe(0)
  })

  test('above the rate every second response is truncated and the others are dropped; TCP has no limit', async () => {
    const server = await start(headless('cluster.local', 1), { responseRate: { responsesPerSecond: 2 } })
    const socket = createSocket('udp4')
    onTestFinished(() => void socket.close())
    const responses: DnsMessage[] = []
    socket.on('message', bytes => responses.push(read(bytes)))
    const name = 'h.prod.svc.cluster.local.'
    for (let id = 1; id <= 10; id++) socket.send(request(name, { id }), server.port, '127.0.0.1')
    while (responses.length < 6) await new Promise(resolve => setImmediate(resolve))
    expect(responses.map(({ truncated }) => truncated)).toEqual([false, false, true, true, true, true])
    expect(await askOverTcp(server, ...[1, 2, 3, 4].map(id => request(name, { id })))).toHaveLength(4)
  })
})

const installed = ['unbound', 'dig'].every(command => spawnSync(command, ['-h']).error === undefined)
const required = process.env['KEELSON_REQUIRE_SERVERS'] === '1'

describe.runIf(installed || required)('in front of unbound (skipped where it is not installed)', () => {
  test('dig reads addresses, mail exchangers, long texts and denials of another zone', async () => {
    const port = await freePort()
    const folder = mkdtempSync(join(tmpdir(), 'unbound-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const long = Array.from(
      { length: 10 },
      (_, i) => `local-data: 'long.other.example. 60 TXT "${String(i).repeat(200)}"'`,
    )
    const lines = [
      `interface: 127.0.0.1@${port}`,
      `directory: "${folder}"`,
      'chroot: ""',
      'username: ""',
      'pidfile: ""',
      'use-syslog: no',
      'local-zone: "other.example." static',
      'local-data: "other.example. 300 SOA ns.other.example. a.other.example. 1 2 3 4 5"',
      'local-data: "www.other.example. 60 A 192.0.2.80"',
      'local-data: "other.example. 60 MX 10 mail.other.example."',
      ...long,
    ]
    const file = join(folder, 'unbound.conf')
    writeFileSync(file, `server:\n${lines.map(line => `  ${line}\n`).join('')}`)
    const unbound = spawn('unbound', ['-d', '-c', file], { stdio: 'ignore' })
    onTestFinished(async () => {
      unbound.kill()
      if (unbound.exitCode === null) await once(unbound, 'exit')
    })
    const server = await start(aliasOf('www.other.example'), {
      forward: { zones: { '.': [`127.0.0.1:${port}`] }, timeoutMs: 500 },
    })
    const dig = async (...args: readonly string[]): Promise<string> => {
      const child = spawn('dig', ['@127.0.0.1', '-p', String(server.port), '+tries=1', '+time=3', ...args])
      let out = ''
      child.stdout.on('data', chunk => (out += String(chunk)))
      await once(child, 'close')
      return out
    }
    await expect.poll(() => dig('+short', 'www.other.example'), { timeout: 20_000 }).toBe('192.0.2.80\n')
    expect(await dig('+short', 'MX', 'other.example')).toBe('10 mail.other.example.\n')
    expect((await dig('+short', 'alias.prod.svc.cluster.local')).split('\n').slice(0, 2)).toEqual([
      'www.other.example.',
      '192.0.2.80',
    ])
    const texts = await dig('TXT', 'long.other.example')
    expect(texts).toMatch(/ANSWER: 10/)
    expect(texts).toContain('Truncated, retrying in TCP mode')
    expect(await dig('no.other.example')).toMatch(/status: NXDOMAIN/)
  })
})

test.each<readonly [DnsServerOptions, string]>([
  [{ forward: { zones: {} } }, 'forward.zones'],
  [{ forward: { zones: { 'a..b': ['9.9.9.9'] } } }, 'forward.zones'],
  [{ forward: { zones: { '.': [] } } }, 'forward.zones["."]'],
  [{ forward: { zones: { '.': ['dns.example'] } } }, 'forward.zones["."][0]'],
  [{ forward: { zones: { '.': ['9.9.9.9:0'] } } }, 'forward.zones["."][0]'],
  [{ forward: { zones: { '.': ['9.9.9.9'] }, pendingMax: 0 } }, 'forward.pendingMax'],
  [{ forward: { zones: { '.': ['9.9.9.9'] }, timeoutMs: -1 } }, 'forward.timeoutMs'],
  [{ forward: { zones: { '.': ['9.9.9.9'] }, allow: ['10.0.0.1/8'] } }, 'forward.allow[0]'],
  [{ allow: ['everybody'] }, 'allow[0]'],
  [{ responseRate: { responsesPerSecond: 0 } }, 'responsesPerSecond'],
])('refused before it listens: %j', async (options, field) => {
  await expect(serveDns(createRegistry(), options)).rejects.toMatchObject({ code: 'Invalid' })
  await expect(serveDns(createRegistry(), options)).rejects.toThrow(field)
})

test.each([
  [{ forward: { zones: { '.': ['9.9.9.9'] }, timeout: 5 } }, 'did you mean timeoutMs?'],
  [{ responseRate: { responsesPerSecond: 5, slips: 1 } }, 'did you mean slip?'],
])('an option that would be ignored is refused: %j', async (options, remedy) => {
  await expect(serveDns(createRegistry(), options)).rejects.toThrow(remedy)
})
