import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeDnsMessage } from '../../../src/discovery/dns/dns-encode.js'
import type { DnsMessage } from '../../../src/discovery/dns/dns-message.js'
import { dnsQuery } from '../../../src/discovery/dns/dns-message.js'
import { parseDnsMessage } from '../../../src/discovery/dns/dns-parse.js'
import { createDnsResponder } from '../../../src/discovery/dns/dns-responder.js'
import type { RegistryChange, RegistryQuestion } from '../../../src/discovery/index.js'
import { answerDns, createRegistry, kubernetesNames } from '../../../src/discovery/index.js'

const registry = createRegistry({
  profiles: [kubernetesNames({ reverseZones: ['10.in-addr.arpa'], nameServers: ['10.96.0.10'] })],
})
registry.apply(1, [
  {
    op: 'set-service',
    service: {
      namespace: 'prod',
      name: 'web',
      mode: 'vip',
      vips: ['10.96.0.7', 'fd00::7'],
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
    },
  },
  {
    op: 'set-service',
    service: {
      namespace: 'prod',
      name: 'alias',
      mode: 'external',
      vips: [],
      ports: [],
      externalName: 'web.prod.svc.cluster.local',
    },
  },
  {
    op: 'set-service',
    service: {
      namespace: 'prod',
      name: 'loop',
      mode: 'external',
      vips: [],
      ports: [],
      externalName: 'loop.prod.svc.cluster.local',
    },
  },
  {
    op: 'set-service',
    service: {
      namespace: 'prod',
      name: 'away',
      mode: 'external',
      vips: [],
      ports: [],
      externalName: 'www.example.com',
    },
  },
  { op: 'synced' },
])
const resolve = (question: RegistryQuestion) => registry.resolve(question)
const options = { resolve, transport: 'udp' } as const

function request(
  fields: Partial<DnsMessage> & { name?: string; type?: number; classCode?: number },
): Uint8Array {
  const { name = 'web.prod.svc.cluster.local.', type = 1, classCode = 1, ...rest } = fields
  return encodeDnsMessage({
    ...dnsQuery(77, { name, typeCode: type }),
    questions: [{ name, typeCode: type, classCode }],
    ...rest,
  })
}

function ask(fields: Parameters<typeof request>[0]): DnsMessage {
  const parsed = parseDnsMessage(answerDns(request(fields), options) ?? new Uint8Array())
  if (parsed.kind !== 'message') throw new Error('no readable response')
  return parsed.message
}

const targets = ({ answers }: DnsMessage): readonly string[] =>
  answers.map(record =>
    'target' in record ? record.target : 'address' in record ? record.address : record.type,
  )

describe('answering', () => {
  test('random bytes never throw; what is answered has the id and is a response', () => {
    const nearly = fc
      .tuple(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }), fc.nat(60))
      .map(([flips, cut]) => {
        const bytes = request({ edns: { udpSize: 1232, version: 0, dnssecOk: true } })
        for (const [at, value] of flips) bytes[at % bytes.length] = value
        return bytes.subarray(0, bytes.length - (cut > 50 ? cut - 50 : 0))
      })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), nearly), bytes => {
        const response = answerDns(bytes, options)
        if (response === undefined) return
        expect([response[0], response[1], (response[2] as number) >>> 7]).toEqual([bytes[0], bytes[1], 1])
        expect(parseDnsMessage(response).kind).toBe('message')
      }),
      { numRuns: 3000 },
    )
  })

  test.each([
    ['another opcode', { opcode: 4 }, 4],
    ['another class', { classCode: 3 }, 5],
    ['a zone transfer', { type: 252 }, 5],
    ['a name outside', { name: 'example.com.' }, 5],
    ['OPT as a question', { type: 41 }, 1],
    ['an unknown name', { name: 'no.prod.svc.cluster.local.' }, 3],
    ['an unknown type', { type: 999 }, 0],
  ] as const)('%s gets its code', (_what, fields, rcode) => {
    const message = ask(fields)
    expect([message.rcode, message.answers]).toEqual([rcode, []])
  })

  test('a response is not answered', () => {
    expect(answerDns(request({ response: true }), options)).toBeUndefined()
  })

  test('the question comes back in the case that was asked, and so do owner names', () => {
    const name = 'wEb.Prod.SVC.cluster.local.'
    const message = ask({ name })
    expect([message.questions[0]?.name, message.answers[0]?.name]).toEqual([name, name])
  })

  test('EDNS: DO is copied, a tiny size means 512, a newer version is BADVERS', () => {
    expect(ask({ edns: { udpSize: 100, version: 0, dnssecOk: true } }).edns).toEqual({
      udpSize: 1232,
      version: 0,
      dnssecOk: true,
    })
    expect(ask({ edns: { udpSize: 1232, version: 1, dnssecOk: false } }).rcode).toBe(16)
    expect(ask({}).edns).toBeUndefined()
  })

  test('an alias is followed inside the zone, left outside it, and a loop ends', () => {
    expect(targets(ask({ name: 'alias.prod.svc.cluster.local.' }))).toEqual([
      'web.prod.svc.cluster.local.',
      '10.96.0.7',
    ])
    expect(targets(ask({ name: 'alias.prod.svc.cluster.local.', type: 5 }))).toEqual([
      'web.prod.svc.cluster.local.',
    ])
    expect(targets(ask({ name: 'away.prod.svc.cluster.local.' }))).toEqual(['www.example.com.'])
    expect(targets(ask({ name: 'loop.prod.svc.cluster.local.' }))).toEqual(['loop.prod.svc.cluster.local.'])
  })

  test('aliases of each other end where they began, and a chain after ten of them', () => {
    const aliases = createRegistry({ profiles: [kubernetesNames()] })
    const alias = (from: string, to: string): RegistryChange => {
      const externalName = `${to}.prod.svc.cluster.local`
      const service = {
        namespace: 'prod',
        name: from,
        mode: 'external',
        vips: [],
        ports: [],
        externalName,
      } as const
      return { op: 'set-service', service }
    }
    const chain = Array.from({ length: 30 }, (_, i) => alias(`c${i}`, `c${i + 1}`))
    aliases.apply(1, [alias('ping', 'pong'), alias('pong', 'ping'), ...chain, { op: 'synced' }])
    const followed = (name: string): readonly unknown[] =>
      aliases
        .resolve({ name: `${name}.prod.svc.cluster.local.`, type: 'A' })
        .answers.map(record => record.type === 'CNAME' && record.target.split('.')[0])
    expect(followed('ping')).toEqual(['pong', 'ping'])
    expect(followed('c0')).toEqual(Array.from({ length: 10 }, (_, i) => `c${i + 1}`))
  })

  test('names with something below exist: NODATA, not NXDOMAIN', () => {
    const zone = 'cluster.local.'
    for (const name of [
      zone,
      `svc.${zone}`,
      `prod.svc.${zone}`,
      `_tcp.web.prod.svc.${zone}`,
      `pod.${zone}`,
      '10.in-addr.arpa.',
    ]) {
      expect(ask({ name, type: 16 }).rcode, name).toBe(0)
    }
    expect(ask({ name: `_udp.web.prod.svc.${zone}` }).rcode).toBe(3)
  })

  test('the zone has SOA, NS and a version; ANY gets one record set', () => {
    expect(ask({ name: 'cluster.local.', type: 6 }).answers).toMatchObject([{ type: 'SOA', serial: 1 }])
    expect(ask({ name: 'cluster.local.', type: 2 }).answers).toMatchObject([
      { target: 'ns.dns.cluster.local.' },
    ])
    expect(ask({ name: 'cluster.local.', type: 2 }).additional).toMatchObject([
      { name: 'ns.dns.cluster.local.', type: 'A', address: '10.96.0.10' },
    ])
    expect(ask({ name: 'cluster.local.', type: 6 }).additional).toEqual([])
    expect(ask({ name: 'ns.dns.cluster.local.' }).answers).toMatchObject([{ address: '10.96.0.10' }])
    expect(ask({ name: 'dns-version.cluster.local.', type: 16 }).answers).toMatchObject([
      { strings: ['1.1.0'], ttl: 28_800 },
    ])
    expect(ask({ type: 255 }).answers).toMatchObject([{ type: 'A' }])
  })
})

describe('reverse names', () => {
  const rcodeOf = (name: string): unknown => registry.resolve({ name, type: 'PTR' }).rcode

  test('those of other networks are not served; in a reverse zone what is missing is denied with SOA', () => {
    expect(rcodeOf('8.8.8.8.in-addr.arpa.')).toBe('REFUSED')
    expect(rcodeOf('8.in-addr.arpa.')).toBe('REFUSED')
    expect(registry.resolve({ name: '9.0.96.10.in-addr.arpa.', type: 'PTR' })).toMatchObject({
      rcode: 'NXDOMAIN',
      authority: [{ type: 'SOA', name: '10.in-addr.arpa.' }],
    })
  })
})

describe('EDNS', () => {
  const opt = [0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0]
  const question = [1, 97, 0, 0, 1, 0, 1]
  const message = (flags: number, questions: number, body: readonly number[]): Uint8Array =>
    Uint8Array.of(0, 9, flags, 0, 0, questions, 0, 0, 0, 0, 0, 1, ...body, ...opt)

  test.each([
    ['another opcode', message(0x28, 1, question), 4],
    ['no question', message(1, 0, []), 1],
    ['two questions', message(1, 2, [...question, ...question]), 1],
    ['a label that is too long', message(1, 1, [70, ...question]), 1],
    ['another class', message(1, 1, [1, 97, 0, 0, 1, 0, 3]), 5],
    ['a name that is not served', message(1, 1, question), 5],
  ])('the answer to a request with OPT has OPT: %s', (_what, bytes, rcode) => {
    const parsed = parseDnsMessage(answerDns(bytes, options) ?? new Uint8Array())
    expect(parsed).toMatchObject({ message: { id: 9, rcode, edns: { udpSize: 1232, version: 0 } } })
  })

  test('the answer to a request without OPT has none', () => {
    const parsed = parseDnsMessage(
      answerDns(Uint8Array.of(0, 9, 0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0), options) ?? new Uint8Array(),
    )
    expect(parsed.kind === 'message' && parsed.message.edns).toBeUndefined()
  })
})

describe('responder', () => {
  const labels = ['web', 'WEB', 'wEb', 'alias', 'no', 'away'] as const
  const question = fc.record({
    id: fc.nat(65_535),
    name: fc.constantFrom(...labels).map(label => `${label}.prod.svc.cluster.local.`),
    type: fc.constantFrom(1, 28, 33, 16, 255),
    recursionDesired: fc.boolean(),
    edns: fc.option(
      fc.record({
        udpSize: fc.constantFrom(100, 512, 1232, 4096),
        version: fc.nat(1),
        dnssecOk: fc.boolean(),
      }),
      { nil: undefined },
    ),
  })
  const bytesOf = ({
    edns,
    ...fields
  }: typeof question extends fc.Arbitrary<infer T> ? T : never): Uint8Array =>
    request({ ...fields, ...(edns === undefined ? {} : { edns }) })

  test('what it gives is what would be made for the request alone, whatever was asked before', () => {
    fc.assert(
      fc.property(fc.array(question, { maxLength: 20 }), questions => {
        const responder = createDnsResponder(registry, { cacheBytes: 1500 })
        for (const fields of questions)
          expect(responder.respond(bytesOf(fields), 'udp')).toEqual(answerDns(bytesOf(fields), options))
      }),
    )
  })

  test('and so it is while services come and go', () => {
    const vip = (name: string, last: number) =>
      ({
        op: 'set-service',
        service: { namespace: 'prod', name, mode: 'vip', vips: [`10.96.0.${last}`], ports: [] },
      }) as const
    const step = fc.oneof(
      question.map(fields => ({ fields })),
      fc.record({ name: fc.constantFrom('web', 'no', 'other'), last: fc.nat(3) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const changing = createRegistry({ profiles: [kubernetesNames()] })
        const responder = createDnsResponder(changing)
        const fresh = {
          resolve: (asked: RegistryQuestion) => changing.resolve(asked),
          transport: 'udp',
        } as const
        for (const one of steps) {
          if ('fields' in one)
            expect(responder.respond(bytesOf(one.fields), 'udp')).toEqual(
              answerDns(bytesOf(one.fields), fresh),
            )
          else {
            const change =
              one.last === 0
                ? ({ op: 'delete-service', service: `prod/${one.name}` } as const)
                : vip(one.name, one.last)
            changing.apply(changing.revision + 1, [change, { op: 'synced' }])
          }
        }
      }),
    )
  })

  test('an answer is made once for all spellings, ids and EDNS options, and while other services change', () => {
    let made = 0
    const changing = createRegistry({ profiles: [kubernetesNames()] })
    const service = (name: string) =>
      ({
        op: 'set-service',
        service: { namespace: 'prod', name, mode: 'vip', vips: ['10.96.0.1'], ports: [] },
      }) as const
    changing.apply(1, [service('web'), { op: 'synced' }])
    const responder = createDnsResponder({
      get changes() {
        return changing.changes
      },
      changedAt: part => changing.changedAt(part),
      resolve: asked => changing.resolve(asked),
      trace: asked => {
        made++
        return changing.trace(asked)
      },
    })
    for (const [id, name] of ['web', 'WEB', 'weB'].entries()) {
      const bytes = request({ id, name: `${name}.prod.svc.cluster.local.` })
      expect(responder.respond(bytes, 'udp')?.slice(12, bytes.length)).toEqual(bytes.slice(12))
      changing.apply(changing.revision + 1, [service(`other-${id}`)])
    }
    expect(made).toBe(1)
    changing.apply(changing.revision + 1, [service('web')])
    responder.respond(request({ id: 9, name: 'web.prod.svc.cluster.local.' }), 'udp')
    expect(made).toBe(2)
  })

  test('no bytes stop it, and a flood of names keeps its memory', () => {
    const responder = createDnsResponder(registry, { cacheBytes: 10_000 })
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), bytes => void responder.respond(bytes, 'udp')))
    const real = request({})
    fc.assert(
      fc.property(fc.nat(real.length - 1), fc.nat(255), (at, byte) => {
        const changed = real.slice()
        changed[at] = byte
        expect(responder.respond(changed, 'udp')).toEqual(answerDns(changed, options))
      }),
    )
  })
})
