import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Endpoint, RegistryChange } from '../../../src/discovery/index.js'
import { createRegistry, kubernetesNames } from '../../../src/discovery/index.js'
import { createVirtualEnv } from '../../../src/testing/index.js'

const port = { name: 'http', port: 80, protocol: 'TCP' } as const

function vip(name: string, address: string): RegistryChange & { readonly op: 'set-service' } {
  return {
    op: 'set-service',
    service: { namespace: 'prod', name, mode: 'vip', vips: [address], ports: [port] },
  }
}

function endpoint(id: string, address: string, ready = true): Endpoint {
  const conditions = { ready, serving: ready, terminating: false }
  return { id, addresses: [address], ports: { http: 8080 }, conditions }
}

const fresh = () => createRegistry({ profiles: [kubernetesNames({ reverseZones: ['10.in-addr.arpa'] })] })

const change: fc.Arbitrary<RegistryChange> = fc
  .record({
    service: fc.constantFrom('a', 'b', 'c'),
    number: fc.nat(3),
    slice: fc.constantFrom('s1', 's2'),
    pick: fc.nat(5),
  })
  .map(({ service, number, slice, pick }): RegistryChange => {
    const key = `prod/${service}`
    if (pick === 0) return { op: 'delete-service', service: key }
    if (pick === 1) return { op: 'delete-endpoints', service: key, slice }
    if (pick === 2) return vip(service, `10.96.0.${number}`)
    if (pick === 3) {
      const mode = { namespace: 'prod', name: service, mode: 'headless', vips: [], ports: [port] } as const
      return { op: 'set-service', service: mode }
    }
    const endpoints = Array.from({ length: number }, (_, i) =>
      endpoint(`${slice}-${i}`, `10.0.${i % 2}.${number}`, i % 2 === 0),
    )
    return { op: 'set-endpoints', service: key, slice, endpoints }
  })

const questions = ['a', 'b', 'c'].flatMap(name => [
  { name: `${name}.prod.svc.cluster.local.`, type: 'A' as const },
  { name: `_http._tcp.${name}.prod.svc.cluster.local.`, type: 'SRV' as const },
])
const reverse = [0, 1, 2, 3].flatMap(n =>
  ['0.96', '0.0', '1.0'].map(middle => ({ name: `${n}.${middle}.10.in-addr.arpa.`, type: 'PTR' as const })),
)

/** The last write of each thing, in any order: what a registry built from scratch would be given. */
function lastWrites(changes: readonly RegistryChange[]): readonly RegistryChange[] {
  const last = new Map<string, RegistryChange>()
  for (const one of changes) {
    if (one.op === 'set-service') last.set(`service ${one.service.namespace}/${one.service.name}`, one)
    else if (one.op === 'delete-service') last.set(`service ${one.service}`, one)
    else if (one.op === 'set-endpoints' || one.op === 'delete-endpoints')
      last.set(`${one.service} ${one.slice}`, one)
  }
  return [...last.values()].reverse()
}

describe('registry', () => {
  test('what it answers depends on the last state only, not on how it came about', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), changes => {
        const stepwise = fresh()
        for (const [i, one] of changes.entries()) stepwise.apply(i, [one])
        stepwise.apply(1000, [{ op: 'synced' }])
        const atOnce = fresh()
        atOnce.apply(1000, [...lastWrites(changes), { op: 'synced' }])
        for (const question of [...questions, ...reverse])
          expect(stepwise.resolve(question)).toEqual(atOnce.resolve(question))
        for (const key of ['prod/a', 'prod/b', 'prod/c']) {
          expect(stepwise.endpoints(key, 'all')).toEqual(atOnce.endpoints(key, 'all'))
        }
        expect(stepwise.verify()).toEqual(atOnce.verify())
      }),
    )
  })

  test('a snapshot never changes', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 2, maxLength: 20 }), changes => {
        const registry = fresh()
        const view = () =>
          [...registry.snapshot().services.entries()].map(([key, { service, endpoints }]) => [
            key,
            service,
            endpoints,
          ])
        registry.apply(1, changes.slice(0, 1))
        const pinned = registry.snapshot()
        const before = JSON.stringify(view())
        for (const [i, one] of changes.slice(1).entries()) registry.apply(i + 2, [one])
        const services = [...pinned.services.entries()].map(([key, { service, endpoints }]) => [
          key,
          service,
          endpoints,
        ])
        expect(JSON.stringify(services)).toBe(before)
        expect(pinned.revision).toBe(1)
      }),
    )
  })

  test('switching from a virtual address to endpoints happens in one revision', () => {
    const registry = fresh()
    const key = 'prod/web'
    registry.apply(1, [
      vip('web', '10.0.1.5'),
      { op: 'set-endpoints', service: key, slice: 's', endpoints: [endpoint('a', '10.0.1.6')] },
    ])
    registry.apply(2, [{ op: 'synced' }])
    const headless = { namespace: 'prod', name: 'web', mode: 'headless', vips: [], ports: [port] } as const
    registry.apply(3, [{ op: 'set-service', service: headless }])
    const { answers, revision } = registry.resolve({ name: 'web.prod.svc.cluster.local.', type: 'A' })
    expect(answers.map(record => record.type === 'A' && record.address)).toEqual(['10.0.1.6'])
    expect(revision).toBe(3)
    expect(registry.resolve({ name: '5.1.0.10.in-addr.arpa.', type: 'PTR' }).rcode).toBe('NXDOMAIN')
  })

  test('of one endpoint in two slices the ready one counts, and the doubt is reported', () => {
    const registry = fresh()
    const key = 'prod/web'
    const slice = (name: string, ready: boolean): RegistryChange => ({
      op: 'set-endpoints',
      service: key,
      slice: name,
      endpoints: [endpoint('x', `10.0.1.${ready ? 1 : 2}`, ready)],
    })
    registry.apply(1, [vip('web', '10.96.0.1'), slice('a', false), slice('b', true)])
    expect(registry.endpoints(key).map(({ addresses }) => addresses)).toEqual([['10.0.1.1']])
    expect(registry.verify()).toEqual([{ kind: 'duplicate-endpoint', service: key, id: 'x' }])
    registry.apply(2, [slice('b', false)])
    expect(registry.endpoints(key)).toEqual([])
  })

  test('a bad change or a revision that goes back changes nothing', () => {
    const registry = fresh()
    registry.apply(5, [vip('web', '10.96.0.1'), { op: 'synced' }])
    const before = registry.snapshot()
    expect(() => registry.apply(6, [vip('api', '10.96.0.2'), vip('web', 'ten')])).toThrow(
      'must be an IPv4 or IPv6 address',
    )
    expect(() => registry.apply(4, [])).toThrow('at least 5')
    expect(() => registry.apply(4.5, [])).toThrow(expect.objectContaining({ code: 'Invalid' }))
    expect(registry.snapshot()).toBe(before)
  })

  test('listeners hear each revision once, after it is visible; one that throws does not stop the others', () => {
    const registry = fresh()
    const heard: unknown[] = []
    registry.onChange(() => {
      throw new Error('broken listener')
    })
    const cancel = registry.onChange(({ revision, services }) =>
      heard.push([revision, registry.revision, services]),
    )
    registry.apply(1, [vip('web', '10.96.0.1'), vip('api', '10.96.0.2')])
    cancel()
    registry.apply(2, [{ op: 'delete-service', service: 'prod/web' }])
    expect(heard).toEqual([[1, 1, ['prod/api', 'prod/web']]])
  })

  test('names that become one are never merged: the second source is refused until the first has nothing left', () => {
    const registry = fresh()
    const key = 'prod/abc'
    const service = (source: string, address: string): RegistryChange => ({ ...vip('abc', address), source })
    const slice = (source: string, ...endpoints: readonly Endpoint[]): RegistryChange => {
      return { op: 'set-endpoints', service: key, slice: 's', source, endpoints }
    }
    registry.apply(1, [slice('/abc', endpoint('x', '10.0.0.1')), service('/abc', '10.96.0.1')])
    const before = registry.snapshot()
    for (const second of [service('abc', '10.96.0.2'), slice('abc', endpoint('y', '10.0.0.2'))])
      expect(() => registry.apply(2, [vip('other', '10.96.0.9'), second])).toThrow(
        expect.objectContaining({
          code: 'AlreadyExists',
          message: expect.stringMatching(/prod\/abc.*"\/abc".*"abc"/),
        }),
      )
    expect(registry.snapshot()).toBe(before)
    registry.apply(3, [
      { op: 'delete-service', service: key, source: 'abc' },
      { op: 'delete-endpoints', service: key, slice: 's', source: 'abc' },
    ])
    expect(registry.endpoints(key).map(({ id }) => id)).toEqual(['x'])
    registry.apply(4, [service('/abc', '10.96.0.3'), slice('/abc', endpoint('z', '10.0.0.3'))])
    registry.apply(5, [{ op: 'delete-service', service: key, source: '/abc' }])
    expect(() => registry.apply(6, [service('abc', '10.96.0.2')])).toThrow('"/abc"')
    registry.apply(6, [
      { op: 'delete-endpoints', service: key, slice: 's', source: '/abc' },
      service('abc', '10.96.0.2'),
      slice('abc', endpoint('y', '10.0.0.2')),
    ])
    expect(registry.endpoints(key).map(({ id }) => id)).toEqual(['y'])
    expect(registry.snapshot().services.get(key)?.service?.vips).toEqual(['10.96.0.2'])
  })

  test('hosts of two systems are never merged either: the second is refused while the first has the name', () => {
    const registry = fresh()
    const host = (source: string | undefined, name: string, address: string): RegistryChange => ({
      op: 'set-host',
      host: { name, addresses: [address], roles: [] },
      ...(source === undefined ? {} : { source }),
    })
    const addressOf = (name: string): unknown => registry.snapshot().hosts.get(name)?.addresses[0]
    registry.apply(1, [host('mesos', 'N1', '10.0.0.1'), host('consul', 'n2', '10.0.0.2')])
    const before = registry.snapshot()
    expect(() => registry.apply(2, [host('consul', 'n1', '10.0.0.9')])).toThrow(
      expect.objectContaining({
        code: 'AlreadyExists',
        message: expect.stringMatching(/n1 of a host.*"mesos".*"consul"/),
        details: { kind: 'Host', name: 'n1', held: 'mesos', given: 'consul' },
      }),
    )
    expect(registry.snapshot()).toBe(before)
    registry.apply(3, [
      { op: 'delete-host', host: 'n1', source: 'consul' },
      host('mesos', 'n1', '10.0.0.3'),
      host(undefined, 'n2', '10.0.0.4'),
    ])
    expect([addressOf('n1'), addressOf('n2')]).toEqual(['10.0.0.3', '10.0.0.4'])
    expect(() => registry.apply(4, [host('mesos', 'n2', '10.0.0.5')])).toThrow('"consul"')
    registry.apply(4, [{ op: 'delete-host', host: 'N1', source: 'mesos' }, host('consul', 'n1', '10.0.0.9')])
    expect(addressOf('n1')).toBe('10.0.0.9')
  })

  test('problems of the source are reported, not hidden', () => {
    const registry = fresh()
    registry.apply(1, [vip('web', '10.96.0.1'), vip('api', '10.96.0.1')])
    registry.apply(2, [{ op: 'set-endpoints', service: 'prod/gone', slice: 's', endpoints: [] }])
    expect(registry.verify()).toEqual([
      { kind: 'shared-vip', address: '10.96.0.1', services: ['prod/api', 'prod/web'] },
      { kind: 'orphan-endpoints', service: 'prod/gone', slices: ['s'] },
    ])
  })
})

describe('waiting for consumers', () => {
  test('ends when the registry and every open consumer have reached the revision', async () => {
    const env = createVirtualEnv()
    const registry = fresh()
    const [proxy, dns] = [registry.consumer('proxy'), registry.consumer('dns')]
    let report: unknown
    void registry.waitForConsumers(3, { clock: env.clock, timeoutMs: 1000 }).then(found => (report = found))
    registry.apply(3, [])
    proxy.ack(3)
    await env.settle()
    expect(report).toBeUndefined()
    dns.close()
    await env.settle()
    expect(report).toEqual({ kind: 'acknowledged', revision: 3, silent: [] })
  })

  test('a listener that throws is not told to who acknowledges, nor kept from the others', () => {
    const registry = fresh()
    const consumer = registry.consumer('proxy')
    let told = 0
    registry.onAcknowledged(() => {
      throw new Error('broken')
    })
    registry.onAcknowledged(() => told++)
    registry.apply(1, [])
    expect(() => consumer.ack(1)).not.toThrow()
    expect([told, registry.acknowledgedRevision()]).toEqual([2, 1])
  })

  test('a time-out names who is behind', async () => {
    const env = createVirtualEnv()
    const registry = fresh()
    registry.consumer('proxy').ack(0)
    registry.apply(2, [])
    const waiting = registry.waitForConsumers(2, { clock: env.clock, timeoutMs: 500 })
    await env.advance(500)
    expect(await waiting).toEqual({
      kind: 'timed-out',
      revision: 2,
      registryRevision: 2,
      waiting: ['proxy'],
      silent: [],
    })
  })

  test('what was not seen cannot be acknowledged, and a name cannot be taken twice', () => {
    const registry = fresh()
    const consumer = registry.consumer('proxy')
    expect(() => consumer.ack(1)).toThrow(expect.objectContaining({ code: 'Invalid' }))
    expect(() => registry.consumer('proxy')).toThrow(expect.objectContaining({ code: 'Usage' }))
    consumer.close()
    expect(registry.consumer('proxy').acknowledged).toBe(0)
  })
})
