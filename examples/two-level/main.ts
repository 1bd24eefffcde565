// Two frameworks share three nodes: a service scheduler runs hello-marathon.json, a batch scheduler counts words. Every
// task is a real process. A third framework wants 64 cpus at once, and is told why it gets nothing.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { renderReasons } from 'keelson/core'
import type { OfferPool } from 'keelson/offers'
import { createPool, resources } from 'keelson/offers'
import { planLoopback } from '../runtime/loopback.js'
import { ProcessDriver } from './processes.js'
import { Services } from './services.js'
import { WordCount } from './word-count.js'

const BLOCKS = 24
const LINES_PER_BLOCK = 4_000
const DEADLINE_MS = 60_000

const here = import.meta.dirname
const directory = mkdtempSync(join(tmpdir(), 'two-level-'))
const driver = new ProcessDriver()
const pool = createPool({ driver, allocator: { grain: 'fair' } })

try {
  await tell()
  console.log('\nok')
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  pool.close()
  await driver.killAll()
  rmSync(directory, { recursive: true, force: true })
}

async function tell(): Promise<void> {
  const { nodes } = await planLoopback(3)
  for (const [index, { address, ports }] of nodes.entries()) {
    const id = `node-${index + 1}`
    const total = resources(`cpus:2;mem:2048;ports:[${ports.first}-${ports.last}]`)
    driver.add(pool.agent({ id, host: id, resources: total }), address)
  }
  const text = Array.from({ length: BLOCKS }, (_, block) => blockOf(block))
  const services = new Services(pool, resolve(here, '../quickstart/hello-marathon.json'))
  const batch = new WordCount(pool, { directory, program: join(here, 'count-words.mjs'), blocks: text })
  const giant = pool.subscribe({
    name: 'giant',
    id: 'giant',
    roles: [{ role: 'giant', demand: [{ shape: { cpus: 64 }, count: 1 }] }],
  })
  void services.run()
  void batch.run()

  const startMs = Date.now()
  console.log('second  services        batch           giant           blocks  instances')
  while (!(services.isComplete && batch.isComplete)) {
    assert(Date.now() - startMs < DEADLINE_MS, 'not done in time')
    await new Promise(done => setTimeout(done, 1_000))
    const second = Math.round((Date.now() - startMs) / 1000)
    const shares = ['services', 'batch', 'giant'].map(role => shareOf(pool, role).padEnd(16)).join('')
    console.log(`${String(second).padEnd(8)}${shares}${batch.progress.padEnd(8)}${services.addresses.size}`)
  }

  const direct = text
    .join('\n')
    .split(/\s+/)
    .filter(word => word !== '').length
  assert.equal(batch.words, direct, 'the sum over the blocks is the count of the text')
  console.log(`\n${batch.words} words, counted in ${BLOCKS} processes and at once`)

  for (const [task, address] of services.addresses) {
    const response = await fetchPatiently(`http://${address}/healthz`)
    assert.equal(response.status, 200)
    console.log(`${task} answers on ${address}`)
  }

  const { verdict, summary, helps } = giant.explain()
  assert.equal(verdict, 'doesNotFitDemand')
  console.log(`\nWhy does giant get nothing? ${renderReasons(summary)}`)
  console.log(`What would help: ${helps.join('; ')}`)
  assert(pool.audit().some(({ framework, starvingMs }) => framework === 'giant' && starvingMs > 0))
}

function shareOf(of: OfferPool, role: string): string {
  const entry = of.audit().find(({ path, kind }) => path === role && kind === 'role')
  if (entry === undefined) return '-'
  return `${(entry.share * 100).toFixed(0)}% ${entry.dominant ?? ''}`
}

/** A block of words that is different for each number, and always the same for one. */
function blockOf(block: number): string {
  const line = (n: number): string =>
    `the ${block + n} quick brown foxes jump over ${(block * n) % 7} lazy dogs`
  return Array.from({ length: LINES_PER_BLOCK }, (_, n) => line(n)).join('\n')
}

/** A process that has just started may not listen yet. */
async function fetchPatiently(url: string): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await fetch(url)
    } catch (error) {
      if (attempt === 50) throw error
      await new Promise(done => setTimeout(done, 100))
    }
  }
}
