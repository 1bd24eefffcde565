import { assertKnown, compareText, knownOptions } from '../../core/internal.js'
import type { NodeDescription } from '../nodes/node-description.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import type { Scheduler } from '../scheduler.js'
import type { TaskPlacement } from '../task-ledger.js'
import type { PackingBound } from './packing-bound.js'
import { packingBound } from './packing-bound.js'
import { isReserved } from './placed-tasks.js'
import type { PlannedMove } from './planned-move.js'

/** Options of {@link planRepack}. */
export interface RepackOptions {
  /** Whether a task may be moved; one that may not stays where it is. Default: each. */
  readonly mayMove?: (key: string) => boolean
}

/** How to do with fewer nodes. */
export interface RepackPlan {
  /** Nodes with a task now, and when all moves are done. */
  readonly nodesBefore: number
  readonly nodesAfter: number
  /** In an order in which each fits when it is its turn. Empty when no node would be won. */
  readonly moves: readonly PlannedMove[]
  /** How many nodes are needed at least; undefined when nodes in use differ in size. */
  readonly bound: PackingBound | undefined
}

const REPACK_OPTIONS = /* @__PURE__ */ knownOptions<RepackOptions>('planRepack', { mayMove: true })

/**
 * Packs all tasks onto as few nodes as it can find: node by node, each filled with the task that leaves the least over,
 * by the sum of squares over the dimensions, weighted by what is asked for in all (bin-centric weighted L2; Panigrahy
 * et al., 2011). Every move passes the filters of the profile. With a proven bound on what can be had at best.
 */
export function planRepack(scheduler: Scheduler, options: RepackOptions = {}): RepackPlan {
  assertKnown(options, REPACK_OPTIONS)
  const { mayMove = () => true } = options
  const nodes = [...scheduler.nodes()].sort((a, b) => tasksOn(b) - tasksOn(a) || compareText(a.name, b.name))
  function tasksOn({ name }: NodeDescription): number {
    return scheduler.tasksOn(name).length
  }
  const all = nodes.flatMap(({ name }) => scheduler.tasksOn(name))
  const nodesBefore = nodes.filter(node => tasksOn(node) > 0).length
  const targets = fillNodes(scheduler, nodes, all, mayMove)
  const bound = boundOf(
    nodes.filter(node => tasksOn(node) > 0),
    all,
  )
  const stays: RepackPlan = { nodesBefore, nodesAfter: nodesBefore, moves: [], bound }
  if (targets === undefined) return stays
  const wanted = all.flatMap(({ key, node }) => {
    const to = targets.get(key) ?? node
    return to === node ? [] : [{ key, from: node, to }]
  })
  const { moves, used } = inOrder(scheduler, wanted)
  return used < nodesBefore ? { nodesBefore, nodesAfter: used, moves, bound } : stays
}

/** The node of each task that is packed; undefined when some task finds none. */
function fillNodes(
  scheduler: Scheduler,
  nodes: readonly NodeDescription[],
  all: readonly TaskPlacement[],
  mayMove: (key: string) => boolean,
): ReadonlyMap<string, string> | undefined {
  const copy = scheduler.fork()
  const shapes = new Map<string, TaskPlacement[]>()
  const targets = new Map<string, string>()
  for (const task of all.filter(task => !isReserved(task) && mayMove(task.key))) {
    copy.removeTask(task.key)
    const { key: _, node: __, ...same } = task
    const shape = JSON.stringify(same)
    shapes.set(shape, [...(shapes.get(shape) ?? []), task])
  }
  const weights = weightsOf(all)
  // Nodes on which something stays are used anyway.
  const kept = new Set(nodes.filter(({ name }) => copy.tasksOn(name).length > 0))
  const left = new Set(nodes)
  for (let node = nextNode(left, kept, shapes); node !== undefined; node = nextNode(left, kept, shapes)) {
    left.delete(node)
    kept.delete(node)
    while (shapes.size > 0) {
      const best = bestShape(copy, node, shapes, weights)
      if (best === undefined) break
      const list = shapes.get(best) as TaskPlacement[]
      const here = list.findIndex(one => one.node === node.name)
      const [task] = list.splice(Math.max(0, here), 1) as [TaskPlacement]
      if (list.length === 0) shapes.delete(best)
      copy.addTask({ ...task, node: node.name })
      targets.set(task.key, node.name)
    }
  }
  return shapes.size === 0 ? targets : undefined
}

/** The node on which most of the tasks are that are still to be packed: they may stay. Those that are kept come first. */
function nextNode(
  left: ReadonlySet<NodeDescription>,
  kept: ReadonlySet<NodeDescription>,
  shapes: ReadonlyMap<string, readonly TaskPlacement[]>,
): NodeDescription | undefined {
  if (shapes.size === 0) return undefined
  const counts = new Map<string, number>()
  for (const list of shapes.values())
    for (const { node } of list) counts.set(node, (counts.get(node) ?? 0) + 1)
  let best: NodeDescription | undefined
  for (const node of kept.size > 0 ? kept : left)
    if (best === undefined || (counts.get(node.name) ?? 0) > (counts.get(best.name) ?? 0)) best = node
  return best
}

/** How much of each resource is asked for in all. */
function weightsOf(tasks: readonly TaskPlacement[]): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  for (const { requests = {} } of tasks)
    for (const [name, amount] of Object.entries(requests))
      weights.set(name, (weights.get(name) ?? 0) + amount)
  return weights
}

function bestShape(
  copy: Scheduler,
  node: NodeDescription,
  shapes: ReadonlyMap<string, readonly TaskPlacement[]>,
  weights: ReadonlyMap<string, number>,
): string | undefined {
  const used = new Map<string, number>()
  for (const { requests = {} } of copy.tasksOn(node.name))
    for (const [name, amount] of Object.entries(requests)) used.set(name, (used.get(name) ?? 0) + amount)
  let best: { readonly shape: string; readonly left: number } | undefined
  for (const [shape, [task]] of shapes) {
    if (task === undefined) continue
    const { node: _, ...request } = task
    const left = leftover(node, used, request, weights)
    if ((best === undefined || left < best.left) && copy.fits(request, node.name)) best = { shape, left }
  }
  return best?.shape
}

function leftover(
  { allocatable }: NodeDescription,
  used: ReadonlyMap<string, number>,
  { requests = {} }: PlacementRequest,
  weights: ReadonlyMap<string, number>,
): number {
  let sum = 0
  for (const [name, weight] of weights) {
    const there = allocatable[name] ?? 0
    if (there === 0) continue
    const share = (there - (used.get(name) ?? 0) - (requests[name] ?? 0)) / there
    sum += (weight / there) * share * share
  }
  return sum
}

/** The moves that can be made one after the other, each when it fits. */
function inOrder(
  scheduler: Scheduler,
  wanted: readonly PlannedMove[],
): { readonly moves: readonly PlannedMove[]; readonly used: number } {
  const copy = scheduler.fork()
  const moves: PlannedMove[] = []
  let left = wanted
  for (;;) {
    const blocked = left.filter(move => {
      const task = copy.task(move.key) as TaskPlacement
      const { node: _, ...request } = task
      copy.removeTask(move.key)
      const fits = copy.fits(request, move.to)
      copy.addTask(fits ? { ...task, node: move.to } : task)
      if (fits) moves.push(move)
      return !fits
    })
    if (blocked.length === 0 || blocked.length === left.length) break
    left = blocked
  }
  return { moves, used: copy.nodes().filter(({ name }) => copy.tasksOn(name).length > 0).length }
}

function boundOf(
  nodes: readonly NodeDescription[],
  tasks: readonly TaskPlacement[],
): PackingBound | undefined {
  const [first] = nodes
  if (first === undefined) return undefined
  const size = JSON.stringify(first.allocatable)
  if (nodes.some(({ allocatable }) => JSON.stringify(allocatable) !== size)) return undefined
  const names = Object.keys(first.allocatable)
    .filter(name => name !== 'pods')
    .sort()
  const axes = first.allocatable['pods'] === undefined ? names : [...names, 'pods']
  const items = tasks.map(({ requests = {} }) =>
    axes.map(name => (name === 'pods' ? 1 : (requests[name] ?? 0))),
  )
  const fits = items.every(item =>
    item.every((amount, axis) => amount <= (first.allocatable[axes[axis] ?? ''] ?? 0)),
  )
  return fits
    ? packingBound(
        items,
        axes.map(name => first.allocatable[name] ?? 0),
      )
    : undefined
}
