import type { Node, TaskSpec } from '../../api/index.js'
import { findCondition } from '../../api/index.js'
import { compileConstraints } from '../../core/index.js'
import { findForbiddingTaint, formatTaint, nodeAttributes } from '../../core/internal.js'

/** What a node and the tasks of a daemon have to do with each other. */
export interface NodeEligibility {
  /** Whether a task is to be started there. */
  readonly starts: boolean
  /** Whether one that is there may stay. */
  readonly stays: boolean
  /** Whether the node is heard of and works, so that a change of its task can come to an end. */
  readonly responds: boolean
  /** Why none starts. */
  readonly why?: string
}

/**
 * Whether a node takes a task of the daemon: `nodeSelector` and the constraints on nodes hold, and no taint forbids it.
 * A taint `NoSchedule` that came later leaves the task that is there; `NoExecute` does not. `spec.unschedulable` is for
 * schedulers, and keeps no daemon away; nor does a node that is not ready, whose task comes when it is. Pure.
 */
export function nodeEligibility(node: Node, task: TaskSpec): NodeEligibility {
  const { metadata, spec, status } = node
  const responds = findCondition(status?.conditions, 'Ready')?.status === 'True'
  if (metadata.deletionTimestamp !== undefined)
    return { starts: false, stays: false, responds, why: 'the node is being removed' }
  const mismatch = nodeMismatch(node, task)
  if (mismatch !== undefined) return { starts: false, stays: false, responds, why: mismatch }
  const taints = spec.taints ?? []
  const taint = findForbiddingTaint(taints, task.tolerations ?? [])
  if (taint === undefined) return { starts: true, stays: true, responds }
  const ousting = findForbiddingTaint(
    taints.filter(({ effect }) => effect === 'NoExecute'),
    task.tolerations ?? [],
  )
  return { starts: false, stays: ousting === undefined, responds, why: `the taint ${formatTaint(taint)}` }
}

/** The first label of `nodeSelector`, or constraint on nodes, that does not hold on the node. */
export function nodeMismatch(
  { metadata: { name, labels }, status }: Node,
  { nodeSelector = {}, constraints = [] }: TaskSpec,
): string | undefined {
  const selected = Object.entries(nodeSelector).find(([label, value]) => labels[label] !== value)
  if (selected !== undefined) return `the label ${selected[0]} is not ${selected[1]}`
  if (constraints.length === 0) return undefined
  const attributes = nodeAttributes({
    name,
    labels,
    ...(status?.attributes === undefined ? {} : { attributes: status.attributes }),
  })
  const unmet = compileConstraints(constraints).node.find(
    constraint => constraint.evaluate(attributes).kind === 'unsatisfied',
  )
  return unmet === undefined ? undefined : `the constraint on ${unmet.constraint.attribute} does not hold`
}
