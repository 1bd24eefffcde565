import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Task } from '../../../src/api/index.js'
import { Task as TaskKind } from '../../../src/api/index.js'
import { ReleasedPorts } from '../../../src/scheduling/shell/released-ports.js'
import { createCluster, run } from './scheduling-world.js'

const COOL_DOWN_MS = 100
const PER_RANGE = { spec: { ports: [{ hostPortRange: { first: 1, last: 9 } }] } } as unknown as Task

test('a port rests for its time, the first given back first; a list that is looked through agrees', () => {
  const nodes = ['n1', 'n2']
  const act = fc.oneof(
    fc.record({ node: fc.constantFrom(...nodes), port: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ passMs: fc.integer({ min: -150, max: 150 }) }),
  )
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), acts => {
      const released = new ReleasedPorts(COOL_DOWN_MS)
      released.noteTask(PER_RANGE)
      let nowMs = 1_000
      let model: { node: string; port: number; atMs: number }[] = []
      for (const one of acts) {
        if ('node' in one) {
          released.note(one.node, [{ port: one.port }])
          model = model.filter(({ node, port }) => node !== one.node || port !== one.port)
          model.push({ ...one, atMs: nowMs })
        } else {
          nowMs += one.passMs
          for (const each of model) each.atMs = Math.min(each.atMs, nowMs)
        }
        const before = nodes.map(node => released.on(node))
        const changed = released.decay(nowMs)
        model = model.filter(({ atMs }) => nowMs < atMs + COOL_DOWN_MS)
        for (const [at, node] of nodes.entries()) {
          const ports = model.filter(each => each.node === node).map(({ port }) => ({ port }))
          expect(released.on(node) ?? []).toEqual(ports)
          if (!changed.includes(node)) expect(released.on(node)).toEqual(before[at])
        }
        expect(released.needsTime).toBe(false)
      }
    }),
  )
})

test('nothing is remembered until a task asks for a port of a range, nor of more than 10,000', () => {
  const released = new ReleasedPorts(COOL_DOWN_MS)
  released.note('n1', [{ port: 1 }])
  expect(released.on('n1')).toBeUndefined()
  released.noteTask(PER_RANGE)
  for (let port = 1; port <= 10_001; port++) released.note('n1', [{ port }])
  expect([released.on('n1')?.length, released.on('n1')?.[0]]).toEqual([10_000, { port: 2 }])
})

test.each([
  [undefined, 30_001],
  [0, 30_000],
])(
  'a controller with portCoolDownMs %s gives %d after 30000 was given back',
  async (portCoolDownMs, next) => {
    const world = createCluster()
    await world.addNode('n1', { cpu: 8 })
    await run(world, portCoolDownMs === undefined ? {} : { portCoolDownMs })
    const ports = [{ name: 'p', containerPort: 80, hostPortRange: { first: 30_000, last: 30_001 } }]
    const portOf = (name: string) =>
      world.store.get(TaskKind, { namespace: 'default', name })?.spec.ports?.[0]?.hostPort
    await world.addTask('a', { ports })
    expect(portOf('a')).toBe(30_000)
    await world.env.run(() => world.store.delete(TaskKind, { namespace: 'default', name: 'a' }))
    await world.env.settle()
    await world.addTask('b', { ports })
    expect(portOf('b')).toBe(next)
    // Once it has cooled down it is the first again.
    await world.env.run(() => world.store.delete(TaskKind, { namespace: 'default', name: 'b' }))
    await world.env.advance(61_000)
    await world.addTask('c', { ports })
    expect(portOf('c')).toBe(30_000)
  },
)
