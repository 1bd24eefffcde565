// A process of its own with few file descriptors: a proxy, a DNS server, and a way to use up all that is left.
// Argument: the port of the endpoint. Commands, one a line: `hold N` leaves N free, `free` gives back, `tell` tells.
import { closeSync, openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createEnv, silentLogger } from '../../../src/core/index.js'
import { createRegistry, kubernetesNames } from '../../../src/discovery/index.js'
import { serveDns, serveVips } from '../../../src/discovery/node/index.js'

const [port = '0'] = process.argv.slice(2)
const warnings: string[] = []
const note = (fields: object | string, message?: string): void =>
  void warnings.push(typeof fields === 'string' ? fields : (message ?? ''))
const env = createEnv({ logger: { ...silentLogger, warn: note, error: note } })
const registry = createRegistry({ profiles: [kubernetesNames()] })
const ports = [{ name: 'http', port: 80, protocol: 'TCP' }] as const
const conditions = { ready: true, serving: true, terminating: false }
registry.apply(1, [
  {
    op: 'set-service',
    service: { namespace: 'prod', name: 'web', mode: 'vip', vips: ['127.64.9.1'], ports },
  },
  {
    op: 'set-endpoints',
    service: 'prod/web',
    slice: 's',
    endpoints: [{ id: 'a', addresses: ['127.0.0.1'], ports: { http: Number(port) }, conditions }],
  },
  { op: 'synced' },
])
const proxy = serveVips(registry, { env, bind: () => ({ host: '127.0.0.1', port: 0 }) })
await proxy.listening()
const dns = await serveDns(registry, { env })
const held: number[] = []

const commands: Readonly<Record<string, (argument: string) => unknown>> = {
  hold: left => {
    try {
      for (;;) held.push(openSync('/dev/null', 'r'))
    } catch {
      for (let i = 0; i < Number(left); i++) closeSync(held.pop() ?? 0)
    }
    return 'held'
  },
  free: () => {
    for (const descriptor of held.splice(0)) closeSync(descriptor)
    return 'free'
  },
  tell: () => ({
    refusals: proxy.stats('prod/web')?.refusals,
    endpoints: proxy.stats('prod/web')?.endpoints,
    warnings,
  }),
}
const say = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`)
createInterface({ input: process.stdin }).on('line', line => {
  const [command = '', argument = ''] = line.split(' ')
  say(commands[command]?.(argument))
})
say({ proxy: proxy.stats('prod/web')?.listeners[0]?.boundPort, dns: dns.port })
