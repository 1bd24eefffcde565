import type { ChildProcess } from 'node:child_process'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const installed = spawnSync('etcd', ['--version']).error === undefined

/** Whether tests that need an etcd run: where one is installed, and where it has to be. */
export const canRunEtcd: boolean = installed || process.env['KEELSON_REQUIRE_SERVERS'] === '1'

if (!canRunEtcd)
  process.stderr.write(
    'etcd is not installed: the tests of the store in etcd are passed over (apt-get install etcd-server)\n',
  )

/** A real etcd on a free port of the loopback, with its own data. */
export class EtcdServer {
  readonly endpoint: string
  readonly #dataDir: string
  readonly #args: readonly string[]
  #process: ChildProcess | undefined

  constructor(endpoint: string, dataDir: string, args: readonly string[]) {
    this.endpoint = endpoint
    this.#dataDir = dataDir
    this.#args = args
  }

  static start(more: readonly string[] = []): Promise<EtcdServer> {
    return onFreePorts(() => EtcdServer.#startOnce(more))
  }

  static async #startOnce(more: readonly string[]): Promise<EtcdServer> {
    const [client, peer] = await Promise.all([freePort(), freePort()])
    const dataDir = mkdtempSync(join(tmpdir(), 'keelson-etcd-'))
    const peerUrl = `http://127.0.0.1:${peer}`
    const scheme = more.includes('--cert-file') ? 'https' : 'http'
    const server = new EtcdServer(`127.0.0.1:${client}`, dataDir, [
      ...['--name', 'one', '--data-dir', dataDir, '--logger', 'zap', '--log-level', 'error'],
      ...['--listen-client-urls', `${scheme}://127.0.0.1:${client}`],
      ...['--advertise-client-urls', `${scheme}://127.0.0.1:${client}`],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', `one=${peerUrl}`],
      // What is lost in a power cut is not what these tests are about, and leases may be as short as a second.
      ...['--heartbeat-interval', '10', '--election-timeout', '50'],
      ...more,
    ])
    await server.run()
    return server
  }

  /** Runs it, on the data it has. */
  async run(more: readonly string[] = []): Promise<void> {
    const child = spawn('etcd', [...this.#args, ...more], { stdio: 'ignore', env: envOf() })
    this.#process = child
    await reachable(this.endpoint, () => child.exitCode === null && child.signalCode === null)
  }

  /** Ends it, as a crash does. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill(signal)
    await exited
  }

  /** Stops it where it is; its connections stay open. */
  async stop(): Promise<void> {
    this.#process?.kill('SIGSTOP')
    const isStopped = (): boolean => {
      const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(this.#process?.pid)], {
        encoding: 'utf8',
      })
      return stdout.startsWith('T')
    }
    while (!isStopped()) await sleep(10)
  }

  goOn(): void {
    this.#process?.kill('SIGCONT')
  }

  async close(): Promise<void> {
    await this.kill()
    this.dropData()
  }

  dropData(): void {
    rmSync(this.#dataDir, { recursive: true, force: true })
  }

  /** What etcdctl says. */
  ctl(...args: readonly string[]): string {
    return etcdctl(this.endpoint, ...args)
  }
}

export function etcdctl(endpoint: string, ...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync('etcdctl', ['--endpoints', endpoint, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ETCDCTL_API: '3' },
  })
  if (status !== 0) throw new Error(`etcdctl ${args.join(' ')}: ${stderr}${stdout}`)
  return stdout
}

function envOf(): NodeJS.ProcessEnv {
  return { ...process.env, GOMAXPROCS: '2' }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Starts what listens on free ports, with others when somebody else took one of them meanwhile. */
export async function onFreePorts<T>(start: () => Promise<T>): Promise<T> {
  for (let left = 2; ; left--) {
    try {
      return await start()
    } catch (error) {
      if (left === 0) throw error
    }
  }
}

/** Resolves when somebody listens there. */
async function reachable(endpoint: string, isAlive: () => boolean): Promise<void> {
  const [host = '', port] = endpoint.split(':')
  for (let attempt = 0; attempt < 600; attempt++) {
    const socket = connect(Number(port), host)
    const isOpen = await new Promise<boolean>(resolve => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) return
    if (!isAlive()) throw new Error(`etcd ended before it listened at ${endpoint}`)
    await sleep(50)
  }
  throw new Error(`nothing listens at ${endpoint}`)
}
