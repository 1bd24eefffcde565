import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { checkBands, checkFamilies, checkNamed, checkPorts, checkTrace } from './discovery-addresses.js'
import { checkBalance } from './discovery-balance.js'
import type { Case, KubernetesFixture, Runner } from './discovery-case.js'
import { operationOf } from './discovery-case.js'
import {
  checkAnswer,
  checkEndpointLabels,
  checkHeader,
  checkNegativeTtl,
  checkTruncation,
} from './discovery-dns.js'
import { checkSlices, checkTable } from './discovery-endpoints.js'
import { checkGates, checkHealth, checkOutliers } from './discovery-health.js'
import type { ConsulFixture, MesosFixture, SwarmFixture } from './discovery-names.js'
import {
  checkConsul,
  checkMesos,
  checkMesosLabels,
  checkSwarm,
  checkSwarmModeSwitch,
} from './discovery-names.js'
import { checkEnvironment, checkNames, checkServerIds } from './discovery-render.js'

interface CaseFile {
  readonly fixtures: {
    readonly k8s: KubernetesFixture
    readonly mesos: MesosFixture
    readonly swarm: SwarmFixture
    readonly consul: ConsulFixture
  }
  readonly cases: readonly Case[]
}

const bundledFile = join(import.meta.dirname, 'cases', 'discovery.json')
const folder = process.env['KEELSON_CASES']
const readCases = (path: string): CaseFile => JSON.parse(readFileSync(path, 'utf8')) as CaseFile
const { fixtures, cases } = readCases(folder === undefined ? bundledFile : join(folder, 'discovery.json'))

/** By operation. */
const RUNNERS: Readonly<Record<string, Runner>> = {
  'dns-k8s dns-answer': example => checkAnswer(example, fixtures.k8s),
  'dns-k8s function': checkEndpointLabels,
  'dns-wire truncation': checkTruncation,
  'dns-wire header': example => checkHeader(example, fixtures.k8s),
  'dns-wire negative-cache': example => checkNegativeTtl(example, fixtures.k8s),
  'dns-mesos dns-answer': example => checkMesos(example, fixtures.mesos),
  'naming function': checkMesosLabels,
  'dns-swarm dns-answer': example => checkSwarm(example, fixtures.swarm),
  'registry trace': example => checkSwarmModeSwitch(example, fixtures.swarm),
  'dns-consul dns-answer': example => checkConsul(example, fixtures.consul),
  'lb function': checkBalance,
  'lb trace': checkBalance,
  'lb error': checkBalance,
  'env function': checkEnvironment,
  'config function': checkServerIds,
  'config table': checkNames,
  'ipam bands': checkBands,
  'ipam addresses': checkTrace,
  'ipam named addresses': checkNamed,
  'ipam ports': checkPorts,
  'ipam transaction': checkFamilies,
  'endpoints function': checkSlices,
  'endpoints table': checkTable,
  'health machine': checkHealth,
  'health table': checkGates,
  'health outliers': checkOutliers,
}

describe('discovery cases', () => {
  for (const example of cases) {
    test(`${example.area}: ${example.id}`, () => {
      const run = RUNNERS[operationOf(example)]
      if (run === undefined) throw new Error(`no runner knows ${operationOf(example)}`)
      run(example)
    })
  }
})
