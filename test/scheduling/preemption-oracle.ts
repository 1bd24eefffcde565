import type {
  EvictionBudget,
  PlacementRequest,
  PreemptionStrategy,
  Scheduler,
  TaskPlacement,
  VictimCandidate,
} from '../../src/scheduling/index.js'
import { nativePreemption } from '../../src/scheduling/index.js'
import { beyondBudgets, exceededBudgets } from '../../src/scheduling/preemption/exceeded-budgets.js'

interface OracleOptions {
  readonly strategy: PreemptionStrategy
  readonly budgets: 'hard' | 'soft'
  readonly budgetsOf: (task: TaskPlacement) => readonly EvictionBudget[]
}

/** Every node, in the order of their names, with all that could go: the first that no other one is better than. */
export function preemptByOracle(
  scheduler: Scheduler,
  request: PlacementRequest,
  { strategy, budgets, budgetsOf }: OracleOptions,
): { readonly node: string; readonly victims: readonly string[] } | undefined {
  let best: { readonly node: string; readonly victims: readonly VictimCandidate[] } | undefined
  if (scheduler.fork().fitsAnywhere(request)) return undefined
  for (const { name } of scheduler.nodes()) {
    const lower = scheduler
      .tasksOn(name)
      .filter(
        task =>
          task.reservedFor === undefined &&
          (task.priority ?? 0) < (request.priority ?? 0) &&
          strategy.mayEvict(request, task),
      )
    const violating = beyondBudgets(
      [...lower]
        .sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0) || startOf(a) - startOf(b))
        .map(task => ({ task, budgets: budgetsOf(task) })),
    )
    const violates = new Set([...violating].map(({ task }) => task))
    const candidates = lower
      .map(task => ({
        task,
        budgets: budgetsOf(task),
        violates: violates.has(task),
        fitsElsewhere: findsAnother(scheduler, task),
      }))
      .filter(one => budgets === 'soft' || one.budgets.every(({ allowed }) => allowed > 0))
    const fitsWithout = (gone: readonly VictimCandidate[]): boolean => {
      const fork = scheduler.fork()
      for (const { task } of gone) fork.removeTask(task.key)
      return fork.fits(request, name)
    }
    let victims = strategy.choose(request, candidates, fitsWithout, {})
    // Who does not look at budgets may go beyond one although others would do.
    if (budgets === 'hard' && exceededBudgets(victims ?? []).length > 0)
      victims = nativePreemption.choose(request, candidates, fitsWithout, {})
    if (victims === undefined || victims.length === 0) continue
    if (budgets === 'hard' && exceededBudgets(victims).length > 0) continue
    if (best === undefined || strategy.compare({ victims }, best) < 0) best = { node: name, victims }
  }
  return best === undefined
    ? undefined
    : { node: best.node, victims: best.victims.map(({ task }) => task.key) }
}

/** Who does not say when it started is the last. */
function startOf({ startedAtMs = Number.MAX_SAFE_INTEGER }: TaskPlacement): number {
  return startedAtMs
}

/** Whether the task would fit on some other node if it were gone from its own. */
export function findsAnother(scheduler: Scheduler, task: TaskPlacement): boolean {
  const fork = scheduler.fork()
  fork.removeTask(task.key)
  return fork.nodes().some(({ name }) => name !== task.node && fork.fits(task, name))
}
