import { describe, expect, test } from 'vitest'
import {
  AddressClaim,
  Cell,
  CronJob,
  DaemonSet,
  Deployment,
  DisruptionBudget,
  EndpointSlice,
  Event,
  Framework,
  Job,
  Lease,
  Node,
  ReplicaSet,
  Reservation,
  Revision,
  Role,
  Service,
  StatefulSet,
  Task,
  TrafficConsumer,
} from '../../src/api/index.js'
import { InvalidError } from '../../src/core/index.js'
import type { Kind } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'

const time = '2026-01-01T00:00:00.000Z'
const selector = { matchLabels: { app: 'web' } }
const template = { metadata: { labels: { app: 'web' } }, spec: { command: ['web'] } }

/** The least that each kind asks for. */
const smallest: readonly (readonly [kind: Kind, spec: object])[] = [
  [TrafficConsumer, { holderIdentity: 'p', acknowledgedRevision: 1, renewTime: '2026-01-01T00:00:00.000Z' }],
  [AddressClaim, { pool: 'p', owner: { kind: 'Service', name: 's', uid: 'u' } }],
  [CronJob, { schedule: '@daily', jobTemplate: { spec: { template } } }],
  [Deployment, { replicas: 1, selector, template }],
  [Cell, { set: 's', key: '0', revision: 'r' }],
  [DaemonSet, { selector, template }],
  [StatefulSet, { replicas: 1, selector, template }],
  [DisruptionBudget, { selector, minAvailable: 1 }],
  [EndpointSlice, { serviceName: 's', addressType: 'IPv4', endpoints: [] }],
  [
    Event,
    {
      regarding: { apiVersion: 'v1', kind: 'Task', name: 't' },
      type: 'Normal',
      reason: 'R',
      note: 'n',
      reportingController: 'c',
      count: 1,
      firstTime: time,
      lastTime: time,
    },
  ],
  [Framework, { roles: ['r'], failoverMs: 0 }],
  [Job, { template }],
  [Lease, {}],
  [Node, {}],
  [ReplicaSet, { replicas: 0, selector, template }],
  [Revision, { number: 1, templateHash: 'h', template, cause: 'update' }],
  [Reservation, { nodeName: 'n', role: 'r', requests: { cpu: 1 } }],
  [Role, {}],
  [Service, {}],
  [Task, {}],
]

const create = (kind: Kind, spec: object): Promise<unknown> => {
  const name = kind === AddressClaim ? '10.0.0.1' : 'x'
  const metadata = kind.namespaced ? { namespace: 'default', name } : { name }
  return createStore({ kinds: [kind] }).create(kind, { metadata, spec })
}

describe.each(smallest.map(([kind, spec]) => ({ name: kind.kind, kind, spec })))(
  '$name',
  ({ kind, spec }) => {
    test('takes the least that it asks for', async () => {
      await expect(create(kind, spec)).resolves.toBeDefined()
    })

    test('refuses an unknown field and names it', async () => {
      const error = await create(kind, { ...spec, typo: 1 }).catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(InvalidError)
      expect((error as InvalidError).message).toContain('typo')
    })

    test.each(Object.keys(spec))('asks for %s', async field => {
      await expect(create(kind, { ...spec, [field]: undefined })).rejects.toThrow(InvalidError)
      const { [field]: _, ...rest } = spec as Record<string, unknown>
      await expect(create(kind, rest)).rejects.toThrow(InvalidError)
    })
  },
)

test.each([
  { field: 'a probe with two actions', probe: { tcpSocket: { port: 1 }, httpGet: { path: '/', port: 1 } } },
  { field: 'a probe of gRPC without a port', probe: { grpc: { service: 'shop' } } },
  { field: 'a probe with no action', probe: { periodSeconds: 1 } },
  { field: 'a probe with a period of 0', probe: { tcpSocket: { port: 1 }, periodSeconds: 0 } },
  { field: 'a probe of a port beyond 65535', probe: { tcpSocket: { port: 65_536 } } },
])('a task refuses $field', async ({ probe }) => {
  await expect(create(Task, { readinessProbe: probe })).rejects.toThrow('readinessProbe')
})

test.each([
  { replicas: -1 },
  { replicas: 1.5 },
  { strategy: { type: 'Rolling' } },
  { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25' } } },
  { progressDeadlineSeconds: 0 },
  { onFailure: 'rollback' },
])('a deployment refuses %o', async wrong => {
  await expect(create(Deployment, { replicas: 1, selector, template, ...wrong })).rejects.toThrow(
    InvalidError,
  )
})
