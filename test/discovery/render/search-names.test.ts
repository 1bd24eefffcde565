import { spawn, spawnSync } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RegistryQuestion, Resolution } from '../../../src/discovery/index.js'
import { createRegistry, kubernetesNames } from '../../../src/discovery/index.js'
import { serveDns } from '../../../src/discovery/node/index.js'
import type { ResolvConf } from '../../../src/discovery/render/index.js'
import { resolveShortName, searchNames } from '../../../src/discovery/render/index.js'

const search = ['prod.svc.z', 'svc.z.', 'z']

test.each<readonly [string, Partial<ResolvConf>, readonly string[]]>([
  ['web', { search }, ['web.prod.svc.z.', 'web.svc.z.', 'web.z.', 'web.']],
  ['web.prod', { search }, ['web.prod.prod.svc.z.', 'web.prod.svc.z.', 'web.prod.z.', 'web.prod.']],
  ['a.b.c', { search }, ['a.b.c.', 'a.b.c.prod.svc.z.', 'a.b.c.svc.z.', 'a.b.c.z.']],
  ['a.b.c', { search: ['z'], ndots: 3 }, ['a.b.c.z.', 'a.b.c.']],
  ['web', { search: ['z'], ndots: 0 }, ['web.', 'web.z.']],
  ['web.', { search }, ['web.']],
  ['.', { search }, ['.']],
  ['web', {}, ['web.']],
  ['web', { search: ['.', 'z', 'z'] }, ['web.', 'web.z.']],
  // A dot that is part of a label is none between labels.
  ['a\\.b', { search: ['z'], ndots: 1 }, ['a\\.b.z.', 'a\\.b.']],
  [
    `${'a'.repeat(60)}.b`,
    { search: [Array(4).fill('c'.repeat(50)).join('.'), 'z'] },
    [`${'a'.repeat(60)}.b.z.`, `${'a'.repeat(60)}.b.`],
  ],
])('%s with %j is asked for as %j', (name, conf, names) => {
  expect(searchNames(name, conf)).toEqual(names)
})

test.each<readonly [string, Partial<ResolvConf>, string]>([
  ['', {}, 'name'],
  ['a..b', {}, 'name'],
  ['a', { search: ['b c'] }, 'search[0]'],
  ['a', { ndots: 16 }, 'ndots'],
])('%j with %j is refused', (name, conf, field) => {
  expect(() => searchNames(name, conf)).toThrow(
    expect.objectContaining({
      code: 'Invalid',
      details: expect.objectContaining({ problems: [expect.objectContaining({ field })] }),
    }),
  )
})

describe('a short name', () => {
  const empty = { authoritative: true, answers: [], authority: [], additional: [], revision: 1 }
  const record = { name: 'x.', type: 'A', ttl: 1, address: '10.0.0.1' } as const
  /** What each name is answered with; others are not there. */
  const resolver =
    (zone: Readonly<Record<string, Resolution['rcode'] | 'records'>>) =>
    ({ name }: RegistryQuestion): Resolution => {
      const what = zone[name] ?? 'NXDOMAIN'
      return what === 'records'
        ? { ...empty, rcode: 'NOERROR', answers: [record] }
        : { ...empty, rcode: what }
    }

  test.each([
    ['web', { 'web.svc.z.': 'records', 'web.z.': 'records' }, 'web.svc.z.', 'NOERROR'],
    ['web', { 'web.prod.svc.z.': 'NOERROR', 'web.z.': 'records' }, 'web.z.', 'NOERROR'],
    ['web', { 'web.prod.svc.z.': 'SERVFAIL', 'web.': 'records' }, 'web.', 'NOERROR'],
    ['web', { 'web.svc.z.': 'SERVFAIL', 'web.z.': 'NOERROR' }, 'web.z.', 'NOERROR'],
    ['web', { 'web.svc.z.': 'REFUSED' }, 'web.svc.z.', 'REFUSED'],
    ['web', {}, 'web.prod.svc.z.', 'NXDOMAIN'],
    ['a.b.c', { 'a.b.c.z.': 'NOERROR' }, 'a.b.c.', 'NXDOMAIN'],
    ['a.b.c', { 'a.b.c.z.': 'records' }, 'a.b.c.z.', 'NOERROR'],
  ] as const)('%s where %j is %s: %s', (name, zone, found, rcode) => {
    const { name: told, resolution } = resolveShortName({ name, type: 'A' }, { search }, resolver(zone))
    expect([told, resolution.rcode]).toEqual([found, rcode])
  })
})

test.runIf(spawnSync('dig', ['-h']).error === undefined)(
  'dig completes names to the same (skipped where it is not installed)',
  async () => {
    const registry = createRegistry({ profiles: [kubernetesNames({ zone: 'z' })] })
    const service = { namespace: 'prod', name: 'web', mode: 'vip', vips: ['10.96.0.1'], ports: [] } as const
    registry.apply(1, [{ op: 'set-service', service }, { op: 'synced' }])
    const server = await serveDns(registry)
    onTestFinished(() => server.close())
    const rows = [
      ['web', 'prod.svc.z', 2],
      ['web.prod', 'svc.z', 2],
      ['web.prod.svc.z', 'svc.z', 2],
      ['web.prod.svc', 'z', 3],
    ] as const
    for (const [name, domain, ndots] of rows) {
      const at = ['@127.0.0.1', '-p', `${server.port}`, '+tries=1', '+time=2', '+noall', '+answer']
      const dig = spawn('dig', [...at, `+domain=${domain}`, `+ndots=${ndots}`, name])
      const found = resolveShortName({ name, type: 'A' }, { search: [domain], ndots }, registry.resolve)
      expect((await text(dig.stdout)).split(/\s/)[0]).toBe(found.name)
      expect(found.name).toBe('web.prod.svc.z.')
    }
  },
)
