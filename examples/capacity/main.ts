// What a cluster lacks: why tasks wait and what would help, which nodes to buy, what a drain would strand, what can be
// given back, and on how few nodes all would fit, with a proof. Reads JSON, the one beside it unless another is named:
//   npx tsx examples/capacity/main.ts [cluster.json] [--job nomad-job.json]... [--svg drawing.svg]
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { formatResources, isKeelsonError, renderReasons } from 'keelson/core'
import type { PlacementRequest, Remedy, Scheduler } from 'keelson/scheduling'
import { findRemedies, schedulePass } from 'keelson/scheduling'
import {
  capacityFor,
  checkCertificate,
  planConsolidation,
  planRepack,
  planScaleUp,
} from 'keelson/scheduling/planning'
import { ManifestError } from '../manifests/manifest-error.js'
import { drawClusters } from './cluster-drawing.js'
import type { ClusterFile } from './cluster-file.js'
import { readCluster } from './cluster-file.js'

const [file = resolve(import.meta.dirname, 'cluster.json'), jobs, drawing] = readArguments(
  process.argv.slice(2),
)

try {
  const cluster = readCluster(file, jobs)
  const before = cluster.scheduler.fork()
  const waiting = placeQueue(cluster)
  const after = buy(cluster, waiting)
  for (const node of cluster.drain) drain(cluster.scheduler, node)
  consolidate(cluster)
  repack(cluster.scheduler)
  if (drawing !== undefined) writeFileSync(drawing, drawClusters(before, after))
  console.log('\nok')
} catch (error) {
  console.error(error instanceof ManifestError || isKeelsonError(error) ? `error: ${error.message}` : error)
  process.exitCode = 1
}

/** Places what fits now; for the rest, says why it waits and the least that would help. */
function placeQueue({ scheduler, queue }: ClusterFile): readonly PlacementRequest[] {
  const { placed, waiting } = schedulePass(
    scheduler,
    queue.map((request, createdAtMs) => ({ request, createdAtMs })),
  )
  console.log(`queue: ${placed.size} of ${queue.length} can be placed now`)
  for (const [key, node] of placed) console.log(`  ${key} on ${node}`)
  const left = queue.filter(({ key }) => waiting.has(key))
  for (const request of left) {
    const why = waiting.get(request.key)
    if (why?.kind === 'unschedulable') console.log(`  ${request.key} waits: ${renderReasons(why.reasons)}`)
    const [remedy] = findRemedies(scheduler, request)
    if (remedy !== undefined) console.log(`    it would fit if ${sentenceOf(remedy)}`)
  }
  return left
}

function sentenceOf(remedy: Remedy): string {
  switch (remedy.kind) {
    case 'ask-less':
      return `it asked for no more than ${amounts(remedy.amounts)}, on ${remedy.node}`
    case 'grow-node':
      return `${remedy.node} had ${amounts(remedy.amounts)} more`
    case 'tolerate':
      return `it tolerated ${remedy.taints.map(({ key }) => key).join(', ')} of ${remedy.node}`
    case 'evict':
      return `${remedy.keys.join(', ')} left ${remedy.node}`
  }
}

function amounts(vector: Readonly<Record<string, number>>): string {
  return Object.entries(formatResources(vector))
    .map(([name, amount]) => `${amount} ${name}`)
    .join(' and ')
}

/** Which nodes to buy for what waits; the cluster with them. */
function buy({ scheduler, templates }: ClusterFile, waiting: readonly PlacementRequest[]): Scheduler {
  const plan = planScaleUp(scheduler, waiting, templates)
  console.log(`\nto buy: ${plan.nodes.length} nodes for ${plan.cost}`)
  for (const { name, template, price } of plan.nodes) {
    const keys = [...plan.placed].filter(([, node]) => node === name).map(([key]) => key)
    console.log(`  ${name}, a ${template} for ${price}: ${keys.join(', ')}`)
  }
  if (plan.unschedulable.length > 0) console.log(`  no node on offer takes ${plan.unschedulable.join(', ')}`)
  const bought = scheduler.fork()
  for (const { name, template } of plan.nodes) {
    const {
      price: _price,
      limit: _limit,
      ...node
    } = templates.find(one => one.name === template) ?? { allocatable: {} }
    bought.addNode({ ...node, name })
  }
  for (const request of waiting) {
    const node = plan.placed.get(request.key)
    if (node === undefined) continue
    assert.ok(bought.fits(request, node), 'a plan is made of what fits')
    bought.addTask({ ...request, node })
  }
  return bought
}

/** What would become of the tasks of a node that is to go. */
function drain(scheduler: Scheduler, name: string): void {
  const copy = scheduler.fork()
  const tasks = copy.tasksOn(name)
  copy.removeNode(name)
  console.log(`\ndrain ${name}: ${tasks.length} tasks`)
  for (const { node: _node, ...request } of tasks) {
    copy.removeTask(request.key)
    const result = copy.place(request)
    const where = result.kind === 'placed' ? `to ${result.node}` : `nowhere: ${renderReasons(result.reasons)}`
    console.log(`  ${request.key} ${where}`)
  }
  assert.equal(scheduler.tasksOn(name).length, tasks.length, 'nothing was done')
}

function consolidate({ scheduler, prices, templates }: ClusterFile): void {
  const plan = planConsolidation(scheduler, { priceOf: name => prices.get(name), templates })
  const removed = plan.removed.length === 0 ? 'nothing' : plan.removed.join(', ')
  console.log(`\nto give back: ${removed}, saves ${plan.saved}`)
  for (const { key, from, to } of plan.moves) console.log(`  ${key} from ${from} to ${to}`)
  for (const { name, price } of plan.added) console.log(`  ${name} for ${price} instead`)
}

function repack(scheduler: Scheduler): void {
  const { nodesBefore, nodesAfter, moves, bound } = planRepack(scheduler)
  console.log(`\nrepack: ${nodesBefore} nodes in use, ${nodesAfter} would do, ${moves.length} moves`)
  if (bound === undefined) console.log('  nodes of several sizes: no bound is proven')
  else {
    const { certificate } = bound
    const isProven =
      certificate !== undefined &&
      checkCertificate(certificate, Object.values(scheduler.nodes()[0]?.allocatable ?? {}))
    console.log(
      `  at least ${bound.bound} are needed${isProven ? ', by a certificate that was checked' : ''}`,
    )
  }
  const pod = { key: 'one-more', requests: { cpu: 1_000 } }
  console.log(`  room for ${capacityFor(scheduler, pod)} more tasks of 1 cpu`)
}

function readArguments(
  given: readonly string[],
): [file: string | undefined, jobs: readonly string[], drawing: string | undefined] {
  const [jobs, files]: [string[], string[]] = [[], []]
  let svg: string | undefined
  for (let index = 0; index < given.length; index++) {
    const word = given[index] ?? ''
    if (word === '--job') jobs.push(given[++index] ?? '')
    else if (word === '--svg') svg = given[++index]
    else files.push(word)
  }
  return [files[0], jobs, svg]
}
