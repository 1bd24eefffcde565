import { describe, expect, test } from 'vitest'
import {
  kubernetesVariables,
  marathonVariables,
  nomadVariables,
} from '../../../src/discovery/render/index.js'

describe('service variables', () => {
  test('names that become one variable are reported, and the first by name is kept, whatever their order', () => {
    const services = ['a.b', 'a-b', 'c'].map((name, i) => ({
      name,
      ip: `10.96.0.${i + 1}`,
      ports: [{ port: 80, protocol: 'TCP' }],
    }))
    const report = kubernetesVariables(services)
    expect(report).toEqual(kubernetesVariables(services.toReversed()))
    expect(report.variables).toMatchObject({ A_B_SERVICE_HOST: '10.96.0.2', C_SERVICE_HOST: '10.96.0.3' })
    expect(report.collisions.map(({ variable }) => variable)).toEqual([
      'A_B_SERVICE_HOST',
      'A_B_PORT',
      'A_B_PORT_80_TCP',
      'A_B_PORT_80_TCP_ADDR',
    ])
    expect(new Set(report.collisions.flatMap(({ sources }) => sources))).toEqual(new Set(['a-b', 'a.b']))
  })

  test('a port named as another’s number, and labels that become one, are reported by Marathon’s names', () => {
    const { variables, collisions } = marathonVariables(
      [
        { requested: 8080, host: 31_001 },
        { requested: 0, host: 31_002, name: '8080' },
      ],
      { host: 'n1', labels: { 'a.b': 'x', 'a-b': 'y' } },
    )
    expect(variables).toMatchObject({ PORT: '31001', PORTS: '31001,31002', PORT_8080: '31001', HOST: 'n1' })
    expect(collisions).toEqual([
      { variable: 'PORT_8080', sources: ['port 0', 'port 1'] },
      { variable: 'MARATHON_APP_LABEL_A_B', sources: ['label a.b', 'label a-b'] },
    ])
  })

  test('labels that become one are reported by Nomad’s names; an address of IPv6 is in brackets', () => {
    const { variables, collisions } = nomadVariables([
      { label: 'my-db', hostIp: 'fd00::1', hostPort: 20_000, to: 5432 },
      { label: 'my_db', hostIp: 'fd00::1', hostPort: 20_001 },
    ])
    expect(variables).toEqual({
      NOMAD_IP_my_db: 'fd00::1',
      NOMAD_IPv6_my_db: 'fd00::1',
      NOMAD_PORT_my_db: '5432',
      NOMAD_HOST_PORT_my_db: '20000',
      NOMAD_ADDR_my_db: '[fd00::1]:20000',
    })
    expect(collisions.map(({ variable, sources }) => [variable, ...sources])).toEqual([
      ['NOMAD_PORT_my_db', 'my-db', 'my_db'],
      ['NOMAD_HOST_PORT_my_db', 'my-db', 'my_db'],
      ['NOMAD_ADDR_my_db', 'my-db', 'my_db'],
    ])
  })
})
