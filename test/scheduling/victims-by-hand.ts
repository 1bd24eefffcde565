/**
 * Victims by the words of the guide alone: every set of tasks, on plain numbers, with none of the library's code. Small
 * clusters only.
 */

/** A task, with a node or in search of one. */
export interface PlainTask {
  readonly key: string
  readonly node: string
  readonly cpu: number
  readonly memory: number
  readonly priority: number
  readonly startedAtMs: number
  readonly group: string
  /** Siblings are kept out of its zone, or off its node. */
  readonly apart: 'zone' | 'hostname' | undefined
  readonly port: { readonly port: number; readonly ip: string } | undefined
  readonly gpu: string | undefined
  readonly budget: string | undefined
  /** It is room that is held for the task of this key. */
  readonly heldFor: string | undefined
}

export interface PlainNode {
  readonly name: string
  readonly cpu: number
  readonly memory: number
  readonly pods: number
  readonly zone: string
  readonly gpus: readonly string[]
}

export interface PlainCluster {
  /** In the order of their names. */
  readonly nodes: readonly PlainNode[]
  readonly tasks: readonly PlainTask[]
}

/** Whether the task fits on the node beside these. */
export function fitsBeside({ nodes, tasks }: PlainCluster, asked: PlainTask, node: PlainNode): boolean {
  const others = tasks.filter(({ key, heldFor }) => key !== asked.key && heldFor !== asked.key)
  const here = others.filter(one => one.node === node.name)
  const sum = (of: (one: PlainTask) => number): number => here.reduce((total, one) => total + of(one), 0)
  if (here.length + 1 > node.pods) return false
  if (asked.cpu > 0 && sum(one => one.cpu) + asked.cpu > node.cpu) return false
  if (asked.memory > 0 && sum(one => one.memory) + asked.memory > node.memory) return false
  const { port } = asked
  const meets = (a: string, b: string): boolean => a === b || a === '0.0.0.0' || b === '0.0.0.0'
  if (port !== undefined && here.some(one => one.port?.port === port.port && meets(one.port.ip, port.ip)))
    return false
  if (asked.gpu !== undefined && node.gpus.every(gpu => here.some(one => one.gpu === gpu))) return false
  const zoneOf = (name: string): string | undefined => nodes.find(one => one.name === name)?.zone
  return !others.some(one => {
    if (one.group !== asked.group || one.heldFor !== undefined) return false
    const isNear = (apart: PlainTask['apart']): boolean =>
      apart === 'zone' ? zoneOf(one.node) === node.zone : apart === 'hostname' && one.node === node.name
    return isNear(asked.apart) || isNear(one.apart)
  })
}

function without(cluster: PlainCluster, gone: readonly PlainTask[]): PlainCluster {
  return { ...cluster, tasks: cluster.tasks.filter(one => !gone.includes(one)) }
}

export function fitsElsewhere(cluster: PlainCluster, task: PlainTask): boolean {
  return cluster.nodes.some(node => node.name !== task.node && fitsBeside(cluster, task, node))
}

export interface PlainChoice {
  readonly node: string
  readonly cost: readonly number[]
  /** All sets of the node that cost that. */
  readonly sets: readonly (readonly string[])[]
}

/** How many go beyond what is allowed. */
function beyond(gone: readonly PlainTask[], allowed: ReadonlyMap<string, number>): number {
  let total = 0
  for (const [name, count] of allowed)
    total += Math.max(0, gone.filter(({ budget }) => budget === name).length - count)
  return total
}

export function compareCosts(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((one, index) => one !== b[index])
  return at < 0 ? 0 : (a[at] as number) - (b[at] as number)
}

/** Tasks that may go for the node: those on it, and siblings in its zone. Undefined when they are too many to try. */
function mayGo(cluster: PlainCluster, asked: PlainTask, node: PlainNode): readonly PlainTask[] | undefined {
  const zones = new Map(cluster.nodes.map(({ name, zone }) => [name, zone]))
  const lower = cluster.tasks.filter(
    one =>
      one.priority < asked.priority &&
      one.heldFor === undefined &&
      (one.node === node.name || (one.group === asked.group && zones.get(one.node) === node.zone)),
  )
  return lower.length > 9 ? undefined : lower
}

/** The cheapest of all sets, of equal nodes the one whose name comes first; 'large' when they are too many to try. */
export function cheapestVictims(
  cluster: PlainCluster,
  asked: PlainTask,
  allowed: ReadonlyMap<string, number>,
  budgets: 'hard' | 'soft',
): PlainChoice | 'large' | undefined {
  let best: PlainChoice | undefined
  const stuck = new Set(
    cluster.tasks.filter(one => !fitsElsewhere(without(cluster, held(cluster, asked)), one)),
  )
  for (const node of cluster.nodes) {
    const candidates = mayGo(cluster, asked, node)
    if (candidates === undefined) return 'large'
    for (let bits = 1; bits < 2 ** candidates.length; bits++) {
      const gone = candidates.filter((_, at) => (bits >> at) % 2 === 1)
      const violations = beyond(gone, allowed)
      if (budgets === 'hard' && violations > 0) continue
      const highest = Math.max(...gone.map(({ priority }) => priority))
      const cost = [violations, highest, gone.filter(one => stuck.has(one)).length, gone.length]
      const order = best === undefined ? -1 : compareCosts(cost, best.cost)
      if (order > 0 || (order === 0 && best?.node !== node.name)) continue
      if (!fitsBeside(without(cluster, gone), asked, node)) continue
      const keys = gone.map(({ key }) => key).sort()
      best = {
        node: node.name,
        cost,
        sets: order === 0 && best !== undefined ? [...best.sets, keys] : [keys],
      }
    }
  }
  return best
}

/** Whether on some node a set of those that may go is enough, and goes beyond no budget. */
export function hasVictimsWithin(
  cluster: PlainCluster,
  asked: PlainTask,
  allowed: ReadonlyMap<string, number>,
  gap: number,
): boolean {
  return cluster.nodes.some(node => {
    const lower = lowerOn(cluster, asked, node).filter(one => asked.priority - one.priority >= gap)
    return Array.from({ length: 2 ** lower.length }, (_, bits) =>
      lower.filter((_one, at) => (bits >> at) % 2 === 1),
    ).some(gone => beyond(gone, allowed) === 0 && fitsBeside(without(cluster, gone), asked, node))
  })
}

function held({ tasks }: PlainCluster, asked: PlainTask): readonly PlainTask[] {
  return tasks.filter(({ heldFor }) => heldFor === asked.key)
}

/** Those on the node of lower priority, the most important first. */
function lowerOn({ tasks }: PlainCluster, asked: PlainTask, node: PlainNode): readonly PlainTask[] {
  return tasks
    .filter(one => one.node === node.name && one.heldFor === undefined && one.priority < asked.priority)
    .sort((a, b) => b.priority - a.priority || a.startedAtMs - b.startedAtMs)
}

/** As kube-scheduler documents it: all go, those against a budget come back first, then the others. */
export function victimsOfKubernetes(
  cluster: PlainCluster,
  asked: PlainTask,
  allowed: ReadonlyMap<string, number>,
): { readonly node: string; readonly victims: readonly string[] } | undefined {
  let best:
    | { readonly node: string; readonly victims: readonly string[]; readonly cost: readonly number[] }
    | undefined
  for (const node of cluster.nodes) {
    const lower = lowerOn(cluster, asked, node)
    const left = new Map(allowed)
    const violating = lower.filter(({ budget = '' }) => {
      const count = left.get(budget)
      if (count === undefined) return false
      left.set(budget, count - 1)
      return count <= 0
    })
    let gone = lower
    if (gone.length === 0 || !fitsBeside(without(cluster, gone), asked, node)) continue
    for (const one of [...violating, ...lower.filter(other => !violating.includes(other))]) {
      const rest = gone.filter(other => other !== one)
      if (fitsBeside(without(cluster, rest), asked, node)) gone = rest
    }
    if (gone.length === 0) continue
    const highest = Math.max(...gone.map(({ priority }) => priority))
    const sum = gone.reduce((total, { priority }) => total + priority + 2 ** 31, 0)
    const earliest = Math.min(...gone.filter(one => one.priority === highest).map(one => one.startedAtMs))
    const violations = gone.filter(one => violating.includes(one)).length
    const cost = [violations, highest, sum, gone.length, -earliest]
    if (best !== undefined && compareCosts(cost, best.cost) >= 0) continue
    best = { node: node.name, victims: gone.map(({ key }) => key).sort(), cost }
  }
  return best
}

/** As Nomad does it: by ascending priority, the closest first; then those that are not needed are let go. */
export function victimsOfNomad(
  cluster: PlainCluster,
  asked: PlainTask,
): { readonly node: string; readonly victims: readonly string[] } | undefined {
  let best: { readonly node: string; readonly victims: readonly string[]; readonly net: number } | undefined
  for (const node of cluster.nodes) {
    const lower = [...lowerOn(cluster, asked, node)]
      .filter(one => one.priority <= asked.priority - 10)
      .sort((a, b) => a.priority - b.priority || (a.key < b.key ? -1 : 1))
    const isEnough = (gone: readonly PlainTask[]): boolean => fitsBeside(without(cluster, gone), asked, node)
    const chosen: PlainTask[] = []
    const need = { cpu: asked.cpu, memory: asked.memory }
    while (!isEnough(chosen) && chosen.length < lower.length) {
      const left = lower.filter(one => !chosen.includes(one))
      const level = left.filter(({ priority }) => priority === left[0]?.priority)
      const closest = level.reduce((a, b) => (distance(need, b) < distance(need, a) ? b : a))
      chosen.push(closest)
      need.cpu = Math.max(0, need.cpu - closest.cpu)
      need.memory = Math.max(0, need.memory - closest.memory)
    }
    if (!isEnough(chosen)) continue
    const gone: PlainTask[] = []
    for (const one of [...chosen].sort((a, b) => distance(asked, b) - distance(asked, a)))
      if (!isEnough(gone)) gone.push(one)
    if (gone.length === 0) continue
    const highest = Math.max(...gone.map(({ priority }) => priority))
    const net = highest === 0 ? 0 : highest + gone.reduce((sum, one) => sum + one.priority, 0) / highest
    if (best === undefined || net < best.net)
      best = { node: node.name, victims: gone.map(({ key }) => key).sort(), net }
  }
  return best
}

type Amounts = Pick<PlainTask, 'cpu' | 'memory'>

function distance(need: Amounts, have: Amounts): number {
  const part = (want: number, has: number): number => (want > 0 ? ((want - has) / want) ** 2 : 0)
  return Math.sqrt(part(need.cpu, have.cpu) + part(need.memory, have.memory))
}
