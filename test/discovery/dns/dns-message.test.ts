import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeDnsMessage } from '../../../src/discovery/dns/dns-encode.js'
import type { DnsMessage } from '../../../src/discovery/dns/dns-message.js'
import { canonicalName, nameLabels } from '../../../src/discovery/dns/dns-name.js'
import { parseDnsMessage } from '../../../src/discovery/dns/dns-parse.js'
import type { DnsRecord } from '../../../src/discovery/dns/dns-record.js'
import { fuzzDns } from './dns-fuzz.js'

const u16 = fc.nat(65_535)
const u32 = fc.nat(4_294_967_295)
const label = fc.oneof(
  fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/),
  fc.constantFrom('a\\.b', 'q\\\\', '\\000', '\\255x'),
)
const name = fc
  .array(label, { maxLength: 5 })
  .map(labels => (labels.length === 0 ? '.' : `${labels.join('.')}.`))
const text = fc.string({ unit: fc.nat(255).map(code => String.fromCharCode(code)), maxLength: 40 })
const base = { name, ttl: u32 }
const v6 = fc
  .array(u16, { minLength: 8, maxLength: 8 })
  .map(groups => groups.map(group => group.toString(16)).join(':'))
const record: fc.Arbitrary<DnsRecord> = fc.oneof(
  fc.record({ ...base, type: fc.constant('A' as const), address: fc.ipV4() }),
  fc.record({ ...base, type: fc.constant('AAAA' as const), address: v6 }),
  fc.record({
    ...base,
    type: fc.constantFrom('CNAME' as const, 'NS' as const, 'PTR' as const),
    target: name,
  }),
  fc.record({
    ...base,
    type: fc.constant('SRV' as const),
    priority: u16,
    weight: u16,
    port: u16,
    target: name,
  }),
  fc.record({
    ...base,
    type: fc.constant('TXT' as const),
    strings: fc.array(text, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    ...base,
    type: fc.constant('SOA' as const),
    primary: name,
    mailbox: name,
    serial: u32,
    refresh: u32,
    retry: u32,
    expire: u32,
    minimum: u32,
  }),
  fc.record({
    ...base,
    type: fc.constant('OPAQUE' as const),
    typeCode: fc.constantFrom(13, 99, 65_400),
    classCode: fc.constantFrom(1, 3),
    bytes: fc.uint8Array({ maxLength: 30 }),
  }),
)
const message: fc.Arbitrary<DnsMessage> = fc.record(
  {
    id: u16,
    response: fc.boolean(),
    opcode: fc.nat(15),
    authoritative: fc.boolean(),
    truncated: fc.boolean(),
    recursionDesired: fc.boolean(),
    recursionAvailable: fc.boolean(),
    rcode: fc.nat(15),
    questions: fc.array(fc.record({ name, typeCode: u16, classCode: u16 }), { maxLength: 2 }),
    answers: fc.array(record, { maxLength: 4 }),
    authority: fc.array(record, { maxLength: 2 }),
    additional: fc.array(record, { maxLength: 3 }),
    edns: fc.record({ udpSize: u16, version: fc.nat(255), dnssecOk: fc.boolean() }),
  },
  {
    requiredKeys: [
      ...([
        'id',
        'response',
        'opcode',
        'authoritative',
        'truncated',
        'recursionDesired',
        'recursionAvailable',
      ] as const),
      ...(['rcode', 'questions', 'answers', 'authority', 'additional'] as const),
    ],
  },
)

/** Compression may take the spelling of an earlier name, and addresses come back in canonical form. */
function folded(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, field: unknown) => {
      if (typeof field !== 'string') return field instanceof Uint8Array ? Array.from(field) : field
      if (key === 'address' && field.includes(':')) return expand(field)
      return ['name', 'target', 'primary', 'mailbox'].includes(key) ? field.toLowerCase() : field
    }),
  )
}

/** IPv6 text as the host's URL parser writes it: an oracle that shares no code with the codec. */
function expand(address: string): string {
  return new URL(`http://[${address}]/`).hostname
}

describe('DNS messages', () => {
  test('reading gives back what was written', () => {
    fc.assert(
      fc.property(message, original => {
        const parsed = parseDnsMessage(encodeDnsMessage(original))
        expect(parsed.kind).toBe('message')
        expect(folded(parsed.kind === 'message' && parsed.message)).toEqual(folded(original))
      }),
      { numRuns: 500 },
    )
  })

  test('reading never throws, whatever the bytes', () => {
    const damaged = fc
      .tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }), fc.nat())
      .map(([original, flips, cut]) => {
        const bytes = encodeDnsMessage(original)
        for (const [at, value] of flips) bytes[at % bytes.length] = value
        return bytes.subarray(0, 1 + (cut % bytes.length))
      })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), damaged), bytes => {
        expect(['message', 'malformed', 'noise']).toContain(parseDnsMessage(bytes).kind)
      }),
      { numRuns: 1500 },
    )
  })

  test('packets that are damaged are answered, dropped or refused', () => {
    const { answered, silent } = fuzzDns({ packets: 2000, seed: 7 })
    expect([answered + silent, answered > 400, silent > 400]).toEqual([2000, true, true])
  })

  test('a message is never longer than asked, and TC tells that an answer was left out', () => {
    fc.assert(
      fc.property(message, fc.integer({ min: 200, max: 1500 }), (original, limit) => {
        fc.pre(encodeDnsMessage({ ...original, answers: [], authority: [], additional: [] }).length <= limit)
        const bytes = encodeDnsMessage({ ...original, truncated: false }, limit)
        expect(bytes.length).toBeLessThanOrEqual(limit)
        const parsed = parseDnsMessage(bytes)
        if (parsed.kind !== 'message') throw new Error('unreadable')
        const { answers, authority, truncated, edns } = parsed.message
        const complete =
          answers.length === original.answers.length && authority.length === original.authority.length
        expect(truncated).toBe(!complete)
        expect(edns).toEqual(original.edns)
      }),
      { numRuns: 500 },
    )
  })

  test('names are compressed, SRV targets are not', () => {
    const srv: DnsRecord = {
      type: 'SRV',
      name: 'a.example.',
      ttl: 1,
      priority: 0,
      weight: 0,
      port: 1,
      target: 'a.example.',
    }
    const head = { id: 1, response: true, opcode: 0, authoritative: false, truncated: false, rcode: 0 }
    const flags = {
      ...head,
      recursionDesired: false,
      recursionAvailable: false,
      authority: [],
      additional: [],
    }
    const question = { name: 'A.example.', typeCode: 33, classCode: 1 }
    const bytes = encodeDnsMessage({ ...flags, questions: [question], answers: [srv] })
    expect(bytes.length).toBe(12 + (11 + 4) + (2 + 10 + 6 + 11))
  })

  test('a pointer to itself, forwards or in a circle is malformed', () => {
    const header = [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    for (const tail of [
      [0xc0, 12, 0, 1, 0, 1],
      [0xc0, 20, 0, 1, 0, 1, 0, 0, 0],
      [1, 97, 0xc0, 12, 0, 1, 0, 1],
    ]) {
      expect(parseDnsMessage(Uint8Array.from([...header, ...tail])).kind).toBe('malformed')
    }
  })
})

describe('DNS names', () => {
  test('limits are those of RFC 1035: 63 bytes a label, 255 a name', () => {
    expect(nameLabels(`${'a'.repeat(63)}.`)).toHaveLength(1)
    expect(nameLabels(`${'a'.repeat(64)}.`)).toBeUndefined()
    const long = Array.from({ length: 127 }, () => 'a').join('.')
    expect(nameLabels(`${long}.`)).toHaveLength(127)
    expect(nameLabels(`${long}.a.`)).toBeUndefined()
    expect(nameLabels('a..b.')).toBeUndefined()
  })

  test('comparison ignores ASCII case only, and adds the root dot unless it is there', () => {
    expect(canonicalName('Web.PROD')).toBe('web.prod.')
    expect(canonicalName('É.x.')).toBe('É.x.')
    expect(canonicalName('a\\.')).toBe('a\\..')
    expect(canonicalName('a\\\\.')).toBe('a\\\\.')
  })
})
