import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { NodeDescription, Profile, ScorePlugin } from '../../src/scheduling/index.js'
import {
  createScheduler,
  fewestFailures,
  imageLocality,
  leastFragmentation,
  nativeFilters,
  nomadProfile,
  spreadProfile,
  swarmProfile,
  swarmSpread,
  topologySpreadPreference,
} from '../../src/scheduling/index.js'
import { targetOf } from '../../src/scheduling/scores/target-spread.js'

const only = (plugin: ScorePlugin): Profile => ({
  name: 'only',
  filters: nativeFilters(),
  scores: [{ plugin, weight: 1 }],
})

const withNodes = (profile: Profile, nodes: readonly NodeDescription[]) => {
  const scheduler = createScheduler({ profile })
  for (const node of nodes) scheduler.addNode(node)
  return scheduler
}

describe('targets of a spread', () => {
  test.each([
    ['a', 60],
    ['b', 40],
    ['constructor', 40],
  ])('the share of %s is %s percent', (value, share) => {
    expect(targetOf({ a: 60 }, value)).toBe(share)
  })

  const zones = (profile: Profile) =>
    withNodes(
      profile,
      ['a', 'b', 'c'].map(zone => ({ name: zone, labels: { zone }, allocatable: {} })),
    )
  const spread = (targets: Readonly<Record<string, number>>) =>
    [{ attribute: 'zone', whenUnsatisfiable: 'ScheduleAnyway', targets }] as const

  test.each([
    ['the score alone', only(topologySpreadPreference()), 0],
    // Its anti-affinity between tasks of a job counts, too.
    ['nomad', nomadProfile(), 1],
  ])(
    '%s: each value gets its share, and a value without one gets none while others lack theirs',
    (_name, profile, tolerance) => {
      fc.assert(
        fc.property(fc.constantFrom(10, 20), fc.integer({ min: 1, max: 9 }), (count, tenths) => {
          const scheduler = zones(profile)
          const targets = { a: tenths * 10, b: 100 - tenths * 10 }
          for (let index = 0; index < count; index++)
            scheduler.place({ key: `t${index}`, group: 'g', instances: count, spread: spread(targets) })
          const found = ['a', 'b', 'c'].map(name => scheduler.tasksOn(name).length)
          const share = (percent: number) => Math.round((percent * count) / 100)
          expect(Math.abs((found[0] ?? 0) - share(targets.a))).toBeLessThanOrEqual(tolerance)
          expect(found[2]).toBe(0)
        }),
        { numRuns: 12, seed: 17 },
      )
    },
  )

  test('shares within something are shares of what is there', () => {
    const nodes = ['a', 'b'].flatMap(zone =>
      ['r1', 'r2', 'r3'].map(rack => ({ name: `${zone}-${rack}`, labels: { zone, rack }, allocatable: {} })),
    )
    const scheduler = withNodes(only(topologySpreadPreference()), nodes)
    const soft = { whenUnsatisfiable: 'ScheduleAnyway' } as const
    const rules = [
      { attribute: 'zone', ...soft, weight: 100 },
      { attribute: 'rack', within: ['zone'], targets: { r1: 75, r2: 25 }, ...soft },
    ]
    for (let index = 0; index < 16; index++) scheduler.place({ key: `t${index}`, group: 'g', spread: rules })
    const found = nodes.map(({ name }) => [name, scheduler.tasksOn(name).length])
    expect(Object.fromEntries(found)).toEqual({
      'a-r1': 6,
      'a-r2': 2,
      'a-r3': 0,
      'b-r1': 6,
      'b-r2': 2,
      'b-r3': 0,
    })
  })

  test('of several rules the weights say how much each counts, in Nomad of those with shares', () => {
    const nodes = [
      { name: 'n1', labels: { zone: 'a', rack: 'r1' }, allocatable: {} },
      { name: 'n2', labels: { zone: 'b', rack: 'r2' }, allocatable: {} },
    ]
    const soft = { whenUnsatisfiable: 'ScheduleAnyway' } as const
    const rules = [
      { attribute: 'zone', targets: { a: 50, b: 50 }, weight: 3, ...soft },
      { attribute: 'rack', targets: { r1: 25, r2: 75 }, ...soft },
    ]
    const request = { key: 't', group: 'g', instances: 4, spread: rules }
    const scoreOf = (profile: Profile, node: string) =>
      withNodes(profile, nodes)
        .explain(request)
        .nodes.find(one => one.node === node)
        ?.scores.find(({ plugin }) => /spread/.test(plugin))?.score
    // Of 4 tasks, zones want 2 each: (2 − 1) / 2; racks want 1: (1 − 1) / 1, and 3: (3 − 1) / 3.
    for (const profile of [nomadProfile(), only(topologySpreadPreference())]) {
      expect(scoreOf(profile, 'n1')).toBeCloseTo(50 + (50 * (0.5 * 3 + 0)) / 4, 9)
      expect(scoreOf(profile, 'n2')).toBeCloseTo(50 + (50 * (0.5 * 3 + 2 / 3)) / 4, 9)
    }
  })

  test('preferences of Swarm are a tree: its branches are filled as when all tasks are shared out at once', () => {
    const soft = { whenUnsatisfiable: 'ScheduleAnyway' } as const
    const rules = ['zone', 'rack'].map(attribute => ({ attribute, ...soft }))
    const rack = fc.tuple(fc.nat(3), fc.nat(3))
    const zoneArbitrary = fc.array(rack, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(zoneArbitrary, { minLength: 1, maxLength: 3 }), fc.nat(20), (zones, count) => {
        const scheduler = createScheduler({ profile: swarmProfile() })
        const branches = zones.map((racks, z) => ({
          // The last zone is where the label is missing.
          ...(z === zones.length - 1 ? { name: '' } : { name: `z${z}` }),
          racks: racks.map(([tasks, room], r) => ({ name: `r${r}`, node: `n${z}${r}`, tasks, room })),
        }))
        for (const { name, racks } of branches)
          for (const one of racks) {
            const labels = { rack: one.name, ...(name === '' ? {} : { zone: name }) }
            scheduler.addNode({ name: one.node, labels, allocatable: { pods: one.tasks + one.room } })
            for (let index = 0; index < one.tasks; index++)
              scheduler.addTask({ key: `${one.node} ${index}`, node: one.node, group: 'g' })
          }
        for (let index = 0; index < count; index++)
          scheduler.place({ key: `new ${index}`, group: 'g', spread: rules })
        const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
        const shares = swarmSpread(
          branches.map(({ name, racks }) => ({
            name,
            tasks: sum(racks.map(({ tasks }) => tasks)),
            room: sum(racks.map(({ room }) => room)),
          })),
          count,
        )
        const gotBy = (racks: (typeof branches)[number]['racks']) =>
          racks.map(({ node, tasks }) => scheduler.tasksOn(node).length - tasks)
        const levels = (numbers: readonly number[]): readonly number[] => [...numbers].sort((a, b) => a - b)
        // Who of equals gets the one that is left over is another question.
        expect(
          levels(branches.map(({ racks }) => sum(racks.map(one => scheduler.tasksOn(one.node).length)))),
        ).toEqual(
          levels(
            branches.map(({ name, racks }) => sum(racks.map(one => one.tasks)) + (shares.get(name) ?? 0)),
          ),
        )
        for (const { racks } of branches) {
          const got = gotBy(racks)
          const wanted = swarmSpread(racks, sum(got))
          expect(levels(racks.map((one, at) => one.tasks + (got[at] ?? 0)))).toEqual(
            levels(racks.map(one => one.tasks + (wanted.get(one.name) ?? 0))),
          )
        }
      }),
      { numRuns: 60, seed: 23 },
    )
  })

  test.each([
    [{ weight: 0 }, 'ScheduleAnyway', /spread\[0\].weight/],
    [{ weight: 2 }, 'DoNotSchedule', /spread\[0\].weight: is for preferences/],
    [{ within: ['rack'] }, 'DoNotSchedule', /spread\[0\].within: is for preferences/],
    [{ within: ['zone'] }, 'ScheduleAnyway', /spread\[0\].within: must be a list of at most 8 other/],
    [{ within: ['rack', 'rack'] }, 'ScheduleAnyway', /spread\[0\].within/],
  ] as const)('%j of a rule with %s is not acceptable', (more, whenUnsatisfiable, expected) => {
    const rule = { attribute: 'zone', whenUnsatisfiable, ...more }
    expect(() => zones(spreadProfile()).place({ key: 't', group: 'g', spread: [rule] })).toThrow(expected)
  })

  test.each([
    [{ a: 60, b: 50 }, 'ScheduleAnyway', /spread\[0\].targets: must be 100 percent in all at most/],
    [{ a: -1 }, 'ScheduleAnyway', /spread\[0\].targets.a: must be a percentage/],
    [{ a: 50 }, 'DoNotSchedule', /spread\[0\].targets: are preferences/],
  ] as const)('%j with %s is not acceptable', (targets, whenUnsatisfiable, expected) => {
    const rule = { attribute: 'zone', whenUnsatisfiable, targets }
    expect(() => zones(spreadProfile()).place({ key: 't', spread: [rule] })).toThrow(expected)
  })
})

describe('fragmentation', () => {
  const amounts = fc.record({ cpu: fc.integer({ min: 0, max: 3 }), gpu: fc.integer({ min: 0, max: 3 }) })
  const class_ = fc.record({
    requests: fc.record({ cpu: fc.integer({ min: 0, max: 3 }), gpu: fc.integer({ min: 1, max: 3 }) }),
    weight: fc.integer({ min: 1, max: 4 }),
  })

  test('the score is the growth of what the classes of the mix leave over, by placing them until none fits', () => {
    fc.assert(
      fc.property(
        fc.array(amounts, { maxLength: 3 }),
        amounts,
        fc.array(class_, { minLength: 1, maxLength: 3 }),
        (used, asked, mix) => {
          const allocatable = { cpu: 8, gpu: 6 }
          const plugin = leastFragmentation({ resource: 'gpu', mix })
          const scheduler = withNodes(only(plugin), [{ name: 'n', allocatable }])
          for (const [index, requests] of used.entries())
            scheduler.addTask({ key: `u${index}`, node: 'n', requests })
          const score = scheduler.scoreOn({ key: 'asked', requests: asked }, 'n')
          const leftOver = (tasks: readonly { cpu: number; gpu: number }[]): number => {
            let sum = 0
            for (const { requests, weight } of mix) {
              let cpu = allocatable.cpu - tasks.reduce((all, task) => all + task.cpu, 0)
              let gpu = allocatable.gpu - tasks.reduce((all, task) => all + task.gpu, 0)
              while (cpu >= requests.cpu && gpu >= requests.gpu) {
                cpu -= requests.cpu
                gpu -= requests.gpu
              }
              sum += weight * Math.max(0, gpu)
            }
            return sum / mix.reduce((all, { weight }) => all + weight, 0)
          }
          if (score === undefined) return
          const growth = leftOver([...used, asked]) - leftOver(used)
          expect(score).toBeCloseTo(50 - (50 * Math.max(-6, Math.min(6, growth))) / 6, 5)
        },
      ),
      { numRuns: 100, seed: 19 },
    )
  })

  test('what is left of devices is of use by the piece: a half goes where no whole one is broken', () => {
    const mix = [{ requests: { gpu: 1_000 }, weight: 1 }]
    const devices = ['0', '1'].map(id => ({ kind: 'gpu', id }))
    const node = { allocatable: { gpu: 2_000 }, devices }
    const scheduler = withNodes(only(leastFragmentation({ resource: 'gpu', mix })), [
      { name: 'n1', ...node },
      { name: 'n2', ...node },
    ])
    const half = { requests: { gpu: 500 }, devices: [{ kind: 'gpu', share: 0.5 }] }
    const place = (key: string) => scheduler.place({ key, ...half })
    // A device is broken: half of it, a quarter of the node, is wasted. Then the other half is of use.
    expect(place('a')).toMatchObject({ node: 'n1', score: 37.5 })
    expect(place('b')).toMatchObject({ node: 'n1', score: 62.5, held: [{ ids: ['0'], share: 0.5 }] })
    // Two halves of two devices are a whole device by their amount, and nothing a whole one is asked of.
    for (const id of ['0', '1'])
      scheduler.addTask({
        key: `h${id}`,
        node: 'n2',
        ...half,
        held: [{ kind: 'gpu', ids: [id], share: 0.5 }],
      })
    const whole = { requests: { gpu: 1_000 }, devices: [{ kind: 'gpu' }] }
    expect(scheduler.fits({ key: 'w', ...whole }, 'n2')).toBe(false)
    expect(scheduler.place({ key: 'c', ...half })).toMatchObject({ node: 'n2', score: 62.5 })
  })

  test('a task that needs no GPU stays off the node whose last cpu a GPU needs', () => {
    const mix = [{ requests: { cpu: 4, gpu: 1 }, weight: 1 }]
    const scheduler = withNodes(only(leastFragmentation({ resource: 'gpu', mix })), [
      { name: 'gpu', allocatable: { cpu: 4, gpu: 1 } },
      { name: 'plain', allocatable: { cpu: 4 } },
    ])
    expect(scheduler.place({ key: 'web', requests: { cpu: 1 } })).toMatchObject({ node: 'plain', score: 50 })
    expect(scheduler.place({ key: 'train', requests: { cpu: 4, gpu: 1 } }).kind).toBe('placed')
  })

  test.each([
    [{ resource: '', mix: [] }, /resource: must name a resource/],
    [{ resource: 'gpu', mix: [] }, /mix: must have at least one class/],
    [{ resource: 'gpu', mix: [{ requests: { cpu: 1 }, weight: 1 }] }, /mix\[0\].requests: must ask for gpu/],
    [{ resource: 'gpu', mix: [{ requests: { gpu: 1 }, weight: 0 }] }, /mix\[0\].weight/],
    [{ resource: 'gpu', mix: [{ requests: { gpu: 1.5 }, weight: 1 }] }, /mix\[0\].requests.gpu/],
  ])('%j is not acceptable', (options, expected) => {
    expect(() => leastFragmentation(options)).toThrow(expected)
  })
})

describe('images', () => {
  const MIB = 1024 ** 2
  test('a node that has the image is better, and less so the fewer others have it', () => {
    const node = (name: string, share: number): NodeDescription => ({
      name,
      allocatable: {},
      images: { web: { size: 500 * MIB, share } },
    })
    const scheduler = withNodes(only(imageLocality()), [
      node('few', 0.1),
      node('many', 1),
      { name: 'none', allocatable: {} },
    ])
    const scores = ['none', 'few', 'many'].map(name => scheduler.scoreOn({ key: 't', images: ['web'] }, name))
    // 100 · (500 − 23) / (1000 − 23), and 50 MiB of it where a tenth of the nodes have it.
    expect(scores).toEqual([0, 2, 48])
  })
})

describe('failures', () => {
  const nodes = (failures: readonly number[]): readonly NodeDescription[] =>
    failures.map((count, index) => ({ name: `n${index}`, allocatable: {}, failures: { f: count } }))

  test("is SwarmKit's order: fewer failures first if either node has five, else as if there were none", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 2, maxLength: 5 }), failures => {
        const scheduler = withNodes(swarmProfile(), nodes(failures))
        // Pairwise, as SwarmKit compares them; of equals the lower name.
        const better = (a: number, b: number): boolean => {
          const [one = 0, other = 0] = [failures[a], failures[b]]
          return one >= 5 || other >= 5 ? one < other : false
        }
        let best = 0
        for (let at = 1; at < failures.length; at++) if (better(at, best)) best = at
        expect(scheduler.place({ key: 't', failuresOf: 'f' })).toMatchObject({ node: `n${best}` })
        expect(scheduler.place({ key: 'other', failuresOf: 'g' })).toMatchObject({
          node: `n${best === 0 ? 1 : 0}`,
        })
      }),
      { numRuns: 60, seed: 23 },
    )
  })

  test('Nomad gives the worst score to a node where a task like it failed, and none to others', () => {
    const { nodes: explained } = withNodes(nomadProfile(), nodes([0, 1])).explain({
      key: 't',
      failuresOf: 'f',
    })
    const penalties = explained.map(({ node, scores }) => [
      node,
      scores.find(({ plugin }) => plugin === 'node-reschedule-penalty')?.score,
    ])
    expect(new Map(penalties as [string, number | undefined][])).toEqual(
      new Map([
        ['n0', undefined],
        ['n1', 0],
      ]),
    )
  })

  test.each([0, -1, Number.NaN])('a minimum of %s is not acceptable', min => {
    expect(() => fewestFailures({ min })).toThrow(/min: must be a finite number above 0/)
  })
})
