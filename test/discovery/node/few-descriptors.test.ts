import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { ask, askOverTcp, request } from '../fixtures/dns-exchange.js'

/** What is said on a new connection to the port; nothing when it is closed or reset. */
async function hear(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let said = ''
  socket.on('data', chunk => (said += String(chunk)))
  socket.on('error', () => {})
  await new Promise<void>(done => socket.once('close', () => done()))
  return said
}

test('without a file descriptor left connections are refused, which is told; with some again they are taken', async () => {
  const backend = createServer(socket => socket.end('hello')).listen(0, '127.0.0.1')
  await once(backend, 'listening')
  onTestFinished(() => void backend.close())
  const folder = mkdtempSync(join(tmpdir(), 'few-descriptors-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const program = join(folder, 'few-descriptors.mjs')
  // In one file: a loader of many would need descriptors of its own.
  await build({
    entryPoints: [join(import.meta.dirname, 'few-descriptors.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url)',
    },
  })
  const { port } = backend.address() as AddressInfo
  const run = `ulimit -n 64; exec "${process.execPath}" "${program}" ${port}`
  const child = spawn('sh', ['-c', run], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async (command?: string): Promise<Answer> => {
    if (command !== undefined) child.stdin.write(`${command}\n`)
    return JSON.parse(String((await lines.next()).value)) as Answer
  }
  const { proxy = 0, dns = 0 } = await answer()
  const question = request('web.prod.svc.cluster.local.')
  const overTcp = async (): Promise<number> => (await askOverTcp({ port: dns }, question)).length
  expect([await hear(proxy), await overTcp()]).toEqual(['hello', 1])

  // One is enough to accept, and not to go on to the endpoint.
  await answer('hold 1')
  expect(await hear(proxy)).toBe('')
  const { refusals, endpoints, warnings = [] } = await answer('tell')
  expect(refusals).toMatchObject({ 'no-descriptor': 1, 'no-endpoint': 0 })
  expect(endpoints?.['a']?.failures ?? 0).toBe(0)
  expect(warnings).toEqual(['no file descriptor is left; raise the limit of open files'])

  await answer('free')
  await answer('hold 0')
  expect(await hear(proxy)).toBe('')
  expect(await hear(dns)).toBe('')
  expect((await ask({ port: dns }, question)).answers).toHaveLength(1)

  await answer('free')
  expect([await hear(proxy), await overTcp()]).toEqual(['hello', 1])
})

interface Answer {
  readonly proxy?: number
  readonly dns?: number
  readonly refusals?: Readonly<Record<string, number>>
  readonly endpoints?: Readonly<Record<string, { readonly failures: number }>>
  readonly warnings?: readonly string[]
}
