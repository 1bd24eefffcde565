import { expect, test } from 'vitest'
import type { Resource } from '../../../src/offers/index.js'
import { resources } from '../../../src/offers/index.js'
import { mesosResources, resourcesOfCall } from '../../../src/offers/node/mesos-resource.js'

const reserved = { role: 'eng', principal: 'ops', labels: { for: 'db', empty: '' }, expiresAtMs: 5 }

test.each<[string, readonly Resource[]]>([
  ['scalars', [{ name: 'cpus', value: 1.5 }]],
  [
    'ranges',
    [
      {
        name: 'ports',
        value: [
          [1, 2],
          [5, 9],
        ],
      },
    ],
  ],
  ['sets', [{ name: 'zones', value: ['a', 'b'] }]],
  ['a static reservation', [{ name: 'cpus', value: 1, reservations: [{ role: 'eng', kind: 'static' }] }]],
  ['a refined one', [{ name: 'cpus', value: 1, reservations: [reserved, { role: 'eng/web' }] }]],
  [
    'a volume',
    [{ name: 'disk', value: 1, reservations: [reserved], disk: { volume: { id: 'v', path: 'p' } } }],
  ],
  [
    'a shared volume',
    [{ name: 'disk', value: 1, reservations: [reserved], disk: { volume: { id: 'v', shared: true } } }],
  ],
  [
    'a device',
    [{ name: 'disk', value: 9, disk: { source: 'mount', root: '/mnt', profile: 'fast' }, provider: 'csi' }],
  ],
  ['revocables', [{ name: 'cpus', value: 2, revocable: true }]],
])('%s are the same after a way through JSON and back', (_title, list) => {
  const set = resources(list)
  const fields: unknown = JSON.parse(JSON.stringify({ resources: mesosResources(set, 'eng/web') }))
  const back = resourcesOfCall({ path: '', fields: fields as Readonly<Record<string, unknown>> }, 'resources')
  expect(back.equals(set), back.toString()).toBe(true)
  expect(set.isEmpty).toBe(false)
})

const cpu = { name: 'cpus', type: 'SCALAR', scalar: { value: 1 } }

test.each([
  [{ ...cpu, role: '*' }, 'cpus:1'],
  [{ ...cpu, role: 'eng' }, 'cpus(eng):1'],
])('the older form %j is read', (resource, text) => {
  const set = resourcesOfCall({ path: '', fields: { resources: [resource] } }, 'resources')
  expect(set.equals(resources(text))).toBe(true)
})

test.each<[unknown, RegExp]>([
  [{ ...cpu, scalar: { value: '1' } }, /resources\[0\]\.scalar\.value: must be a finite number/],
  [{ ...cpu, scalar: { value: -1 } }, /cpus/],
  [{ ...cpu, type: 'TEXT' }, /resources\[0\]\.type: must be SCALAR, RANGES or SET/],
  [{ ...cpu, reservations: [{ type: 'ODD', role: 'eng' }] }, /reservations\[0\]\.type/],
  [{ ...cpu, reservations: 'eng' }, /resources\[0\]\.reservations: must be a list/],
  [
    { ...cpu, reservations: [{ role: 'eng', labels: { labels: [{ key: 'a' }, { key: 'a' }] } }] },
    /labels\[1\]\.key/,
  ],
  [{ ...cpu, disk: { source: { type: 'TAPE' } } }, /disk\.source\.type/],
  ['cpus', /resources\[0\]: must be an object/],
])('%j is refused', (resource, message) => {
  expect(() => resourcesOfCall({ path: '', fields: { resources: [resource] } }, 'resources')).toThrow(message)
})
