import { createServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { probeHttp, probeTcp } from '../../../src/workloads/node/index.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listen(server: Server): Promise<{ host: string; port: number }> {
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

describe('HTTP probe', () => {
  test.each([
    [200, 'success'],
    [204, 'success'],
    [399, 'success'],
    [302, 'success'],
    [400, 'failure'],
    [503, 'failure'],
  ] as const)('status %i is a %s', async (status, result) => {
    const where = await listen(createServer((_request, response) => response.writeHead(status).end()))
    expect(await probeHttp({ ...where, path: '/healthz', timeoutMs: 5000 })).toEqual({
      result,
      message: expect.stringMatching(`^HTTP ${status} `),
    })
  })

  test('silence is a failure after the time, and leaves no connection behind', async () => {
    let gone = (): void => {}
    const closed = new Promise<void>(resolve => (gone = resolve))
    const where = await listen(createTcpServer(socket => socket.on('error', gone).on('close', gone).resume()))
    const report = await probeHttp({ ...where, path: '/', timeoutMs: 20 })
    expect(report).toEqual({ result: 'failure', message: 'no answer within 20 ms' })
    await closed
  })

  test('an answer that is not HTTP, an abort and a bad path are failures, not rejections', async () => {
    const where = await listen(
      createTcpServer(socket => socket.on('error', () => {}).end('nonsense\r\n\r\n')),
    )
    expect((await probeHttp({ ...where, path: '/', timeoutMs: 5000 })).result).toBe('failure')
    expect((await probeHttp({ ...where, path: '/ü space', timeoutMs: 5000 })).result).toBe('failure')
    const signal = AbortSignal.abort()
    expect(await probeHttp({ ...where, path: '/', timeoutMs: 5000, signal })).toEqual({
      result: 'failure',
      message: 'aborted',
    })
  })
})

describe('TCP probe', () => {
  test('an accepted connection is a success, a refused one a failure', async () => {
    const server = createTcpServer(socket => socket.on('error', () => {}).resume())
    const where = await listen(server)
    expect((await probeTcp({ ...where, timeoutMs: 5000 })).result).toBe('success')
    await new Promise(resolve => server.close(resolve))
    expect((await probeTcp({ ...where, timeoutMs: 5000 })).result).toBe('failure')
  })
})
