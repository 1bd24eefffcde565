// Four frameworks share four nodes: a service scheduler runs three Marathon apps, a batch scheduler counts words where they
// lie, a Kubernetes with a store and controllers of its own binds the pods of a Deployment and of Jobs by claims, one gang
// of three at once; a fourth wants 64 cpus and is told why it gets nothing. Every task is a real process. Meanwhile clients
// come, a node is drained, the service scheduler fails over, and a node fails. In the end a pool over a store loses its
// leader.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { renderReasons, systemEnv } from 'keelson/core'
import type { AgentHandle, Offer, OfferPool, Session } from 'keelson/offers'
import { createPool, matchOffers, resources } from 'keelson/offers'
import type { HttpLoad } from '../runtime/http-load.js'
import { createHttpLoad } from '../runtime/http-load.js'
import { planLoopback } from '../runtime/loopback.js'
import { PodWorkloads } from './pod-workloads.js'
import { Pods } from './pods.js'
import { failPoolOver } from './pool-failover.js'
import { ProcessDriver } from './processes.js'
import { healthOf, SERVER_DIRECTORY, Services } from './services.js'
import { ShareChart } from './share-chart.js'
import { WordCount } from './word-count.js'

const NODES = 4
const BLOCKS = 48
const LINES_PER_BLOCK = 2_000
const DEADLINE_MS = 80_000
const SAMPLE_MS = 250
/** Three of one, three on hosts of their own, four over two racks. */
const APPS = [
  '../quickstart/hello-marathon.json',
  '../quickstart/hello-marathon-unique.json',
  'hello-marathon-grouped.json',
]
const RACKS = 2
const PODS_MANIFEST = 'hello-kubernetes.yaml'
const REQUESTS_PER_SECOND = 50
/** More than any node has. */
const GIANT_NEED = { cpus: 64 }
const ROLES = ['services', 'batch', 'pods', 'giant']

const here = import.meta.dirname
const directory = mkdtempSync(join(tmpdir(), 'two-level-'))
/** Where the chart is written; default: nowhere that is kept. */
const chartFile = process.argv[2] ?? join(directory, 'shares.svg')
const driver = new ProcessDriver()
const pool = createPool({ driver, allocator: { grain: 'fair' } })
const pods = new Pods(pool, SERVER_DIRECTORY)
const podWork = new PodWorkloads(pods.client)
const startMs = Date.now()

try {
  await tell()
  console.log('\nok')
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  await pods.close()
  pool.close()
  await driver.killAll()
  rmSync(directory, { recursive: true, force: true })
}

async function tell(): Promise<void> {
  const agents = await startNodes()
  const chart = new ShareChart(pool, ROLES)
  const files = APPS.map(file => resolve(here, file))
  let services = new Services(pool, files)
  void services.run()
  await until('all services run', () => services.isComplete)
  const load = createHttpLoad({
    env: systemEnv,
    lookUp: () => services.nextAddress(),
    dial: address => ({ host: address.split(':')[0] as string, port: Number(address.split(':')[1]) }),
    requestsPerSecond: REQUESTS_PER_SECOND,
  })
  load.expect(['v1'])
  load.begin()

  await pods.start()
  await podWork.apply(join(SERVER_DIRECTORY, PODS_MANIFEST))
  await until('the Deployment of pods is available', () => podWork.isAvailable)
  const text = Array.from({ length: BLOCKS }, (_, block) => blockOf(block))
  const batch = new WordCount(pool, {
    directory,
    program: join(here, 'count-words.mjs'),
    blocks: text,
    nodes: [...agents.keys()],
  })
  const giant = pool.subscribe({
    name: 'giant',
    id: 'giant',
    roles: [{ role: 'giant', demand: [{ shape: GIANT_NEED, count: 1 }] }],
  })
  void batch.run()
  await podWork.applyRuns()
  const watching = watch(chart, { services: () => services, batch })
  try {
    await until('batch and pods contended for a while', () => chart.contendedSamples >= 24)
    await drainNode(agents.get(nodeOfPod())!, () => services)
    services = await failOver(services, files)
    await until('the one that was stopped is replaced', () => services.isComplete)
    await judgeLoad(load)
    await failNode(nodeOfPod(), () => services)
    await until('everything is done', () => batch.isComplete && podWork.isComplete && services.isComplete)
    await scaleDown(2)
  } finally {
    clearInterval(watching)
  }
  writeFileSync(chartFile, chart.toSvg())
  console.log(process.argv[2] === undefined ? '' : `\nshares over time: ${chartFile}`)
  judge(chart, batch, text)
  podWork.judge()
  judgePlaces(services)
  for (const [task, address] of services.addresses) {
    const response = await healthOf(address)
    assert.equal(response.status, 200)
    console.log(`${task} answers on ${address}`)
  }
  await explainStarving(giant)
  await failPoolOver({ directory: SERVER_DIRECTORY, until })
}

async function startNodes(): Promise<ReadonlyMap<string, AgentHandle>> {
  const { nodes } = await planLoopback(NODES)
  const agents = new Map<string, AgentHandle>()
  for (const [index, { address, ports }] of nodes.entries()) {
    const id = `node-${index + 1}`
    const total = resources(`cpus:3;mem:2048;ports:[${ports.first}-${ports.last}]`)
    const attributes = { rack: `rack-${(index % RACKS) + 1}` }
    const handle = pool.agent({ id, host: id, resources: total, attributes })
    agents.set(id, handle)
    driver.add(handle, address)
  }
  return agents
}

/** A node where a pod of the Deployment serves. */
function nodeOfPod(): string {
  const [node] = podWork.serving.values()
  assert(node !== undefined, 'the Deployment has pods')
  return node
}

/** Pods of the Deployment that are gone are replaced by others; there are as many as before. */
async function podsReplaced(before: readonly string[], from: string): Promise<void> {
  await until('the pods are replaced', () => {
    const { serving, isAvailable } = podWork
    return isAvailable && before.every(name => !serving.has(name))
  })
  const serving = [...podWork.serving].map(([name, node]) => `${name} on ${node}`)
  console.log(`pods of the Deployment that left ${from}: ${before.length}; available: ${serving.join(', ')}`)
}

/** The pod that its replica controller deletes is stopped in the pool. */
async function scaleDown(replicas: number): Promise<void> {
  await podWork.scale(replicas)
  await until('the surplus pod is stopped', () => podWork.isAvailable && podProcesses().length === replicas)
  assert.deepEqual(podProcesses(), [...podWork.serving.keys()].sort())
  console.log(`scaled to ${replicas}: what runs is ${podProcesses().join(', ')}`)
}

/** Processes of pods of the Deployment. */
function podProcesses(): readonly string[] {
  return [...driver.pids().keys()].filter(task => task.startsWith('hello-')).sort()
}

/** Pods of the Deployment that serve on a node. */
function podsOn(node: string): readonly string[] {
  return [...podWork.serving].flatMap(([name, where]) => (where === node ? [name] : []))
}

/** Prints shares each second, and samples them more often. */
function watch(chart: ShareChart, of: { services: () => Services; batch: WordCount }): NodeJS.Timeout {
  const { services, batch } = of
  console.log(`second  ${ROLES.map(role => role.padEnd(12)).join('')}blocks  pods   instances`)
  let samples = 0
  return setInterval(() => {
    chart.sample(Date.now() - startMs, batch.isWaiting && pods.isWaiting)
    if (samples++ % (1_000 / SAMPLE_MS) !== 0) return
    const second = String(Math.round((Date.now() - startMs) / 1_000))
    const shares = ROLES.map(role => shareOf(pool, role).padEnd(12)).join('')
    const counts = `${batch.progress.padEnd(8)}${String(podWork.succeeded).padEnd(7)}`
    console.log(`${second.padEnd(8)}${shares}${counts}${services().addresses.size}`)
  }, SAMPLE_MS)
}

/** The node gets no more offers, its tasks end and run elsewhere; then it takes part again. */
async function drainNode(handle: AgentHandle, services: () => Services): Promise<void> {
  console.log(`\n${handle.id} is drained`)
  const leaving = podsOn(handle.id)
  await handle.drain()
  const onNode = [...pool.allocator.agents()].find(({ id }) => id === handle.id)
  assert.equal(onNode?.free.quantities()['cpus'], 3, 'nothing is left on the node')
  await until('its services run elsewhere', () => services().isComplete)
  await podsReplaced(leaving, handle.id)
  handle.reactivate()
  console.log(`${handle.id} had ended all tasks, and is back`)
}

/**
 * The service scheduler hangs, and another instance of it takes over: no process is started anew, and what the one that
 * hangs did not acknowledge, that a task is being stopped, is told again.
 */
async function failOver(before: Services, files: readonly string[]): Promise<Services> {
  const pids = servicePids()
  before.freeze()
  const leaving = [...before.addresses.keys()].find(task => task.startsWith('hello1-')) as string
  before.session.kill(leaving)
  const after = new Services(pool, files, before)
  void after.run()
  await until('the new instance hears what was not acknowledged', () => after.leaving.has(leaving))
  assert.equal(before.session.connected, false, 'of two instances the newer one counts')
  const others = pids.filter(line => !line.startsWith(`${leaving} `))
  const now = servicePids().filter(line => !line.startsWith(`${leaving} `))
  assert.deepEqual(now, others, 'no process was restarted')
  console.log(
    `\nservices failed over: ${others.length} processes go on, and it is told again that ${leaving} stops`,
  )
  return after
}

/** Kills all that runs on a node; what was lost runs again. */
async function failNode(node: string, services: () => Services): Promise<void> {
  const leaving = podsOn(node)
  const killed = driver.killNode(node)
  console.log(`\n${node} fails with ${killed.length} processes`)
  await until(
    'the services are back',
    () => services().isComplete && !killed.some(task => services().addresses.has(task)),
  )
  await podsReplaced(leaving, node)
}

/** Both halves of why a framework has nothing: what the pool says of it, and what it makes of what is offered. */
async function explainStarving(giant: Session): Promise<void> {
  const { verdict, summary, helps } = giant.explain()
  assert.equal(verdict, 'doesNotFitDemand')
  console.log(`\nWhy does giant get nothing? ${renderReasons(summary)}`)
  console.log(`What would help: ${helps.join('; ')}`)
  assert(pool.audit().some(({ framework, starvingMs }) => framework === 'giant' && starvingMs > 0))
  // Without a demand it is offered whatever is free.
  giant.request(undefined)
  const offers: Offer[] = []
  await until('giant is offered what is free', () => {
    for (const event of giant.take()) if (event.type === 'offers') offers.push(...event.offers)
    return offers.length > 0
  })
  const [unmatched] = matchOffers([{ id: 'giant-1', need: GIANT_NEED }], offers).unmatched
  assert(unmatched !== undefined)
  assert.deepEqual(
    unmatched.reasons.reasons.map(({ code }) => code),
    ['resource'],
  )
  console.log(`Why does it use none of ${offers.length} offers? ${renderReasons(unmatched.reasons)}`)
  console.log(`What would help: ${unmatched.helps.join('; ')}`)
  giant.decline(offers)
}

/** Clients came all the time, through the drain and the failover. */
async function judgeLoad(load: HttpLoad): Promise<void> {
  await load.stop()
  const { sent, failed, failures } = await load.take()
  console.log(`\n${sent} requests until now, ${failed} failed`)
  assert.deepEqual(failures, [])
  assert(sent > REQUESTS_PER_SECOND, 'clients came')
}

/** Each app is where its constraint allows it. */
function judgePlaces(services: Services): void {
  const hosts = services.agentsOf(1).map(({ id }) => id)
  assert.equal(new Set(hosts).size, hosts.length, 'UNIQUE: each on a host of its own')
  const racks = services.agentsOf(2).map(({ attributes }) => String(attributes?.['rack']))
  const counts = [...new Set(racks)].map(rack => racks.filter(each => each === rack).length)
  assert.deepEqual(counts, [2, 2], 'GROUP_BY: as many in each rack')
  console.log(`UNIQUE on ${hosts.sort().join(', ')}; GROUP_BY ${counts.join(' and ')} in ${RACKS} racks`)
}

function servicePids(): readonly string[] {
  return [...driver.pids()].flatMap(([task, pid]) => (/^hello\d/.test(task) ? [`${task} ${pid}`] : [])).sort()
}

function judge(chart: ShareChart, batch: WordCount, text: readonly string[]): void {
  const direct = text
    .join('\n')
    .split(/\s+/)
    .filter(word => word !== '').length
  assert.equal(batch.words, direct, 'the sum over the blocks is the count of the text')
  console.log(
    `\n${batch.words} words, counted in ${BLOCKS} processes and at once; ${batch.local.size} where they lie`,
  )
  const jain = chart.jain(['batch', 'pods'])
  console.log(`Jain's index of batch and pods while both waited: ${jain.toFixed(3)}`)
  assert(jain >= 0.95, `batch and pods shared fairly: ${jain}`)
}

/** Waits for something that happens by itself. */
async function until(what: string, holds: () => boolean): Promise<void> {
  while (!holds()) {
    assert(Date.now() - startMs < DEADLINE_MS, `not in time: ${what}`)
    await new Promise(done => setTimeout(done, 50))
  }
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
