import type { Endpoint } from 'keelson/discovery'
import { createAddressPool } from 'keelson/discovery/addresses'
import { maglevPermutation, maglevTable } from 'keelson/discovery/balance'
import { serveDns } from 'keelson/discovery/node'
import { createDnsResponder } from '../src/discovery/dns/dns-responder.js'
import { bench } from './frame/bench.js'
import type { Measurement } from './frame/measure.js'
import { collectGarbage } from './frame/measure.js'
import type { Row } from './frame/row.js'
import type { PeerServer } from './peers/dns-servers.js'
import { serveDns2, serveDnsmasq, serveEcho } from './peers/dns-servers.js'
import type { Asking } from './rows/dns-asking.js'
import { askedOf } from './rows/dns-asking.js'
import type { DnsLoad } from './rows/dns-load.js'
import { openDnsLoader } from './rows/dns-load.js'
import {
  addHeadless,
  conditions,
  endpointOf,
  endpointsOf,
  headlessRegistryOf,
  nameOf,
  registryOf,
  requestFor,
  vipOf,
} from './rows/dns-registry.js'
import { measureStages } from './rows/dns-stages.js'
import { cpuNsOf } from './rows/process-cpu.js'
import { measureReplaced } from './rows/registry-stages.js'
import { openTcpProxyBench } from './rows/tcp-proxy.js'
import { openUdpProxyBench } from './rows/udp-proxy.js'

/** Alternating runs of two sides of a ratio; the median counts. */
const ROUNDS = 5
const QUERIES = 20_000
/** About what a busy server answers in 10 ms. */
const QUERIES_PER_CHANGE = 600
const WARM_UP = 20

/** Ways of asking, each ÷ names that are there, in lower case, with one address, while nothing changes. */
const askings: readonly {
  readonly name: string
  readonly title: string
  readonly target: number
  readonly size: number
  readonly asking: Asking
}[] = [
  {
    name: 'spelling',
    title: 'in a random spelling ÷ lower case',
    target: 1.3,
    size: 10_000,
    asking: { spelling: 'random' },
  },
  {
    name: 'missing',
    title: 'for random missing names ÷ a hit',
    target: 2,
    size: 10_000,
    asking: { missing: true },
  },
  {
    name: 'change',
    title: 'with an unrelated change every 10 ms ÷ quiet',
    target: 1.2,
    size: 10_000,
    asking: { changing: true },
  },
  {
    name: '100',
    title: 'for 100 addresses ÷ one',
    target: 1.3,
    size: 100,
    asking: { endpoints: 100 },
  },
]

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
  ...askings.flatMap(({ name, title, target, size, asking }): readonly Row[] => [
    {
      name: `dns-${name}`,
      title: `CPU per query over UDP, ${title}; needs dnsperf`,
      unit: 'times',
      target,
      sizes: [size],
      ours: async () => servedRatio(size, asking, {}),
    },
    {
      name: `answer-${name}`,
      title: `the same without a socket: an answer, ${title}`,
      unit: 'times',
      target,
      sizes: [size],
      ours: async () =>
        ratio(
          () => answerNs(size, asking),
          () => answerNs(size, {}),
        ),
    },
  ]),
  {
    name: 'dns-stages',
    title: 'an answer that is kept, stage by stage with those of a denial, beside a UDP echo; needs dnsperf',
    unit: 'ns',
    sizes: [10_000],
    ours: stages,
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
    title: 'heap of a registry, so many services of 100 endpoints, beside the endpoints as they were given',
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
    name: 'replaced-stages',
    title: 'one endpoint is replaced, stage by stage, beside the same among few services',
    unit: 'ns',
    sizes: [12_000],
    heapMiB: () => 4_096,
    ours: async size => {
      const { whole, ...rest } = measureReplaced(size)
      return { samples: [whole], mean: whole, note: stageText(rest) }
    },
  },
  {
    name: 'address-99',
    title: 'an address of a /16 that is 99 % full; its release beside',
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
    floor: {
      title: 'an error with its stack, thrown and caught',
      run: async () => errorAlone(),
      timesMax: 4,
    },
  },
  {
    name: 'exhausted-by-hand',
    title:
      'the same error written by hand: a class of a class of errors, a message of six parts, six details',
    unit: 'ns',
    sizes: [65_534],
    ours: async size => exhaustedByHand(size),
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

/** ns for one answer, without a socket. */
function answerNs(size: number, asking: Asking): number {
  const { registry, names, change } = askedOf(size, QUERIES, asking)
  const responder = createDnsResponder(registry)
  const requests = names.map((name, i) => requestFor(name, i & 0xffff))
  if (asking.missing !== true) for (const request of requests) responder.respond(request, 'udp')
  let n = 0
  const ms = timed(() => {
    for (const request of requests) {
      if (++n % QUERIES_PER_CHANGE === 0) change()
      responder.respond(request, 'udp')
    }
  })
  return (ms * 1e6) / QUERIES
}

/** What a query costs the server in one way of asking ÷ in the other, in turns; dnsperf asks. */
async function servedRatio(size: number, one: Asking, other: Asking): Promise<Measurement> {
  const sides = [one, other].map(asking => {
    const asked = askedOf(size, QUERIES, asking)
    return { ...asked, loader: openDnsLoader(asked.names) }
  })
  const servers = await Promise.all(sides.map(({ registry }) => serveDns(registry)))
  const samples: number[] = []
  const notes: string[] = []
  // The first round is that of the compiler.
  for (let round = 0; round <= ROUNDS; round++) {
    const loads: DnsLoad[] = []
    for (const [i, { loader, change }] of sides.entries()) {
      if (loader === undefined) return { samples: [0], mean: 0, note: 'dnsperf is not installed' }
      const timer = setInterval(change, 10)
      loads.push(await loader.against(servers[i]?.port ?? 0))
      clearInterval(timer)
    }
    if (round === 0) continue
    const [first, second] = loads as [DnsLoad, DnsLoad]
    samples.push(cpuRatio(first, second))
    notes.push(`${loadText(first)} : ${loadText(second)}`)
  }
  for (const server of servers) await server.close()
  for (const { loader } of sides) loader?.close()
  return medianOf(samples, notes.join(', '))
}

function loadText({ rate, cpuNs }: DnsLoad): string {
  return `${Math.round(rate / 1000)} k/s ${(cpuNs / 1000).toFixed(1)} µs`
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
  for (let service = 0; service < size; service++) yield [nameOf(service), vipOf(service)]
}

async function stages(size: number): Promise<Measurement> {
  const { hit, ...rest } = measureStages(size)
  const notes = [stageText(rest)]
  const loader = openDnsLoader(Array.from({ length: size }, (_, i) => nameOf(i)))
  if (loader !== undefined) {
    const echo = await serveEcho()
    const loads: number[] = []
    for (let round = 0; round < ROUNDS; round++) loads.push((await loader.against(echo.port)).cpuNs)
    notes.push(`a UDP echo ${Math.round(medianOf(loads).mean)}`)
    await echo.close()
    loader.close()
  }
  return { samples: [hit], mean: hit, note: notes.join(', ') }
}

function stageText(stages: object): string {
  return Object.entries(stages)
    .map(([stage, ns]) => `${stage} ${Math.round(Number(ns))}`)
    .join(', ')
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
  for (let round = 0; round < ROUNDS; round++) {
    const own = await loader.against(ours.port)
    const theirs = await loader.against(other.port, other.pid)
    samples.push(ratioOf(own, theirs))
    notes.push(`${loadText(own)} : ${loadText(theirs)}`)
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
    notes.push([ours, theirs].map(loadText).join(' : '))
  }
  await pair.close()
  return medianOf(samples, notes.join(', '))
}

async function changeToAnswer(size: number): Promise<Measurement> {
  const registry = headlessRegistryOf(Array.from({ length: size }, (_, service) => endpointsOf(service)))
  const responder = createDnsResponder(registry)
  const request = requestFor(nameOf(7))
  let endpoints = endpointsOf(7)
  let round = 0
  return samplesOf(() => {
    endpoints = endpoints.with(5, { ...endpointOf(7, 5), addresses: [`10.200.0.${++round & 255}`] })
    return timed(() => {
      registry.apply(registry.revision + 1, [
        { op: 'set-endpoints', service: 'prod/s7', slice: 's', endpoints },
      ])
      responder.respond(request, 'udp')
    })
  })
}

/** What the registry takes; the endpoints are the caller's, which are objects of its store, so they are told apart. */
async function heapOfRegistry(size: number): Promise<Measurement> {
  const empty = heapUsed()
  const endpoints = Array.from({ length: size }, (_, service) => endpointsOf(service))
  const given = heapUsed()
  const registry = headlessRegistryOf(endpoints)
  const bytes = heapUsed() - given
  const mib = Math.round((given - empty) / 2 ** 20)
  const { services } = registry.snapshot()
  return {
    samples: [bytes],
    mean: bytes,
    note: `${services.size} services; the endpoints as they were given take ${mib} MiB`,
  }
}

function heapUsed(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

function changes(size: number, what: 'flipped' | 'replaced' | 'service'): Measurement {
  const registry = headlessRegistryOf(Array.from({ length: size }, (_, service) => endpointsOf(service)))
  let next = size
  let round = 0
  const batch = what === 'service' ? 10 : 200
  const sample = (): number => {
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
        if (what === 'service') addHeadless(registry, at, endpoints)
        else
          registry.apply(registry.revision + 1, [
            { op: 'set-endpoints', service: `prod/s${at}`, slice: 's', endpoints },
          ])
    })
    return (ms * 1e6) / batch
  }
  return samplesOf(sample)
}

/** Some are released and as many allocated, in turns, so that the pool is never less than 98.5 % full. */
function nearlyFull(size: number): Measurement {
  const pool = createAddressPool({ cidrs: ['10.96.0.0/16'], quarantineMs: 0, strategy: { kind: 'next' } })
  const held: string[] = []
  for (let n = 0; n < size * 0.99; n++) held.push(pool.allocate(`owner-${n}`, 0))
  const owners = held.map((_, n) => `owner-${n}`)
  let at = 0
  const batch = 300
  const turns = 60
  const nsEach = (ms: number): number => (ms * 1e6) / (batch * turns)
  const released: number[] = []
  const allocated = samplesOf(() => {
    let [releaseMs, allocateMs] = [0, 0]
    for (let turn = 0; turn < turns; turn++) {
      const places = Array.from({ length: batch }, () => (at = (at + 7919) % held.length))
      releaseMs += timed(() => {
        for (const place of places) pool.release(held[place] as string, 0)
      })
      allocateMs += timed(() => {
        for (const place of places) held[place] = pool.allocate(owners[place] as string, 0)
      })
    }
    released.push(nsEach(releaseMs))
    return nsEach(allocateMs)
  })
  return { ...allocated, note: `its release ${Math.round(medianOf(released.slice(-ROUNDS)).mean)} ns` }
}

function exhausted(size: number): Measurement {
  const pool = createAddressPool({ cidrs: ['10.96.0.0/16'] })
  for (let n = 0; n < size; n++) pool.allocate(`owner-${n}`, 0)
  return caught(() => pool.allocate('another', 0))
}

/** What is said of an error: as much as ours says, by the shortest way. */
class TypedByHand extends Error {
  readonly code: string
  readonly details: object

  constructor(code: string, message: string, details: object) {
    super(message)
    this.code = code
    this.details = details
  }
}

class ExhaustedByHand extends TypedByHand {
  readonly owner: string

  constructor(pool: string, size: number, owner: string) {
    const message = `pool ${pool} has none: ${size} of ${size} used, ${0} in quarantine; ${owner} has most (${1})`
    const details = { pool, capacity: size, used: size, quarantined: 0, free: 0, watermark: 100 }
    super('PoolExhausted', message, details)
    this.owner = owner
  }
}

function exhaustedByHand(size: number): Measurement {
  return caught(() => {
    throw new ExhaustedByHand('10.96.0.0/16', size, 'owner-0')
  })
}

function errorAlone(): Measurement {
  const fail = (depth: number): void => {
    if (depth === 0) throw new Error('the pool is exhausted')
    fail(depth - 1)
  }
  return caught(() => fail(3))
}

function caught(fail: () => void): Measurement {
  const count = 1_000
  return samplesOf(() => {
    const ms = timed(() => {
      for (let n = 0; n < count; n++) {
        try {
          fail()
        } catch {
          // What is measured.
        }
      }
    })
    return (ms * 1e6) / count
  })
}

function samplesOf(sample: () => number): Measurement {
  // Until the engine has compiled it.
  for (let n = 0; n < WARM_UP; n++) sample()
  return medianOf(Array.from({ length: ROUNDS }, sample))
}

/** Processor time in ms: by the clock on the wall a busy machine would be measured. */
function timed(run: () => unknown): number {
  const startNs = cpuNsOf(process.pid)
  run()
  return (cpuNsOf(process.pid) - startNs) / 1e6
}

await bench(rows)
