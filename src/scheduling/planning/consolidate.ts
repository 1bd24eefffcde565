import { assertKnown, compareText, knownOptions } from '../../core/internal.js'
import type { Scheduler } from '../scheduler.js'
import type { NodeTemplate } from './capacity-estimate.js'
import { nodeOf } from './capacity-estimate.js'
import { isReserved } from './placed-tasks.js'
import type { PlannedMove } from './planned-move.js'

/** Options of {@link planConsolidation}. */
export interface ConsolidationOptions {
  /** What a node costs; nodes without a price are left alone. */
  readonly priceOf: (node: string) => number | undefined
  /** Cheaper kinds of nodes that may take the place of others. Default: none. */
  readonly templates?: readonly NodeTemplate[]
  /** Whether a task may be moved. Default: each. */
  readonly mayMove?: (key: string) => boolean
}

/** What can be given back. */
export interface ConsolidationPlan {
  /** In the order of their names. */
  readonly removed: readonly string[]
  readonly added: readonly { readonly name: string; readonly template: string; readonly price: number }[]
  readonly moves: readonly PlannedMove[]
  /** How much cheaper it is; 0 when there is nothing to gain. */
  readonly saved: number
}

const CONSOLIDATION_OPTIONS = /* @__PURE__ */ knownOptions<ConsolidationOptions>('planConsolidation', {
  priceOf: true,
  templates: true,
  mayMove: true,
})

/**
 * Which nodes can go because their tasks fit on the others, several at once; and which can be replaced by a cheaper
 * one. Dear and empty nodes go first, of equals the one with the highest name, so that the lowest stays. Every move
 * passes the filters of the profile; a plan is strictly cheaper or empty. Nodes with room that is held for somebody stay.
 * Nothing is done.
 */
export function planConsolidation(scheduler: Scheduler, options: ConsolidationOptions): ConsolidationPlan {
  assertKnown(options, CONSOLIDATION_OPTIONS)
  const { priceOf, templates = [], mayMove = () => true } = options
  const candidates = scheduler
    .nodes()
    .flatMap(({ name }) => {
      const price = priceOf(name)
      const tasks = scheduler.tasksOn(name)
      return price === undefined || !tasks.every(task => !isReserved(task) && mayMove(task.key))
        ? []
        : [{ name, price, tasks: tasks.length }]
    })
    .sort((a, b) => b.price - a.price || a.tasks - b.tasks || compareText(b.name, a.name))
  const removed = new Set<string>()
  for (const { name } of candidates)
    if (movesWithout(scheduler, new Set([...removed, name]), []) !== undefined) removed.add(name)
  const added: { name: string; template: string; price: number }[] = []
  for (const { name, price } of candidates) {
    if (removed.has(name)) continue
    const cheaper = templates.filter(template => (template.price ?? 1) < price)
    for (const template of cheaper.sort((a, b) => (a.price ?? 1) - (b.price ?? 1))) {
      const extra = {
        name: `${template.name}-for-${name}`,
        template: template.name,
        price: template.price ?? 1,
      }
      const nodes = [...added, extra].map(one => nodeFrom(templates, one))
      if (movesWithout(scheduler, new Set([...removed, name]), nodes) === undefined) continue
      removed.add(name)
      added.push(extra)
      break
    }
  }
  const moves =
    movesWithout(
      scheduler,
      removed,
      added.map(one => nodeFrom(templates, one)),
    ) ?? []
  const saved =
    [...removed].reduce((sum, name) => sum + (priceOf(name) ?? 0), 0) -
    added.reduce((sum, { price }) => sum + price, 0)
  return { removed: [...removed].sort(), added, moves, saved }
}

function nodeFrom(
  templates: readonly NodeTemplate[],
  { name, template }: { readonly name: string; readonly template: string },
): ReturnType<typeof nodeOf> {
  return nodeOf(templates.find(one => one.name === template) as NodeTemplate, name)
}

/** Where the tasks of these nodes go when they are no longer there; undefined when some of them fit nowhere. */
function movesWithout(
  scheduler: Scheduler,
  removed: ReadonlySet<string>,
  added: readonly ReturnType<typeof nodeOf>[],
): readonly PlannedMove[] | undefined {
  const copy = scheduler.fork()
  for (const node of added) copy.addNode(node)
  const homeless = [...removed].sort().flatMap(name => copy.tasksOn(name))
  for (const name of removed) copy.removeNode(name)
  for (const { key } of homeless) copy.removeTask(key)
  const moves: PlannedMove[] = []
  for (const { node: from, ...request } of homeless) {
    const result = copy.place(request)
    if (result.kind === 'unschedulable') return undefined
    moves.push({ key: request.key, from, to: result.node })
  }
  return moves
}
