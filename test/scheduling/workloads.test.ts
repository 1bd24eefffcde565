import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSeededRandom } from '../../src/core/index.js'
import type { Profile } from '../../src/scheduling/index.js'
import {
  createScheduler,
  nativeFilters,
  packProfile,
  topologySpreadPreference,
} from '../../src/scheduling/index.js'
import type { SimulationReport, WorkloadTrace } from '../../src/scheduling/planning/index.js'
import {
  azureWorkload,
  compareSimulations,
  google2019Workload,
  googleWorkload,
  gpuWorkload,
  pickRemovals,
  readAzureTrace,
  simulateTrace,
} from '../../src/scheduling/planning/index.js'

const SIZE = { nodes: 4_000, tasks: 4_000 }
const GIB = 1024 ** 3

/** How often each of these came, as a share. */
function shares(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return new Map([...counts].map(([value, count]) => [value, count / values.length]))
}

/** Each share is within four standard deviations of what is published. */
function expectShares(values: readonly string[], published: Readonly<Record<string, number>>): void {
  const found = shares(values)
  const total = Object.values(published).reduce((sum, weight) => sum + weight, 0)
  expect([...found.keys()].filter(value => !Object.hasOwn(published, value))).toEqual([])
  for (const [value, weight] of Object.entries(published)) {
    const wanted = weight / total
    const deviation = Math.sqrt((wanted * (1 - wanted)) / values.length)
    expect(Math.abs((found.get(value) ?? 0) - wanted), value).toBeLessThan(4 * deviation)
  }
}

const amount = (of: { readonly requests?: Readonly<Record<string, number>> }, name: string): number =>
  of.requests?.[name] ?? 0

describe.each([
  ['google', googleWorkload],
  ['google2019', google2019Workload],
  ['azure', azureWorkload],
  ['gpu', gpuWorkload],
])('%s', (_name, workload) => {
  test('a seed gives one trace, in order, in whole amounts; every task fits on some empty node', () => {
    const trace = workload(createSeededRandom(3), { nodes: 300, tasks: 300 })
    expect(workload(createSeededRandom(3), { nodes: 300, tasks: 300 })).toEqual(trace)
    expect(workload(createSeededRandom(4), { nodes: 300, tasks: 300 })).not.toEqual(trace)
    expect([trace.nodes.length, new Set(trace.arrivals.map(({ request }) => request.key)).size]).toEqual([
      300, 300,
    ])
    const times = trace.arrivals.map(({ atMs }) => atMs)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    const shapes = [...new Map(trace.nodes.map(node => [JSON.stringify(node.allocatable), node])).values()]
    const scheduler = createScheduler()
    for (const node of shapes) scheduler.addNode(node)
    for (const { request, durationMs = 0 } of trace.arrivals) {
      expect([...Object.values(request.requests ?? {}), durationMs].every(Number.isSafeInteger)).toBe(true)
      expect(scheduler.fitsAnywhere(request), JSON.stringify(request)).toBe(true)
    }
  })
})

describe('shapes that were published', () => {
  test('machines of Google 2011 by cpu and memory', () => {
    const { nodes } = googleWorkload(createSeededRandom(5), SIZE)
    const shapes = nodes.map(({ allocatable }) => {
      return `${(allocatable['cpu'] ?? 0) / 64_000} ${(allocatable['memory'] ?? 0) / (256 * GIB)}`
    })
    const published = { '0.5 0.5': 6732, '0.5 0.25': 3863, '0.5 0.75': 1001, '1 1': 795, '0.25 0.25': 126 }
    expectShares(shapes, { ...published, [`0.5 ${31 / 256}`]: 52 })
  })

  test('tiers of Google 2019, and a tail in which one task of a hundred is more than half of the time', () => {
    const { arrivals } = google2019Workload(createSeededRandom(5), SIZE)
    const priorities = arrivals.map(({ request }) => String(request.priority))
    expectShares(priorities, { 0: 15, 100: 45, 116: 5, 120: 35 })
    const longest = arrivals.map(({ durationMs = 0 }) => durationMs).sort((a, b) => b - a)
    const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
    expect(sum(longest.slice(0, longest.length / 100)) / sum(longest)).toBeGreaterThan(0.5)
    // Pareto: of those above a length, 2^−0.7 are above its double.
    const above = (ms: number): number => longest.filter(value => value > ms).length
    expect(above(8_000) / above(4_000)).toBeCloseTo(2 ** -0.7, 1)
  })

  test('virtual machines of Azure by cores, and by memory for each', () => {
    const { arrivals } = azureWorkload(createSeededRandom(5), SIZE)
    const requests = arrivals.map(({ request }) => request)
    expectShares(
      requests.map(one => String(amount(one, 'cpu') / 1_000)),
      { 1: 35, 2: 30, 4: 20, 8: 10, 16: 5 },
    )
    expectShares(
      requests.map(one => String(amount(one, 'memory') / GIB / (amount(one, 'cpu') / 1_000))),
      { 2: 40, 4: 40, 8: 20 },
    )
  })

  test('GPUs of Alibaba', () => {
    const { arrivals } = gpuWorkload(createSeededRandom(5), SIZE)
    expectShares(
      arrivals.map(({ request }) => String(amount(request, 'nvidia.com/gpu'))),
      { 0: 15, 1: 60, 2: 10, 4: 7, 8: 8 },
    )
  })
})

describe('which tasks to remove', () => {
  const zones = ['a', 'b', 'c']
  const profile: Profile = {
    name: 'even',
    filters: nativeFilters(),
    scores: [{ plugin: topologySpreadPreference(), weight: 1 }],
  }
  const counts = fc.tuple(fc.nat(5), fc.nat(5), fc.nat(5))

  test('of siblings that are to be spread those go whose zones have most, one after the other', () => {
    fc.assert(
      fc.property(counts, fc.nat(16), (perZone, count) => {
        const scheduler = createScheduler({ profile })
        for (const zone of zones) scheduler.addNode({ name: zone, labels: { zone }, allocatable: {} })
        const spread = [{ attribute: 'zone', whenUnsatisfiable: 'ScheduleAnyway' } as const]
        const keys = zones.flatMap((zone, index) =>
          Array.from({ length: perZone[index] ?? 0 }, (_, at) => {
            const key = `${zone}${at}`
            scheduler.addTask({ key, node: zone, group: 'g', spread })
            return key
          }),
        )
        const picked = pickRemovals(scheduler, [...keys, 'unknown'], count)
        // The slow way: take one from the largest, again and again.
        const left = [...perZone]
        for (let taken = 0; taken < Math.min(count, keys.length); taken++)
          left[left.indexOf(Math.max(...left))]! -= 1
        const stay = zones.map(
          zone => keys.filter(key => key.startsWith(zone) && !picked.includes(key)).length,
        )
        const rising = (a: number, b: number): number => a - b
        expect(stay.sort(rising)).toEqual(left.sort(rising))
        expect([picked.length, new Set(picked).size]).toEqual(Array(2).fill(Math.min(count, keys.length)))
        expect(scheduler.taskCount).toBe(keys.length)
      }),
      { numRuns: 60, seed: 37 },
    )
  })

  test('a task that a filter would keep off its node goes before any other', () => {
    const scheduler = createScheduler({ profile: packProfile() })
    for (const name of ['n1', 'n2', 'n3']) scheduler.addNode({ name, allocatable: { cpu: 4 } })
    for (const [index, key] of ['a', 'b', 'c'].entries())
      scheduler.addTask({ key, node: `n${index + 1}`, requests: { cpu: 1 } })
    scheduler.updateNode({ name: 'n2', allocatable: { cpu: 4 }, unschedulable: true })
    expect(pickRemovals(scheduler, ['a', 'b', 'c'], 2)[0]).toBe('b')
  })

  test.each([-1, 1.5, Number.NaN])('%s of them is no number of tasks', count => {
    expect(() => pickRemovals(createScheduler(), [], count)).toThrow(/count/)
  })
})

describe('what differs between two simulations', () => {
  const number = fc.integer({ min: 0, max: 1_000 })
  const report: fc.Arbitrary<SimulationReport> = fc.record({
    profile: fc.string(),
    placed: number,
    waiting: number,
    waitMs: fc.record({ mean: number, p95: number, max: number }),
    utilization: fc.dictionary(fc.constantFrom('cpu', 'gpu'), number),
    nodesUsed: number,
    violations: number,
  })

  test('is every number of the second less that of the first, and the other way round its opposite', () => {
    fc.assert(
      fc.property(report, report, (a, b) => {
        const difference = compareSimulations(a, b)
        const numbers = ({ placed, waiting, waitMs, nodesUsed, violations, utilization }: SimulationReport) =>
          new Map<string, number>([
            ...Object.entries({ placed, waiting, nodesUsed, violations }),
            ...Object.entries(waitMs).map(([name, ms]) => [`${name}WaitMs`, ms] as const),
            ...Object.entries(utilization).map(([name, share]) => [`utilization.${name}`, share] as const),
          ])
        const [first, second] = [numbers(a), numbers(b)]
        const names = new Set([...first.keys(), ...second.keys()])
        expect(new Map(Object.entries(difference))).toEqual(
          new Map([...names].map(name => [name, (second.get(name) ?? 0) - (first.get(name) ?? 0)])),
        )
        const opposite = compareSimulations(b, a)
        for (const name of names) expect((opposite[name] ?? 0) + (difference[name] ?? 0)).toBe(0)
      }),
      { numRuns: 60, seed: 41 },
    )
  })

  test.each<[string, Partial<WorkloadTrace['arrivals'][number]>, RegExp]>([
    ['a time', { atMs: Number.NaN }, /arrivals\[1\].atMs/],
    ['a duration', { durationMs: -1 }, /arrivals\[1\].durationMs/],
    ['a key', { request: { key: 'a' } }, /arrivals\[1\].request.key: comes twice/],
  ])('%s that is not acceptable is refused by name', (_what, wrong, expected) => {
    const arrivals = [
      { atMs: 0, request: { key: 'a' } },
      { atMs: 1, request: { key: 'b' }, ...wrong },
    ]
    expect(() => simulateTrace({ nodes: [], arrivals }, packProfile())).toThrow(expected)
  })
})

describe("Azure's packing trace", () => {
  const vmType = [
    'id,vmTypeId,machineId,core,memory,hdd,ssd,nic',
    '0,7,16,0.25,0.5,0,0.1,0.05',
    '1,7,17,0.125,0.25,0,0.1,0.05',
    '2,8,17,1,1,0,1,1',
  ].join('\n')
  const vm = [
    'vmId,tenantId,vmTypeId,priority,starttime,endtime',
    '1,5,7,1,-2.5,0.5',
    '2,5,8,0,0.25,',
    '3,6,7,0,0.125,NULL',
    '',
  ].join('\r\n')

  test('is read as a workload, for one generation of machines', () => {
    const trace = readAzureTrace({ vm, vmType, machineId: '16', nodes: 2 })
    expect(trace.nodes.map(({ name }) => name)).toEqual(['node-0', 'node-1'])
    const requests = { core: 250_000, memory: 500_000, ssd: 100_000, nic: 50_000 }
    expect(trace.arrivals).toEqual([
      { atMs: 0, durationMs: 43_200_000, request: { key: '1', requests, priority: 1 } },
      { atMs: 10_800_000, request: { key: '3', requests, priority: 0 } },
    ])
    expect(readAzureTrace({ vm, vmType, machineId: '17', nodes: 1 }).arrivals).toHaveLength(3)
    expect(simulateTrace(trace, packProfile())).toMatchObject({ placed: 2, waiting: 0, nodesUsed: 1 })
  })

  test.each([
    [{ vm: 'vmId\n1' }, /vm.vmTypeId: is no column of the header/],
    [{ vm: vm.replace('-2.5', 'soon') }, /vm line 2, starttime: must be a number/],
    [{ vm: vm.replace('0.5\r', '-3\r') }, /vm line 2, endtime: must not be before starttime/],
    [{ vmType: vmType.replace('0.25,0.5', '0.25,2') }, /vmType line 2, memory: must be a number from 0 to 1/],
    [{ nodes: 0 }, /nodes/],
  ])('with %j it says where it cannot be read', (wrong, expected) => {
    expect(() => readAzureTrace({ vm, vmType, machineId: '16', nodes: 1, ...wrong })).toThrow(expected)
  })
})
