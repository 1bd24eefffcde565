import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { DnsServer } from '../../../src/discovery/node/index.js'
import { serveDns } from '../../../src/discovery/node/index.js'
import { headlessService, registryOf } from '../fixtures/dns-exchange.js'

const required = process.env['KEELSON_REQUIRE_SERVERS'] === '1'
const isInstalled = (...commands: readonly string[]): boolean =>
  required || commands.every(command => spawnSync(command, ['-h']).error === undefined)
const zone = 'prod.svc.cluster.local'

async function serve(): Promise<DnsServer> {
  const server = await serveDns(
    registryOf('cluster.local', [...headlessService('many', 40), ...headlessService('one', 1)]),
  )
  onTestFinished(() => server.close())
  return server
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'dns-peers-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args)
  let out = ''
  child.stdout.on('data', chunk => (out += String(chunk)))
  await once(child, 'close')
  return out
}

describe.runIf(isInstalled('dnsperf'))('under dnsperf (skipped where it is not installed)', () => {
  test('each query gets its answer, whether the name is there or not, over UDP and TCP', async () => {
    const { port } = await serve()
    const file = join(folder(), 'queries')
    const asked = [`one.${zone} A`, `many.${zone} A`, `_http._tcp.one.${zone} SRV`, `none.${zone} A`]
    writeFileSync(file, `${asked.join('\n')}\n`)
    for (const transport of ['udp', 'tcp']) {
      const args = [
        '-s',
        '127.0.0.1',
        '-p',
        `${port}`,
        '-m',
        transport,
        '-d',
        file,
        '-e',
        '-n',
        '250',
        '-c',
        '4',
      ]
      const out = await outputOf('dnsperf', args)
      expect(out).toMatch(/Queries sent:\s+1000\n/)
      expect(out).toMatch(/Queries completed:\s+1000 \(100\.00%\)/)
      expect(out).toMatch(/Response codes:\s+NOERROR 750 \(75\.00%\), NXDOMAIN 250 \(25\.00%\)/)
    }
  })
})

describe.runIf(isInstalled('dnsmasq', 'dig'))('behind dnsmasq (skipped where it is not installed)', () => {
  test('names of the zone resolve, also those whose answer needs TCP, and missing ones are denied', async () => {
    const { port: ours } = await serve()
    const port = await freeUdpPort()
    const file = join(folder(), 'dnsmasq.conf')
    const lines = [
      `port=${port}`,
      'listen-address=127.0.0.1',
      'bind-interfaces',
      'no-resolv',
      'no-hosts',
      'cache-size=0',
      'pid-file=',
      `server=/cluster.local/127.0.0.1#${ours}`,
      ...(process.getuid?.() === 0 ? ['user=root'] : []),
    ]
    writeFileSync(file, lines.join('\n'))
    const dnsmasq = spawn('dnsmasq', ['-k', '-C', file], { stdio: 'ignore' })
    onTestFinished(async () => {
      dnsmasq.kill()
      if (dnsmasq.exitCode === null) await once(dnsmasq, 'exit')
    })
    const dig = (...args: readonly string[]): Promise<string> =>
      outputOf('dig', ['@127.0.0.1', '-p', `${port}`, '+tries=1', '+time=2', ...args])
    await expect
      .poll(async () => (await dig('+short', `one.${zone}`)).trim(), { timeout: 20_000 })
      .toBe('10.0.0.1')
    const many = (await dig('+short', '+noedns', `many.${zone}`)).trim().split('\n')
    expect(new Set(many).size).toBe(40)
    expect(await dig(`none.${zone}`)).toContain('status: NXDOMAIN')
    expect(await dig('example.com')).toContain('status: REFUSED')
  })
})

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}
