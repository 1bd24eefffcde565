import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Runs an etcd of its own on a free port, with a directory of its own; `etcd` must be installed. */
export async function withEtcd<T>(use: (endpoint: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'keelson-bench-'))
  const [client, peer] = [await freePort(), await freePort()]
  const url = (port: number): string => `http://127.0.0.1:${port}`
  const args = [
    ...['--data-dir', dir, '--listen-client-urls', url(client), '--advertise-client-urls', url(client)],
    ...['--listen-peer-urls', url(peer), '--initial-advertise-peer-urls', url(peer)],
    ...['--initial-cluster', `default=${url(peer)}`],
  ]
  const etcd = spawn('etcd', args, { stdio: 'ignore' })
  try {
    while (!(await isListening(client))) await sleep(50)
    return await use(`127.0.0.1:${client}`)
  } finally {
    etcd.kill('SIGKILL')
    await once(etcd, 'exit')
    rmSync(dir, { recursive: true, force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const isOpen = await new Promise<boolean>(resolve => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  })
  socket.destroy()
  return isOpen
}
