import { createSeededRandom } from '../../../src/core/index.js'
import { encodeDnsMessage } from '../../../src/discovery/dns/dns-encode.js'
import type { DnsMessage } from '../../../src/discovery/dns/dns-message.js'
import { dnsQuery } from '../../../src/discovery/dns/dns-message.js'
import { parseDnsMessage } from '../../../src/discovery/dns/dns-parse.js'
import type { DnsRecord } from '../../../src/discovery/dns/dns-record.js'
import { createDnsResponder } from '../../../src/discovery/dns/dns-responder.js'
import { readForwardedAnswer } from '../../../src/discovery/dns/forwarded-answer.js'
import { createRegistry, kubernetesNames } from '../../../src/discovery/index.js'

const NAMES = [
  'web.prod.svc.cluster.local.',
  'h.prod.svc.cluster.local.',
  'no.example.',
  '.',
  'a\\.b.example.',
]

const records = (name: string): readonly DnsRecord[] => [
  { type: 'A', name, ttl: 5, address: '192.0.2.1' },
  { type: 'CNAME', name, ttl: 5, target: 'web.prod.svc.cluster.local.' },
  { type: 'SRV', name, ttl: 5, priority: 0, weight: 1, port: 80, target: name },
  { type: 'TXT', name, ttl: 5, strings: ['a', 'b'] },
  { type: 'OPAQUE', name, ttl: 5, typeCode: 15, classCode: 1, bytes: Uint8Array.from([0, 10, 1, 97, 0]) },
]

/** How often each thing came of a packet. */
export interface FuzzCounts {
  readonly answered: number
  readonly silent: number
}

/**
 * Sends so many damaged packets to the decoder, the responder and the reader of forwarded answers. Throws at the first one
 * that breaks a law: nothing throws; a response is a readable message with the packet's id, within the limit; what the
 * decoder reads is the same after it was written and read again.
 */
export function fuzzDns({ packets, seed }: { readonly packets: number; readonly seed: number }): FuzzCounts {
  const random = createSeededRandom(seed)
  const upTo = (max: number): number => Math.floor(random.next() * max)
  const registry = createRegistry({ profiles: [kubernetesNames()] })
  const ports = [{ name: 'http', port: 80, protocol: 'TCP' }] as const
  const web = { namespace: 'prod', name: 'web', mode: 'vip', vips: ['10.96.0.1'], ports } as const
  registry.apply(1, [{ op: 'set-service', service: web }, { op: 'synced' }])
  const responder = createDnsResponder(registry, { cacheBytes: 65_536 })
  const whole = NAMES.flatMap(name => [
    encodeDnsMessage(messageOf(name, [])),
    encodeDnsMessage({ ...messageOf(name, records(name)), response: true }),
  ])
  const query = whole[0] as Uint8Array
  const counts = { answered: 0, silent: 0 }
  for (let i = 0; i < packets; i++) {
    const original = whole[upTo(whole.length)] as Uint8Array
    const bytes = original.slice(0, 1 + upTo(original.length + original.length / 2))
    for (let flips = upTo(4); flips > 0; flips--) bytes[upTo(bytes.length)] = upTo(256)
    const transport = upTo(2) === 0 ? 'udp' : 'tcp'
    const response = responder.respond(bytes, transport)
    if (response === undefined) counts.silent++
    else counts.answered++
    if (response !== undefined) checkResponse(bytes, response)
    readForwardedAnswer(bytes, query)
    checkRoundTrip(bytes)
  }
  return counts
}

function messageOf(name: string, answers: readonly DnsRecord[]): DnsMessage {
  return {
    ...dnsQuery(4711, { name, typeCode: 1 }),
    answers,
    edns: { udpSize: 1232, version: 0, dnssecOk: false },
  }
}

function checkResponse(request: Uint8Array, response: Uint8Array): void {
  const parsed = parseDnsMessage(response)
  const isRight =
    parsed.kind === 'message' &&
    parsed.message.response &&
    response[0] === request[0] &&
    response[1] === request[1] &&
    response.length <= 65_535
  if (!isRight) throw new Error(`a wrong response to ${hex(request)}: ${hex(response)}`)
}

function checkRoundTrip(bytes: Uint8Array): void {
  const parsed = parseDnsMessage(bytes)
  if (parsed.kind !== 'message') return
  const again = parseDnsMessage(encodeDnsMessage(parsed.message))
  if (again.kind !== 'message' || textOf(again.message) !== textOf(parsed.message))
    throw new Error(`not the same when it is written and read again: ${hex(bytes)}`)
}

/** Compression may take the spelling of an earlier name. */
function textOf(message: DnsMessage): string {
  return JSON.stringify(message).toLowerCase()
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
