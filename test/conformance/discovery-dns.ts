import { expect } from 'vitest'
import { encodeDnsMessage } from '../../src/discovery/dns/dns-encode.js'
import type { DnsMessage } from '../../src/discovery/dns/dns-message.js'
import { dnsQuery } from '../../src/discovery/dns/dns-message.js'
import { parseDnsMessage } from '../../src/discovery/dns/dns-parse.js'
import type {
  Endpoint,
  RegisteredService,
  RegistryChange,
  RegistryQuestion,
  RegistrySnapshot,
} from '../../src/discovery/index.js'
import { answerDns, formatRecord, kubernetesNames } from '../../src/discovery/index.js'
import { endpointLabel } from '../../src/discovery/names/kubernetes-service-records.js'
import { resolveWith } from '../../src/discovery/registry/naming-profile.js'
import { applyChanges, emptySnapshot } from '../../src/discovery/registry/registry-snapshot.js'
import { endpointConditions } from '../../src/discovery/services/endpoint-conditions.js'
import type { Case, KubernetesFixture } from './discovery-case.js'

interface Answer {
  readonly rcode: string
  readonly aa: boolean
  readonly answer: readonly string[]
  readonly authority: readonly string[]
  readonly additional: readonly string[]
}

/** Where the file gives the answer of another server and says, in the case's note, that ours differs. */
const OURS: Readonly<Record<string, (theirs: Answer) => Answer>> = {
  // An unnamed port has no name to ask for.
  'k8s-srv-unnamed': theirs => ({
    ...theirs,
    rcode: 'NXDOMAIN',
    answer: [],
    authority: [soa],
    additional: [],
  }),
  // Two addresses behind one target get two shares.
  'k8s-headless-srv': theirs => ({
    ...theirs,
    answer: theirs.answer.map(line =>
      line.includes('dup-name') ? line.replace('SRV 0 16', 'SRV 0 32') : line,
    ),
  }),
}

const soa =
  'cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. $serial 7200 1800 86400 5'
const profiles = [kubernetesNames({ zone: 'cluster.local', ttlSeconds: 5 })]

export function fixtureSnapshot(fixture: KubernetesFixture, synced = true): RegistrySnapshot {
  const changes: RegistryChange[] = fixture.namespaces.map(namespace => ({ op: 'set-namespace', namespace }))
  for (const {
    ns,
    name,
    clusterIPs = [],
    externalName,
    ports = [],
    endpoints = [],
    publishNotReadyAddresses = false,
  } of fixture.services) {
    const mode = externalName !== undefined ? 'external' : clusterIPs[0] === 'None' ? 'headless' : 'vip'
    const service: RegisteredService = {
      namespace: ns,
      name,
      mode,
      vips: mode === 'vip' ? clusterIPs : [],
      ports: ports.map(({ name: portName, port, protocol }) => ({ name: portName, port, protocol })),
      ...(externalName === undefined ? {} : { externalName }),
    }
    const list = endpoints.map((endpoint, i): Endpoint => {
      const ready = endpoint.ready ?? endpoint.podReady ?? true
      const conditions = endpointConditions({
        ready,
        deleting: false,
        publishNotReady: publishNotReadyAddresses,
      })
      const hostname = endpoint.hostname === undefined ? {} : { hostname: endpoint.hostname }
      return { id: `${name}-${i}`, addresses: [endpoint.ip], ports: {}, conditions, ...hostname }
    })
    changes.push(
      { op: 'set-service', service },
      { op: 'set-endpoints', service: `${ns}/${name}`, slice: 's', endpoints: list },
    )
  }
  if (synced) changes.push({ op: 'synced' })
  return applyChanges(emptySnapshot(), 7, changes)
}

const byLine = (lines: readonly string[]): readonly string[] => [...lines].sort()

export function checkAnswer(example: Case, fixture: KubernetesFixture): void {
  const { qname, qtype, synced } = example.input as {
    qname: string
    qtype: RegistryQuestion['type']
    synced?: boolean
  }
  const question = { name: qname, type: qtype }
  const snapshot = fixtureSnapshot(fixture, synced)
  // Where CoreDNS denies a name that has names below it, we do so on request only.
  const isQuirk = example.note?.includes('strictCoreDns') === true
  if (isQuirk)
    expect(resolveWith(profiles, snapshot, question)).toMatchObject({ rcode: 'NOERROR', answers: [] })
  const strict = [kubernetesNames({ zone: 'cluster.local', ttlSeconds: 5, denyEmptyNonTerminals: true })]
  const found = resolveWith(isQuirk ? strict : profiles, snapshot, question)
  const lines = (records: typeof found.answers): readonly string[] =>
    byLine(
      records.map(record =>
        formatRecord(record).replace('hostmaster.cluster.local. 7 ', 'hostmaster.cluster.local. $serial '),
      ),
    )
  const theirs = example.expect as Answer
  const wanted = OURS[example.id]?.(theirs) ?? theirs
  expect({
    rcode: found.rcode,
    aa: found.authoritative,
    answer: lines(found.answers),
    authority: lines(found.authority),
    additional: lines(found.additional),
  }).toEqual({
    rcode: wanted.rcode,
    aa: wanted.aa,
    answer: byLine(wanted.answer),
    authority: byLine(wanted.authority),
    additional: byLine(wanted.additional),
  })
}

export function checkEndpointLabels(example: Case): void {
  const labels = (example.input as readonly [string, string][]).map(([ip, hostname]) =>
    endpointLabel(hostname, ip),
  )
  expect(labels).toEqual(example.expect)
}

/** A registry with one headless service `h.ns` of that many endpoints. */
function headless(count: number): RegistrySnapshot {
  const endpoints = Array.from(
    { length: count },
    (_, i): Endpoint => ({
      id: `e${i}`,
      addresses: [`10.0.${i >> 8}.${i & 255}`],
      ports: {},
      conditions: { ready: true, serving: true, terminating: false },
    }),
  )
  const ports = [{ name: 'http', port: 80, protocol: 'TCP' }] as const
  return applyChanges(emptySnapshot(), 1, [
    { op: 'set-service', service: { namespace: 'ns', name: 'h', mode: 'headless', vips: [], ports } },
    { op: 'set-endpoints', service: 'ns/h', slice: 's', endpoints },
    { op: 'synced' },
  ])
}

interface Request {
  readonly qname: string
  readonly qtype: number
  readonly edns?: { readonly udpSize?: number; readonly version?: number } | null
}

function requestBytes({ qname, qtype, edns }: Request): Uint8Array {
  return encodeDnsMessage({
    ...dnsQuery(9, { name: qname, typeCode: qtype }),
    ...(edns === null || edns === undefined
      ? {}
      : { edns: { udpSize: edns.udpSize ?? 1232, version: edns.version ?? 0, dnssecOk: false } }),
  })
}

function ask(
  snapshot: RegistrySnapshot,
  request: Request,
  transport: 'udp' | 'tcp' = 'udp',
): { bytes: Uint8Array; message: DnsMessage } {
  const resolve = (question: RegistryQuestion) => resolveWith(profiles, snapshot, question)
  const bytes = answerDns(requestBytes(request), { resolve, transport })
  const parsed = bytes === undefined ? undefined : parseDnsMessage(bytes)
  if (bytes === undefined || parsed?.kind !== 'message') throw new Error('no readable response')
  return { bytes, message: parsed.message }
}

const types = { A: 1, SRV: 33 }

export function checkTruncation(example: Case): void {
  const wanted = example.expect as {
    tc: boolean
    answers?: number
    maxBytes?: number
    bytes?: number
    optEchoed?: boolean
    effectiveLimit?: number
  }
  const input = example.input as { qtype?: 'A' | 'SRV'; edns?: Request['edns']; transport?: 'tcp' }
  if (wanted.effectiveLimit !== undefined) return checkLimit(input.edns ?? null, wanted.effectiveLimit)
  const count = Number(/(\d+) (?:ready IPv4 )?endpoints/.exec(example.given ?? '')?.[1] ?? 20)
  const type = input.qtype ?? 'A'
  const qname = type === 'SRV' ? '_http._tcp.h.ns.svc.cluster.local.' : 'h.ns.svc.cluster.local.'
  const { bytes, message } = ask(
    headless(count),
    { qname, qtype: types[type], edns: input.edns ?? null },
    input.transport,
  )
  expect(message.truncated).toBe(wanted.tc)
  expect(message.answers.length).toBe(wanted.answers ?? count)
  if (wanted.maxBytes !== undefined) expect(bytes.length).toBeLessThanOrEqual(wanted.maxBytes)
  if (wanted.bytes !== undefined) expect(bytes.length).toBe(wanted.bytes)
  if (wanted.optEchoed === true) expect(message.edns).toBeDefined()
  if (type === 'SRV') expect(message.additional.length).toBeLessThan(count)
}

/** The answer is as large as the limit allows: one more address record, of 16 bytes, would be over it. */
function checkLimit(edns: NonNullable<Request['edns']> | null, limit: number): void {
  const { bytes, message } = ask(headless(1000), { qname: 'h.ns.svc.cluster.local.', qtype: types.A, edns })
  expect(message.truncated).toBe(true)
  expect(bytes.length).toBeLessThanOrEqual(limit)
  expect(bytes.length).toBeGreaterThan(limit - 16)
}

export function checkHeader(example: Case, fixture: KubernetesFixture): void {
  const resolve = (question: RegistryQuestion) => resolveWith(profiles, fixtureSnapshot(fixture), question)
  const { input } = example
  if (isObject(input) && isObject(input['edns'])) {
    const { edns } = example.input as { edns: { version: number } }
    const { bytes, message } = ask(fixtureSnapshot(fixture), {
      qname: 'kubernetes.default.svc.cluster.local.',
      qtype: 1,
      edns,
    })
    expect({
      extendedRcode: message.rcode,
      rcodeLow4: (bytes[3] as number) & 15,
      optTtlHighByte: bytes[bytes.length - 6],
      answers: message.answers.length,
    }).toEqual(example.expect)
  } else if (isObject(input) && 'qtype' in input) {
    const { qname, qtype } = example.input as { qname: string; qtype: number }
    checkAnswer({ ...example, expect: { ...(example.expect as object), aa: true, additional: [] } }, fixture)
    expect(ask(fixtureSnapshot(fixture), { qname, qtype }).message.rcode).toBe(0)
  } else if (Array.isArray(input)) {
    const outcomes = (example.input as readonly Readonly<Record<string, unknown>>[]).map(fault => {
      const response = answerDns(faulty(fault), { resolve, transport: 'udp' })
      return response === undefined
        ? 'drop'
        : ((response[3] as number) & 15) === 1
          ? 'FORMERR'
          : 'something else'
    })
    expect(outcomes).toEqual(example.expect)
  } else throw new Error(`no runner knows the header case ${example.id}`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A request with one fault. */
function faulty(fault: Readonly<Record<string, unknown>>): Uint8Array {
  const head = (questions: number): number[] => [0, 1, 1, 0, 0, questions, 0, 0, 0, 0, 0, 0]
  const question = [1, 97, 0, 0, 1, 0, 1]
  const [name, value] = Object.entries(fault)[0] as [string, number]
  switch (name) {
    case 'bytes':
      return Uint8Array.from(head(1).slice(0, 11))
    case 'qdcount':
      return Uint8Array.from([...head(value), ...Array.from({ length: value }, () => question).flat()])
    case 'labelLength':
      return Uint8Array.from([...head(1), value, ...new Array<number>(value).fill(97), 0, 0, 1, 0, 1])
    case 'nameLength': {
      const labels = Array.from({ length: 4 }, () => [62, ...new Array<number>(62).fill(97)]).flat()
      const last = value - labels.length - 2
      return Uint8Array.from([
        ...head(1),
        ...labels,
        last,
        ...new Array<number>(last).fill(97),
        0,
        0,
        1,
        0,
        1,
      ])
    }
    case 'pointerLoop':
      return Uint8Array.from([...head(1), 0xc0, 12, 0, 1, 0, 1])
    default:
      throw new Error(`no runner knows the fault ${name}`)
  }
}

/** RFC 2308: a denial is kept for the smaller of the SOA's own TTL and its MINIMUM. Ours are never further apart than 300 s. */
export function checkNegativeTtl(example: Case, fixture: KubernetesFixture): void {
  const found = resolveWith(profiles, fixtureSnapshot(fixture), {
    name: 'nosuch.testns.svc.cluster.local.',
    type: 'A',
  })
  const record = found.authority[0]
  if (record?.type !== 'SOA') throw new Error('no SOA')
  expect({ negativeTtl: Math.min(record.ttl, record.minimum) }).toEqual(example.expect)
}
