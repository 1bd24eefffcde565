import { expect, test } from 'vitest'
import type { NodeAgentOptions, NodeHeartbeatOptions } from '../../../src/workloads/index.js'
import { createNodeAgentController, createNodeHeartbeat } from '../../../src/workloads/index.js'
import { createFakeRuntime } from '../fixtures/fake-runtime.js'

test.each<readonly [Partial<NodeHeartbeatOptions>, string]>([
  [{ heartbeatMs: 60_000 }, 'leaseDurationSeconds: must be longer than heartbeatMs, 60000 ms'],
  [{ heartbeatMs: 1_000, leaseDurationSeconds: 1 }, 'leaseDurationSeconds: must be longer'],
  [{ heartbeatMs: 0 }, 'heartbeatMs: must be a number of milliseconds > 0'],
  [{ leaseDurationSeconds: Number.NaN }, 'leaseDurationSeconds: must be longer'],
  [{ nodeName: '' }, 'nodeName: must name a node'],
])('a heartbeat is refused %j', (options, message) => {
  const make = () => createNodeHeartbeat({ nodeName: 'n', status: {}, ...options })
  expect(make).toThrow(expect.objectContaining({ code: 'Invalid' }))
  expect(make).toThrow(message)
})

test.each<readonly [Partial<NodeAgentOptions>, string]>([
  [{ nodeName: '' }, 'nodeName: must name a node'],
  [{ runtime: {} as NodeAgentOptions['runtime'] }, 'runtime: must be a TaskRuntime'],
])('a node agent is refused %j', (options, message) => {
  const make = () => createNodeAgentController({ nodeName: 'n', runtime: createFakeRuntime(), ...options })
  expect(make).toThrow(expect.objectContaining({ code: 'Invalid' }))
  expect(make).toThrow(message)
})
