import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accepting, freePort } from './loopback-ports.js'

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
    await accepting(client)
    return await use(`127.0.0.1:${client}`)
  } finally {
    etcd.kill('SIGKILL')
    await once(etcd, 'exit')
    rmSync(dir, { recursive: true, force: true })
  }
}
