import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cpuNsOf } from './process-cpu.js'

/** What a name server did under load. */
export interface DnsLoad {
  /** Queries a second. */
  readonly rate: number
  /** Processor time of the server for one. */
  readonly cpuNs: number
}

/** Names to ask for, and who asks. */
export interface DnsLoader {
  /** @param pid of the server, where that is another process */
  against(port: number, pid?: number): Promise<DnsLoad>
  close(): void
}

/** Asks for A records of names with EDNS, by dnsperf; undefined where that is not installed. */
export function openDnsLoader(names: readonly string[]): DnsLoader | undefined {
  if (spawnSync('dnsperf', ['-h']).error !== undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'bench-dns-'))
  const file = join(folder, 'queries')
  writeFileSync(file, names.map(name => `${name} A`).join('\n'))
  return {
    against: (port, pid = process.pid) => load(port, pid, file),
    close: () => rmSync(folder, { recursive: true }),
  }
}

async function load(port: number, pid: number, file: string): Promise<DnsLoad> {
  const beforeNs = cpuNsOf(pid)
  const options = { '-s': '127.0.0.1', '-p': port, '-d': file, '-l': 1, '-c': 4, '-q': 100 }
  const child = spawn('dnsperf', ['-e', ...Object.entries(options).flat().map(String)])
  let out = ''
  child.stdout.on('data', chunk => (out += String(chunk)))
  await new Promise(resolve => child.once('close', resolve))
  return {
    rate: Number(/Queries per second:\s+([\d.]+)/.exec(out)?.[1] ?? 0),
    cpuNs: (cpuNsOf(pid) - beforeNs) / Number(/Queries completed:\s+(\d+)/.exec(out)?.[1] ?? 1),
  }
}
