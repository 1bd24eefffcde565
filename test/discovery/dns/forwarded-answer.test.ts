import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeDnsMessage } from '../../../src/discovery/dns/dns-encode.js'
import type { DnsMessage } from '../../../src/discovery/dns/dns-message.js'
import { readName } from '../../../src/discovery/dns/dns-name.js'
import { parseDnsMessage } from '../../../src/discovery/dns/dns-parse.js'
import type { DnsRecord } from '../../../src/discovery/dns/dns-record.js'
import { createDnsResponder } from '../../../src/discovery/dns/dns-responder.js'
import {
  forwardedQuery,
  forwardedResponse,
  readForwardedAnswer,
} from '../../../src/discovery/dns/forwarded-answer.js'
import type { PlainRequest } from '../../../src/discovery/dns/plain-request.js'
import { readPlainRequest } from '../../../src/discovery/dns/plain-request.js'
import { createRegistry, kubernetesNames } from '../../../src/discovery/index.js'

const WANTS = { dnssecOk: false, checkingDisabled: false, ednsBytes: 1232 }
const QUESTION = { name: 'web.example.', typeCode: 1, aliases: [] }

function messageOf(bytes: Uint8Array): DnsMessage {
  const parsed = parseDnsMessage(bytes)
  if (parsed.kind !== 'message') throw new Error('unreadable')
  return parsed.message
}

function plainOf(request: Uint8Array): PlainRequest {
  const plain: PlainRequest = { hash: 0, end: 0, recursionDesired: false, udpSize: -1, dnssecOk: false }
  if (!readPlainRequest(request, plain)) throw new Error('no plain request')
  return plain
}

const record: fc.Arbitrary<DnsRecord> = fc.oneof(
  fc.record({
    type: fc.constant('A' as const),
    name: fc.constantFrom('web.example.', 'b.example.'),
    ttl: fc.integer({ min: 0, max: 100_000 }),
    address: fc.constantFrom('192.0.2.1', '192.0.2.2'),
  }),
  fc.record({
    type: fc.constant('OPAQUE' as const),
    name: fc.constant('web.example.'),
    ttl: fc.integer({ min: 0, max: 100_000 }),
    typeCode: fc.constant(46),
    classCode: fc.constant(1),
    bytes: fc.uint8Array({ maxLength: 300 }),
  }),
)
const edns = fc.option(
  fc.record({
    udpSize: fc.integer({ min: 0, max: 65_535 }),
    version: fc.constant(0),
    dnssecOk: fc.boolean(),
  }),
  { nil: undefined },
)

describe('an answer of another server, sent on', () => {
  test("has its records with TTLs lower by its age, the client's id, spelling and OPT, and fits", () => {
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 12 }),
        fc.array(record, { maxLength: 3 }),
        fc.record({ asked: edns, answered: edns }),
        fc.constantFrom<'udp' | 'tcp'>('udp', 'tcp'),
        fc.integer({ min: 0, max: 5000 }),
        (answers, additional, { asked, answered }, transport, ageSeconds) => {
          const query = forwardedQuery(1, QUESTION, WANTS)
          const upstream = encodeDnsMessage({
            ...messageOf(query),
            response: true,
            authoritative: true,
            answers,
            additional,
            ...(answered === undefined ? {} : { edns: answered }),
          })
          const read = readForwardedAnswer(upstream, query)
          if (read.kind !== 'answer') throw new Error(read.kind)
          const request = forwardedQuery(99, { ...QUESTION, name: 'WEB.Example.' }, WANTS).subarray(0, 29)
          const plainRequest = encodeDnsMessage({
            ...messageOf(Buffer.concat([request.subarray(0, 11), Buffer.from([0]), request.subarray(12)])),
            ...(asked === undefined ? {} : { edns: asked }),
          })
          const bytes = forwardedResponse(read.answer, {
            request: plainRequest,
            plain: plainOf(plainRequest),
            transport,
            ednsBytes: 1232,
            ageSeconds,
            aliases: [],
          })
          const limit = asked === undefined ? 512 : Math.max(512, Math.min(1232, asked.udpSize))
          if (transport === 'udp') expect(bytes.length).toBeLessThanOrEqual(limit)
          const message = messageOf(bytes)
          expect(message).toMatchObject({
            id: 99,
            response: true,
            authoritative: false,
            recursionAvailable: true,
          })
          expect(message.questions[0]?.name).toBe('WEB.Example.')
          expect(message.edns === undefined).toBe(asked === undefined)
          if (message.truncated) return expect(message.answers).toEqual([])
          const older = (records: readonly DnsRecord[]): readonly DnsRecord[] =>
            records.map(one => ({ ...one, ttl: Math.max(0, one.ttl - ageSeconds) }))
          const low = (records: readonly DnsRecord[]): unknown =>
            records.map(one => ({ ...one, name: one.name.toLowerCase() }))
          expect(low(message.answers)).toEqual(older(answers))
          expect(low(message.additional)).toEqual(older(additional))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('any bytes are read without an error, and none that is changed in id or question is taken', () => {
    const query = forwardedQuery(7, QUESTION, WANTS)
    const good = encodeDnsMessage({ ...messageOf(query), response: true })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), bytes => {
        expect(['answer', 'failed', 'truncated', 'other']).toContain(readForwardedAnswer(bytes, query).kind)
      }),
      { numRuns: 500 },
    )
    for (let at = 0; at < 29; at++) {
      if (at >= 2 && at < 12) continue
      const forged = new Uint8Array(good)
      forged[at] = (forged[at] as number) ^ 1
      expect(readForwardedAnswer(forged, query).kind, `byte ${at}`).toBe('other')
    }
  })
})

/** The response of another server with these fields, and what is read of it. */
function readOf(fields: Partial<DnsMessage>, typeCode = 1): ReturnType<typeof readForwardedAnswer> {
  const query = forwardedQuery(7, { ...QUESTION, typeCode }, WANTS)
  return readForwardedAnswer(encodeDnsMessage({ ...messageOf(query), response: true, ...fields }), query)
}

const name = 'web.example.'
const alias: DnsRecord = { type: 'CNAME', name, ttl: 600, target: 'b.example.' }
const address: DnsRecord = { type: 'A', name: 'b.example.', ttl: 300, address: '192.0.2.1' }
const soa = (ttl: number, minimum: number): DnsRecord => ({
  ...({ type: 'SOA', name: 'example.', ttl, primary: 'a.', mailbox: 'b.' } as const),
  ...{ serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
})

test.each<readonly [string, Partial<DnsMessage>, number]>([
  ['an alias and its target', { answers: [alias, address] }, 300],
  ['an alias to nothing of the type', { answers: [alias], authority: [soa(900, 5)] }, 5],
  ['an alias to nothing, with no SOA', { answers: [alias] }, 0],
  ['an alias to no name', { rcode: 3, answers: [alias], authority: [soa(30, 900)] }, 30],
  ['a TTL with the highest bit', { answers: [{ ...address, ttl: 2 ** 31 }] }, 0],
  ['a day', { answers: [{ ...address, ttl: 86_400 }] }, 3600],
])('how long is kept: %s', (_, fields, ttlSeconds) => {
  expect(readOf(fields)).toMatchObject({ kind: 'answer', answer: { ttlSeconds } })
})

test('a response code whose high bits are in OPT is a failure', () => {
  const edns = { udpSize: 1232, version: 0, dnssecOk: false }
  expect(readOf({ rcode: 16, edns })).toEqual({ kind: 'failed', rcode: 16 })
})

test('a response of another opcode or to another type is none, also where the types look like letters', () => {
  expect(readOf({ opcode: 4 })).toEqual({ kind: 'other' })
  expect(readOf({ questions: [{ name, typeCode: 97, classCode: 1 }] }, 65)).toEqual({ kind: 'other' })
})

test.each([0, 3, 5])('an answer without its question is none, an error is one: response code %i', rcode => {
  expect(readOf({ rcode, questions: [] }).kind).toBe(rcode === 5 ? 'failed' : 'other')
})

test('records behind OPT, which may stand anywhere, are left out with it', () => {
  const query = forwardedQuery(7, QUESTION, WANTS)
  const glue: DnsRecord[] = [{ ...address, name: 'g.example.' }, address]
  const bytes = encodeDnsMessage({
    ...messageOf(query),
    response: true,
    answers: [address],
    additional: glue,
  })
  const parsed = encodeDnsMessage({
    ...messageOf(query),
    response: true,
    answers: [address],
    additional: [glue[0] as DnsRecord],
  })
  const end = parsed.length - 11
  const withOpt = Buffer.concat([parsed, bytes.subarray(end)])
  withOpt[11] = 3
  const read = readForwardedAnswer(withOpt, query)
  if (read.kind !== 'answer') throw new Error(read.kind)
  const { additional, edns: opt } = messageOf(read.answer.bytes)
  expect([additional, opt]).toEqual([[glue[0]], undefined])
})

test('a name has at most 127 pointers, so a message full of pointers to pointers is read soon', () => {
  const query = forwardedQuery(7, QUESTION, WANTS)
  const bytes = new Uint8Array(65_535)
  bytes.set(encodeDnsMessage({ ...messageOf(query), response: true }))
  const start = 29
  bytes[start] = 0
  for (let at = start + 1; at < 16_000; at += 2) {
    const target = at === start + 1 ? start : at - 2
    bytes[at] = 0xc0 | (target >>> 8)
    bytes[at + 1] = target & 255
  }
  expect(readName(bytes, start + 1)).toMatchObject({ name: '.' })
  expect(readName(bytes, start + 1 + 2 * 126)).toMatchObject({ name: '.' })
  expect(readName(bytes, start + 1 + 2 * 127)).toBeUndefined()
})

test('a request in a Buffer keeps its spelling, whatever is kept of it', () => {
  const registry = createRegistry({ profiles: [kubernetesNames()] })
  registry.apply(1, [{ op: 'synced' }])
  const responder = createDnsResponder(registry)
  const request = Buffer.from(forwardedQuery(1, { ...QUESTION, name: 'NO.prod.SVC.cluster.local.' }, WANTS))
  const before = Buffer.from(request)
  responder.respond(request, 'udp')
  expect(request.equals(before)).toBe(true)
})
