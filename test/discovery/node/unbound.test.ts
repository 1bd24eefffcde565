import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Registry } from '../../../src/discovery/index.js'
import { serveDns } from '../../../src/discovery/node/index.js'
import { aliasService, headlessService, registryOf } from '../fixtures/dns-exchange.js'

const ENDPOINTS = 100
const installed = ['unbound', 'dig'].every(command => spawnSync(command, ['-h']).error === undefined)
const required = process.env['KEELSON_REQUIRE_SERVERS'] === '1'

/** A headless service of a hundred endpoints, one of a single one, and a name for that elsewhere in the zone. */
function registry(): Registry {
  return registryOf('cluster.local', [
    ...headlessService('many', ENDPOINTS),
    ...headlessService('one', 1),
    aliasService('one.prod.svc.cluster.local'),
  ])
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/** The configuration that the guide gives, for our port, in a folder of its own. */
function configuration(ourPort: number, port: number, folder: string): string {
  const guide = readFileSync(resolve(import.meta.dirname, '../../../docs/discovery.md'), 'utf8')
  const [, block] = /```text\n(server:\n[\s\S]*?stub-zone:[\s\S]*?)```/.exec(guide) ?? []
  if (block === undefined) throw new Error('the guide has no configuration of unbound')
  const where = [
    `interface: 127.0.0.1@${port}`,
    `directory: "${folder}"`,
    'chroot: ""',
    'username: ""',
    'pidfile: ""',
  ]
  return `${block.replace('@5300', `@${ourPort}`)}server:\n${[...where, 'use-syslog: no'].map(line => `  ${line}\n`).join('')}`
}

describe.runIf(installed || required)('behind unbound (skipped where it is not installed)', () => {
  test('names resolve with the configuration of the guide, which mixes the case of each question', async () => {
    const server = await serveDns(registry())
    onTestFinished(() => server.close())
    const folder = mkdtempSync(join(tmpdir(), 'unbound-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const port = await freePort()
    const file = join(folder, 'unbound.conf')
    writeFileSync(file, configuration(server.port, port, folder))
    const unbound = spawn('unbound', ['-d', '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
    let errors = ''
    unbound.stderr.on('data', chunk => (errors += String(chunk)))
    onTestFinished(async () => {
      unbound.kill()
      if (unbound.exitCode === null) await once(unbound, 'exit')
    })
    const dig = async (...args: readonly string[]): Promise<string> => {
      const child = spawn('dig', ['@127.0.0.1', '-p', String(port), '+tries=1', '+time=2', ...args])
      let out = ''
      child.stdout.on('data', chunk => (out += String(chunk)))
      await once(child, 'close')
      return out
    }
    const zone = 'prod.svc.cluster.local'
    await expect
      .poll(async () => [unbound.exitCode, errors, (await dig('+short', `one.${zone}`)).trim()], {
        timeout: 20_000,
      })
      .toEqual([null, expect.any(String), '10.0.0.1'])
    const many = (await dig('+short', `many.${zone}`)).trim().split('\n')
    expect(new Set(many).size).toBe(ENDPOINTS)
    expect(await dig('+short', 'SRV', `_http._tcp.one.${zone}`)).toMatch(/^0 \d+ 80 10-0-0-1\.one\.prod/)
    expect((await dig('+short', `alias.${zone}`)).trim().split('\n')).toEqual([`one.${zone}.`, '10.0.0.1'])
    expect(await dig(`missing.${zone}`)).toContain('status: NXDOMAIN')
    expect(await dig('AAAA', `one.${zone}`)).toMatch(/status: NOERROR.*\n.*ANSWER: 0/)
  })
})
