import { expect, test } from 'vitest'
import { encodeDnsMessage } from '../../../src/discovery/dns/dns-encode.js'
import type { DnsMessage } from '../../../src/discovery/dns/dns-message.js'
import { parseDnsMessage } from '../../../src/discovery/dns/dns-parse.js'
import type { ResponseRateVerdict } from '../../../src/discovery/dns/response-rate.js'
import { createResponseRateLimit, truncatedResponse } from '../../../src/discovery/dns/response-rate.js'

function response(fields: Partial<DnsMessage> = {}): Uint8Array {
  return encodeDnsMessage({
    id: 7,
    response: true,
    opcode: 0,
    authoritative: true,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    rcode: 0,
    questions: [{ name: 'web.example.', typeCode: 1, classCode: 1 }],
    answers: [{ type: 'A', name: 'web.example.', ttl: 5, address: '192.0.2.1' }],
    authority: [],
    additional: [],
    edns: { udpSize: 1232, version: 0, dnssecOk: false },
    ...fields,
  })
}

const question = (name: string): Partial<DnsMessage> => ({
  questions: [{ name, typeCode: 1, classCode: 1 }],
  answers: [],
})

test.each<readonly [string, readonly (readonly [client: string, response: Uint8Array])[], string]>([
  [
    'one answer, in any spelling',
    [
      ['192.0.2.1', response()],
      ['192.0.2.9', response(question('WEB.example.'))],
    ],
    'network',
  ],
  [
    'denials of random names',
    [
      ['192.0.2.1', response({ ...question('a.example.'), rcode: 3 })],
      ['192.0.2.1', response({ ...question('b.example.'), rcode: 3 })],
    ],
    'network',
  ],
  [
    'clients of one /56',
    [
      ['2001:db8:1:2::1', response()],
      ['2001:db8:1:3::1', response()],
    ],
    'network',
  ],
  [
    'answers to two questions',
    [
      ['192.0.2.1', response()],
      ['192.0.2.1', response(question('b.example.'))],
    ],
    'none',
  ],
  [
    'two networks',
    [
      ['192.0.2.1', response()],
      ['192.0.3.1', response()],
    ],
    'none',
  ],
])('what counts together: %s', (_, pair, shared) => {
  const limit = createResponseRateLimit({ responsesPerSecond: 1, slip: 0 })
  const verdicts = pair.map(([client, bytes]) => limit.decide(client, bytes, 0))
  expect(verdicts).toEqual(['send', shared === 'network' ? 'drop' : 'send'])
})

test('a flood of an hour is forgotten in 15 seconds, and a clock that stands still gives nothing', () => {
  const limit = createResponseRateLimit({ responsesPerSecond: 2, slip: 0 })
  const at = (ms: number): ResponseRateVerdict => limit.decide('192.0.2.1', response(), ms)
  for (let ms = 0; ms < 3_600_000; ms += 100) at(ms)
  expect(at(3_600_000)).toBe('drop')
  expect(at(3_600_000 + 15_000)).toBe('drop')
  expect(at(3_600_000 + 15_500 + 1000)).toBe('send')
})

test('the table is bounded: of more networks than it holds the one not seen for longest is forgotten', () => {
  const limit = createResponseRateLimit({ responsesPerSecond: 1, slip: 0, countersMax: 2 })
  const of = (network: number): ResponseRateVerdict => limit.decide(`192.0.${network}.1`, response(), 0)
  expect([of(1), of(2), of(1), of(3), of(1), of(2)]).toEqual(['send', 'send', 'drop', 'send', 'drop', 'send'])
})

test.each([
  ['with its question', {}, 29],
  ['with nothing but a header', { questions: [], answers: [], rcode: 5 }, 12],
])('what is truncated is whole in itself: %s', (_, fields, length) => {
  const cut = truncatedResponse(response(fields))
  expect(cut).toHaveLength(length)
  const parsed = parseDnsMessage(cut)
  expect(parsed).toMatchObject({ kind: 'message', message: { truncated: true, answers: [], id: 7 } })
})
