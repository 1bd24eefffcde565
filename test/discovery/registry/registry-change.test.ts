import { describe, expect, test } from 'vitest'
import type { RegistryChange } from '../../../src/discovery/index.js'
import { createRegistry } from '../../../src/discovery/index.js'

type Op = RegistryChange['op']
type Path = readonly (string | number)[]

const source = 'here'
const service = 'prod/web'
const slice = 's'

/** One of each op with every member that it takes; what is not together in one service is in the second. */
const COMPLETE: Readonly<Record<Op, readonly RegistryChange[]>> = {
  'set-service': [
    {
      op: 'set-service',
      source,
      service: {
        namespace: 'prod',
        name: 'web',
        mode: 'vip',
        vips: ['10.96.0.1'],
        ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30_080 }],
        ttlSeconds: 5,
        backends: [{ template: 't', weight: 1 }],
        balance: 'maglev',
        slowStartSeconds: 3,
        sessionAffinity: 'ClientIP',
        sessionAffinityTimeoutSeconds: 60,
        internalTrafficPolicy: 'Local',
        trafficDistribution: 'PreferClose',
        aliases: ['www'],
        networks: ['front'],
        labels: { app: 'web' },
      },
    },
    {
      op: 'set-service',
      service: {
        namespace: 'prod',
        name: 'db',
        mode: 'external',
        vips: [],
        ports: [],
        externalName: 'db.example.com',
      },
    },
  ],
  'delete-service': [{ op: 'delete-service', service, source }],
  'set-endpoints': [
    {
      op: 'set-endpoints',
      service,
      slice,
      source,
      endpoints: [
        {
          id: 'web-a',
          addresses: ['10.0.0.1'],
          ports: { http: 8080 },
          conditions: { ready: true, serving: true, terminating: false },
          hostname: 'a',
          nodeName: 'n1',
          zone: 'z1',
          template: 't',
          weight: 1,
          drainDeadlineMs: 1,
          labels: { app: 'web' },
        },
      ],
    },
  ],
  'delete-endpoints': [{ op: 'delete-endpoints', service, slice, source }],
  'set-namespace': [{ op: 'set-namespace', namespace: 'prod' }],
  'delete-namespace': [{ op: 'delete-namespace', namespace: 'prod' }],
  'set-host': [
    { op: 'set-host', source, host: { name: 'n1', addresses: ['10.0.0.9'], roles: ['agent'], port: 5051 } },
  ],
  'delete-host': [{ op: 'delete-host', host: 'n1', source }],
  synced: [{ op: 'synced' }],
}

const NO_OBJECT = [null, 7, 'text', [], true]
const NO_LIST = [null, 7, 'text', {}, true]
const NO_TEXT = [null, 7, true, {}, []]
const NO_NAME = [...NO_TEXT, '']
const NO_LABEL = [...NO_NAME, 'a.b', 'Web', '-a', 'a'.repeat(64)]
const NO_CHOICE = [...NO_NAME, 'other', 'toString']
const NO_COUNT = [null, '7', true, {}, -1, 1.5, Number.NaN]
const NO_AMOUNT = [null, '7', true, {}, -1, Number.NaN, Number.POSITIVE_INFINITY]
const NO_PORT = [...NO_COUNT, 0, 65_536]
const NO_ADDRESS = [...NO_NAME, '10.0.0', '10.0.0.256', 'localhost']
const NO_FLAG = [null, 0, 'true', {}]
const NO_KEY = [...NO_NAME, 'web', '/web', 'prod/', 'prod/Web', 'a/b/c']

/** What is refused at each path of the complete changes, beside absence where the member is needed. */
const REFUSED: Readonly<Record<string, readonly unknown[]>> = {
  op: NO_CHOICE,
  source: NO_TEXT,
  namespace: [...NO_NAME, 'a..b', 'A'],
  slice: NO_NAME,
  service: NO_KEY,
  host: NO_NAME,
  'set-service service': NO_OBJECT,
  'service.namespace': [...NO_NAME, 'a..b', 'A'],
  'service.name': NO_LABEL,
  'service.mode': NO_CHOICE,
  'service.vips': [...NO_LIST, Array(17).fill('10.96.0.1')],
  'service.vips[0]': NO_ADDRESS,
  'service.ports': [...NO_LIST, Array(1025).fill({ name: '', port: 80, protocol: 'TCP' })],
  'service.ports[0]': NO_OBJECT,
  'service.ports[0].name': [...NO_TEXT, 'a.b', 'HTTP'],
  'service.ports[0].port': NO_PORT,
  'service.ports[0].protocol': NO_CHOICE,
  'service.ports[0].nodePort': NO_PORT,
  'service.externalName': [...NO_NAME, 'a..b', `${'a'.repeat(64)}.com`],
  'service.ttlSeconds': [...NO_COUNT, 86_401],
  'service.backends': NO_LIST,
  'service.backends[0]': NO_OBJECT,
  'service.backends[0].template': NO_TEXT,
  'service.backends[0].weight': NO_AMOUNT,
  'service.balance': NO_CHOICE,
  'service.slowStartSeconds': NO_AMOUNT,
  'service.sessionAffinity': NO_CHOICE,
  'service.sessionAffinityTimeoutSeconds': [...NO_COUNT, 0, 86_401],
  'service.internalTrafficPolicy': NO_CHOICE,
  'service.trafficDistribution': NO_CHOICE,
  'service.aliases': [...NO_LIST, Array(65).fill('a')],
  'service.aliases[0]': NO_LABEL,
  'service.networks': [...NO_LIST, Array(65).fill('a')],
  'service.networks[0]': NO_LABEL,
  'service.labels': NO_OBJECT,
  'service.labels.app': NO_TEXT,
  endpoints: [...NO_LIST, Array(1001).fill({})],
  'endpoints[0]': NO_OBJECT,
  'endpoints[0].id': NO_NAME,
  'endpoints[0].addresses': [...NO_LIST, Array(17).fill('10.0.0.1')],
  'endpoints[0].addresses[0]': NO_ADDRESS,
  'endpoints[0].ports': NO_OBJECT,
  'endpoints[0].ports.http': NO_PORT,
  'endpoints[0].conditions': NO_OBJECT,
  'endpoints[0].conditions.ready': NO_FLAG,
  'endpoints[0].conditions.serving': NO_FLAG,
  'endpoints[0].conditions.terminating': NO_FLAG,
  'endpoints[0].hostname': NO_LABEL,
  'endpoints[0].nodeName': NO_TEXT,
  'endpoints[0].zone': NO_TEXT,
  'endpoints[0].template': NO_TEXT,
  'endpoints[0].weight': NO_AMOUNT,
  'endpoints[0].drainDeadlineMs': NO_AMOUNT,
  'endpoints[0].labels': NO_OBJECT,
  'endpoints[0].labels.app': NO_TEXT,
  'set-host host': NO_OBJECT,
  'host.name': NO_NAME,
  'host.addresses': [...NO_LIST, Array(17).fill('10.0.0.1')],
  'host.addresses[0]': NO_ADDRESS,
  'host.roles': [...NO_LIST, Array(65).fill('a')],
  'host.roles[0]': NO_TEXT,
  'host.port': NO_PORT,
}

const OPTIONAL =
  /^source$|nodePort$|externalName$|Seconds$|backends$|balance$|Affinity$|Policy$|Distribution$|aliases$|networks$|labels$|hostname$|nodeName$|zone$|endpoints.*template$|endpoints.*weight$|drainDeadlineMs$|host\.port$/

function textOf(path: Path): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join('')
}

function pathsOf(value: unknown, at: Path = []): readonly Path[] {
  const below = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const steps = below.map(([name, part]) => [Array.isArray(value) ? Number(name) : name, part] as const)
  return [...(at.length === 0 ? [] : [at]), ...steps.flatMap(([step, part]) => pathsOf(part, [...at, step]))]
}

/** A copy with another value at the path. */
function put(value: unknown, [step, ...rest]: Path, part: unknown): unknown {
  if (step === undefined) return part
  const copy: unknown = Array.isArray(value) ? [...value] : Object.assign({}, value)
  const before: unknown = Reflect.get(copy as object, step)
  Reflect.set(copy as object, step, put(before, rest, part))
  return copy
}

const held = createRegistry()
const before = held.apply(5, [
  ...COMPLETE['set-service'],
  ...COMPLETE['set-endpoints'],
  ...COMPLETE['set-host'],
])

/** The refusal of a change that comes behind a good one. */
function refusalOf(change: unknown): {
  readonly code: string
  readonly message: string
  readonly field: string
} {
  const good: RegistryChange = { op: 'set-namespace', namespace: 'other' }
  try {
    held.apply(6, [good, change as RegistryChange])
  } catch (error) {
    expect(held.snapshot()).toBe(before)
    expect(error).toMatchObject({ code: 'Invalid', name: 'InvalidError' })
    const { code, message, problems } = error as {
      readonly code: string
      readonly message: string
      readonly problems: readonly { readonly field: string }[]
    }
    return { code, message, field: problems[0]?.field ?? '' }
  }
  throw new Error(`was applied: ${JSON.stringify(change)}`)
}

describe.each(Object.entries(COMPLETE))('%s', (op, changes) => {
  const cases = changes.flatMap(change => pathsOf(change).map(path => [textOf(path), path, change] as const))

  test.each(cases)('%s: what it cannot be is refused, and nothing is changed', (text, path, change) => {
    const values = REFUSED[`${op} ${text}`] ?? REFUSED[text]
    if (values === undefined) throw new Error(`no row says what ${text} cannot be`)
    for (const value of values) {
      const { field, message } = refusalOf(put(change, path, value))
      expect(field.startsWith(text), `${field} of ${text}: ${String(value)}`).toBe(true)
      expect(message).toMatch(/^registry change .*is invalid: .*(must|is no member)/s)
      if (text !== 'op') expect(message).toContain(`registry change ${op}`)
    }
    if (OPTIONAL.test(text)) return
    if (typeof path.at(-1) === 'string') expect(refusalOf(put(change, path, undefined)).field).toBe(text)
  })

  test.each(changes.map(change => [change]))(
    'an unknown member is refused with the nearest known one',
    change => {
      for (const path of [[], ...pathsOf(change)]) {
        const at: unknown = path.reduce<unknown>((part, step) => Reflect.get(part as object, step), change)
        const isFree = ['labels', 'ports'].includes(String(path.at(-1)))
        if (typeof at !== 'object' || at === null || Array.isArray(at) || isFree) continue
        const known = Object.keys(at)[0] as string
        const { field, message } = refusalOf(put(change, [...path, `${known}x`], 'x'))
        expect(field).toBe(textOf([...path, `${known}x`]))
        expect(message).toContain(`did you mean ${known}?`)
      }
    },
  )

  test.each(changes.map(change => [change]))('is applied whole, and without what is optional', change => {
    expect(() => createRegistry().apply(1, [change])).not.toThrow()
    for (const path of pathsOf(change)) {
      const isLeft = typeof path.at(-1) === 'string' && OPTIONAL.test(textOf(path))
      if (!isLeft || path.at(-1) === 'externalName') continue
      expect(() => createRegistry().apply(1, [put(change, path, undefined) as RegistryChange])).not.toThrow()
    }
  })
})

test.each<readonly [string, unknown, string, string]>([
  ['an op that is none', { op: 'set-hosts', hosts: [] }, 'op', 'did you mean set-host?'],
  ['no object', 'synced', '', 'must be an object with op'],
  ['nothing', undefined, '', 'must be an object with op'],
  [
    'two ports without a name',
    put(
      COMPLETE['set-service'][0],
      ['service', 'ports'],
      [
        { name: '', port: 80, protocol: 'TCP' },
        { name: '', port: 443, protocol: 'TCP' },
      ],
    ),
    'service.ports[0].name',
    'must not be empty where a service has several ports',
  ],
  [
    'two ports of one name',
    put(
      COMPLETE['set-service'][0],
      ['service', 'ports'],
      [
        { name: 'dns', port: 53, protocol: 'TCP' },
        { name: 'dns', port: 53, protocol: 'UDP' },
      ],
    ),
    'service.ports[1].name',
    'must be of one port only',
  ],
  [
    'addresses without mode vip',
    put(put(COMPLETE['set-service'][0], ['service', 'mode'], 'headless'), ['service', 'ports'], []),
    'service.vips',
    'must be empty in mode headless',
  ],
  [
    'a node port without mode vip',
    put(put(COMPLETE['set-service'][0], ['service', 'mode'], 'headless'), ['service', 'vips'], []),
    'service.ports[0].nodePort',
    'must be absent in mode headless',
  ],
  [
    'mode external without a name',
    put(COMPLETE['set-service'][1], ['service', 'externalName'], undefined),
    'service.externalName',
    'must be given exactly in mode external',
  ],
])('%s is refused', (_, change, field, remedy) => {
  const refusal = refusalOf(change)
  expect(refusal.field).toBe(field)
  expect(refusal.message).toContain(remedy)
})

test('what is no list of changes is refused', () => {
  for (const changes of [undefined, null, 'synced', { op: 'synced' }])
    expect(() => held.apply(6, changes as unknown as readonly RegistryChange[])).toThrow(
      'registry changes is invalid: changes: must be a list of changes',
    )
  expect(held.snapshot()).toBe(before)
})

test('an endpoint that was accepted is not looked at again, one beside it is', () => {
  const registry = createRegistry()
  const [change] = COMPLETE['set-endpoints']
  if (change?.op !== 'set-endpoints') throw new Error('no endpoints')
  registry.apply(1, [change])
  const [first] = change.endpoints
  let reads = 0
  const watched = new Proxy(first as object, {
    get: (of, name) => (reads++, Reflect.get(of, name)),
  }) as typeof first
  const both = [watched, put(first, ['id'], 'web-b')]
  registry.apply(2, [put(change, ['endpoints'], both) as RegistryChange])
  const isRead = reads
  const bad = put(change, ['endpoints'], [watched, put(first, ['id'], '')]) as RegistryChange
  expect(() => registry.apply(3, [bad])).toThrow('endpoints[1].id')
  expect(isRead).toBeGreaterThan(0)
  expect(reads).toBe(isRead)
})

test('what has many faults is not looked at beyond those that an error lists', () => {
  let looks = 0
  const wrong = (count: number): object =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        Array.from({ length: count }, (_, at) => [
          `k${at}`,
          { enumerable: true, get: () => (looks++, { not: 'a value' }) },
        ]),
      ),
    )
  const [change] = COMPLETE['set-endpoints']
  const [first] = change?.op === 'set-endpoints' ? change.endpoints : []
  const many: readonly (readonly unknown[])[] = [
    [put(first, ['labels'], wrong(10_000))],
    [put(first, ['ports'], wrong(10_000))],
    [wrong(10_000)],
    Array.from({ length: 1_000 }, () => wrong(20)),
  ]
  for (const endpoints of many) {
    looks = 0
    const refused = put(change, ['endpoints'], endpoints) as RegistryChange
    expect(() => held.apply(6, [refused])).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ truncated: true }) }),
    )
    expect(looks).toBeLessThan(1_000)
  }
})
