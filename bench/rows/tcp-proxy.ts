import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRegistry } from 'keelson/discovery'
import { serveVips } from 'keelson/discovery/node'
import { accepting, freePort } from './loopback-ports.js'
import { cpuNsOf } from './process-cpu.js'

/** What a proxy did under load. */
export interface ProxyLoad {
  /** Requests a second. */
  readonly rate: number
  /** Processor time of the proxy for one. */
  readonly cpuNs: number
}

/** One backend behind two proxies, ours and haproxy, each in mode TCP. */
export interface TcpProxyBench {
  ours(): Promise<ProxyLoad>
  haproxy(): Promise<ProxyLoad>
  close(): Promise<void>
}

const isInstalled = (program: string): boolean => spawnSync(program, ['-v']).error === undefined

/** Undefined where wrk or haproxy is not installed. The backend is a haproxy of its own that answers by itself. */
export async function openTcpProxyBench(connections: number): Promise<TcpProxyBench | undefined> {
  if (!isInstalled('wrk') || !isInstalled('haproxy')) return undefined
  const [answering, proxying] = [await freePort(), await freePort()]
  const folder = mkdtempSync(join(tmpdir(), 'bench-proxy-'))
  const timeouts = 'timeout connect 3s\n  timeout client 30s\n  timeout server 30s'
  const run = async (name: string, port: number, lines: readonly string[]) => {
    const file = join(folder, `${name}.cfg`)
    writeFileSync(file, ['global', '  nbthread 1', 'defaults', `  ${timeouts}`, ...lines, ''].join('\n'))
    const child = spawn('haproxy', ['-f', file, '-db'], { stdio: 'ignore' })
    await accepting(port)
    return child
  }
  const backend = await run('backend', answering, [
    'listen http',
    '  mode http',
    `  bind 127.0.0.1:${answering}`,
    '  http-request return status 200 content-type text/plain string hello',
  ])
  const peer = await run('proxy', proxying, [
    'listen tcp',
    '  mode tcp',
    `  bind 127.0.0.1:${proxying}`,
    `  server s 127.0.0.1:${answering}`,
  ])
  const registry = createRegistry()
  const ports = [{ name: 'http', port: 80, protocol: 'TCP' }] as const
  const conditions = { ready: true, serving: true, terminating: false }
  registry.apply(1, [
    {
      op: 'set-service',
      service: { namespace: 'prod', name: 'web', mode: 'vip', vips: ['127.64.0.8'], ports },
    },
    {
      op: 'set-endpoints',
      service: 'prod/web',
      slice: 's',
      endpoints: [{ id: 'a', addresses: ['127.0.0.1'], ports: { http: answering }, conditions }],
    },
  ])
  const proxy = serveVips(registry, { bind: () => ({ host: '127.0.0.1', port: 0 }) })
  await proxy.listening()
  const own = proxy.stats('prod/web')?.listeners[0]?.boundPort ?? 0
  return {
    ours: () => load(own, process.pid, connections),
    haproxy: () => load(proxying, peer.pid ?? 0, connections),
    close: async () => {
      await proxy.close()
      for (const child of [backend, peer]) {
        child.kill('SIGKILL')
        await once(child, 'close')
      }
      rmSync(folder, { recursive: true })
    },
  }
}

async function load(port: number, pid: number, connections: number): Promise<ProxyLoad> {
  const beforeNs = cpuNsOf(pid)
  const child = spawn('wrk', ['-t', '1', '-c', String(connections), '-d', '2s', `http://127.0.0.1:${port}/`])
  let out = ''
  child.stdout.on('data', chunk => (out += String(chunk)))
  await once(child, 'close')
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(out)?.[1] ?? 0),
    cpuNs: (cpuNsOf(pid) - beforeNs) / Number(/(\d+) requests in/.exec(out)?.[1] ?? 1),
  }
}
