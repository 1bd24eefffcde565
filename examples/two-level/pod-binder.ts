import type { Task } from 'keelson/api'
import { isTaskFinished } from 'keelson/api'
import type { ResourceVector } from 'keelson/core'
import { parseResources } from 'keelson/core'
import type { LaunchSpec, PoolView, Quantities, Session } from 'keelson/offers'
import type { Scheduler } from 'keelson/scheduling'
import { createScheduler, placeGang } from 'keelson/scheduling'
import type { Program } from './processes.js'

const MEBI = 2 ** 20
const PODS_PER_NODE = 20
/** What a pod has that says nothing of it. */
const GRACE_SECONDS = 30

/** A pod that was granted its place. */
export interface Binding {
  readonly pod: Task
  readonly node: string
}

/**
 * Decides where pods run: it follows what all agents have free, at the cost of what changed, and binds by optimistic
 * claims; a gang as a whole.
 */
export class PodBinder {
  readonly #session: Session
  readonly #directory: string
  readonly #scheduler: Scheduler = createScheduler()
  #seen = -1

  /** @param directory where the programs of pods are */
  constructor(session: Session, directory: string) {
    this.#session = session
    this.#directory = directory
  }

  /**
   * Claims places for those that have none, in order of priority and age; what is granted is launched.
   *
   * @param pods all of them
   */
  bind(pods: readonly Task[]): readonly Binding[] {
    const bindings: Binding[] = []
    for (const { members, min } of unitsOf(pods)) {
      this.#follow(this.#session.view())
      // Decided on a copy: what is claimed is in the view as soon as it is granted.
      const placed = placeGang(this.#scheduler.fork(), {
        name: nameOf(members[0] as Task),
        members: members.map(pod => ({ key: nameOf(pod), requests: requestsOf(pod) })),
        min,
      })
      // Room that a gang waits for is not given to those behind it.
      if (placed.kind !== 'placed' && members.length > 1) break
      if (placed.kind !== 'placed') continue
      const found = members.flatMap(pod => {
        const node = placed.nodes.get(nameOf(pod))
        return node === undefined ? [] : [{ pod, node }]
      })
      const items = found.map(({ pod, node }) => ({ agent: node, tasks: [this.#launchOf(pod)] }))
      const { rejected } = this.#session.claim(items, { mode: 'atomic' })
      // It is another framework's turn.
      if (rejected.length > 0) break
      bindings.push(...found)
    }
    return bindings
  }

  /** Takes in only what changed since it looked last. */
  #follow(view: PoolView): void {
    const changed = view.changes(this.#seen)
    this.#seen = view.version
    const ids = changed === 'all' ? [...view.agents()].map(({ id }) => id) : changed
    for (const id of ids) {
      const agent = view.agent(id)
      this.#scheduler.removeNode(id)
      if (agent?.active !== true) continue
      const { cpus = 0, mem = 0 } = agent.free.quantities()
      const allocatable = parseResources({ cpu: cpus, memory: `${Math.floor(mem)}Mi`, pods: PODS_PER_NODE })
      this.#scheduler.addNode({ name: id, allocatable })
    }
  }

  #launchOf(pod: Task): LaunchSpec {
    const { command = [], args = [], env = [], terminationGracePeriodSeconds = GRACE_SECONDS } = pod.spec
    const variables = Object.fromEntries(env.map(({ name, value }) => [name, value]))
    const data: Program = { command: [...command, ...args], directory: this.#directory, env: variables }
    const kill = { graceMs: 1_000 * terminationGracePeriodSeconds }
    return { id: nameOf(pod), need: needOf(pod), data, kill }
  }
}

/** What a pod takes of an agent, as the pool counts it. */
export function needOf(pod: Task): Quantities {
  const { cpu = 0, memory = 0 } = requestsOf(pod)
  const ports = pod.spec.ports?.length ?? 0
  return { cpus: cpu / 1_000, mem: Math.ceil(memory / MEBI), ...(ports === 0 ? {} : { ports }) }
}

/** Whether the pod waits for a place. */
export function isPending(pod: Task): boolean {
  const { metadata, spec } = pod
  return spec.nodeName === undefined && metadata.deletionTimestamp === undefined && !isTaskFinished(pod)
}

/** Pods that are bound together: those of a gang, and each of the others by itself, in order of priority and age. */
function unitsOf(pods: readonly Task[]): Iterable<{ members: readonly Task[]; min: number }> {
  const gangOf = (pod: Task): string => pod.spec.gang?.name ?? `the pod ${nameOf(pod)} alone`
  const inOrder = pods.toSorted(
    (a, b) =>
      (b.spec.priority ?? 0) - (a.spec.priority ?? 0) ||
      a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp),
  )
  const units = new Map<string, Task[]>()
  for (const pod of inOrder) {
    const unit = units.get(gangOf(pod))
    if (unit === undefined) units.set(gangOf(pod), [pod])
    else unit.push(pod)
  }
  return [...units.values()].flatMap(all => {
    const members = all.filter(isPending)
    const bound = all.filter(({ spec }) => spec.nodeName !== undefined).length
    const min = Math.max(1, ...members.map(({ spec }) => (spec.gang?.minMembers ?? 1) - bound))
    // A gang of which not all are there yet waits.
    return members.length < min ? [] : [{ members, min }]
  })
}

function nameOf({ metadata }: Task): string {
  return metadata.name
}

function requestsOf({ spec }: Task): ResourceVector {
  return parseResources(spec.resources?.requests ?? {})
}
