import { describe, expect, test } from 'vitest'
import { Deployment, ReplicaSet, Service, Task } from '../../src/api/index.js'
import { createStore } from '../../src/store/index.js'

const metadata = { namespace: 'd', name: 'x' }
const labels = { app: 'web' }
const problemsOf = (error: unknown): unknown =>
  (error as { details: { problems: { field: string }[] } }).details.problems.map(({ field }) => field)

function rolling(
  rollingUpdate: NonNullable<Deployment['spec']['strategy']>['rollingUpdate'] & {},
): Partial<Deployment['spec']> {
  return { strategy: { type: 'RollingUpdate', rollingUpdate } }
}

/** Strategies whose stops cannot be: what, which field of the strategy, why. */
const stops = [
  [{ steps: ['50%', '20%'] }, 'steps[1]', /must not be below the step before it, which is 50%/],
  [{ steps: [5, { next: 3 }] }, 'steps[1].next', /must not be below/],
  [{ steps: ['150%'] }, 'steps[0]', /at most 100%/],
  [{ steps: [{ next: '10%', stable: '101%' }] }, 'steps[0].stable', /at most 100%/],
  [{ steps: [{ next: '10%', stable: '89%' }] }, 'steps[0].stable', /at least 100% with next/],
  [{ steps: Array.from({ length: 64 }, () => '10%') }, 'steps', /63/],
  [{ service: 'web', steps: [{ next: '10%', route: '101%' }] }, 'steps[0].route', /at most 100%/],
  [{ steps: ['10%'], blueGreen: {} }, 'blueGreen', /together with steps/],
  [{ rollback: { maxSurge: 0, maxUnavailable: 0 } }, 'rollback.maxUnavailable', /must be above 0/],
  [{ rollback: { maxUnavailable: '101%' } }, 'rollback.maxUnavailable', /at most 100%/],
  [{ rollback: { countStopping: true } }, 'rollback.countStopping', /needs maxSurge or maxUnavailable/],
  [
    { type: 'Recreate', rollback: { maxUnavailable: 1 } },
    'rollback.maxUnavailable',
    /no meaning for Recreate/,
  ],
  [{ hooks: { mid: [{ name: 'a' }] } }, 'hooks.mid', /for Recreate/],
  [{ gates: [{ kind: 'sok', ms: 1 }] }, 'gates[0].kind', /must be one of soak, /],
  [{ gates: [{ kind: 'soak', seconds: 1, ms: 1 }] }, 'gates[0].seconds', /unknown; soak takes ms/],
  [{ gates: [{ kind: 'soak' }] }, 'gates[0].ms', /required/],
  [{ gates: [{ kind: 'failures' }] }, 'gates[0]', /either max or ratio/],
  [{ gates: [{ kind: 'failures', ratio: 1 }] }, 'gates[0].ratio', /below 1/],
  [{ gates: [{ kind: 'not', gate: { kind: 'approve', name: '' } }] }, 'gates[0].gate.name', /1 to 253/],
  [{ gates: [{ kind: 'any', gates: [] }] }, 'gates[0].gates', /must have a gate/],
  [{ blueGreen: { gates: [{ kind: 'hook', name: 7 }] } }, 'blueGreen.gates[0].name', /1 to 253/],
  [
    {
      steps: [
        {
          next: 1,
          gates: [{ kind: 'all', gates: Array.from({ length: 32 }, () => ({ kind: 'soak', ms: 1 })) }],
        },
      ],
    },
    'steps[0].gates',
    /at most 32 gates/,
  ],
].map(([strategy, field, why]): [Partial<Deployment['spec']>, string, RegExp] => [
  { strategy: { type: 'RollingUpdate', ...(strategy as object) } },
  `strategy.${field as string}`,
  why as RegExp,
])

const demands: readonly (readonly [string, Task['spec'], readonly string[], RegExp])[] = [
  ['an amount', { resources: { requests: { cpu: 'lots' } } }, ['resources.requests.cpu'], /got "lots"/],
  ['a limit', { resources: { limits: { memory: '-1' } } }, ['resources.limits.memory'], /memory/],
  ['an amount beyond all', { resources: { requests: { cpu: 1e300 } } }, ['resources.requests'], /cpu/],
  [
    'one resource under two names',
    { resources: { requests: { cpu: 1, cpus: 1 } } },
    ['resources.requests.cpus'],
    /given twice/,
  ],
  [
    'an operator',
    {
      constraints: [
        { attribute: 'a', operator: 'exists' },
        { attribute: 'b', operator: 'equal' as 'equals' },
      ],
    },
    ['constraints[1].operator'],
    /must be one of equals, notEquals, .*groupBy/,
  ],
  [
    'the value of an operator',
    { constraints: [{ attribute: 'a', operator: 'maxPer', value: 'x' }] },
    ['constraints[0].value'],
    /whole number/,
  ],
  [
    'too many constraints',
    { constraints: Array.from({ length: 1_001 }, () => ({ attribute: 'a', operator: 'exists' as const })) },
    ['constraints.constraints'],
    /at most 1000/,
  ],
  [
    'two ports of one name',
    {
      ports: [
        { name: 'a', containerPort: 1 },
        { name: 'b', containerPort: 2 },
        { name: 'a', containerPort: 3 },
      ],
    },
    ['ports[2].name'],
    /is the name of spec.ports\[0\] too/,
  ],
  [
    'one port of the node twice',
    {
      ports: [
        { containerPort: 1, hostPort: 80 },
        { containerPort: 2, hostPort: 80, protocol: 'UDP' },
        { containerPort: 3, hostPort: 80, protocol: 'TCP' },
      ],
    },
    ['ports[2].hostPort'],
    /is that of spec.ports\[0\] too/,
  ],
  ['the number of tasks', { resources: { requests: { pods: 2 } } }, ['resources.requests.pods'], /left out/],
  [
    'more than all tasks of a spread',
    { spread: [{ attribute: 'zone', whenUnsatisfiable: 'ScheduleAnyway', targets: { a: 60, b: 50 } }] },
    ['spread[0].targets'],
    /100 percent in all/,
  ],
  [
    'shares of a spread that must hold',
    { spread: [{ attribute: 'zone', targets: { a: 60 } }] },
    ['spread[0].targets'],
    /ScheduleAnyway/,
  ],
  [
    'a selector of a spread',
    { spread: [{ attribute: 'zone', labelSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }] },
    ['spread[0].labelSelector.a'],
    /./,
  ],
  [
    'a selector of an affinity',
    { affinity: [{ kind: 'affinity', attribute: 'zone', labelSelector: { matchLabels: { '-': 'x' } } }] },
    ['affinity[0].labelSelector.-'],
    /./,
  ],
  ['a label of nodes', { nodeSelector: { '-': 'x' } }, ['nodeSelector.-'], /./],
  [
    'a preference for nodes',
    { nodePreferences: [{ weight: 1, matchExpressions: [{ key: 'a', operator: 'Gt', values: [] }] }] },
    ['nodePreferences[0].a'],
    /./,
  ],
  [
    'a preference for nodes by name',
    { nodePreferences: [{ weight: 1, matchFields: [{ key: 'metadata.name', operator: 'In', values: [] }] }] },
    ['nodePreferences[0].matchFields[0].values'],
    /exactly one/,
  ],
  [
    'a device beside siblings',
    { devices: [{ kind: 'gpu', constraints: [{ attribute: 'a', operator: 'unique' }] }] },
    ['devices[0].constraints'],
    /a device has none/,
  ],
  [
    'what a device must be',
    { devices: [{ kind: 'gpu', constraints: [{ attribute: 'a', operator: 'maxPer', value: 'x' }] }] },
    ['devices[0].constraints[0].value'],
    /whole number/,
  ],
  [
    'a volume twice',
    { volumes: [{ name: 'a' }, { name: 'b' }, { name: 'a' }] },
    ['volumes[2].name'],
    /twice/,
  ],
  [
    'where a volume can be reached',
    { volumes: [{ name: 'a', topology: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }] }] },
    ['volumes[0].topology[0].a'],
    /./,
  ],
]

describe('what no loop could act on is refused where it is given', () => {
  test.each(demands)('%s of a task', async (_what, spec, fields, message) => {
    const store = createStore({ kinds: [Task] })
    const refused = store.create(Task, { metadata, spec })
    await expect(refused).rejects.toMatchObject({ code: 'Invalid' })
    await refused.catch((error: unknown) => {
      expect(problemsOf(error)).toEqual(fields.map(field => `spec.${field}`))
      expect(String(error)).toMatch(message)
    })
    expect(store.list(Task).items).toEqual([])
  })

  test('a rule about siblings of a task that has none', async () => {
    const store = createStore({ kinds: [Task, ReplicaSet] })
    const spec: Task['spec'] = { affinity: [{ kind: 'antiAffinity', attribute: 'hostname' }] }
    const error: unknown = await store.create(Task, { metadata, spec }).catch(thrown => thrown)
    expect(problemsOf(error)).toEqual(['spec.affinity[0].labelSelector'])
    await store.create(Task, { metadata, spec: { ...spec, group: 'web' } })
    const controller = {
      apiVersion: ReplicaSet.apiVersion,
      kind: 'ReplicaSet',
      name: 'web',
      uid: 'u',
      controller: true,
    }
    await store.create(Task, { metadata: { ...metadata, name: 'y', ownerReferences: [controller] }, spec })
  })

  test.each([ReplicaSet, Deployment])(
    'the same in the template of a $kind, also in an update',
    async kind => {
      const store = createStore({ kinds: [kind] })
      const good = {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: {} },
      }
      const bad = (spec: Task['spec']) => ({ ...good, template: { ...good.template, spec } })
      for (const [, spec, fields] of demands) {
        const error: unknown = await store.create(kind, { metadata, spec: bad(spec) }).catch(thrown => thrown)
        expect(problemsOf(error)).toEqual(
          fields.map(field => `spec.template.spec.${field}`).map(field => field),
        )
      }
      const stored = await store.create(kind, { metadata, spec: good })
      const update = store.update(kind, {
        ...stored,
        spec: bad({ resources: { requests: { cpu: 'lots' } } }),
      })
      await expect(update).rejects.toMatchObject({ code: 'Invalid' })
    },
  )

  test.each([ReplicaSet, Deployment])('a selector of a $kind that misses its template', async kind => {
    const store = createStore({ kinds: [kind] })
    const spec = {
      replicas: 1,
      selector: { matchLabels: { app: 'wbe' } },
      template: { metadata: { labels }, spec: {} },
    }
    await expect(store.create(kind, { metadata, spec })).rejects.toThrow(
      'spec.selector: must match the labels of the template, which are {"app":"web"}',
    )
    await store.create(kind, { metadata, spec: { ...spec, selector: {} } })
  })

  test.each([ReplicaSet, Deployment])('a selector of a $kind that changes', async kind => {
    const store = createStore({ kinds: [kind] })
    const template = { metadata: { labels: { ...labels, tier: 'a' } }, spec: {} }
    const spec = { replicas: 1, selector: { matchLabels: labels }, template }
    const stored = await store.create(kind, { metadata, spec })
    const changed = { ...stored, spec: { ...spec, selector: { matchLabels: { tier: 'a' } } } }
    await expect(store.update(kind, changed)).rejects.toThrow('spec.selector: is immutable')
    expect(store.get(kind, metadata)).toBe(stored)
    await store.update(kind, { ...stored, spec: { ...spec, replicas: 2, selector: { matchLabels: labels } } })
  })

  test.each<[Partial<Deployment['spec']>, string, RegExp]>([
    [rolling({ maxSurge: 0, maxUnavailable: 0 }), 'strategy.rollingUpdate.maxUnavailable', /above 0/],
    [rolling({ maxSurge: '0%', maxUnavailable: 0 }), 'strategy.rollingUpdate.maxUnavailable', /above 0/],
    [rolling({ maxSurge: '0%', maxUnavailable: '0%' }), 'strategy.rollingUpdate.maxUnavailable', /above 0/],
    ...stops,
    [rolling({ maxUnavailable: '150%' }), 'strategy.rollingUpdate.maxUnavailable', /at most 100%/],
    [
      { strategy: { type: 'Recreate', rollingUpdate: {} } },
      'strategy.rollingUpdate',
      /no meaning for Recreate/,
    ],
    [{ minReadySeconds: 600 }, 'progressDeadlineSeconds', /more than minReadySeconds, which is 600/],
    [
      { minReadySeconds: 9, progressDeadlineSeconds: 9 },
      'progressDeadlineSeconds',
      /more than minReadySeconds/,
    ],
  ])('a Deployment that could not be rolled out: %j', async (part, field, message) => {
    const store = createStore({ kinds: [Deployment] })
    const good = { replicas: 1, selector: {}, template: { spec: {} } }
    const refused = (error: unknown): void => {
      expect(problemsOf(error)).toEqual([`spec.${field}`])
      expect(String(error)).toMatch(message)
    }
    refused(await store.create(Deployment, { metadata, spec: { ...good, ...part } }).catch(thrown => thrown))
    const stored = await store.create(Deployment, { metadata, spec: good })
    refused(await store.update(Deployment, { ...stored, spec: { ...good, ...part } }).catch(thrown => thrown))
    expect(store.get(Deployment, metadata)).toBe(stored)
  })

  test.each([
    rolling({ maxSurge: 0, maxUnavailable: 1 }),
    rolling({ maxSurge: '200%' }),
    rolling({ maxUnavailable: '100%' }),
    { minReadySeconds: 599 },
    { strategy: { type: 'RollingUpdate', steps: [1, '10%', '10%', { next: '7.5%' }, '100%'].slice(0, 3) } },
    { strategy: { type: 'Recreate', hooks: { mid: [{ name: 'migrate', retries: 2 }] } } },
  ] as Partial<Deployment['spec']>[])('but not one that can: %j', async part => {
    const store = createStore({ kinds: [Deployment] })
    await store.create(Deployment, {
      metadata,
      spec: { replicas: 1, selector: {}, template: { spec: {} }, ...part },
    })
  })

  test.each([
    [
      [{ port: 80 }, { port: 81 }],
      ['spec.ports[0].name', 'spec.ports[1].name'],
    ],
    [[{ port: 80, name: 'a' }, { port: 81 }], ['spec.ports[1].name']],
    [
      [
        { port: 80, name: 'a' },
        { port: 81, name: 'a' },
      ],
      ['spec.ports[1].name'],
    ],
  ])('ports of a service that cannot be told apart: %j', async (ports, fields) => {
    const store = createStore({ kinds: [Service] })
    const error: unknown = await store.create(Service, { metadata, spec: { ports } }).catch(thrown => thrown)
    expect(problemsOf(error)).toEqual(fields)
    await store.create(Service, { metadata, spec: { ports: [{ port: 80 }] } })
  })
})

test('a binding, which changes none of it, is not judged by it again', async () => {
  const lenient = { ...Task, admission: [] }
  const store = createStore({ kinds: [lenient] })
  const { spec } = await store.create(lenient, {
    metadata,
    spec: { resources: { requests: { cpu: 'lots' } } },
  })
  const [hook] = Task.admission
  const object = { metadata, spec: { ...spec, nodeName: 'n' } }
  const previous = store.get(lenient, metadata)
  expect(await hook?.handle({ operation: 'update', kind: Task, object, previous })).toEqual({ problems: [] })
})

describe('services that no name or address could be made of are refused', () => {
  test.each([
    ['an address', 'x', { clusterIPs: ['10.0.0.1', 'not-an-ip'] }, ['spec.clusterIPs[1]']],
    ['the address None', 'x', { clusterIPs: ['None'] }, ['spec.clusterIPs[0]']],
    ['an alias of nothing', 'x', { mode: 'external' }, ['spec.externalName']],
    ['an alias that is no name', 'x', { mode: 'external', externalName: 'a..b' }, ['spec.externalName']],
    ['a name with a dot', 'a.b', {}, ['metadata.name']],
    ['a name of 64 characters', 'a'.repeat(64), {}, ['metadata.name']],
    [
      'two unnamed ports',
      'x',
      { ports: [{ port: 80 }, { port: 443 }] },
      ['spec.ports[0].name', 'spec.ports[1].name'],
    ],
  ] as const)('%s', async (_what, name, spec, fields) => {
    const store = createStore({ kinds: [Service] })
    const refused = store.create(Service, {
      metadata: { namespace: 'd', name },
      spec: spec as Service['spec'],
    })
    const error: unknown = await refused.catch((thrown: unknown) => thrown)
    expect([(error as { code: string }).code, problemsOf(error)]).toEqual(['Invalid', fields])
    expect(store.list(Service).items).toEqual([])
  })
})
