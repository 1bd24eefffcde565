import { expect, test } from 'vitest'
import type { PlacementRequest, Profile } from '../../src/scheduling/index.js'
import {
  createScheduler,
  kubernetesProfile,
  marathonProfile,
  nomadProfile,
  packProfile,
  spreadProfile,
  swarmProfile,
} from '../../src/scheduling/index.js'

const PROFILES: readonly Profile[] = [
  packProfile(),
  spreadProfile(),
  kubernetesProfile(),
  swarmProfile(),
  nomadProfile(),
  marathonProfile(),
]

const zone = [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['elsewhere'] }] }] as const

/** Each asks for what the node does not have, or forbids what is there. */
const DEMANDS: readonly Omit<PlacementRequest, 'key'>[] = [
  { requests: { cpu: 5 } },
  { nodeSelector: { matchLabels: { disk: 'fast' } } },
  { constraints: [{ attribute: 'rack', operator: 'equals', value: 'r9' }] },
  { constraints: [{ attribute: 'hostname', operator: 'unique' }], group: 'g' },
  { hostPorts: [{ port: 80 }] },
  { hostPorts: [{ port: 0, range: [80, 80] }] },
  { devices: [{ kind: 'gpu', constraints: [{ attribute: 'memory', operator: 'equals', value: '80' }] }] },
  { platforms: [{ os: 'plan9' }] },
  { volumes: [{ name: 'data', topology: zone }] },
  { volumes: [{ name: 'another', driver: 'csi' }] },
  { volumes: [{ name: 'own', access: 'ReadWriteOncePod' }] },
  { spread: [{ attribute: 'disk' }], group: 'g' },
  {
    affinity: [{ kind: 'affinity', attribute: 'hostname', labelSelector: { matchLabels: { app: 'none' } } }],
  },
  {
    affinity: [
      { kind: 'antiAffinity', attribute: 'hostname', labelSelector: { matchLabels: { app: 'web' } } },
    ],
  },
]

test.each(PROFILES.map(profile => [profile.name, profile] as const))(
  'no condition of a request is passed over by profile %s',
  (_name, profile) => {
    for (const demand of DEMANDS) {
      const scheduler = createScheduler({ profile })
      scheduler.addNode({
        name: 'n',
        labels: { 'node.os': 'linux' },
        attributes: { os: 'linux' },
        allocatable: { cpu: 4 },
        devices: [{ kind: 'gpu', id: '0', attributes: { memory: '40' } }],
        volumeLimits: { csi: 1 },
      })
      const volumes = [{ name: 'own', driver: 'csi', access: 'ReadWriteOncePod' }] as const
      const held = { hostPorts: [{ port: 80 }], volumes, labels: { app: 'web' }, group: 'g' }
      scheduler.addTask({ key: 'there', node: 'n', ...held })
      expect(scheduler.place({ key: 'asks', ...demand }).kind, JSON.stringify(demand)).toBe('unschedulable')
    }
    const tainted = createScheduler({ profile })
    tainted.addNode({ name: 'n', allocatable: {}, taints: [{ key: 'not-ready', effect: 'NoSchedule' }] })
    tainted.addNode({ name: 'm', allocatable: {}, unschedulable: true })
    expect(tainted.place({ key: 'asks' }).kind).toBe('unschedulable')
  },
)
