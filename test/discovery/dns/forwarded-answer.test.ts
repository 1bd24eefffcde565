import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeDnsMessage } from '../../../src/discovery/dns/dns-encode.js'
import type { DnsMessage } from '../../../src/discovery/dns/dns-message.js'
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

test('a request in a Buffer keeps its spelling, whatever is kept of it', () => {
  const registry = createRegistry({ profiles: [kubernetesNames()] })
  registry.apply(1, [{ op: 'synced' }])
  const responder = createDnsResponder(registry)
  const request = Buffer.from(forwardedQuery(1, { ...QUESTION, name: 'NO.prod.SVC.cluster.local.' }, WANTS))
  const before = Buffer.from(request)
  responder.respond(request, 'udp')
  expect(request.equals(before)).toBe(true)
})
