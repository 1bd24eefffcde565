import { readFileSync } from 'node:fs'
import type { ResourceInput } from 'keelson/core'
import { isKeelsonError, parseResources } from 'keelson/core'
import type { NodeDescription, PlacementRequest, Scheduler, TaskPlacement } from 'keelson/scheduling'
import { createScheduler } from 'keelson/scheduling'
import type { NodeTemplate } from 'keelson/scheduling/planning'
import { ManifestError, readFields } from '../manifests/manifest-error.js'
import { fromNomad } from '../manifests/nomad.js'

/** A cluster, what waits for it, and what could be bought. */
export interface ClusterFile {
  readonly scheduler: Scheduler
  readonly prices: ReadonlyMap<string, number>
  readonly queue: readonly PlacementRequest[]
  readonly templates: readonly NodeTemplate[]
  /** Nodes that are to go. */
  readonly drain: readonly string[]
}

type Fields = Readonly<Record<string, unknown>>

const nodeFields = [
  'name',
  'labels',
  'attributes',
  'allocatable',
  'taints',
  'unschedulable',
  'price',
  'limit',
]
const requestFields = [
  'name',
  'count',
  'nodes',
  'requests',
  'tolerations',
  'constraints',
  'spread',
  'affinity',
  'nodeSelector',
  'priority',
]

/**
 * Reads a cluster from JSON, and further jobs of Nomad into its queue.
 *
 * @throws ManifestError with a line for each thing that is wrong
 */
export function readCluster(file: string, jobs: readonly string[]): ClusterFile {
  const problems: string[] = []
  const document = parse(file)
  const reader = readFields(problems, document)
  reader.only('', ['nodes', 'running', 'queue', 'templates', 'drain'])
  const scheduler = createScheduler()
  const prices = new Map<string, number>()
  for (const [index, node] of reader.list('nodes').entries()) {
    const at = `nodes.${index}`
    reader.only(at, nodeFields)
    attempt(problems, at, () => scheduler.addNode(nodeOf(node)))
    if (node['price'] !== undefined) prices.set(String(node['name']), reader.number(`${at}.price`, 0))
  }
  for (const [index, task] of reader.list('running').entries()) {
    const at = `running.${index}`
    reader.only(at, requestFields)
    for (const [count, node] of (reader.list(`${at}.nodes`) as readonly unknown[]).entries())
      attempt(problems, at, () => {
        const placed: TaskPlacement = { ...requestOf(task, count + 1), node: String(node) }
        if (scheduler.node(placed.node) === undefined)
          problems.push(`${at}.nodes names ${placed.node}, which is no node`)
        else scheduler.addTask(placed)
      })
  }
  const queue = reader.list('queue').flatMap((task, index) => {
    reader.only(`queue.${index}`, requestFields)
    const count = reader.number(`queue.${index}.count`, 1)
    return attempt(problems, `queue.${index}`, () => copies(count, at => requestOf(task, at))) ?? []
  })
  const templates = reader.list('templates').flatMap((template, index) => {
    reader.only(`templates.${index}`, nodeFields)
    const read = attempt(problems, `templates.${index}`, () => nodeOf(template) as NodeTemplate)
    return read === undefined ? [] : [read]
  })
  const drain = (reader.list('drain') as readonly unknown[]).map(String)
  for (const name of drain)
    if (scheduler.node(name) === undefined) problems.push(`drain names ${name}, which is no node`)
  if (problems.length > 0) throw new ManifestError(file, problems)
  return { scheduler, prices, queue: [...queue, ...jobs.flatMap(readJob)], templates, drain }
}

function readJob(file: string): readonly PlacementRequest[] {
  const problems: string[] = []
  const groups = fromNomad(problems, parse(file))
  if (problems.length > 0) throw new ManifestError(file, problems)
  return groups.flatMap(({ name, count, request }) =>
    copies(count, at => ({ ...request, key: `${name}-${at}` })),
  )
}

function copies<T>(count: number, make: (at: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index + 1))
}

/** A node of the file; jobs of Nomad know it by its name, too. */
function nodeOf({ allocatable, attributes, ...node }: Fields): NodeDescription {
  return {
    ...node,
    attributes: {
      'node.unique.id': node['name'],
      'node.unique.name': node['name'],
      ...(attributes as object | undefined),
    },
    allocatable: parseResources((allocatable ?? {}) as ResourceInput),
  } as unknown as NodeDescription
}

function requestOf(
  { name, count: _count, nodes: _nodes, requests, nodeSelector, ...task }: Fields,
  at: number,
): PlacementRequest {
  return {
    ...task,
    key: `${String(name)}-${at}`,
    group: String(name),
    requests: parseResources((requests ?? {}) as ResourceInput),
    ...(nodeSelector === undefined ? {} : { nodeSelector: { matchLabels: nodeSelector } }),
  } as unknown as PlacementRequest
}

function parse(file: string): Fields {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Fields
  } catch (error) {
    throw new ManifestError(file, [`cannot be read: ${(error as Error).message}`])
  }
}

/** What is refused is one more problem of that place in the file. */
function attempt<T>(problems: string[], at: string, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!isKeelsonError(error)) throw error
    problems.push(`${at}: ${error.message}`)
    return undefined
  }
}
