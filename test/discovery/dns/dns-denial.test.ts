import fc from 'fast-check'
import { expect, test } from 'vitest'
import { answerDns } from '../../../src/discovery/dns/dns-answer.js'
import { createDenials, soleSoa } from '../../../src/discovery/dns/dns-denial.js'
import { encodeDnsMessage } from '../../../src/discovery/dns/dns-encode.js'
import type { DnsMessage } from '../../../src/discovery/dns/dns-message.js'
import { parseDnsMessage } from '../../../src/discovery/dns/dns-parse.js'
import { createDnsResponder } from '../../../src/discovery/dns/dns-responder.js'
import type { PlainRequest } from '../../../src/discovery/dns/plain-request.js'
import { readPlainRequest } from '../../../src/discovery/dns/plain-request.js'
import { createRegistry, kubernetesNames } from '../../../src/discovery/index.js'

const registry = createRegistry({
  profiles: [
    kubernetesNames({ reverseZones: ['10.in-addr.arpa'] }),
    kubernetesNames({ zone: 'Other.Example' }),
  ],
})
registry.apply(7, [
  {
    op: 'set-service',
    service: { namespace: 'prod', name: 'web', mode: 'vip', vips: ['10.0.0.1'], ports: [] },
  },
  { op: 'synced' },
])

const label = fc.constantFrom(
  'a',
  'WEB',
  'web',
  'prod',
  'svc',
  'cluster',
  'local',
  'x'.repeat(63),
  'a\\.b',
  '\\007cluster',
)
const name = fc
  .tuple(
    fc.array(label, { maxLength: 3 }),
    fc.constantFrom(
      '.cluster.local.',
      '.CLUSTER.local.',
      '.svc.cluster.local.',
      '.other.example.',
      '.10.in-addr.arpa.',
      '.',
    ),
  )
  .map(([labels, zone]) => (labels.length === 0 ? zone.slice(1) || '.' : `${labels.join('.')}${zone}`))

function requestOf(asked: string, typeCode: number, edns: DnsMessage['edns']): Uint8Array {
  return encodeDnsMessage({
    id: 4711,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: typeCode === 1,
    recursionAvailable: false,
    rcode: 0,
    questions: [{ name: asked, typeCode, classCode: 1 }],
    answers: [],
    authority: [],
    additional: [],
    ...(edns === undefined ? {} : { edns }),
  })
}

/** A message with the owners of records in one case: they point to the question, in whatever spelling. */
function messageOf(bytes: Uint8Array | undefined): unknown {
  const parsed = bytes && parseDnsMessage(bytes)
  if (parsed?.kind !== 'message') return parsed
  return JSON.parse(JSON.stringify(parsed.message), (_key, value: unknown) =>
    typeof value === 'string' ? value.toLowerCase() : value,
  )
}

test('a denial that is written directly is the message that the general way makes', () => {
  const denials = createDenials(1400)
  let written = 0
  fc.assert(
    fc.property(
      name,
      fc.constantFrom(1, 28, 33, 16, 99),
      fc.option(
        fc.record({
          udpSize: fc.constantFrom(0, 512, 4096),
          version: fc.constant(0),
          dnssecOk: fc.boolean(),
        }),
        { nil: undefined },
      ),
      (asked, typeCode, edns) => {
        const request = requestOf(asked, typeCode, edns)
        const general = answerDns(request, {
          transport: 'udp',
          ednsBytes: 1400,
          resolve: question => registry.resolve(question),
        })
        expect(messageOf(createDnsResponder(registry, { ednsBytes: 1400 }).respond(request, 'udp'))).toEqual(
          messageOf(general),
        )
        const plain: PlainRequest = { hash: 0, end: 0, recursionDesired: false, udpSize: -1, dnssecOk: false }
        expect(readPlainRequest(request, plain)).toBe(true)
        const resolution = registry.resolve({ name: asked, type: typeCode })
        const soa = soleSoa(resolution)
        if (soa === undefined) return
        const direct = denials.response(request, plain, resolution, soa)
        if (direct === undefined) return
        written++
        expect(messageOf(direct)).toEqual(messageOf(general))
      },
    ),
    { numRuns: 400 },
  )
  expect(written).toBeGreaterThan(80)
})

test('a zone that does not end the name, or a name that only looks like it, is left to the general way', () => {
  const soa = registry.resolve({ name: 'no.svc.cluster.local.', type: 1 }).authority[0]
  if (soa?.type !== 'SOA') throw new Error('no SOA')
  const plain: PlainRequest = { hash: 0, end: 0, recursionDesired: false, udpSize: -1, dnssecOk: false }
  for (const asked of ['no.example.', 'a\\007cluster.local.', 'local.', 'cluster.local.x.']) {
    const request = requestOf(asked, 1, undefined)
    readPlainRequest(request, plain)
    const denial = { rcode: 'NXDOMAIN', authoritative: true } as const
    expect(createDenials(1232).response(request, plain, denial, soa), asked).toBeUndefined()
  }
})
