import { expect, test } from 'vitest'
import { renderReasons } from '../../src/core/index.js'
import type { PlacementRequest, Scheduler } from '../../src/scheduling/index.js'
import { createScheduler } from '../../src/scheduling/index.js'

function whyNot(scheduler: Scheduler, request: PlacementRequest): string {
  const result = scheduler.place(request)
  return result.kind === 'placed' ? `placed on ${result.node}` : renderReasons(result.reasons)
}

test('who has a port is named, and a port that is only kept is said to be reserved', () => {
  const scheduler = createScheduler()
  const mine = [{ port: 81, reservedBy: 'reservation:db' }]
  scheduler.addNode({ name: 'n', allocatable: {}, hostPorts: [{ port: 22 }, ...mine] })
  scheduler.addTask({ key: 'web', node: 'n', hostPorts: [{ port: 80, ip: '10.0.0.1' }] })
  scheduler.reserve({ name: 'hold', node: 'n', forKey: 'late', hostPorts: [{ port: 82 }] })
  const reasonFor = (port: number) => scheduler.refusalsOn({ key: 'asks', hostPorts: [{ port }] }, 'n')[0]
  expect(
    [22, 80, 81, 82].map(port => [reasonFor(port)?.message, reasonFor(port)?.params?.['holder']]),
  ).toEqual([
    ['host port 22/TCP taken', undefined],
    ['host port 80/TCP taken', 'web'],
    ['host port 81/TCP reserved', 'reservation:db'],
    ['host port 82/TCP reserved', 'hold'],
  ])
  scheduler.removeTask('web')
  expect(reasonFor(80)).toBeUndefined()
})

test('of two that have one port, the one that is left is named when the other is gone', () => {
  const scheduler = createScheduler()
  scheduler.addNode({ name: 'n', allocatable: {} })
  for (const key of ['a', 'b']) scheduler.addTask({ key, node: 'n', hostPorts: [{ port: 80 }] })
  scheduler.removeTask('a')
  const [reason] = scheduler.refusalsOn({ key: 'asks', hostPorts: [{ port: 80 }] }, 'n')
  expect(reason?.params?.['holder']).toBe('b')
})

test('a device that is missing is told once, whether as an amount or by what it must be', () => {
  const scheduler = createScheduler()
  scheduler.addNode({ name: 'none', allocatable: {} })
  const gpu = { kind: 'gpu', id: '0', attributes: { memory: '40' } }
  scheduler.addNode({ name: 'small', allocatable: { gpu: 1 }, devices: [gpu] })
  const large = [{ attribute: 'memory', operator: 'equals', value: '80' }] as const
  const asks = { requests: { gpu: 1 }, devices: [{ kind: 'gpu', constraints: large }] }
  expect(whyNot(scheduler, { key: 'a', ...asks })).toBe(
    '0/2 nodes are available: 1 Insufficient devices gpu, 1 Insufficient gpu.',
  )
})
