import { expect, test, vi } from 'vitest'
import { Lease, Node } from '../../../src/api/index.js'
import { createNodeHeartbeat } from '../../../src/workloads/index.js'
import { createWorld } from '../../fixtures/world.js'

test('a heartbeat that is stopped and started again while it beats goes at its own pace', async () => {
  const { env, store } = createWorld({ kinds: [Lease, Node] })
  const heartbeat = createNodeHeartbeat({ nodeName: 'n1', status: {}, heartbeatMs: 10_000 })
  const client = store.client(env)
  const failed = (): void => {}
  void heartbeat.start(client, failed)
  void heartbeat.stop()
  void heartbeat.start(client, failed)
  await env.settle()
  const renewals = vi.spyOn(client, 'transact')
  await env.advance(100_000)
  expect(renewals).toHaveBeenCalledTimes(10)
})
