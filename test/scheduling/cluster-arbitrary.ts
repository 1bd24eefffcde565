import fc from 'fast-check'
import type { NodeDescription, PlacementRequest, VolumeClaim } from '../../src/scheduling/index.js'

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

/** Nodes that also say what else requests may look at: volumes, images, failures. */
export function furnishedNodeArbitrary(): fc.Arbitrary<NodeDescription> {
  const furniture = fc.record(
    {
      volumeLimits: fc.record({ csi: fc.integer({ min: 0, max: 2 }) }),
      images: fc.record({
        web: fc.record({ size: fc.integer({ max: 2 ** 31, min: 0 }), share: fc.constantFrom(0.25, 1) }),
      }),
      failures: fc.record({ f: fc.integer({ min: 0, max: 9 }) }),
    },
    { requiredKeys: [] },
  )
  return fc.tuple(nodeArbitrary(), furniture).map(([node, more]) => ({ ...node, ...more }))
}

export const volumesArbitrary: fc.Arbitrary<readonly VolumeClaim[]> = fc.uniqueArray(
  fc.record(
    {
      name: fc.constantFrom('v1', 'v2', 'v3'),
      driver: fc.constant('csi'),
      access: fc.constantFrom(
        'ReadWriteOnce' as const,
        'ReadWriteOncePod' as const,
        'ReadWriteMany' as const,
      ),
      topology: fc.tuple(
        fc.record({
          matchExpressions: fc.tuple(
            fc.record({
              key: fc.constant('zone'),
              operator: fc.constant('In' as const),
              values: fc.tuple(zone),
            }),
          ),
        }),
      ),
    },
    { requiredKeys: ['name'] },
  ),
  { maxLength: 2, selector: ({ name }) => name },
)

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

/** Requests that look at each other: siblings, labels, affinity, spread, preferences. */
export function relatedRequestArbitrary(keys: readonly string[]): fc.Arbitrary<PlacementRequest> {
  const attribute = fc.constantFrom('zone', 'hostname', 'rack')
  const app = fc.constantFrom('web', 'db')
  const labelSelector = fc.record({ matchLabels: fc.record({ app }, { requiredKeys: [] }) })
  const related = fc.record(
    {
      group: fc.constantFrom('g1', 'g2'),
      instances: fc.integer({ min: 1, max: 6 }),
      namespace: fc.constantFrom('a', 'b'),
      labels: fc.record({ app }),
      affinity: fc.array(
        fc.record(
          {
            kind: fc.constantFrom('affinity' as const, 'antiAffinity' as const),
            attribute,
            labelSelector,
            weight: fc.integer({ min: 1, max: 100 }),
          },
          { requiredKeys: ['kind', 'attribute', 'labelSelector'] },
        ),
        { maxLength: 2 },
      ),
      spread: fc.array(
        fc
          .record(
            {
              attribute,
              labelSelector,
              maxSkew: fc.integer({ min: 1, max: 2 }),
              minDomains: fc.integer({ min: 1, max: 3 }),
              nodeAffinityPolicy: fc.constantFrom('Honor' as const, 'Ignore' as const),
              nodeTaintsPolicy: fc.constantFrom('Honor' as const, 'Ignore' as const),
              whenUnsatisfiable: fc.constantFrom('DoNotSchedule' as const, 'ScheduleAnyway' as const),
              targets: fc.record({ a: fc.constantFrom(0, 30, 70) }, { requiredKeys: [] }),
              weight: fc.integer({ min: 1, max: 9 }),
              within: fc.constantFrom(['disk'], ['gone', 'disk']),
            },
            { requiredKeys: ['attribute', 'labelSelector'] },
          )
          .map(({ targets, weight, within, ...rule }) =>
            rule.whenUnsatisfiable !== 'ScheduleAnyway'
              ? rule
              : {
                  ...rule,
                  ...(targets === undefined ? {} : { targets }),
                  ...(weight === undefined ? {} : { weight }),
                  ...(within === undefined ? {} : { within }),
                },
          ),
        { maxLength: 2 },
      ),
      volumes: volumesArbitrary,
      images: fc.constant(['web']),
      failuresOf: fc.constantFrom('f', 'g'),
      preferences: fc.array(
        fc.record({
          weight: fc.integer({ min: -100, max: 100 }),
          matchExpressions: fc.tuple(
            fc.record({
              key: fc.constant('zone'),
              operator: fc.constant('In' as const),
              values: fc.tuple(zone),
            }),
          ),
        }),
        { maxLength: 2 },
      ),
      constraints: fc.array(
        fc.oneof(
          fc.record({
            attribute,
            operator: fc.constantFrom('unique' as const, 'cluster' as const, 'groupBy' as const),
          }),
          fc.record({
            attribute,
            operator: fc.constantFrom('maxPer' as const, 'groupBy' as const),
            value: fc.integer({ min: 1, max: 3 }),
          }),
        ),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: [] },
  )
  return fc
    .tuple(requestArbitrary(keys), related)
    .map(([plain, more]) => ({ ...plain, ...more, requests: plain.requests ?? {} }))
}
