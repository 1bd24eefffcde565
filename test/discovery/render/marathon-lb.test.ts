import { expect, test } from 'vitest'
import type { MarathonLbApp } from '../../../src/discovery/render/index.js'
import { formatHaproxy, haproxyOfMarathon, planHaproxy } from '../../../src/discovery/render/index.js'

const app = (id: string, servicePorts: readonly number[], host: string): MarathonLbApp => ({
  id,
  labels: {},
  servicePorts,
  tasks: [{ id: `${id}-task`, host, ports: servicePorts.map(port => port + 1) }],
})

test('apps whose names become one are reported, and never merged, in whatever order they come', () => {
  const apps = [
    app('abc', [10_000], '10.0.0.2'),
    app('/abc', [10_000, 10_001], '10.0.0.1'),
    app('/a/b', [80], '10.0.0.3'),
    app('/a_b', [80], '10.0.0.4'),
    app('/other', [10_002], '10.0.0.5'),
  ]
  for (const given of [apps, apps.toReversed()]) {
    const config = haproxyOfMarathon(given)
    expect(config.collisions).toEqual([
      { name: 'a_b_80', sources: ['/a/b:0', '/a_b:0'] },
      { name: 'abc_10000', sources: ['/abc:0', 'abc:0'] },
    ])
    expect(config.backends.map(({ name, servers }) => [name, servers.map(({ address }) => address)])).toEqual(
      [
        ['a_b_80', ['10.0.0.3']],
        ['abc_10000', ['10.0.0.1']],
        ['abc_10001', ['10.0.0.1']],
        ['other_10002', ['10.0.0.5']],
      ],
    )
    expect(new Set(config.frontends.map(({ name }) => name)).size).toBe(config.frontends.length)
  }
})

test('so are ports of one app', () => {
  const labels = { HAPROXY_PORT: '8000' }
  const config = haproxyOfMarathon([{ ...app('/a', [1, 2], '10.0.0.1'), labels }])
  expect(config.collisions).toEqual([{ name: 'a_8000', sources: ['/a:0', '/a:1'] }])
  expect(config.backends).toHaveLength(1)
})

test('apps with names of their own collide with nobody', () => {
  const config = haproxyOfMarathon([app('/a', [1], '10.0.0.1'), app('/b', [1], '10.0.0.1')])
  expect(config.collisions).toEqual([])
  expect(formatHaproxy(planHaproxy(undefined, config).config)).toContain('backend b_1')
})

test('what other labels say, and names of hosts in any script, are left as they are', () => {
  const labels = { note: '"#\n', HAPROXY_0_VHOST: 'bücher.example, shop.example' }
  const config = haproxyOfMarathon([{ ...app('/Group/web-1.2_3', [10_000], '10.0.0.1'), labels }])
  const text = formatHaproxy(planHaproxy(undefined, config).config)
  expect(text).toContain('-m str bücher.example shop.example')
  expect(text).toContain('backend Group_web-1.2_3_10000')
  expect(text).not.toContain('"')
})

const one = app('/a', [10_000], '10.0.0.1')
const [task] = one.tasks

test.each<readonly [what: string, apps: unknown, field: string]>([
  ['no list', {}, 'apps'],
  ['no app', ['/a'], 'apps[0]'],
  ['without ports', [one, { id: '/b', labels: {}, tasks: [] }], 'apps[1].servicePorts'],
  ['without tasks', [{ ...one, tasks: undefined }], 'apps[0].tasks'],
  ['without labels', [{ ...one, labels: null }], 'apps[0].labels'],
  ['a label that is no text', [{ ...one, labels: { HAPROXY_GROUP: 7 } }], 'apps[0].labels.HAPROXY_GROUP'],
  [
    'a port that is no number',
    [{ ...one, labels: { HAPROXY_0_PORT: 'x' } }],
    'apps[0].labels.HAPROXY_0_PORT',
  ],
  ['a mode that is none', [{ ...one, labels: { HAPROXY_0_MODE: 'htpp' } }], 'apps[0].labels.HAPROXY_0_MODE'],
  [
    'an address with options behind it',
    [{ ...one, labels: { HAPROXY_BIND_ADDR: '* crt /x' } }],
    'apps[0].labels.HAPROXY_BIND_ADDR',
  ],
  [
    'a weight that is no number',
    [{ ...one, labels: { HAPROXY_BACKEND_WEIGHT: 'x' } }],
    'apps[0].labels.HAPROXY_BACKEND_WEIGHT',
  ],
  [
    'a label that would begin a line of its own',
    [{ ...one, labels: { HAPROXY_0_PATH: '/a\n  use_backend secret' } }],
    'apps[0].labels.HAPROXY_0_PATH',
  ],
  ...['"', "'", '\\', '#', '\u0085', '\r'].map(
    character =>
      [
        `a label with ${JSON.stringify(character)}, which is HAProxy's own,`,
        [{ ...one, labels: { HAPROXY_0_VHOST: `a${character}.example` } }],
        'apps[0].labels.HAPROXY_0_VHOST',
      ] as const,
  ),
  [
    'a check of such a path',
    [{ ...one, healthChecks: [{ protocol: 'HTTP', path: '/a#b' }] }],
    'apps[0].healthChecks[0].path',
  ],
  ...['/a"b', '/ä', '/a b', ''].map(
    id => [`the app id ${JSON.stringify(id)}`, [{ ...one, id }], 'apps[0].id'] as const,
  ),
  ['a task without a host', [{ ...one, tasks: [{ ...task, host: undefined }] }], 'apps[0].tasks[0].host'],
  ['a port out of range', [{ ...one, tasks: [{ ...task, ports: [70_000] }] }], 'apps[0].tasks[0].ports[0]'],
  [
    'an unknown check',
    [{ ...one, healthChecks: [{ protocol: 'SCTP' }] }],
    'apps[0].healthChecks[0].protocol',
  ],
  [
    'a time that is none',
    [{ ...one, healthChecks: [{ protocol: 'TCP', intervalSeconds: '1s' }] }],
    'apps[0].healthChecks[0].intervalSeconds',
  ],
])('%s is refused by its place', (_what, apps, field) => {
  expect(() => haproxyOfMarathon(apps as readonly MarathonLbApp[])).toThrow(
    expect.objectContaining({ code: 'Invalid', problems: [expect.objectContaining({ field })] }) as Error,
  )
})
