import { Event, Node, Task } from '../../api/index.js'
import { formatTime } from '../../core/index.js'
import { assertKnown, formatTaint, knownOptions } from '../../core/internal.js'
import type { Controller, EventDestination } from '../../reconcile/index.js'
import { createController, requeueAfter } from '../../reconcile/index.js'
import { EvictionBackoff } from '../eviction-backoff.js'
import type { TaintEvictions } from '../taint-eviction.js'
import { planTaintEvictions, withTimeAdded } from '../taint-eviction.js'

/** How the loop of taints behaves. */
export interface TaintEvictionOptions {
  /** Nodes worked on at once. Default 8. */
  readonly concurrency?: number
  /** Where it tells of tasks that it evicts. Default: `Event`, if the store knows that kind. */
  readonly events?: EventDestination
}

const TAINT_EVICTION_OPTIONS = /* @__PURE__ */ knownOptions<TaintEvictionOptions>(
  'createTaintEvictionController',
  { concurrency: true, events: true },
)

/** What leaves a node, and what was there. */
interface NodeEvictions extends TaintEvictions {
  readonly tasks: readonly Task[]
}

/** A jump of the wall clock is seen within this time. */
const LOOK_MS_MAX = 300_000

/**
 * Deletes the tasks of a node that do not tolerate one of its `NoExecute` taints: at once, or when their
 * `tolerationSeconds` are over. Their processes stop as those of any deleted task; budgets are not asked, as in Kubernetes:
 * who wants that drains the node.
 *
 * Guarantees: since when a taint is there is in its `timeAdded`, which the loop writes when it sees the taint first, so a
 * restart forgets nothing; a taint that is taken away in time evicts nothing. An owner that makes its tasks on the node
 * nevertheless is not chased without end: what comes back stays for 1 s, then for twice as long each time, at most 300 s.
 *
 * @throws UsageError for unknown options
 */
export function createTaintEvictionController(options: TaintEvictionOptions = {}): Controller {
  assertKnown(options, TAINT_EVICTION_OPTIONS)
  const backoff = new EvictionBackoff()
  return createController({
    name: 'taint-evictions',
    for: Node,
    watches: [
      { kind: Task, map: task => (task.spec.nodeName === undefined ? [] : [{ name: task.spec.nodeName }]) },
    ],
    concurrency: options.concurrency ?? 8,
    events: options.events ?? { whenKnown: Event },
    async reconcile(ref, known, { client, env, record }) {
      if (known?.spec.taints?.some(({ effect }) => effect === 'NoExecute') !== true) return
      const nowMs = env.clock.now()
      const monotonicMs = env.clock.monotonic()
      const { evict, nextMs, tasks } = await client.transact<NodeEvictions>(tx => {
        const node = tx.get(Node, ref)
        if (node === undefined) return { evict: [], nextMs: Number.POSITIVE_INFINITY, tasks: [] }
        const taints = withTimeAdded(node, formatTime(nowMs))
        if (taints !== undefined) tx.update(Node, { ...node, spec: { ...node.spec, taints } })
        const { items } = tx.list(Task, { index: { name: 'node', value: ref.name } })
        const plan = planTaintEvictions(node, items, nowMs, task =>
          backoff.waitMs(ref.name, task, monotonicMs),
        )
        for (const { task } of plan.evict) tx.delete(Task, task.metadata)
        return { ...plan, tasks: items }
      })
      const evicted = evict.map(({ task, taint }) => {
        const why = `its taint ${formatTaint(taint)} is not tolerated`
        const note = `evicted from node ${ref.name}: ${why}`
        record({ type: 'Warning', reason: 'TaintManagerEviction', note, regarding: task })
        return { task, why }
      })
      for (const told of backoff.note(ref.name, evicted, tasks, monotonicMs)) record(told)
      if (Number.isFinite(nextMs)) return requeueAfter(Math.min(Math.max(0, nextMs - nowMs), LOOK_MS_MAX))
    },
  })
}
