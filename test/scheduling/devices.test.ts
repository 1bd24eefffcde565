import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HostPort } from '../../src/scheduling/index.js'
import {
  applyPlan,
  createScheduler,
  kubernetesProfile,
  nomadProfile,
  packProfile,
  planPlacements,
  swarmProfile,
} from '../../src/scheduling/index.js'
import { portsConflict } from '../../src/scheduling/nodes/host-ports.js'
import { chooseDevices, compileDeviceRequests } from '../../src/scheduling/requests/device-request.js'

const gpu = (id: string, memory: number) => ({ kind: 'gpu', id, attributes: { memory } })
const large = {
  kind: 'gpu',
  constraints: [{ attribute: 'memory', operator: 'greaterOrEqual' as const, value: '40' }],
}

describe('devices', () => {
  test('a task is told which it has; nobody else gets them, and what it gives back is free', () => {
    const scheduler = createScheduler()
    scheduler.addNode({
      name: 'n',
      allocatable: {},
      devices: [gpu('0', 80), gpu('1', 20), { kind: 'fpga', id: 'f' }],
    })
    const both = [{ kind: 'gpu' }, { kind: 'fpga' }]
    expect(scheduler.place({ key: 'a', devices: both })).toMatchObject({
      held: [
        { kind: 'gpu', ids: ['0'] },
        { kind: 'fpga', ids: ['f'] },
      ],
    })
    expect(scheduler.place({ key: 'b', devices: both })).toMatchObject({
      kind: 'unschedulable',
      reasons: { reasons: [{ code: 'InsufficientDevices', message: 'Insufficient devices fpga, gpu' }] },
    })
    expect(scheduler.place({ key: 'c', devices: [{ kind: 'gpu' }] })).toMatchObject({
      held: [{ kind: 'gpu', ids: ['1'] }],
    })
    scheduler.removeTask('a')
    expect(scheduler.place({ key: 'b', devices: both })).toMatchObject({ kind: 'placed' })
  })

  test('who takes any gives way to who needs a large one', () => {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n', allocatable: {}, devices: [gpu('0', 80), gpu('1', 20)] })
    expect(scheduler.place({ key: 'a', devices: [{ kind: 'gpu' }, large] })).toMatchObject({ kind: 'placed' })
  })

  test('a fork has devices of its own', () => {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n', allocatable: {}, devices: [gpu('0', 80)] })
    const copy = scheduler.fork()
    expect(copy.place({ key: 'a', devices: [large] }).kind).toBe('placed')
    expect(scheduler.fits({ key: 'b', devices: [large] }, 'n')).toBe(true)
    expect(copy.fits({ key: 'b', devices: [large] }, 'n')).toBe(false)
  })

  test('devices that are counted as a resource fill one node before the next', () => {
    const scheduler = createScheduler({ profile: packProfile() })
    for (const name of ['n1', 'n2'])
      scheduler.addNode({ name, allocatable: { gpu: 2 }, devices: [gpu('0', 80), gpu('1', 80)] })
    const nodes = ['a', 'b', 'c'].map(key => {
      const placed = scheduler.place({ key, requests: { gpu: 1 }, devices: [large] })
      return placed.kind === 'placed' ? placed.node : 'none'
    })
    expect(nodes).toEqual(['n1', 'n1', 'n2'])
  })

  test('a share goes to the device that has the least left, and others stay whole', () => {
    const scheduler = createScheduler()
    const devices = [gpu('0', 80), gpu('1', 80), gpu('2', 80)]
    scheduler.addNode({ name: 'n', allocatable: { gpu: 3_000 }, devices })
    const ask = (key: string, share: number, count = 1) => {
      const requests = { gpu: count * share * 1_000 }
      const placed = scheduler.place({ key, requests, devices: [{ kind: 'gpu', share, count }] })
      return placed.kind === 'placed' ? placed.held : placed.kind
    }
    expect(ask('a', 0.25)).toEqual([{ kind: 'gpu', ids: ['0'], share: 0.25 }])
    expect(ask('b', 0.5)).toEqual([{ kind: 'gpu', ids: ['0'], share: 0.5 }])
    expect(ask('c', 0.5)).toEqual([{ kind: 'gpu', ids: ['1'], share: 0.5 }])
    expect(ask('two', 0.25, 2)).toEqual([{ kind: 'gpu', ids: ['0', '1'], share: 0.25 }])
    expect(ask('whole', 1)).toEqual([{ kind: 'gpu', ids: ['2'] }])
    // There are 250 thousandths left, all on one device.
    expect(ask('again', 0.125, 2)).toBe('unschedulable')
    scheduler.removeTask('c')
    expect(ask('again', 0.125, 2)).toBe('unschedulable')
    scheduler.removeTask('whole')
    expect(ask('again', 0.125, 2)).toEqual([{ kind: 'gpu', ids: ['1', '2'], share: 0.125 }])
  })

  test('law: no device is given more than once in all, whatever comes and goes, also in copies', () => {
    const share = fc.constantFrom(1, 0.5, 0.3, 0.001)
    const act = fc.record({
      key: fc.nat(7),
      share,
      count: fc.integer({ min: 1, max: 2 }),
      copy: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 25 }), acts => {
        const scheduler = createScheduler()
        scheduler.addNode({ name: 'n', allocatable: {}, devices: [gpu('0', 1), gpu('1', 1)] })
        for (const { key, share: of, count, copy } of acts) {
          const used = new Map<string, number>()
          const on = copy ? scheduler.fork() : scheduler
          const isGone = on.removeTask(`t${key}`)
          const before = on.explain({ key: 'x', devices: [{ kind: 'gpu' }] }).nodes[0]?.fits
          if (!isGone) on.place({ key: `t${key}`, devices: [{ kind: 'gpu', share: of, count }] })
          for (const { held = [] } of on.tasksOn('n'))
            for (const { ids, share: part = 1 } of held)
              for (const id of ids) used.set(id, (used.get(id) ?? 0) + Math.round(part * 1_000))
          for (const thousandths of used.values()) expect(thousandths).toBeLessThanOrEqual(1_000)
          if (isGone) expect(before).toBe(['0', '1'].some(id => !used.has(id)))
        }
      }),
      { numRuns: 60, seed: 7 },
    )
  })

  test('law: a choice is found exactly if one exists, by trying all of them', () => {
    const kind = fc.constantFrom('gpu', 'fpga')
    const device = fc.record({
      kind,
      memory: fc.constantFrom(20, 40, 80),
      free: fc.constantFrom(0, 0.25, 0.5, 1, 1),
    })
    const request = fc.record({
      kind,
      count: fc.integer({ min: 1, max: 2 }),
      least: fc.constantFrom(20, 40, 80),
      share: fc.constantFrom(0.25, 0.5, 1, 1),
    })
    fc.assert(
      fc.property(
        fc.array(device, { maxLength: 5 }),
        fc.array(request, { maxLength: 3 }),
        (devices, requests) => {
          const free = devices.map((one, at) => ({
            device: { kind: one.kind, id: `${at}`, attributes: { memory: one.memory } },
            free: one.free,
          }))
          const compiled = compileDeviceRequests(
            requests.map(({ kind: of, count, least, share }) => ({
              kind: of,
              count,
              share,
              constraints: [{ attribute: 'memory', operator: 'greaterOrEqual' as const, value: `${least}` }],
            })),
          )
          const wants = compiled.flatMap(one => Array.from({ length: one.count }, () => one))
          const exists = (from: number, used: ReadonlySet<number>): boolean =>
            from === wants.length ||
            free.some(
              (one, at) =>
                !used.has(at) &&
                (wants[from]?.share ?? 1) <= one.free &&
                wants[from]?.accepts(one.device) === true &&
                exists(from + 1, new Set([...used, at])),
            )
          const chosen = chooseDevices(compiled, free)
          expect(chosen !== undefined).toBe(exists(0, new Set()))
          if (chosen !== undefined) expect(chosen.flatMap(({ ids }) => ids).length).toBe(wants.length)
        },
      ),
      { numRuns: 200, seed: 3 },
    )
  })

  test.each([
    [{ devices: [{ kind: '' }] }, 'devices[0].kind'],
    [{ devices: [{ kind: 'gpu', count: 0 }] }, 'devices[0].count'],
    [{ devices: [{ kind: 'gpu', share: 0 }] }, 'devices[0].share'],
    [{ devices: [{ kind: 'gpu', share: 1.5 }] }, 'devices[0].share'],
    [{ devices: [{ kind: 'gpu', share: 0.0005 }] }, 'devices[0].share'],
    [
      { devices: [{ kind: 'gpu', constraints: [{ attribute: 'a', operator: 'unique' as const }] }] },
      'devices[0].constraints',
    ],
  ])('what cannot be is refused by name: %j', (request, field) => {
    expect(() => createScheduler().place({ key: 'a', ...request })).toThrow(field)
  })

  test('a node has a device once', () => {
    const devices = [gpu('0', 1), gpu('0', 2)]
    expect(() => createScheduler().addNode({ name: 'n', allocatable: {}, devices })).toThrow('devices[1]')
  })
})

describe('host ports of a range', () => {
  const range = [30_000, 30_002] as const
  const any = { port: 0, range }

  test('the lowest free one is given and told; when none is left, the range is named', () => {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n', allocatable: {}, hostPorts: [{ port: 30_001 }] })
    expect(scheduler.place({ key: 'a', hostPorts: [{ port: 80 }, any, any] })).toMatchObject({
      hostPorts: [{ port: 80 }, { port: 30_000 }, { port: 30_002 }],
    })
    expect(scheduler.place({ key: 'b', hostPorts: [any] })).toMatchObject({
      reasons: { reasons: [{ code: 'HostPortsExhausted', message: 'no host port left in 30000-30002' }] },
    })
    expect(scheduler.place({ key: 'c', hostPorts: [{ ...any, protocol: 'UDP' }] })).toMatchObject({
      kind: 'placed',
    })
    scheduler.removeTask('a')
    expect(scheduler.place({ key: 'b', hostPorts: [any] })).toMatchObject({ hostPorts: [{ port: 30_000 }] })
  })

  test('law: no two tasks of a node hold one port, whatever comes and goes', () => {
    const wanted = fc.array(fc.constantFrom<HostPort>(any, { port: 30_000 }, { ...any, protocol: 'UDP' }), {
      minLength: 1,
      maxLength: 2,
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), wanted), { maxLength: 20 }), acts => {
        const scheduler = createScheduler()
        scheduler.addNode({ name: 'n', allocatable: {} })
        for (const [at, hostPorts] of acts) {
          const key = `t${at}`
          const isDouble =
            hostPorts.length === 2 && portsConflict(hostPorts[0] as HostPort, hostPorts[1] as HostPort)
          if (!scheduler.removeTask(key) && !isDouble) scheduler.place({ key, hostPorts })
          const held = scheduler.tasksOn('n').flatMap(task => task.hostPorts ?? [])
          for (const [index, port] of held.entries()) {
            expect(port.port).toBeGreaterThan(0)
            expect(held.slice(0, index).some(other => portsConflict(port, other))).toBe(false)
          }
        }
      }),
      { numRuns: 100, seed: 5 },
    )
  })

  test('numbers are found for all if there are any, whatever the ranges', () => {
    const range = fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.nat(3))
      .map(([first, more]) => [first, first + more] as const)
    fc.assert(
      fc.property(
        fc.array(range, { minLength: 1, maxLength: 4 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
        (ranges, taken, released) => {
          const scheduler = createScheduler()
          const portsOf = (numbers: readonly number[]) => numbers.map(port => ({ port }))
          scheduler.addNode({
            name: 'n',
            allocatable: {},
            hostPorts: portsOf(taken),
            releasedPorts: portsOf(released),
          })
          const exists = (from: number, used: readonly number[]): boolean => {
            const [first, last] = ranges[from] ?? [1, 0]
            const numbers = Array.from({ length: last - first + 1 }, (_, at) => first + at)
            return (
              from === ranges.length ||
              numbers.some(one => !used.includes(one) && exists(from + 1, [...used, one]))
            )
          }
          const placed = scheduler.place({
            key: 'a',
            hostPorts: ranges.map(one => ({ port: 0, range: one })),
          })
          expect(placed.kind === 'placed').toBe(exists(0, taken))
          if (placed.kind !== 'placed') return
          const given = (placed.hostPorts ?? []).map(({ port }) => port)
          for (const [at, port] of given.entries()) {
            const [first, last] = ranges[at] as readonly [number, number]
            expect(port >= first && port <= last && !taken.includes(port)).toBe(true)
          }
          // Who was given back last is given only if it does not go without.
          const last = released.at(-1)
          if (last !== undefined && given.includes(last)) expect(exists(0, [...taken, last])).toBe(false)
        },
      ),
      { numRuns: 150, seed: 11 },
    )
  })

  test('a port that was given back lately is given when no other is left, the first of them first', () => {
    const scheduler = createScheduler()
    const releasedPorts = [{ port: 30_001 }, { port: 30_000 }]
    scheduler.addNode({ name: 'n', allocatable: {}, releasedPorts })
    const given = ['a', 'b', 'c', 'd'].map(key => {
      const placed = scheduler.place({ key, hostPorts: [any] })
      return placed.kind === 'placed' ? placed.hostPorts?.[0]?.port : placed.kind
    })
    expect(given).toEqual([30_002, 30_001, 30_000, 'unschedulable'])
  })

  test('a plan keeps the ports that it gave', () => {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n', allocatable: {} })
    const plan = planPlacements(scheduler, [{ key: 'a', hostPorts: [any] }])
    expect(applyPlan(scheduler, plan).committed).toEqual(['a'])
    expect(scheduler.task('a')?.hostPorts).toEqual([{ port: 30_000 }])
  })

  test.each([
    [{ port: 80, range }, 'hostPorts[0].range'],
    [{ port: 0, range: [9, 3] as const }, 'hostPorts[0].range'],
    [{ port: 0, range: [0, 70_000] as const }, 'hostPorts[0].range'],
  ])('a range that is none is refused by name: %j', (port, field) => {
    expect(() => createScheduler().place({ key: 'a', hostPorts: [port] })).toThrow(field)
  })
})

test.each([
  ['kubernetes', kubernetesProfile()],
  ['swarm', swarmProfile()],
  ['nomad', nomadProfile()],
])('the preset %s gives a device once', (_name, profile) => {
  const scheduler = createScheduler({ profile })
  scheduler.addNode({ name: 'n', allocatable: {}, devices: [{ kind: 'gpu', id: '0' }] })
  const ask = (key: string) => scheduler.place({ key, devices: [{ kind: 'gpu' }] }).kind
  expect([ask('a'), ask('b')]).toEqual(['placed', 'unschedulable'])
})
