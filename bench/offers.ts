import type { Allocator, Grant, ResourceSet } from 'keelson/offers'
import { createAllocator, createPool, resources } from 'keelson/offers'
import { ReferenceAllocator } from '../test/offers/reference-allocator.js'
import { bench } from './frame/bench.js'
import type { Measurement } from './frame/measure.js'
import { collectGarbage } from './frame/measure.js'
import type { Floor, Row } from './frame/row.js'
import { DeclineFloor } from './rows/decline-floor.js'

const ROUNDS = 8
/** Rounds before those that are measured: a pool runs for months, so what counts is compiled code. */
const WARM_ROUNDS = 8
/** Runs nothing. */
const NO_DRIVER = { launch: async () => {}, kill: async () => {} }
const LONG_MS = 31_536_000_000
const MESOS = 'Mesos published, on other machines:'

/** One agent in ten has ports, a reservation and a volume. */
type Shape = 'scalars' | 'special'

const rows: readonly Row[] = [
  {
    name: 'decline',
    title:
      'allocation pass in which each agent is offered once and declined for long; 200 frameworks, so many agents',
    unit: 'ms',
    target: 5,
    sizes: [1_000],
    ours: size => declineRounds(size, 200, 'scalars'),
    floor: floorOf(200),
    peers: { reference: referenceRound },
  },
  {
    name: 'decline-10k',
    title: `the same, 1,000 frameworks; ${MESOS} 1.06 s`,
    unit: 'ms',
    target: 100,
    sizes: [10_000],
    ours: size => declineRounds(size, 1_000, 'scalars'),
    floor: floorOf(1_000),
  },
  {
    name: 'decline-special',
    title: 'the same, with ports, reservations and volumes on one agent in ten',
    unit: 'ms',
    target: 200,
    sizes: [10_000],
    ours: size => declineRounds(size, 1_000, 'special'),
  },
  {
    name: 'decline-3k',
    title: `the same, 3,000 frameworks; ${MESOS} 2.41 s`,
    unit: 'ms',
    target: 150,
    sizes: [10_000],
    ours: size => declineRounds(size, 3_000, 'scalars'),
  },
  {
    name: 'decline-50k',
    title: 'the same, 6,000 frameworks',
    unit: 'ms',
    target: 1_000,
    sizes: [50_000],
    ours: size => declineRounds(size, 6_000, 'scalars'),
  },
  {
    name: 'quota-first',
    title: `first pass, so many agents and roles with one framework each, half with small and half with large quotas; ${MESOS} 16.3 s`,
    unit: 'ms',
    target: 150,
    sizes: [3_000],
    ours: async size => samplesOf(() => quotaPasses(size).first),
  },
  {
    name: 'quota-empty',
    title: `pass after it that looks at all agents and grants nothing; ${MESOS} 14.9 s`,
    unit: 'ms',
    target: 20,
    sizes: [3_000],
    ours: async size => samplesOf(() => quotaPasses(size).empty),
  },
  {
    name: 'idle',
    title: 'pass when nothing changed',
    unit: 'ms',
    target: 1,
    sizes: [10_000],
    ours: async size => {
      const { allocator } = cluster(size, 100, 'scalars')
      allocator.run(0)
      return samplesOf(() => timed(() => allocator.run(0)))
    },
  },
  {
    name: 'return',
    title: 'a decline with a filter, given back to the allocator',
    unit: 'ns',
    target: 5_000,
    sizes: [10_000],
    ours: async size => {
      const { allocator } = cluster(size, 100, 'scalars')
      const times = Array.from({ length: ROUNDS + 1 }, () => {
        const grants = allocator.run(0, 'all')
        const time = timed(() => declineAll(allocator, grants, 0))
        for (let n = 0; n < 100; n++) allocator.apply({ type: 'revive', framework: `f${n}` })
        return time
      })
      return summary(times.slice(1), undefined, size)
    },
  },
  {
    name: 'subscribe',
    title: 'a framework comes and goes, so many agents',
    unit: 'ms',
    target: 5,
    sizes: [10_000],
    ours: async size => {
      const { allocator } = cluster(size, 1_000, 'scalars')
      allocator.run(0)
      return samplesOf(() =>
        timed(() => {
          allocator.apply({ type: 'framework', id: 'new', roles: [{ role: '*' }] })
          allocator.run(0)
          allocator.apply({ type: 'frameworkGone', id: 'new' })
        }),
      )
    },
  },
  {
    name: 'explain',
    title: 'why one framework gets nothing, so many agents',
    unit: 'ms',
    target: 10,
    sizes: [10_000],
    ours: async size => {
      const { allocator } = cluster(size, 100, 'scalars')
      declineAll(allocator, allocator.run(0), 0)
      return samplesOf(() => timed(() => allocator.explain({ framework: 'f7' })))
    },
  },
  {
    name: 'accept',
    title:
      'an offer of a pool that is accepted for five tasks, with a driver that does nothing; so many agents',
    unit: 'ns',
    target: 50_000,
    sizes: [1_000],
    ours: acceptRounds,
  },
  {
    name: 'claims',
    title: 'a task that one of four schedulers claims at random from what it saw, so many agents',
    unit: 'ns',
    target: 10_000,
    sizes: [5_000],
    ours: claimRounds,
  },
  {
    name: 'memory',
    title: 'heap of an allocator with so many agents, 1,000 frameworks and three rounds of filters',
    unit: 'bytes',
    target: 500e6,
    sizes: [50_000],
    ours: heapOf,
  },
]

await bench(rows)

/** Each agent partly in use, as in Mesos' benchmark of this name. */
function cluster(agents: number, frameworks: number, shape: Shape): { allocator: Allocator; addMs: number } {
  const allocator = createAllocator()
  for (let n = 0; n < frameworks; n++)
    allocator.apply({ type: 'framework', id: `f${n}`, roles: [{ role: '*' }] })
  allocator.apply({ type: 'framework', id: 'running', roles: [{ role: 'busy', suppressed: true }] })
  const { ms: addMs } = timed(() => {
    for (let n = 0; n < agents; n++) {
      const total = agentResources(n, shape)
      allocator.apply({ type: 'agent', agent: { id: `a${n}`, resources: total } })
      const used = resources({ cpus: 1 + (n % 7), mem: 128 * (1 + (n % 5)), disk: 64 })
      allocator.apply({ type: 'take', framework: 'running', role: 'busy', agent: `a${n}`, resources: used })
    }
  })
  return { allocator, addMs }
}

function agentResources(index: number, shape: Shape): ResourceSet {
  const scalars = resources('cpus:24;mem:4096;disk:4096')
  if (shape === 'scalars' || index % 10 !== 0) return scalars
  return scalars.plus(
    resources([
      { name: 'ports', value: [[31_000, 32_000]] },
      { name: 'mem', value: 512, reservations: [{ role: 'eng' }] },
      { name: 'disk', value: 100, reservations: [{ role: 'eng' }], disk: { volume: { id: `v${index}` } } },
    ]),
  )
}

async function declineRounds(agents: number, frameworks: number, shape: Shape): Promise<Measurement> {
  const { allocator, addMs } = cluster(agents, frameworks, shape)
  const samples: Time[] = []
  for (let round = 0; round < WARM_ROUNDS + ROUNDS; round++) {
    let grants: readonly Grant[] = []
    const time = timed(() => (grants = allocator.run(round * 1_000)))
    if (round >= WARM_ROUNDS) samples.push(time)
    if (grants.length < agents) throw new Error(`${grants.length} offers of ${agents} agents`)
    declineAll(allocator, grants, round * 1_000)
  }
  return summary(samples, `adding the agents took ${Math.round(addMs)} ms`)
}

function floorOf(frameworks: number): Floor {
  return {
    title: 'the same order and refusals on typed arrays: no roles, quotas, offers or explanations',
    timesMax: 80,
    run: async size => {
      const used = (n: number): readonly number[] => [1 + (n % 7), 128 * (1 + (n % 5)), 64]
      const whole = [24, 4_096, 4_096]
      const free = Array.from({ length: size }, (_, n) =>
        used(n).map((amount, column) => (whole[column] as number) - amount),
      )
      const floor = new DeclineFloor(
        free,
        whole.map(amount => amount * size),
        frameworks,
      )
      const times: Time[] = []
      for (let round = 0; round < WARM_ROUNDS + ROUNDS; round++) {
        let grants = 0
        const time = timed(() => (grants = floor.pass()))
        if (round >= WARM_ROUNDS) times.push(time)
        if (grants < size) throw new Error(`${grants} offers of ${size} agents`)
        floor.decline()
      }
      return summary(times)
    },
  }
}

async function referenceRound(agents: number): Promise<Measurement> {
  for (let round = 0; round < 2; round++) referencePass(agents)
  const { time, some } = referencePass(agents)
  const all = { ms: (time.ms * agents) / some, cpuMs: (time.cpuMs * agents) / some }
  return summary([all], `of ${some} agents, and so many times as much`)
}

function referencePass(agents: number): { time: Time; some: number } {
  const reference = new ReferenceAllocator([{ cpus: 0.01 }, { mem: 32 }])
  for (let n = 0; n < 200; n++) reference.framework(`f${n}`, [{ role: '*' }], { revocable: false, uses: [] })
  // A fiftieth of the agents: for all of them it would take a thousand times as long as ours does.
  const some = Math.ceil(agents / 50)
  for (let n = 0; n < some; n++) reference.agent({ id: `a${n}`, resources: agentResources(n, 'scalars') })
  return { time: timed(() => reference.run(0)), some }
}

/** Small quotas are a tenth of an agent, large ones an agent and a half. */
function quotaPasses(size: number): { first: Time; empty: Time } {
  const allocator = createAllocator()
  for (let n = 0; n < size; n++) {
    const role = `r${n}`
    const guarantees = n % 2 === 0 ? { cpus: 0.2, mem: 102 } : { cpus: 3, mem: 1536 }
    allocator.apply({ type: 'quota', role, quota: { guarantees, limits: guarantees } })
    allocator.apply({ type: 'framework', id: `f${n}`, roles: [{ role }] })
  }
  for (let n = 0; n < size; n++)
    allocator.apply({ type: 'agent', agent: { id: `a${n}`, resources: resources('cpus:2;mem:1024') } })
  let grants = 0
  const first = timed(() => (grants = allocator.run(0).length))
  if (grants < size) throw new Error(`only ${grants} offers`)
  const empty = timed(() => (grants = allocator.run(0, 'all').length))
  if (grants > 0) throw new Error(`${grants} offers in the empty pass`)
  return { first, empty }
}

async function heapOf(agents: number): Promise<Measurement> {
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const { allocator } = cluster(agents, 1_000, 'scalars')
  for (let round = 0; round < 3; round++) declineAll(allocator, allocator.run(round * 1_000), round * 1_000)
  collectGarbage()
  const bytes = process.memoryUsage().heapUsed - before
  return { samples: [bytes], mean: bytes, note: `${[...allocator.agents()].length} agents` }
}

async function acceptRounds(agents: number): Promise<Measurement> {
  const pool = createPool({ driver: NO_DRIVER, manual: true, offerTimeoutMs: null })
  for (let n = 0; n < agents; n++) pool.agent({ id: `a${n}`, resources: resources('cpus:96;mem:65536') })
  const session = pool.subscribe({ name: 'f', roles: ['r'] })
  let serial = 0
  const samples: Time[] = []
  for (let round = 0; round < WARM_ROUNDS + ROUNDS; round++) {
    pool.step()
    const offers = session.take().flatMap(event => (event.type === 'offers' ? event.offers : []))
    const accepted: Promise<unknown>[] = []
    const time = timed(() => {
      for (const offer of offers) {
        const tasks = Array.from({ length: 5 }, () => ({ id: `t${serial++}`, need: { cpus: 1, mem: 512 } }))
        accepted.push(session.accept([offer], [{ op: 'launch', tasks }], { refuseMs: 0 }))
      }
    })
    await Promise.all(accepted)
    if (offers.length < agents) throw new Error(`${offers.length} offers of ${agents} agents`)
    if (round >= WARM_ROUNDS) samples.push(time)
  }
  pool.close()
  return summary(samples, undefined, agents)
}

async function claimRounds(agents: number): Promise<Measurement> {
  const CLAIMS = 20_000
  const pool = createPool({ driver: NO_DRIVER, manual: true })
  for (let n = 0; n < agents; n++) pool.agent({ id: `a${n}`, resources: resources('cpus:64;mem:65536') })
  const sessions = [0, 1, 2, 3].map(n =>
    pool.subscribe({ name: `s${n}`, roles: [{ role: `r${n}`, suppressed: true }] }),
  )
  let serial = 0
  let refused = 0
  let seed = 1
  const samples: Time[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const time = timed(() => {
      for (let n = 0; n < CLAIMS; n++) {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
        const tasks = [{ id: `t${serial++}`, need: { cpus: 1, mem: 512 } }]
        const { rejected } = sessions[n & 3]!.claim([{ agent: `a${seed % agents}`, tasks }])
        refused += rejected.length
      }
    })
    if (round > 0) samples.push(time)
  }
  pool.close()
  const part = ((refused * 100) / serial).toFixed(1)
  const perSecond = Math.round((CLAIMS * 1_000) / Math.min(...samples.map(({ cpuMs }) => cpuMs)))
  return summary(samples, `${part} % refused; ${perSecond} claims/s of one processor`, CLAIMS)
}

function declineAll(allocator: Allocator, grants: readonly Grant[], nowMs: number): void {
  for (const { framework, role, agent, resources: refused } of grants)
    allocator.apply({
      type: 'return',
      framework,
      role,
      agent,
      resources: refused,
      filter: { untilMs: nowMs + LONG_MS },
    })
}

function samplesOf(sample: () => Time): Measurement {
  for (let round = 0; round < WARM_ROUNDS; round++) sample()
  return summary(Array.from({ length: ROUNDS }, sample))
}

/** What something took on the clock, and of processors. */
interface Time {
  readonly ms: number
  readonly cpuMs: number
}

/** @param per how many operations each time is of: costs are in ns each then, and in ms without it */
function summary(times: readonly Time[], note?: string, per?: number): Measurement {
  const scale = per === undefined ? 1 : 1e6 / per
  const samples = times.map(({ ms }) => ms * scale)
  const cpuMs = times.reduce((sum, each) => sum + each.cpuMs, 0) / times.length
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length
  return { samples, mean, cpuNs: (cpuMs * 1e6) / (per ?? 1), ...(note !== undefined && { note }) }
}

function timed(run: () => unknown): Time {
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  run()
  const ms = performance.now() - startMs
  const { user, system } = process.cpuUsage(cpu)
  return { ms, cpuMs: (user + system) / 1_000 }
}
