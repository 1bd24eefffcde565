import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Endpoint, RegistrySnapshot } from '../../../src/discovery/index.js'
import { createRegistry } from '../../../src/discovery/index.js'
import type { HaproxyConfig, PlacedConfig } from '../../../src/discovery/render/index.js'
import { formatHaproxy, haproxyServices, planHaproxy } from '../../../src/discovery/render/index.js'

function endpoint(id: string, port: number, ready = true): Endpoint {
  const conditions = { ready, serving: true, terminating: !ready }
  return { id, addresses: ['10.0.0.1'], ports: { http: port }, conditions, template: id[0] ?? '' }
}

function snapshotOf(endpoints: readonly Endpoint[], names: readonly string[] = ['web']): RegistrySnapshot {
  const registry = createRegistry()
  const ports = [{ name: 'http', port: 80, protocol: 'TCP' }] as const
  return registry.apply(1, [
    ...names.map(
      name =>
        ({
          op: 'set-service',
          service: { namespace: 'prod', name, mode: 'vip', vips: ['10.96.0.1'], ports },
        }) as const,
    ),
    { op: 'set-endpoints', service: 'prod/web', slice: 's', endpoints },
  ])
}

const configOf = (endpoints: readonly Endpoint[], names?: readonly string[]): HaproxyConfig =>
  haproxyServices(snapshotOf(endpoints, names))

/** What a server is in a running HAProxy. */
interface Running {
  address: string
  port: number
  weight: number
  isOn: boolean
}

/** What a process that has read the configuration holds, by `backend/server`. */
function loaded(config: PlacedConfig): Map<string, Running> {
  return new Map(
    config.backends.flatMap(({ name, slots }) =>
      slots.map((server, index) => [
        `${name}/${server?.name ?? `s${index + 1}`}`,
        server === undefined
          ? { address: '127.0.0.1', port: 1, weight: 1, isOn: false }
          : { address: server.address, port: server.port, weight: server.weight, isOn: true },
      ]),
    ),
  )
}

/** As HAProxy's documentation says of `set server`. */
function obey(servers: Map<string, Running>, command: string): void {
  const [, target = '', verb = '', value = '', , port = ''] =
    /^set server (\S+) (addr|weight|state) (\S+)( port (\d+))?$/.exec(command) ?? []
  const server = servers.get(target)
  if (server === undefined) throw new Error(`no server for ${command}`)
  if (verb === 'addr') Object.assign(server, { address: value, port: Number(port) })
  else if (verb === 'weight') server.weight = Number(value)
  else server.isOn = value === 'ready'
}

const inUse = (servers: Map<string, Running>): unknown =>
  [...servers].filter(([, { isOn }]) => isOn).sort(([a], [b]) => (a < b ? -1 : 1))

describe('HAProxy plan', () => {
  test('commands lead to what a process started with the configuration would hold', () => {
    const state = fc.uniqueArray(
      fc.record({
        id: fc.constantFrom(...'abcdefghij'.split('')),
        port: fc.integer({ min: 1, max: 3 }),
        ready: fc.boolean(),
      }),
      { selector: ({ id }) => id, maxLength: 10 },
    )
    fc.assert(
      fc.property(fc.array(state, { minLength: 2, maxLength: 8 }), states => {
        let held: PlacedConfig | undefined
        let servers = new Map<string, Running>()
        for (const endpoints of states) {
          const next = configOf(endpoints.map(({ id, port, ready }) => endpoint(id, port, ready)))
          const plan = planHaproxy(held, next)
          expect(plan.reload).toBe(held === undefined)
          if (plan.reload) servers = loaded(plan.config)
          for (const command of plan.runtime) obey(servers, command)
          expect(inUse(servers)).toEqual(inUse(loaded(plan.config)))
          const wanted = next.backends[0]?.servers.map(({ id, weight }) => `${id} ${weight}`)
          const placed = plan.config.backends[0]?.slots.flatMap(slot =>
            slot ? [`${slot.id} ${slot.weight}`] : [],
          )
          expect(placed?.toSorted()).toEqual(wanted?.toSorted())
          held = plan.config
        }
      }),
      { numRuns: 50 },
    )
  })

  test('a rollout needs commands only, those that add first; endpoints that stay keep their places', () => {
    const first = planHaproxy(undefined, configOf([endpoint('a', 1), endpoint('b', 2)]))
    const second = planHaproxy(first.config, configOf([endpoint('b', 2), endpoint('c', 3)]))
    expect([first.reload, second.reload]).toEqual([true, false])
    expect(second.runtime).toEqual([
      'set server prod:web:http/s3 addr 10.0.0.1 port 3',
      'set server prod:web:http/s3 weight 256',
      'set server prod:web:http/s3 state ready',
      'set server prod:web:http/s1 state maint',
    ])
  })

  test('an endpoint that is no longer ready keeps its connections and gets no new ones', () => {
    const first = planHaproxy(undefined, configOf([endpoint('a', 1), endpoint('b', 2)]))
    const second = planHaproxy(first.config, configOf([endpoint('a', 1, false), endpoint('b', 2)]))
    expect(second.runtime).toEqual(['set server prod:web:http/s1 weight 0'])
  })

  test.each([
    ['another service', (): HaproxyConfig => configOf([endpoint('a', 1)], ['web', 'db'])],
    [
      'more endpoints than places',
      (): HaproxyConfig => configOf(Array.from({ length: 17 }, (_, i) => endpoint(`e${i}`, i + 1))),
    ],
  ])('a reload is for structure: %s', (_what, next) => {
    const first = planHaproxy(undefined, configOf([endpoint('a', 1)]))
    expect(planHaproxy(first.config, next())).toMatchObject({ reload: true, runtime: [] })
  })

  test('equal snapshots give equal text; nothing changes without a change', () => {
    const endpoints = [endpoint('a', 1), endpoint('b', 2)]
    const [one, two] = [configOf(endpoints), configOf([...endpoints].reverse())]
    const plan = planHaproxy(undefined, one)
    expect(formatHaproxy(planHaproxy(undefined, two).config)).toBe(formatHaproxy(plan.config))
    expect(planHaproxy(plan.config, two)).toMatchObject({ reload: false, runtime: [] })
  })

  test('the text', () => {
    const text = formatHaproxy(
      planHaproxy(undefined, configOf([endpoint('a', 1), endpoint('b', 2, false)])).config,
    )
    expect(text).toContain('hard-stop-after 30000ms')
    expect(text.slice(text.indexOf('frontend'))).toBe(
      [
        'frontend prod:web:http',
        '  mode tcp',
        '  bind 10.96.0.1:80',
        '  default_backend prod:web:http',
        '',
        'backend prod:web:http',
        '  mode tcp',
        '  balance roundrobin',
        '  server s1 10.0.0.1:1 weight 256',
        '  server s2 10.0.0.1:2 weight 0',
        '  server-template s 3-16 127.0.0.1:1 disabled',
        '',
      ].join('\n'),
    )
  })
})
