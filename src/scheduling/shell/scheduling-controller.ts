import { DisruptionBudget, Event, Node, Reservation, Task } from '../../api/index.js'
import { assertKnown } from '../../core/internal.js'
import type { Controller } from '../../reconcile/index.js'
import { createController } from '../../reconcile/index.js'
import type { SchedulingControllerOptions } from './scheduling-controller-options.js'
import { SCHEDULING_CONTROLLER_OPTIONS } from './scheduling-controller-options.js'
import { SchedulingLoop } from './scheduling-loop.js'

/**
 * Gives every Task without a node one: writes `spec.nodeName` and the condition `Scheduled=True`, or, when no
 * node will do, `Scheduled=False` with reason `Unschedulable` and a message that counts the reasons. A task whose
 * own demands are not acceptable gets reason `InvalidRequest`; one at which a plugin throws gets `SchedulerError`, and
 * is tried again later.
 *
 * Whoever has the highest priority is placed first, of equals the task that was created first; a task that cannot be
 * placed does not hold up those behind it.
 *
 * Guarantees: a task is bound once, and never to a node that has no room for it: the binding is a transaction
 * that compares the node and every task on it with what the decision was made from. This also holds for several
 * bindings at once, stale reads, and several such controllers on one store. Unschedulable tasks are tried again
 * when they would fit somewhere, not by polling; a message is written again when its causes change, not their counts.
 * Tasks of a gang get their nodes in one commit, or none does. What `Reservation` objects hold is not there for others.
 * With `preemption`, tasks of lower priority make way: budgets, evictions and the binding are one commit.
 * A node whose condition `Ready` is not `True` counts as tainted, with effect `NoSchedule`:
 * `keelson.dev/unreachable` for `Unknown`, `keelson.dev/not-ready` otherwise.
 *
 * @throws InvalidError when an option is out of bounds
 */
export function createSchedulingController(options: SchedulingControllerOptions = {}): Controller {
  assertKnown(options, SCHEDULING_CONTROLLER_OPTIONS)
  const { name = 'scheduler', concurrency = 1 } = options
  const loop = new SchedulingLoop(options)
  const controller = createController({
    name,
    for: Task,
    // What becomes of others is taken in by `changed`, which is told before.
    when: ({ after }) => after !== undefined && loop.needsLook(after as Task),
    concurrency,
    events: options.events ?? { whenKnown: Event },
    watches: [
      { kind: Node, map: () => [] },
      { kind: Reservation, map: ({ spec }) => (spec.task === undefined ? [] : [spec.task]), optional: true },
      { kind: DisruptionBudget, map: () => [], optional: true },
    ],
    started: client => loop.reset(client),
    changed: (news, reader) => loop.changed(news, reader),
    reconcile: (ref, task, ctx) => loop.reconcile(ref, task, ctx),
  })
  loop.enqueue = (ref, why) => controller.enqueue(ref, why)
  return controller
}
