import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { createHttpLoad } from '../../examples/runtime/http-load.js'
import { systemEnv } from '../../src/core/index.js'
import { createRegistry, kubernetesNames } from '../../src/discovery/index.js'
import { serveDns } from '../../src/discovery/node/index.js'

/** A server that answers when it is told to. */
async function slowServer() {
  const waiting: ServerResponse[] = []
  let asked = (): void => {}
  let held = true
  const answer = (): void => waiting.splice(0).forEach(response => void response.end('{"version":"v1"}'))
  const server = createServer((_request: IncomingMessage, response: ServerResponse) => {
    waiting.push(response)
    if (!held) answer()
    asked()
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return {
    port: (server.address() as AddressInfo).port,
    asked: () => new Promise<void>(resolve => void (asked = resolve)),
    answerAll: () => {
      held = false
      answer()
    },
    hold: () => void (held = true),
    cut: () => waiting.splice(0).forEach(response => response.socket?.destroy()),
    close: () => server.close(),
  }
}

test('a load is taken when its requests are answered; what fails after that is of the next', async () => {
  const env = systemEnv.fork('load')
  const registry = createRegistry({ profiles: [kubernetesNames()] })
  registry.apply(1, [
    {
      op: 'set-service',
      service: {
        namespace: 'd',
        name: 'web',
        mode: 'vip',
        vips: ['127.0.0.1'],
        ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      },
    },
    { op: 'synced' },
  ])
  const dns = await serveDns(registry)
  const server = await slowServer()
  const load = createHttpLoad({
    env,
    hostname: 'web.d.svc.cluster.local',
    dns,
    dial: host => ({ host, port: server.port }),
    requestsPerSecond: 20,
  })
  load.expect(['v1'])
  const begun = server.asked()
  load.begin()
  await begun
  let isTaken = false
  const taking = load.take().then(taken => {
    isTaken = true
    return taken
  })
  await server.asked()
  expect(isTaken).toBe(false)
  server.answerAll()
  const planned = await taking
  expect(planned.failed).toBe(0)
  expect(planned.sent).toBeGreaterThan(0)
  server.hold()
  await server.asked()
  const stopped = load.stop()
  server.cut()
  await stopped
  expect((await load.take()).failed).toBeGreaterThan(0)
  await dns.close()
  server.close()
  env.close()
})
