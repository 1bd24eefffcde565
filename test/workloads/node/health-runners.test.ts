import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { ServerHttp2Stream } from 'node:http2'
import { createServer } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { FunctionProbeOptions } from '../../../src/workloads/node/index.js'
import { probeExec, probeFunction, probeGrpc } from '../../../src/workloads/node/index.js'

async function listen(server: Server): Promise<{ host: string; port: number; timeoutMs: number }> {
  onTestFinished(() => void server.close())
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, timeoutMs: 5000 }
}

/** A health server that gives the bytes of an answer, or the status of an error, by service. */
function healthServer(answers: Readonly<Record<string, readonly number[] | string>>): Server {
  const server = createServer()
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('error', () => {})
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      expect(headers[':path']).toBe('/grpc.health.v1.Health/Check')
      const message = Buffer.concat(chunks).subarray(5)
      const [tag, length = 0] = message
      expect(message.length).toBe(tag === undefined ? 0 : 2 + length)
      const answer = answers[String(message.subarray(2))]
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () =>
        stream.sendTrailers({ 'grpc-status': typeof answer === 'string' ? answer : '0' }),
      )
      stream.end(typeof answer === 'string' ? undefined : Buffer.from(answer ?? []))
    })
  })
  return server as unknown as Server
}

const status = (code: number): readonly number[] => [0, 0, 0, 0, 2, 8, code]

describe('a gRPC probe', () => {
  test.each([
    ['', 'success', 'SERVING'],
    ['shop.Cart', 'success', 'SERVING'],
    ['shop.Pay', 'failure', 'NOT_SERVING'],
    ['shop.New', 'failure', 'UNKNOWN'],
    ['shop.Watched', 'failure', 'SERVICE_UNKNOWN'],
    ['nobody', 'failure', 'the server does not know the service "nobody"'],
    ['old', 'failure', 'the server does not implement grpc.health.v1.Health'],
    ['locked', 'failure', 'gRPC status 16'],
    ['cut', 'failure', 'an answer that is no status'],
    ['long', 'failure', 'an answer of more than 1024 bytes'],
  ])('of service "%s" is a %s: %s', async (service, result, message) => {
    const where = await listen(
      healthServer({
        '': status(1),
        'shop.Cart': status(1),
        'shop.Pay': status(2),
        'shop.New': [0, 0, 0, 0, 0],
        'shop.Watched': status(3),
        nobody: '5',
        old: '12',
        locked: '16',
        cut: [0, 0, 0, 0, 9, 8],
        long: Array.from({ length: 4096 }, () => 0),
      }),
    )
    expect(await probeGrpc({ ...where, service })).toEqual({ result, message })
  })

  test('another protocol, silence, a refused connection and an abort are failures; no connection is left', async () => {
    const other = await listen(
      createTcpServer(socket => socket.on('error', () => {}).end('HTTP/1.1 400 Bad\r\n\r\n')),
    )
    expect((await probeGrpc(other)).result).toBe('failure')
    let gone = (): void => {}
    const closed = new Promise<void>(resolve => (gone = resolve))
    const silent = await listen(
      createTcpServer(socket => socket.on('error', gone).on('close', gone).resume()),
    )
    expect(await probeGrpc({ ...silent, timeoutMs: 20 })).toEqual({
      result: 'failure',
      message: 'no answer within 20 ms',
    })
    await closed
    const { port, ...rest } = await listen(createTcpServer())
    expect((await probeGrpc({ ...rest, port: port === 1 ? 2 : 1 })).message).toContain('ECONNREFUSED')
    const aborted = await probeGrpc({ ...rest, port, signal: AbortSignal.abort() })
    expect(aborted).toEqual({ result: 'failure', message: 'aborted' })
  })
})

describe('a command', () => {
  test.each([
    ['exit 0', 'success', 'exit code 0'],
    ['exit 3', 'failure', 'exit code 3'],
    ['kill -9 $$', 'failure', 'ended by SIGKILL'],
    ['test "$ASKED" = yes', 'success', 'exit code 0'],
  ])('%s is a %s: %s', async (script, result, message) => {
    const command = ['/bin/sh', '-c', script]
    const report = await probeExec({ command, variables: { ASKED: 'yes' }, timeoutMs: 30_000 })
    expect(report).toEqual({ result, message })
  })

  test('that takes too long is killed with what it has started; one that is not there is a failure', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'probe-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'pid')
    const stop = new AbortController()
    const command = ['/bin/sh', '-c', `sleep 600 & echo $! > ${file}; wait`]
    const running = probeExec({ command, timeoutMs: 60_000, signal: stop.signal })
    const pid = (): number => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0)
    await expect.poll(pid).toBeGreaterThan(0)
    stop.abort()
    expect(await running).toEqual({ result: 'failure', message: 'aborted' })
    await expect.poll(() => isRunning(pid())).toBe(false)
    expect(await probeExec({ command: ['/bin/sleep', '600'], timeoutMs: 5 })).toMatchObject({
      result: 'failure',
    })
    const missing = await probeExec({ command: ['/nowhere/at-all'], timeoutMs: 5000 })
    expect(missing).toMatchObject({ result: 'failure', message: expect.stringContaining('/nowhere/at-all') })
  })
})

/** A process that has ended and was not waited for yet does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('a function', () => {
  const broken = (): boolean => {
    throw new Error('no disk')
  }
  test.each<readonly [FunctionProbeOptions['check'], string, string]>([
    [() => true, 'success', 'the check passed'],
    [() => undefined, 'success', 'the check passed'],
    [async () => false, 'failure', 'the check said no'],
    [broken, 'failure', 'no disk'],
  ])('%s is a %s: %s', async (check, result, message) => {
    expect(await probeFunction({ check, timeoutMs: 5000 })).toEqual({ result, message })
  })

  test('that takes too long is told so', async () => {
    let told = false
    const check = (signal: AbortSignal): Promise<boolean> =>
      new Promise(resolve => {
        signal.addEventListener('abort', () => {
          told = true
          resolve(true)
        })
      })
    const late = await probeFunction({ check, timeoutMs: 5 })
    expect([late, told]).toEqual([{ result: 'failure', message: 'no answer within 5 ms' }, true])
  })
})
