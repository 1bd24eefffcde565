import fc from 'fast-check'
import type { NodeDescription, PlacementRequest } from '../../src/scheduling/index.js'

/** Small worlds, so that nodes fill up, tie and refuse within a few steps. */
const zone = fc.constantFrom('a', 'b')
const taint = fc.record({
  key: fc.constantFrom('gpu', 'spot'),
  effect: fc.constantFrom('NoSchedule' as const, 'PreferNoSchedule' as const, 'NoExecute' as const),
})
const port = fc.record({
  port: fc.constantFrom(80, 443),
  ip: fc.constantFrom('0.0.0.0', '10.0.0.1', '10.0.0.2'),
})

export const nodeNames: readonly string[] = ['n1', 'n2', 'n3', 'n4', 'n5']

export function nodeArbitrary(names: readonly string[] = nodeNames): fc.Arbitrary<NodeDescription> {
  return fc.record({
    name: fc.constantFrom(...names),
    labels: fc.record({ zone }),
    attributes: fc.record({ disk: fc.constantFrom('ssd', 'hdd') }),
    allocatable: fc.oneof(
      fc.record({ cpu: fc.integer({ min: 0, max: 8 }), memory: fc.integer({ min: 0, max: 8 }) }),
      fc.record({
        cpu: fc.integer({ min: 0, max: 8 }),
        memory: fc.integer({ min: 0, max: 8 }),
        gpu: fc.integer({ min: 0, max: 2 }),
        pods: fc.integer({ min: 0, max: 4 }),
      }),
    ),
    taints: fc.array(taint, { maxLength: 2 }),
    unschedulable: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
    hostPorts: fc.array(port, { maxLength: 1 }),
  })
}

export function requestArbitrary(keys: readonly string[]): fc.Arbitrary<PlacementRequest> {
  return fc.record(
    {
      key: fc.constantFrom(...keys),
      requests: fc.record(
        {
          cpu: fc.integer({ min: 0, max: 4 }),
          memory: fc.integer({ min: 0, max: 4 }),
          gpu: fc.integer({ min: 0, max: 1 }),
        },
        { requiredKeys: [] },
      ),
      nodeSelector: fc.record({ matchLabels: fc.record({ zone }, { requiredKeys: [] }) }),
      tolerations: fc.array(
        fc.record({ key: fc.constantFrom('gpu', 'spot'), operator: fc.constant('Exists' as const) }),
        { maxLength: 2 },
      ),
      constraints: fc.array(
        fc.record({
          attribute: fc.constant('disk'),
          operator: fc.constant('equals' as const),
          value: fc.constantFrom('ssd', 'hdd'),
        }),
        { maxLength: 1 },
      ),
      hostPorts: fc.array(port, { maxLength: 1 }),
    },
    { requiredKeys: ['key'] },
  )
}
