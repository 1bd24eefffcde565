import { Event, Node, Task } from '../../api/index.js'
import type { LabelSelectorObject } from '../../core/index.js'
import {
  assertKnown,
  assertValid,
  knownOptions,
  labelSelectorFromObject,
  wholeNumber,
} from '../../core/internal.js'
import type { Controller, EventDestination } from '../../reconcile/index.js'
import { createController, requeueAfter } from '../../reconcile/index.js'
import type { MisplacedTask } from '../constraint-enforcement.js'
import { planConstraintEnforcement } from '../constraint-enforcement.js'
import { EvictionBackoff } from '../eviction-backoff.js'
import { isTaskOfItsNode } from './task-of-its-node.js'

/** How the constraint enforcer behaves. */
export interface ConstraintEnforcerOptions {
  /** Which tasks it evicts. Default: all. */
  readonly selector?: LabelSelectorObject
  /** Nodes worked on at once. Default 8. */
  readonly concurrency?: number
  /** Where it tells of tasks that it evicts. Default: `Event`, if the store knows that kind. */
  readonly events?: EventDestination
}

const KNOWN = /* @__PURE__ */ knownOptions<ConstraintEnforcerOptions>('createConstraintEnforcer', {
  selector: true,
  concurrency: true,
  events: true,
})

/**
 * Deletes the tasks that their node no longer suits, since its labels, attributes or amounts have changed: what SwarmKit
 * does always. Kubernetes leaves them (`IgnoredDuringExecution`), so without this loop nothing does. Their owners make
 * others, which a scheduler places elsewhere; budgets are not asked. See `planConstraintEnforcement`.
 *
 * Guarantees: decided and deleted in one transaction; every task of a node is looked at, whatever was found of others; a
 * node that takes no new tasks (`spec.unschedulable`) keeps what it has. So does each its own task of a set that has one
 * per node: another would come in its place, and the loop of that set takes it away where it does not belong. What another
 * owner makes there again stays for 1 s, then for twice as long each time, at most 300 s.
 *
 * @throws UsageError for unknown options; InvalidError when `concurrency` is no whole number of at least 1, or the selector
 * cannot be read
 */
export function createConstraintEnforcer(options: ConstraintEnforcerOptions = {}): Controller {
  assertKnown(options, KNOWN)
  const { concurrency = 8, events = { whenKnown: Event }, selector } = options
  assertValid('constraint enforcer', wholeNumber('concurrency', concurrency, { min: 1 }))
  const selected = selector === undefined ? undefined : labelSelectorFromObject(selector)
  const isSelected = ({ metadata }: Task): boolean =>
    selected === undefined || selected.matches(metadata.labels)
  const backoff = new EvictionBackoff()
  return createController({
    name: 'constraint-enforcer',
    for: Node,
    watches: [
      { kind: Task, map: task => (task.spec.nodeName === undefined ? [] : [{ name: task.spec.nodeName }]) },
    ],
    concurrency,
    events,
    async reconcile(ref, known, { client, env, record }) {
      if (known === undefined) return
      const nowMs = env.clock.monotonic()
      const waits = new Map<string, number>()
      let tasks: readonly Task[] = []
      const misplaced = await client.transact<readonly MisplacedTask[]>(tx => {
        const node = tx.get(Node, ref)
        if (node === undefined) return []
        const { items } = tx.list(Task, { index: { name: 'node', value: ref.name } })
        tasks = items
        for (const task of items) waits.set(task.metadata.uid, backoff.waitMs(ref.name, task, nowMs))
        const plan = planConstraintEnforcement(
          node,
          items,
          task => isSelected(task) && !isTaskOfItsNode(tx, task) && waits.get(task.metadata.uid) === 0,
        )
        for (const { task } of plan) tx.delete(Task, task.metadata)
        return plan
      })
      for (const { task, why } of misplaced)
        record({
          type: 'Warning',
          reason: 'Misplaced',
          note: `evicted from node ${ref.name}: ${why}`,
          regarding: task,
        })
      for (const told of backoff.note(ref.name, misplaced, tasks, nowMs)) record(told)
      const waitMs = Math.min(...[...waits.values()].filter(ms => ms > 0))
      if (Number.isFinite(waitMs)) return requeueAfter(waitMs)
    },
  })
}
