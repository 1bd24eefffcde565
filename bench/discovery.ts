import type { Endpoint, Registry } from 'keelson/discovery'
import { createRegistry, kubernetesNames } from 'keelson/discovery'
import { createAddressPool } from 'keelson/discovery/addresses'
import { maglevPermutation, maglevTable } from 'keelson/discovery/balance'
import { serveDns } from 'keelson/discovery/node'
import { encodeDnsMessage } from '../src/discovery/dns/dns-encode.js'
import { createDnsResponder } from '../src/discovery/dns/dns-responder.js'
import { bench } from './frame/bench.js'
import type { Measurement } from './frame/measure.js'
import { collectGarbage } from './frame/measure.js'
import type { Row } from './frame/row.js'
import type { PeerServer } from './peers/dns-servers.js'
import { serveDns2, serveDnsmasq, serveEcho } from './peers/dns-servers.js'
import type { DnsLoad } from './rows/dns-load.js'
import { openDnsLoader } from './rows/dns-load.js'
import { cpuNsOf } from './rows/process-cpu.js'
import { openTcpProxyBench } from './rows/tcp-proxy.js'
import { openUdpProxyBench } from './rows/udp-proxy.js'

/** Alternating runs of two sides of a ratio; the median counts. */
const ROUNDS = 5
const QUERIES = 20_000
/** About what a busy server answers in 10 ms. */
const QUERIES_PER_CHANGE = 600

const rows: readonly Row[] = [
  {
    name: 'dns-udp',
    title: 'single A over UDP, so many names: CPU per query ÷ that of a raw UDP echo; needs dnsperf',
    unit: 'times',
    target: 1.6,
    sizes: [10_000],
    ours: size => udpAgainst(size, serveEcho, cpuRatio),
  },
  {
    name: 'dns-dnsmasq',
    title: 'the same ÷ that of dnsmasq, which keeps no cache; needs dnsperf and dnsmasq',
    unit: 'times',
    sizes: [10_000],
    ours: size => udpAgainst(size, serveDnsmasq, cpuRatio),
  },
  {
    name: 'dns-dns2',
    title: 'the rate of dns2 ÷ ours; needs dnsperf',
    unit: 'times',
    target: 1 / 6,
    sizes: [10_000],
    ours: size => udpAgainst(size, serveDns2, (ours, other) => other.rate / ours.rate),
  },
  {
    name: 'vip-haproxy',
    title: "requests over so many connections: haproxy's rate ÷ that of the proxy; needs wrk and haproxy",
    unit: 'times',
    target: 2,
    sizes: [32],
    ours: proxyAgainstHaproxy,
  },
  {
    name: 'vip-udp',
    title: 'datagram and answer through the UDP proxy ÷ straight, processor time with client and server',
    unit: 'times',
    target: 2.5,
    sizes: [1],
    ours: udpProxyAgainstEcho,
  },
  {
    name: 'dns-spelling',
    title: 'answer to a random spelling ÷ lower case',
    unit: 'times',
    target: 1.3,
    sizes: [10_000],
    ours: size =>
      ratio(
        () => dns(size, { spelling: 'random' }),
        () => dns(size, {}),
      ),
  },
  {
    name: 'dns-missing',
    title: 'answer to random missing names ÷ hit',
    unit: 'times',
    target: 2,
    sizes: [10_000],
    ours: size =>
      ratio(
        () => dns(size, { missing: true }),
        () => dns(size, {}),
      ),
  },
  {
    name: 'dns-change',
    title: `answer with an unrelated change every ${QUERIES_PER_CHANGE} queries ÷ quiet`,
    unit: 'times',
    target: 1.2,
    sizes: [10_000],
    ours: size =>
      ratio(
        () => dns(size, { changing: true }),
        () => dns(size, {}),
      ),
  },
  {
    name: 'dns-100',
    title: 'answer with 100 addresses ÷ with one',
    unit: 'times',
    target: 1.3,
    sizes: [100],
    ours: size =>
      ratio(
        () => dns(size, { endpoints: 100 }),
        () => dns(size, {}),
      ),
  },
  {
    name: 'change-to-answer',
    title: 'a changed address, until the answer has it; so many services of 100 endpoints',
    unit: 'ms',
    target: 1,
    sizes: [1_000],
    ours: changeToAnswer,
  },
  {
    name: 'heap',
    title: 'heap of a registry, so many services of 100 endpoints; their own objects included',
    unit: 'bytes',
    target: 200 * 2 ** 20,
    sizes: [12_000],
    heapMiB: () => 4_096,
    ours: heapOfRegistry,
  },
  ...(['flipped', 'replaced', 'service'] as const).map(
    (what): Row => ({
      name: what,
      title: {
        flipped: 'one endpoint becomes unready',
        replaced: 'one endpoint is replaced',
        service: 'a new service of 100 endpoints',
      }[what],
      unit: 'ns',
      target: { flipped: 20_000, replaced: 30_000, service: 1_000_000 }[what],
      sizes: [12_000],
      heapMiB: () => 4_096,
      ours: async size => changes(size, what),
    }),
  ),
  {
    name: 'address-99',
    title: 'an address of a /16 that is 99 % full, and its release',
    unit: 'ns',
    target: 1_000,
    sizes: [65_534],
    ours: async size => nearlyFull(size),
  },
  {
    name: 'exhausted',
    title: 'the error of a /16 without a free address',
    unit: 'ns',
    target: 5_000,
    sizes: [65_534],
    ours: async size => exhausted(size),
  },
  {
    name: 'maglev',
    title: 'a Maglev table of 65,537 places for so many endpoints',
    unit: 'ms',
    target: 10,
    sizes: [1_000],
    ours: async size => {
      const permutations = Array.from({ length: size }, (_, i) =>
        maglevPermutation(`10.0.${i >> 8}.${i & 255}:80`),
      )
      return samplesOf(() => timed(() => maglevTable(permutations)))
    },
  },
]

const conditions = { ready: true, serving: true, terminating: false }
const ports = [{ name: 'http', port: 80, protocol: 'TCP' }] as const

function endpointOf(service: number, n: number): Endpoint {
  const id = service * 100 + n
  return {
    id: `e${String(n).padStart(3, '0')}`,
    addresses: [`10.${(id >> 16) & 255}.${(id >> 8) & 255}.${id & 255}`],
    ports: { http: 8080 },
    conditions,
  }
}

const endpointsOf = (service: number, count = 100): readonly Endpoint[] =>
  Array.from({ length: count }, (_, n) => endpointOf(service, n))

const nameOf = (service: number): string => `s${service}.prod.svc.cluster.local.`

/** Services that have one virtual address each, or as many endpoints as asked for. */
function registryOf(size: number, endpoints = 0): Registry {
  const registry = createRegistry({ profiles: [kubernetesNames()] })
  for (let service = 0; service < size; service++) {
    const name = `s${service}`
    const vips = endpoints === 0 ? [`10.96.${service >> 8}.${service & 255}`] : []
    const mode = endpoints === 0 ? 'vip' : 'headless'
    registry.apply(1, [
      { op: 'set-service', service: { namespace: 'prod', name, mode, vips, ports } },
      ...(endpoints === 0
        ? []
        : [
            {
              op: 'set-endpoints',
              service: `prod/${name}`,
              slice: 's',
              endpoints: endpointsOf(service, endpoints),
            } as const,
          ]),
    ])
  }
  registry.apply(1, [{ op: 'synced' }])
  return registry
}

function requestFor(name: string, id = 1, udpSize?: number): Buffer {
  const edns = udpSize === undefined ? {} : { edns: { udpSize, version: 0, dnssecOk: false } }
  const bytes = encodeDnsMessage({
    id,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    rcode: 0,
    questions: [{ name, typeCode: 1, classCode: 1 }],
    answers: [],
    authority: [],
    additional: [],
    ...edns,
  })
  return Buffer.from(bytes)
}

interface Asking {
  readonly spelling?: 'random'
  readonly missing?: boolean
  readonly changing?: boolean
  readonly endpoints?: number
}

/** ns for one answer. */
function dns(size: number, { spelling, missing, changing, endpoints = 0 }: Asking): number {
  const registry = registryOf(size, endpoints)
  const responder = createDnsResponder(registry)
  const spelled = (name: string): string =>
    spelling === undefined
      ? name
      : name.replaceAll(/[a-z]/g, letter => (Math.random() < 0.5 ? letter : letter.toUpperCase()))
  const asked = Array.from({ length: QUERIES }, (_, i) =>
    requestFor(
      missing === true ? `x${i}y${size}.prod.svc.cluster.local.` : spelled(nameOf(i % size)),
      i & 0xffff,
      4096,
    ),
  )
  for (const request of asked) if (missing !== true) responder.respond(request, 'udp')
  let n = 0
  return (
    (timed(() => {
      for (const request of asked) {
        if (changing === true && ++n % QUERIES_PER_CHANGE === 0)
          registry.apply(registry.revision + 1, [
            { op: 'set-service', service: { namespace: 'other', name: 'x', mode: 'vip', vips: [], ports } },
          ])
        responder.respond(request, 'udp')
      }
    }) *
      1e6) /
    QUERIES
  )
}

async function ratio(one: () => number, other: () => number): Promise<Measurement> {
  one()
  other()
  const samples = Array.from({ length: ROUNDS }, () => one() / other())
  return medianOf(samples)
}

function medianOf(samples: readonly number[], note?: string): Measurement {
  const sorted = samples.toSorted((a, b) => a - b)
  const mean = sorted[Math.floor(sorted.length / 2)] ?? 0
  return { samples, mean, ...(note === undefined ? {} : { note }) }
}

/** The addresses of `registryOf(size)`. */
function* recordsOf(size: number): Iterable<readonly [string, string]> {
  for (let service = 0; service < size; service++)
    yield [nameOf(service), `10.96.${service >> 8}.${service & 255}`]
}

/** Our server beside another one: what a query costs the one ÷ the other, in turns. */
async function udpAgainst(
  size: number,
  serve: (records: Iterable<readonly [string, string]>) => Promise<PeerServer | undefined>,
  ratioOf: (ours: DnsLoad, other: DnsLoad) => number,
): Promise<Measurement> {
  const loader = openDnsLoader(Array.from({ length: size }, (_, i) => nameOf(i)))
  const other = loader && (await serve(recordsOf(size)))
  if (loader === undefined || other === undefined)
    return {
      samples: [0],
      mean: 0,
      note: `${loader === undefined ? 'dnsperf' : 'the other'} is not installed`,
    }
  const ours = await serveDns(registryOf(size))
  const notes: string[] = []
  const samples: number[] = []
  const text = ({ rate, cpuNs }: DnsLoad): string =>
    `${Math.round(rate / 1000)} k/s ${(cpuNs / 1000).toFixed(1)} µs`
  for (let round = 0; round < ROUNDS; round++) {
    const own = await loader.against(ours.port)
    const theirs = await loader.against(other.port, other.pid)
    samples.push(ratioOf(own, theirs))
    notes.push(`${text(own)} : ${text(theirs)}`)
  }
  await ours.close()
  await other.close()
  loader.close()
  return medianOf(samples, notes.join(', '))
}

const cpuRatio = (ours: DnsLoad, other: DnsLoad): number => ours.cpuNs / other.cpuNs

async function udpProxyAgainstEcho(): Promise<Measurement> {
  const pair = await openUdpProxyBench()
  const samples: number[] = []
  const notes: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const [straight, proxied] = [await pair.straightNs(), await pair.proxiedNs()]
    samples.push(proxied / straight)
    notes.push(`${(proxied / 1000).toFixed(1)} and ${(straight / 1000).toFixed(1)} µs`)
  }
  await pair.close()
  return medianOf(samples, notes.join(', '))
}

async function proxyAgainstHaproxy(connections: number): Promise<Measurement> {
  const pair = await openTcpProxyBench(connections)
  if (pair === undefined) return { samples: [0], mean: 0, note: 'wrk or haproxy is not installed' }
  const samples: number[] = []
  const notes: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const [ours, theirs] = [await pair.ours(), await pair.haproxy()]
    samples.push(theirs.rate / ours.rate)
    notes.push(
      [ours, theirs]
        .map(({ rate, cpuNs }) => `${Math.round(rate / 1000)} k/s ${(cpuNs / 1000).toFixed(1)} µs`)
        .join(' : '),
    )
  }
  await pair.close()
  return medianOf(samples, notes.join(', '))
}

async function changeToAnswer(size: number): Promise<Measurement> {
  const registry = registryOf(size, 100)
  const responder = createDnsResponder(registry)
  const request = requestFor(nameOf(7), 1, 4096)
  let round = 0
  return samplesOf(() =>
    timed(() => {
      const endpoints = endpointsOf(7).with(5, {
        ...endpointOf(7, 5),
        addresses: [`10.200.0.${++round & 255}`],
      })
      registry.apply(registry.revision + 1, [
        { op: 'set-endpoints', service: 'prod/s7', slice: 's', endpoints },
      ])
      responder.respond(request, 'udp')
    }),
  )
}

async function heapOfRegistry(size: number): Promise<Measurement> {
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const registry = registryOf(size, 100)
  collectGarbage()
  const bytes = process.memoryUsage().heapUsed - before
  return { samples: [bytes], mean: bytes, note: `${registry.snapshot().services.size} services` }
}

function changes(size: number, what: 'flipped' | 'replaced' | 'service'): Measurement {
  const registry = registryOf(size, 100)
  let next = size
  let round = 0
  const batch = what === 'service' ? 10 : 200
  return samplesOf(() => {
    const prepared = Array.from({ length: batch }, () => {
      const at = what === 'service' ? next++ : (round++ * 37) % size
      const held = registry.snapshot().services.get(`prod/s${at}`)?.endpoints ?? endpointsOf(at)
      const old = held[5] ?? endpointOf(at, 5)
      const changed: Endpoint =
        what === 'flipped'
          ? { ...old, conditions: { ...conditions, ready: !old.conditions.ready } }
          : { ...old, id: `f${round}`, addresses: [`10.250.${(round >> 8) & 255}.${round & 255}`] }
      return { at, endpoints: what === 'service' ? held : held.with(5, changed) }
    })
    const ms = timed(() => {
      for (const { at, endpoints } of prepared)
        registry.apply(registry.revision + 1, [
          ...(what === 'service'
            ? [
                {
                  op: 'set-service',
                  service: { namespace: 'prod', name: `s${at}`, mode: 'headless', vips: [], ports },
                } as const,
              ]
            : []),
          { op: 'set-endpoints', service: `prod/s${at}`, slice: 's', endpoints },
        ])
    })
    return (ms * 1e6) / batch
  })
}

function nearlyFull(size: number): Measurement {
  const pool = createAddressPool({ cidrs: ['10.96.0.0/16'], quarantineMs: 0, strategy: { kind: 'next' } })
  const held: string[] = []
  for (let n = 0; n < size * 0.99; n++) held.push(pool.allocate(`owner-${n}`, 0))
  let at = 0
  const count = 20_000
  return samplesOf(() => {
    const ms = timed(() => {
      for (let n = 0; n < count; n++) {
        at = (at + 7919) % held.length
        pool.release(held[at] as string, 0)
        held[at] = pool.allocate('another', 0)
      }
    })
    return (ms * 1e6) / count
  })
}

function exhausted(size: number): Measurement {
  const pool = createAddressPool({ cidrs: ['10.96.0.0/16'] })
  for (let n = 0; n < size; n++) pool.allocate(`owner-${n}`, 0)
  const count = 1_000
  return samplesOf(() => {
    const ms = timed(() => {
      for (let n = 0; n < count; n++) {
        try {
          pool.allocate('another', 0)
        } catch {
          // What is measured.
        }
      }
    })
    return (ms * 1e6) / count
  })
}

function samplesOf(sample: () => number): Measurement {
  sample()
  return medianOf(Array.from({ length: ROUNDS }, sample))
}

/** Processor time in ms: by the clock on the wall a busy machine would be measured. */
function timed(run: () => unknown): number {
  const startNs = cpuNsOf(process.pid)
  run()
  return (cpuNsOf(process.pid) - startNs) / 1e6
}

await bench(rows)
