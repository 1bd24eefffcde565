import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deepEqual } from '../../../src/core/internal.js'
import type {
  Endpoint,
  RegisteredService,
  Registry,
  RegistryChange,
  RegistryQuestion,
} from '../../../src/discovery/index.js'
import { createRegistry, kubernetesNames } from '../../../src/discovery/index.js'
import { consulNames, dcosNames, mesosNames, swarmNames } from '../../../src/discovery/names/index.js'
import { mapEntries } from './map-entries.js'

const newRegistry = (): Registry =>
  createRegistry({
    profiles: [
      kubernetesNames({ reverseZones: ['96.10.in-addr.arpa'] }),
      mesosNames({ mesosDenials: true }),
      mesosNames({ domain: 'quiet' }),
      dcosNames(),
      consulNames({ namespace: 'a' }),
      swarmNames({ namespace: 'a', network: 'front' }),
    ],
  })

const SERVICES = ['web', 'db'] as const
const NAMESPACES = ['a', 'b'] as const
const KEYS = NAMESPACES.flatMap(namespace => SERVICES.map(name => `${namespace}/${name}`))

/** Objects that are the same wherever they are put, as a feed has them. Two have one id, one of them ready. */
const endpoints: readonly Endpoint[] = Array.from({ length: 10 }, (_, i) => ({
  id: `web.${i % 8}`,
  addresses: i % 5 === 4 ? [] : [`10.0.0.${i % 4}`, ...(i === 3 ? ['fd00::3'] : [])],
  ports: i % 2 === 0 ? { http: 8000 + i } : {},
  conditions: { ready: i % 3 !== 0, serving: true, terminating: false },
  ...(i === 1 ? { hostname: 'first' } : {}),
  nodeName: `n${i % 2}`,
  labels: { 'consul.tags': i % 2 === 0 ? 'v1' : 'v2' },
}))

const service: fc.Arbitrary<RegisteredService> = fc
  .record({
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom(...SERVICES),
    mode: fc.constantFrom('vip', 'headless', 'external'),
    last: fc.nat(2),
    bothFamilies: fc.boolean(),
    ttl: fc.option(fc.nat(2), { nil: undefined }),
    alias: fc.constantFrom('shop', 'store', undefined),
    network: fc.constantFrom('front', 'back', undefined),
    target: fc.constantFrom('web.b.svc.cluster.local', 'db.a.svc.cluster.local', 'www.example.com'),
    hasPort: fc.boolean(),
  })
  .map(({ namespace, name, mode, last, bothFamilies, ttl, alias, network, target, hasPort }) => ({
    namespace,
    name,
    mode,
    vips: mode === 'vip' ? [`10.96.0.${last}`, ...(bothFamilies ? [`fd00::${last}`] : [])] : [],
    ports: hasPort ? [{ name: 'http', port: 80, protocol: 'TCP' }] : [],
    ...(mode === 'external' ? { externalName: target } : {}),
    ...(ttl === undefined ? {} : { ttlSeconds: ttl }),
    ...(alias === undefined ? {} : { aliases: [alias] }),
    ...(network === undefined ? {} : { networks: [network] }),
  }))

const host: fc.Arbitrary<Extract<RegistryChange, { op: 'set-host' }>['host']> = fc.record({
  name: fc.constantFrom('n0', 'n1', 'chronos'),
  addresses: fc.uniqueArray(fc.constantFrom('10.1.0.1', '10.1.0.2', '10.0.0.1'), { maxLength: 2 }),
  roles: fc.uniqueArray(fc.constantFrom('agent', 'master', 'leader', 'framework'), { maxLength: 2 }),
  port: fc.constantFrom(5050, 5051),
})

const key = fc.constantFrom(...KEYS)
const slice = fc.constantFrom('s1', 's2')
const namespace = fc.constantFrom(...NAMESPACES, 'c')
const change: fc.Arbitrary<RegistryChange> = fc.oneof(
  service.map(one => ({ op: 'set-service', service: one }) as const),
  key.map(one => ({ op: 'delete-service', service: one }) as const),
  fc
    .record({ service: key, slice, endpoints: fc.array(fc.constantFrom(...endpoints), { maxLength: 8 }) })
    .map(fields => ({ op: 'set-endpoints', ...fields }) as const),
  fc.record({ service: key, slice }).map(fields => ({ op: 'delete-endpoints', ...fields }) as const),
  host.map(one => ({ op: 'set-host', host: one }) as const),
  fc.constantFrom('n0', 'n1', 'chronos').map(one => ({ op: 'delete-host', host: one }) as const),
  namespace.map(one => ({ op: 'set-namespace', namespace: one }) as const),
  namespace.map(one => ({ op: 'delete-namespace', namespace: one }) as const),
)

const reverseOf = (address: string): string => `${address.split('.').reverse().join('.')}.in-addr.arpa.`
const NAMES = [
  ...KEYS.flatMap(one => {
    const [space, name] = one.split('/')
    const domain = `${name}.${space}.svc.cluster.local.`
    return [domain, `_http._tcp.${domain}`, `_tcp.${domain}`, `first.${domain}`, `10-0-0-1.${domain}`]
  }),
  ...[
    'web.a',
    'web.a.slave',
    '_web._tcp.a',
    '_http._web._tcp.a',
    'a',
    'master',
    'master0',
    'chronos',
  ].flatMap(name => [`${name}.mesos.`, `${name}.quiet.`]),
  ...['slave', 'leader', '_leader._tcp', 'ns1'].map(name => `${name}.mesos.`),
  ...['web.a', 'a', 'c', 'no.a'].map(name => `${name}.l4lb.thisdcos.directory.`),
  ...['web.service', 'v1.web.service', '_web._tcp.service', 'n0.node', 'n1.node', 'x'].map(
    name => `${name}.consul.`,
  ),
  ...['web', 'shop', 'store', 'tasks.web', 'tasks.shop', 'web.1', 'db'].map(name => `${name}.`),
  ...['10.96.0.0', '10.96.0.1', '10.0.0.0', '10.0.0.1', '10.0.0.3', '10.1.0.1'].map(reverseOf),
  ...['cluster.local.', 'c.svc.cluster.local.', 'a.svc.cluster.local.', 'www.example.com.'],
]
const QUESTIONS: readonly RegistryQuestion[] = NAMES.flatMap(name =>
  (['A', 'SRV', name.endsWith('arpa.') ? 'PTR' : 'CNAME'] as const).map(type => ({ name, type })),
)

/** What is there after the changes, as those that would make it so at once. */
class Model {
  readonly #last = new Map<string, RegistryChange>()

  write(one: RegistryChange): void {
    this.#last.set(placeOf(one), one)
  }

  fresh(revision: number): Registry {
    const registry = newRegistry()
    registry.apply(revision, [...this.#last.values()].reverse())
    return registry
  }
}

function placeOf(one: RegistryChange): string {
  switch (one.op) {
    case 'set-service':
      return `service ${one.service.namespace}/${one.service.name}`
    case 'delete-service':
      return `service ${one.service}`
    case 'set-endpoints':
    case 'delete-endpoints':
      return `slice ${one.service} ${one.slice}`
    case 'set-host':
      return `host ${one.host.name}`
    case 'delete-host':
      return `host ${one.host}`
    case 'set-namespace':
    case 'delete-namespace':
      return `namespace ${one.namespace}`
    case 'synced':
      return 'synced'
  }
}

const synced = { op: 'synced' } as const
const step = fc.record({
  changes: fc.array(change, { minLength: 1, maxLength: 3 }),
  isNewRevision: fc.boolean(),
  syncs: fc.nat(5).map(n => n === 0),
})

test('an answer whose parts have not changed is that of a registry made from what is there now', () => {
  let kept = 0
  let made = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), steps => {
      const registry = newRegistry()
      const model = new Model()
      const cache = new Map<RegistryQuestion, { traced: ReturnType<Registry['trace']>; known: number }>()
      for (const { changes, isNewRevision, syncs } of steps) {
        const all = syncs ? [...changes, synced] : changes
        registry.apply(registry.revision + Number(isNewRevision), all)
        for (const one of all) model.write(one)
        const fresh = model.fresh(registry.revision)
        const [now, then] = [registry.snapshot(), fresh.snapshot()]
        const [held, right] = [mapEntries(now), mapEntries(then)]
        if (!deepEqual(held, right)) expect(held).toEqual(right)
        for (const question of QUESTIONS) {
          const held = cache.get(question)
          const isCurrent = held?.traced.parts.every(part => registry.changedAt(part) <= held.known) === true
          if (isCurrent) kept++
          else {
            made++
            cache.set(question, { traced: registry.trace(question), known: registry.changes })
          }
          const { revision: _, ...cached } = (cache.get(question)?.traced ?? registry.trace(question))
            .resolution
          const { revision, ...right } = fresh.resolve(question)
          // `expect` alone costs more than all that it is told here.
          if (!deepEqual(cached, right))
            expect(cached, `${question.type} ${question.name} at ${revision}`).toEqual(right)
        }
      }
    }),
    { numRuns: 25 },
  )
  expect(kept).toBeGreaterThan(made / 10)
})
